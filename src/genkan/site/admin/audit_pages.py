"""The console's audit log: what happened, in sentences, with filters and files; counted refusals; the chain and its
check.
"""

import asyncio
from dataclasses import replace

from genkan.protocol.audit import Line
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.site import console
from genkan.site.admin.audit_filters import OLDEST, Filters, kind_choices, link_choices, read_filters
from genkan.site.admin.audit_lines import shown
from genkan.site.answer import Answer, redirect
from genkan.site.api.audit_documents import showable
from genkan.site.api.audit_export import FORMATS, download
from genkan.site.api.chain_documents import load_chain, unsealed_since, walked
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.api import AuditQuery, Store, Tally
from genkan.store.audit_rounds import NODE

PATH = "/admin/audit"
REFUSALS = PATH + "/refusals"
CHAIN = PATH + "/chain"
EXPORT = PATH + "/export"
LIMIT = 50
EXPORT_LIMIT = 500
MOST_TALLIES = 200
TABS = {PATH: "Events", REFUSALS: "Counted refusals", CHAIN: "Seals"}
# How many bounded reads one page may take before it says how far it has looked.
MOST_READS = 10


async def events(received: Received, door: Door) -> Answer:
    """GET /admin/audit: one page of lines that fit the filters."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    filters = await read_filters(inside.query, inside.reader, door, limit=LIMIT)
    lines, following = ([], None) if filters.faults else await _lines(door.store, filters.query)
    partial = following is not None and len(lines) < LIMIT
    values = {
        **_tabs(door, PATH),
        "typed": filters.typed,
        "faults": filters.faults,
        "is_filtered": filters.is_any,
        "kinds": kind_choices(),
        "links": link_choices(await door.store.links()),
        "orders": OLDEST,
        "rows": await shown(lines, door.store, door.public.path),
        "looked_to": await _time_of(door.store, following) if partial and following is not None else None,
        "all_url": door.public.path + PATH,
        **_addresses(filters, following, door, inside.query.get("start", "")),
    }
    return console.page(inside, door, "audit.html", values, status=400 if filters.faults else 200)


async def _lines(store: Store, query: AuditQuery) -> tuple[list[Line], int | None]:
    """A page's lines by a few bounded reads, and where to go on."""
    found: list[Line] = []
    for _ in range(MOST_READS):
        page = await store.audit_page(replace(query, limit=query.limit - len(found)))
        found += page.lines
        if page.next is None or len(found) == query.limit:
            return found, page.next
        query = replace(query, start=page.next, limit=query.limit)
        await asyncio.sleep(0)
    return found, query.start


async def _time_of(store: Store, number: int) -> int | None:
    """When the line was written at which a page has stopped looking."""
    found = await store.audit_lines(number - 1, 1)
    return showable(found[0].at) if found else None


def _addresses(filters: Filters, following: int | None, door: Door, start: str) -> dict[str, str]:
    base = door.public.path
    return {
        "first_url": filters.address(base + PATH) if start else "",
        "next_url": "" if following is None else filters.address(base + PATH, start=str(following)),
        **{f"{form}_url": filters.address(base + EXPORT, format=form) for form in FORMATS},
    }


async def export(received: Received, door: Door) -> Answer:
    """GET /admin/audit/export: all lines that fit the filters, as a file."""
    inside = await console.entrance(received, door, back=PATH)
    if isinstance(inside, Answer):
        return inside
    filters = await read_filters(inside.query, inside.reader, door, limit=EXPORT_LIMIT)
    form = inside.query.get("format", "")
    if filters.faults or form not in FORMATS:
        return redirect(door.public.text + filters.address(PATH), 303)
    query = replace(filters.query, newest_first=False, start=None)
    return download(door.store, query, form)


async def refusals(received: Received, door: Door) -> Answer:
    """GET /admin/audit/refusals: how often callers who proved nothing were refused."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    rows = [_tally(tally) for tally in await door.store.tallies(MOST_TALLIES)]
    values = {**_tabs(door, REFUSALS), "rows": rows, "most": MOST_TALLIES}
    return console.page(inside, door, "audit_refusals.html", values)


def _tally(tally: Tally) -> dict[str, object]:
    known = tally.reason in frozenset(Reason)
    return {
        "at": tally.minute * MINUTE,
        "sentence": entry(Reason(tally.reason)).public if known else "",
        "reason": tally.reason,
        "network": tally.network,
        "count": tally.count,
    }


async def chain(received: Received, door: Door) -> Answer:
    """GET /admin/audit/chain: how the audit is sealed; with ``check`` a part of it is looked at."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    newest = await door.store.last_segment(NODE)
    since = await unsealed_since(door, newest)
    values = {
        **_tabs(door, CHAIN),
        "chain": await load_chain(door),
        "sealed_at": showable(newest.sealed_at) if newest else None,
        "unsealed_since": None if since is None else showable(since),
        "check_action": door.public.path + CHAIN,
        "checked": None,
    }
    after = inside.query.get("check", "")
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        return console.page(inside, door, "audit_chain.html", values)
    walk = await walked(door, int(after))
    if isinstance(walk, Refused):
        return console.busy(inside, received, door)
    verdict, last = walk.verdict, walk.place.segment
    checked = {
        "over": walk.over,
        "through": last.sequence if last else 0,
        "faults": verdict.faults,
        "more": verdict.more,
        "unsealed": verdict.unsealed,
        # What earlier parts have found is carried on: only a walk without any fault is a good one.
        "wrong_before": "wrong" in inside.query,
        "good": verdict.good and "wrong" not in inside.query,
    }
    return console.page(inside, door, "audit_chain.html", {**values, "checked": checked})


def _tabs(door: Door, here: str) -> dict[str, object]:
    base = door.public.path
    return {"tabs": [{"address": base + path, "words": words, "current": path == here} for path, words in TABS.items()]}


def _rule(path: str, handler: Handler, about: str) -> Rule:
    return Rule(path, ("GET",), handler, Who.ADMINISTRATOR, Guard.PAGE, about)


RULES = (
    _rule(PATH, events, "The audit log."),
    _rule(EXPORT, export, "The audit log as a file."),
    _rule(REFUSALS, refusals, "Counted refusals."),
    _rule(CHAIN, chain, "How the audit is sealed, and whether it is as it was."),
    _rule("/auditing/view", console.leads_to(PATH), "Leads to the audit log."),
)
