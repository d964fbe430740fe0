"""genkan audit: who did what to whom, is the record of it whole, and which refusals were counted. Shows and checks;
nothing is ever taken out.
"""

from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from genkan.cli.audit_lines import (
    AccountName,
    Actor,
    Kind,
    LinkName,
    Reason,
    Since,
    Until,
    Wanted,
    with_who,
)
from genkan.cli.output import print_json, print_table, say
from genkan.cli.workbench import DONE, NO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.outside.ring_file import read_ring_of
from genkan.protocol.audit import AuditKeys, Line
from genkan.protocol.env import MINUTE
from genkan.protocol.ring import RingProblem
from genkan.site.api.audit_documents import Names, event_document, when
from genkan.site.api.audit_export import exported
from genkan.site.api.chain_documents import verdict_document
from genkan.site.api.documents import moment, plain
from genkan.store.audit_rounds import NODE
from genkan.store.audit_walk import Verdict, lines, verify

app = cyclopts.App(name="audit")
PAGE = 500

Limit = Annotated[int, Parameter(help="How many at most.", validator=cyclopts.validators.Number(gte=1, lte=100_000))]


@app.command(name="list")
@told
def list_(
    *,
    after: Annotated[
        int | None, Parameter(help="Only what came after the line with this number; else the newest.")
    ] = None,
    limit: Limit = 100,
    kind: Kind = None,
    actor: Actor = None,
    account: AccountName = None,
    link: LinkName = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what changed and who did it, oldest first.

    Example: genkan audit list --kind grant --since 2026-11-01 --limit 20
    """
    wanted = Wanted(kind, actor, account, link, reason, since, until)

    async def work(site: Workbench) -> None:
        names = Names(site.store)
        found = [plain(await event_document(line, names)) for line in await _some(site, wanted, after, limit)]
        if json:
            return print_json(found)
        columns = ("id", "at", "kind", "actor", "account", "link", "phone", "address", "reason", "detail")
        rows = [tuple(str(line[name] or "") for name in columns) for line in map(with_who, found)]
        headings = ("NR", "WHEN", "WHAT", "WHO", "ACCOUNT", "LINK", "PHONE", "FROM", "WHY", "MORE")
        return print_table(headings, rows)

    at_site(data_dir, work)


async def _some(site: Workbench, wanted: Wanted, after: int | None, limit: int) -> list[Line]:
    """The first lines after a number or, without one, the newest; oldest first either way."""
    newest_first = after is None
    query = await wanted.query(site, newest_first=newest_first, start=after, limit=min(limit, PAGE))
    found: list[Line] = []
    async for line in lines(site.store, query):
        found.append(line)
        if len(found) == limit:
            break
    return found[::-1] if newest_first else found


@app.command
@told
def export(
    *,
    format: Annotated[  # noqa: A002 the option's name
        Literal["csv", "jsonl"], Parameter(name="--format", help="csv for spreadsheets, jsonl for programs.")
    ],
    after: Annotated[int | None, Parameter(help="Only what came after the line with this number.")] = None,
    kind: Kind = None,
    actor: Actor = None,
    account: AccountName = None,
    link: LinkName = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    data_dir: DataDir = None,
) -> None:
    """Write every line to standard output, oldest first.

    In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe; JSON lines are exact.

    Example: genkan audit export --format csv
    """
    wanted = Wanted(kind, actor, account, link, reason, since, until)

    async def work(site: Workbench) -> None:
        query = await wanted.query(site, newest_first=False, start=after, limit=PAGE)
        async for piece in exported(site.store, query, format):
            print(piece.decode(), end="")

    at_site(data_dir, work)


@app.command(name="verify")
@told
def verify_(
    *,
    head: Annotated[
        str | None, Parameter(help="A head that the log told: it must be in the chain, or its end was cut off.")
    ] = None,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Say whether what the audit has sealed is as it was; exit status 1 and what is wrong when it is not.

    Example: genkan audit verify --json
    """
    asked = None if head is None else _head(head)

    async def work(site: Workbench) -> Verdict:
        facts = await site.store.site()
        ring = read_ring_of(site.settings.ring_path, facts)
        if isinstance(ring, RingProblem):
            raise Stop(ring.sentence, SET_UP)
        return await verify(site.store, AuditKeys(ring, facts.site_id), NODE, asked)

    verdict = at_site(data_dir, work)
    if json:
        print_json(plain(verdict_document(verdict)))
    else:
        _tell(verdict)
    return DONE if verdict.good else NO


def _head(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise Stop(f"{text} is no head: it has 64 hexadecimal digits, as the log tells it", SET_UP)
    return found


def _tell(verdict: Verdict) -> None:
    for fault in verdict.faults:
        say(f"WRONG {fault}")
    if verdict.more:
        say(f"WRONG and {verdict.more} more")
    through = verdict.through
    if through is None:
        say("nothing is verified" if verdict.segments else "nothing is sealed yet")
    else:
        told = f"segment {through.sequence}, line {through.last}, sealed {when(through.sealed_at)}"
        say(f"verified through {told}, head {through.head.hex()}")
    if verdict.dropped:
        say(f"segments whose lines were dropped after their time, and whose heads hold: {verdict.dropped}")
    if verdict.unsealed_since is not None:
        waits = (
            "1 line waits for its seal" if verdict.unsealed == 1 else f"{verdict.unsealed} lines wait for their seal"
        )
        say(f"{waits}, the oldest from {when(verdict.unsealed_since)}")


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
