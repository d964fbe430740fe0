"""The audit by REST: who did what to whom, oldest first, filtered, in pages. Nothing is ever changed."""

from genkan.protocol.outcomes import EventKind, Refused
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
from genkan.store.api import AuditQuery

PATH = "/rest/genkan/1.0/audit-events"
MOST = 500
LAST_NUMBER = 10**18 - 1
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
    page = await door.store.audit_page(await _query(asked, door))
    names = Names(door.store)
    lines = [await event_document(line, names) for line in page.lines]
    return answer.json(AuditEventsDocument(events=tuple(lines), next=page.next))


async def _query(asked: Form, door: Door) -> AuditQuery:
    """Which lines are wanted. Malformed for an account's id that is none, and for a link that nobody knows."""
    account_id = read_public_id(asked["accountId"]) if "accountId" in asked else None
    link = await link_named(asked["link"], door) if "link" in asked else None
    if "accountId" in asked and account_id is None:
        raise Malformed(Reason.INVALID_VALUE, "accountId: the id of an account")
    if "link" in asked and link is None:
        raise Malformed(Reason.INVALID_VALUE, "link: the id or client id of an application link")
    return AuditQuery(
        kinds=frozenset({asked["kind"]}) if "kind" in asked else None,
        actor=asked.get("actor"),
        account_id=account_id,
        link_id=link.id if link else None,
        newest_first=False,
        start=int(asked.get("after", "0")),
        limit=int(asked.get("limit", "100")),
    )


OPERATIONS = (
    Operation(
        Rule(PATH, ("GET",), list_events, Who.ADMINISTRATOR, Guard.MACHINE, "The audit, oldest first."),
        AuditEventsDocument,
        query=QUERY,
    ),
)
