"""What every request needs and hardly ever changes: the site's facts and all links, kept in memory and never stale."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Rotated
from genkan.protocol.records import Link, Site
from genkan.store import rows
from genkan.store.api import StoreUnavailable
from genkan.store.database import Database

T = TypeVar("T")

# Entries of one of the two halves of Recent; one of facts takes about 1.5 KB.
HALF = 2048

_MOVED = "SELECT moved_to FROM site WHERE moved_to <> ''"
_SITE = f"SELECT {rows.SITE_COLUMNS} FROM site"  # noqa: S608 made of constants
_LINKS = f"SELECT number, {rows.LINK_COLUMNS} FROM links ORDER BY created_at, number"  # noqa: S608 made of constants


class SiteCache:
    """Valid for exactly one ``site.version``, a counter that every change of the site's facts or of a link moves.

    It is looked at once in each turn, whose snapshot shows all other rows of the same moment, whichever process wrote
    them. So is the claim (sqlite_known), which an engine of many writers has not.
    """

    def __init__(self, db: Database, counters: str) -> None:
        self._db = db
        self._counters = counters
        self.version = -1
        self.claim = 0
        self.site: Site
        self.by_id: Mapping[int, Link] = {}
        self.by_client_id: Mapping[str, Link] = {}
        self.by_number: Mapping[int, Link] = {}
        self.numbers: Mapping[int, int] = {}

    def forget(self) -> None:
        """Whatever the version is found to be, all is read anew."""
        self.version = -1

    def renew(self) -> None:
        """Read site and links anew where the counter has moved; within a turn, so that both are of one moment."""
        row = self._db.execute(self._counters).fetchone()
        if row is None:
            raise StoreUnavailable("the store has lost its own facts")
        version, self.claim = row
        if version == self.version:
            return
        moved = self._db.execute(_MOVED).fetchone()
        if moved is not None:
            # tokens.md 8: what is read here is not so any more, and what was stopped there would live on here.
            raise StoreUnavailable(f"the site has moved to {moved[0]}")
        site = rows.site(self._db.execute(_SITE).fetchone())
        found = self._db.execute(_LINKS).fetchall()
        self.by_number = {row[0]: rows.link(row[1:]) for row in found}
        self.by_id = {link.id: link for link in self.by_number.values()}
        self.by_client_id = {link.client_id: link for link in self.by_number.values()}
        self.numbers = {link.id: number for number, link in self.by_number.items()}
        self.site, self.version = site, site.version


class Recent(Generic[T]):
    """A bounded memory. The least used entries go, half of all at a time."""

    def __init__(self) -> None:
        self._young: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}

    def get(self, key: bytes) -> T | None:
        entry = self._young.get(key)
        if entry is None and (entry := self._old.get(key)) is not None:
            self.put(key, entry)
        return entry

    def put(self, key: bytes, entry: T) -> None:
        if len(self._young) >= HALF:
            self._old, self._young = self._young, {}
        self._young[key] = entry

    def pop(self, key: bytes) -> T | None:
        old = self._old.pop(key, None)
        return self._young.pop(key, old)


class FactsCache:
    """Decoded facts of grants in use, each with the mark under which it was read.

    A mark is every counter that moves when any of the facts do; it is read from the database on every request, so an
    entry saves the decoding of a row and never the look at it.
    """

    def __init__(self) -> None:
        self._recent: Recent[tuple[rows.Row, GrantFacts]] = Recent()

    def get(self, grant_id: bytes) -> tuple[rows.Row, GrantFacts] | None:
        return self._recent.get(grant_id)

    def put(self, grant_id: bytes, mark: rows.Row, facts: GrantFacts) -> None:
        self._recent.put(grant_id, (mark, facts))

    def rotated(self, outcome: Rotated) -> None:
        """A rotation of exactly these facts was written: what the next read will find, if nobody else wrote."""
        entry = self._recent.get(outcome.seen.id)
        if entry is not None and entry[1].grant is outcome.seen:
            self.put(outcome.seen.id, *moved(outcome, *entry))


def moved(outcome: Rotated, mark: rows.Row, facts: GrantFacts) -> tuple[rows.Row, GrantFacts]:
    """Mark and facts after a rotation of what they tell."""
    after = outcome.grant
    return (after.generation, *mark[1:]), GrantFacts(facts.site, after, facts.link, facts.account)
