"""genkan audit: who did what to whom, and which refusals were counted. Only shows; nothing is ever taken out."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.output import print_json, print_table
from genkan.cli.workbench import AsJson, DataDir, Workbench, at_site, told
from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Event
from genkan.site.documents import moment

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
        people, links = _People(site), {link.id: link.name for link in await site.store.links()}
        found = [
            document(number, event, await people.name(event.account_id), links.get(event.link_id or 0))
            for number, event in await site.store.events(start, limit)
        ]
        if json:
            return print_json(found)
        names = ("id", "at", "kind", "actor", "account", "link", "phone", "address", "reason", "detail")
        rows = [tuple(str(line[name] or "") for name in names) for line in found]
        headings = ("NR", "WHEN", "WHAT", "WHO", "ACCOUNT", "LINK", "PHONE", "FROM", "WHY", "MORE")
        return print_table(headings, rows)

    at_site(data_dir, work)


class _People:
    """Names of accounts, each looked up once; a deleted one still has its name."""

    def __init__(self, site: Workbench) -> None:
        self._site = site
        self._known: dict[int, str | None] = {}

    async def name(self, account_id: int | None) -> str | None:
        if account_id is None:
            return None
        if account_id not in self._known:
            account = await self._site.store.account(account_id)
            self._known[account_id] = account.name if account else None
        return self._known[account_id]


def document(number: int, event: Event, account: str | None, link: str | None) -> dict[str, object]:
    """A line as JSON."""
    return {
        "id": number,
        "at": moment(event.at),
        "kind": event.kind.value,
        "actor": event.actor,
        "account": account,
        "link": link,
        "phone": event.grant_id.hex() if event.grant_id else None,
        "address": event.address or None,
        "reason": event.reason or None,
        "detail": event.detail or None,
    }


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
