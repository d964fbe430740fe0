"""The audit by REST: who did what to whom, oldest first, filtered, in pages. Nothing is ever changed."""

import asyncio
from collections.abc import Callable

from genkan.protocol.outcomes import Event, EventKind, Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.asked import link_named, parameters
from genkan.site.audit_documents import AuditEventsDocument, Names, event_document
from genkan.site.documents import read_public_id
from genkan.site.door import Door
from genkan.site.openapi import Operation, Query
from genkan.site.read import Form
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Rule, Who

PATH = "/rest/genkan/1.0/audit-events"
MOST = 500
# How many lines one request looks at for those that it was asked for.
MOST_LOOKED = 5_000
LAST_NUMBER = 10**18 - 1
Fits = Callable[[Event], bool]
QUERY = (
    Query("kind", "string", "Only lines of this kind.", choices=tuple(EventKind)),
    Query("accountId", "string", "Only lines about the account with this id."),
    Query("link", "string", "Only lines about the application link with this id or client id."),
    Query("actor", "string", "Only what this actor did, as lines name it."),
    Query("after", "integer", "Go on behind the line with this number: the `next` of the page before.",
          most=LAST_NUMBER),
    Query("limit", "integer", f"How many at most: 1 to {MOST}, 100 unless said.", least=1, most=MOST),
)  # fmt: skip


async def list_events(received: Received, door: Door) -> Answer:
    """GET audit-events: oldest first, in pages."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, QUERY)
    fits = await _filter(asked, door)
    found, following = await _found(fits, int(asked.get("after", "0")), int(asked.get("limit", "100")), door)
    names = Names(door.store)
    lines = [await event_document(number, event, names) for number, event in found]
    return answer.json(AuditEventsDocument(events=tuple(lines), next=following))


async def _filter(asked: Form, door: Door) -> Fits:
    """Which lines are wanted. Malformed for an account's id that is none, and for a link that nobody knows."""
    account_id = read_public_id(asked["accountId"]) if "accountId" in asked else None
    link = await link_named(asked["link"], door) if "link" in asked else None
    if "accountId" in asked and account_id is None:
        raise Malformed(Reason.INVALID_VALUE, "accountId: the id of an account")
    if "link" in asked and link is None:
        raise Malformed(Reason.INVALID_VALUE, "link: the id or client id of an application link")

    def fits(event: Event) -> bool:
        return (
            asked.get("kind", event.kind) == event.kind
            and asked.get("actor", event.actor) == event.actor
            and account_id in (None, event.account_id)
            and (link is None or link.id == event.link_id)
        )

    return fits


async def _found(fits: Fits, after: int, limit: int, door: Door) -> tuple[list[tuple[int, Event]], int | None]:
    """The lines that fit, and where to go on; None where the audit ends."""
    found: list[tuple[int, Event]] = []
    for _ in range(MOST_LOOKED // MOST):
        page = await door.store.events(after, MOST)
        for number, event in page:
            after = number
            if fits(event):
                found.append((number, event))
            if len(found) == limit:
                return found, after
        if len(page) < MOST:
            return found, None
        await asyncio.sleep(0)  # other requests have their turn
    return found, after


OPERATIONS = (
    Operation(
        Rule(PATH, ("GET",), list_events, Who.ADMINISTRATOR, Guard.MACHINE, "The audit, oldest first."),
        AuditEventsDocument,
        query=QUERY,
    ),
)
