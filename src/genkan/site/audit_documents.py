"""The audit as the API and the commands show it: lines whose names are looked up when they are read, never kept."""

from msgspec import Struct

from genkan.protocol.audit import Line
from genkan.protocol.outcomes import EventKind
from genkan.protocol.records import ACTOR_PREFIX
from genkan.site.documents import moment, public_id, read_public_id
from genkan.store.api import Store

MOST_NAMES = 10_000


class AuditEventDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """One line of the audit. ``actorName`` and ``account`` are what the people behind the ids are called now."""

    id: int
    at: str
    kind: EventKind
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
    """Lines of the audit, oldest first; ``next`` is the ``after`` to go on from, null at the end. A page may have fewer
    lines than asked for, even none, and still not be the last.
    """

    events: tuple[AuditEventDocument, ...]
    next: int | None


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
    """A line with its names."""
    return AuditEventDocument(
        id=line.number,
        at=moment(line.at),
        kind=EventKind(line.kind),
        actor=line.actor,
        actor_name=await names.person(acting_account(line.actor)),
        account=await names.person(line.account_id),
        account_id=None if line.account_id is None else public_id(line.account_id),
        link=await names.link(line.link_id),
        link_id=None if line.link_id is None else public_id(line.link_id),
        phone=line.grant_id.hex() if line.grant_id else None,
        address=line.address or None,
        reason=line.reason or None,
        detail=line.detail or None,
    )
