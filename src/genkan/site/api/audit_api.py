"""The audit by REST: who did what to whom, filtered, in pages or as a file, and how often callers who proved nothing
were refused. Nothing is ever changed.
"""

from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import parameters
from genkan.site.api.audit_documents import (
    AuditEventsDocument,
    Names,
    RefusalDocument,
    event_document,
    refusal_document,
)
from genkan.site.api.audit_export import FORMATS, download
from genkan.site.api.audit_query import FILTERS, LAST_NUMBER, audit_query
from genkan.site.api.chain_documents import ChainDocument, VerdictDocument, load_chain, part_document, walked
from genkan.site.api.openapi import Operation, Query
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who

PATH = "/rest/genkan/1.0/audit-events"
MOST = 500
MOST_REFUSALS = 1_000
LIMIT = Query("limit", "integer", f"How many at most: 1 to {MOST}, 100 unless said.", least=1, most=MOST)
QUERY = (*FILTERS, LIMIT, Query("newestFirst", "boolean", "From the newest line back, instead of from the oldest on."))
FORMAT = Query("format", "string", "csv for spreadsheets, jsonl for programs; jsonl unless said.", tuple(FORMATS))


async def list_events(received: Received, door: Door) -> Answer:
    """GET audit-events: oldest first unless asked otherwise, in pages."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, QUERY)
    page = await door.store.audit_page(await audit_query(asked, door, limit=int(asked.get("limit", "100"))))
    names = Names(door.store)
    lines = [await event_document(line, names) for line in page.lines]
    return answer.json(AuditEventsDocument(events=tuple(lines), next=page.next))


async def export_events(received: Received, door: Door) -> Answer:
    """GET audit-export: every line that fits, oldest first, as one file."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, (*FILTERS, FORMAT))
    return download(door.store, await audit_query(asked, door, limit=MOST), asked.get("format", "jsonl"))


async def list_refusals(received: Received, door: Door) -> Answer:
    """GET audit-refusals: newest minute first."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, (REFUSALS_LIMIT,))
    found = await door.store.tallies(int(asked.get("limit", "100")))
    return answer.json([refusal_document(tally) for tally in found])


async def show_chain(received: Received, door: Door) -> Answer:
    """GET audit-chain: the newest head, and what waits for its seal."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return answer.json(await load_chain(door))


async def verify_chain(received: Received, door: Door) -> Answer:
    """GET audit-verification: whether the next part of the chain is as it was sealed."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, (BEHIND,))
    walk = await walked(door, int(asked.get("after", "0")))
    return answer.error(walk) if isinstance(walk, Refused) else answer.json(part_document(walk))


REFUSALS_LIMIT = Query(
    "limit", "integer", f"How many rows at most: 1 to {MOST_REFUSALS}, 100 unless said.", least=1, most=MOST_REFUSALS
)
BEHIND = Query(
    "after", "integer", "Look behind this segment: the `next` of the answer before. From the beginning unless said.",
    most=LAST_NUMBER,
)  # fmt: skip


def _rule(path: str, handler: Handler, about: str) -> Rule:
    return Rule(path, ("GET",), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule(PATH, list_events, "The audit, in pages."), AuditEventsDocument, query=QUERY),
    Operation(
        _rule("/rest/genkan/1.0/audit-export", export_events, "The audit as a file."),
        None,
        query=(*FILTERS, FORMAT),
        media=tuple(FORMATS.values()),
    ),
    Operation(
        _rule("/rest/genkan/1.0/audit-refusals", list_refusals, "Counted refusals, by minute, reason and network."),
        RefusalDocument,
        query=(REFUSALS_LIMIT,),
        many=True,
    ),
    Operation(
        _rule("/rest/genkan/1.0/audit-chain", show_chain, "The audit's newest seal and what waits for one."),
        ChainDocument,
    ),
    Operation(
        _rule("/rest/genkan/1.0/audit-verification", verify_chain, "Checks a part of the audit's chain."),
        VerdictDocument,
        query=(BEHIND,),
    ),
)
