"""What every request needs and hardly ever changes: the site's facts and all links, kept in memory and never stale."""

from collections.abc import Mapping

from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Rotated
from genkan.protocol.records import Link, Site
from genkan.store import rows
from genkan.store.api import StoreUnavailable
from genkan.store.database import Database

# Entries of one of the two halves of FactsCache; one takes about 1.5 KB.
HALF = 2048

_VERSION = "SELECT version FROM site"
_MOVED = "SELECT moved_to FROM site WHERE moved_to <> ''"
_SITE = f"SELECT {rows.SITE_COLUMNS} FROM site"  # noqa: S608 made of constants
_LINKS = f"SELECT number, {rows.LINK_COLUMNS} FROM links ORDER BY created_at, number"  # noqa: S608 made of constants


class SiteCache:
    """Valid for exactly one ``site.version``, a counter that every change of the site's facts or of a link moves.

    It is looked at once in each turn, whose snapshot shows all other rows of the same moment, whichever process wrote
    them.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self.version = -1
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
        row = self._db.execute(_VERSION).fetchone()
        if row is None:
            raise StoreUnavailable("the store has lost its own facts")
        if row[0] == self.version:
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


class FactsCache:
    """Decoded facts of grants in use, each with the mark under which it was read.

    A mark is every counter that moves when any of the facts do; it is read from the database on every request, so an
    entry saves the decoding of a row and never the look at it. The least used entries go, half of all at a time.
    """

    def __init__(self) -> None:
        self._young: dict[bytes, tuple[rows.Row, GrantFacts]] = {}
        self._old: dict[bytes, tuple[rows.Row, GrantFacts]] = {}

    def get(self, grant_id: bytes) -> tuple[rows.Row, GrantFacts] | None:
        entry = self._young.get(grant_id)
        if entry is None and (entry := self._old.get(grant_id)) is not None:
            self.put(grant_id, *entry)
        return entry

    def put(self, grant_id: bytes, mark: rows.Row, facts: GrantFacts) -> None:
        if len(self._young) >= HALF:
            self._old, self._young = self._young, {}
        self._young[grant_id] = (mark, facts)

    def rotated(self, outcome: Rotated) -> None:
        """A rotation of exactly these facts was written: what the next read will find, if nobody else wrote."""
        entry = self._young.get(outcome.seen.id)
        if entry is None or entry[1].grant is not outcome.seen:
            return
        mark, facts = entry
        moved = GrantFacts(facts.site, outcome.grant, facts.link, facts.account)
        self._young[outcome.seen.id] = ((outcome.grant.generation, *mark[1:]), moved)
