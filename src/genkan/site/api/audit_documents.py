"""The audit as the API and the commands show it: lines whose names are looked up when they are read, never kept."""

from msgspec import Struct

from genkan.protocol.audit import Line
from genkan.protocol.env import MINUTE
from genkan.protocol.records import ACTOR_PREFIX
from genkan.site.api.documents import moment, public_id, read_public_id
from genkan.store.api import Store, Tally

MOST_NAMES = 10_000
# Beyond it, some zone's calendar has no more years.
_FAR = 250_000_000_000_000


class AuditEventDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """One line of the audit. ``actorName`` and ``account`` are what the people behind the ids are called now."""

    id: int
    at: str
    kind: str
    actor: str
    actor_name: str | None
    account: str | None
    account_id: str | None
    link: str | None
    link_id: str | None
    phone: str | None
    address: str | None
    reason: str | None
    detail: str | None


class AuditEventsDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """Lines of the audit in the order asked for; ``next`` is the ``after`` to go on from, null at the end. A page may
    have fewer lines than asked for, even none, and still not be the last.
    """

    events: tuple[AuditEventDocument, ...]
    next: int | None


class RefusalDocument(Struct, frozen=True):
    """Callers who proved nothing and were refused within one minute, from one network; the network is null for all
    beyond a minute's first thousand rows.
    """

    minute: str
    reason: str
    network: str | None
    count: int


class Names:
    """What people and links are called now, each looked up once. An erased person's name is only their id. Bounded."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._people: dict[int, str | None] = {}

    async def person(self, account_id: int | None) -> str | None:
        """None for nobody."""
        if account_id is None:
            return None
        if account_id not in self._people:
            if len(self._people) >= MOST_NAMES:
                self._people.clear()
            account = await self._store.account(account_id)
            self._people[account_id] = account.name if account else None
        return self._people[account_id]

    async def link(self, link_id: int | None) -> str | None:
        """None for no link."""
        link = None if link_id is None else await self._store.link(link_id)
        return link.name if link else None


def acting_account(actor: str) -> int | None:
    """The account that an event's actor names, None where it was no person."""
    first = actor.partition(" ")[0]
    return read_public_id(first.removeprefix(ACTOR_PREFIX)) if first.startswith(ACTOR_PREFIX) else None


async def event_document(line: Line, names: Names) -> AuditEventDocument:
    """A line with its names; also one that a newer version wrote or that somebody has changed."""
    return AuditEventDocument(
        id=line.number,
        at=when(line.at),
        kind=readable(line.kind),
        actor=readable(line.actor),
        actor_name=await names.person(acting_account(line.actor)),
        account=await names.person(line.account_id),
        account_id=None if line.account_id is None else public_id(line.account_id),
        link=await names.link(line.link_id),
        link_id=None if line.link_id is None else public_id(line.link_id),
        phone=line.grant_id.hex() if line.grant_id else None,
        address=readable(line.address) or None,
        reason=readable(line.reason) or None,
        detail=readable(line.detail) or None,
    )


def when(at: int) -> str:
    """A time as RFC 3339; a number that somebody has made of it as it is."""
    try:
        return moment(at)
    except (ValueError, OverflowError, OSError):
        return str(at)


def showable(at: int) -> int | None:
    """The time where it can be shown in anybody's zone; None for a number that somebody has made of it."""
    return at if 0 <= at < _FAR else None


def readable(text: str) -> str:
    """The text with what is no UTF-8, as only a changed line has it, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def refusal_document(tally: Tally) -> RefusalDocument:
    """A count as the API shows it."""
    return RefusalDocument(moment(tally.minute * MINUTE), tally.reason, tally.network or None, tally.count)
