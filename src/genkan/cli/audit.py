"""genkan audit: who did what to whom, and which refusals were counted. Only shows; nothing is ever taken out."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.output import print_json, print_table
from genkan.cli.workbench import AsJson, DataDir, Workbench, at_site, told
from genkan.protocol.env import MINUTE
from genkan.protocol.records import ACTOR_PREFIX
from genkan.site.audit_documents import AuditEventDocument, Names, event_document
from genkan.site.documents import moment, plain

app = cyclopts.App(name="audit")

Limit = Annotated[int, Parameter(help="How many at most.", validator=cyclopts.validators.Number(gte=1, lte=100_000))]


@app.command(name="list")
@told
def list_(
    *,
    after: Annotated[
        int | None, Parameter(help="Only what came after the line with this number; else the newest.")
    ] = None,
    limit: Limit = 100,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what changed and who did it, oldest first.

    Example: genkan audit list --limit 20
    """

    async def work(site: Workbench) -> None:
        start = max(0, await site.store.last_event() - limit) if after is None else after
        names = Names(site.store)
        found = [await event_document(number, event, names) for number, event in await site.store.events(start, limit)]
        if json:
            return print_json([plain(line) for line in found])
        rows = [_row(line) for line in found]
        headings = ("NR", "WHEN", "WHAT", "WHO", "ACCOUNT", "LINK", "PHONE", "FROM", "WHY", "MORE")
        return print_table(headings, rows)

    at_site(data_dir, work)


def _row(line: AuditEventDocument) -> tuple[str, ...]:
    """As people read it: who did it by name where it was a person."""
    who = line.actor
    if line.actor_name is not None:
        _, _, through = line.actor.partition(" ")
        who = f"{ACTOR_PREFIX}{line.actor_name} {through}".rstrip()
    cells = (line.at, line.kind, who, line.account, line.link, line.phone, line.address, line.reason, line.detail)
    return (str(line.id), *(cell or "" for cell in cells))


@app.command
@told
def refusals(*, limit: Limit = 100, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show how often callers who proved nothing were refused, by minute, reason and network, newest first.

    Example: genkan audit refusals --json
    """

    async def work(site: Workbench) -> None:
        found = await site.store.tallies(limit)
        if json:
            lines = [
                {"minute": moment(t.minute * MINUTE), "reason": t.reason, "network": t.network, "count": t.count}
                for t in found
            ]
            return print_json(lines)
        rows = [(moment(t.minute * MINUTE), t.reason, t.network or "others", str(t.count)) for t in found]
        return print_table(("MINUTE", "REASON", "NETWORK", "COUNT"), rows)

    at_site(data_dir, work)
