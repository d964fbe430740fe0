"""Owns the page that a run leaves behind: Markdown for people, the goals beside what was found."""

from collections.abc import Iterable

from bench.console import LIMIT_MS, Taken
from bench.outcome import Outcome
from bench.runner import BUSY_LIMIT, Result
from bench.wrk import CONNECTIONS

HOW = f"""\
Server on one core, load generator (wrk with Lua) on the other, {CONNECTIONS} connections, all servers alive at once and
taking turns within each round; medians of the rounds. Figures are *right* answers a second: every answer's status
and body is checked, every refreshed token is used again, and one wrong or lost answer makes the figure invalid. Genkan
and the peers marked "fsync" have each acknowledged write on disk first. In S1 the limit on rotations of one grant is
lifted (`GENKAN_ROTATIONS_PER_SECOND=0`), since a few hundred sign-ins share the load; S8 keeps it. In S2 one
person signs in all the time, so the limit on that is lifted too (`GENKAN_SIGN_INS_PER_ACCOUNT=0`). Latencies of S2 are
of whole flows; the others are wrk's, which add what a closed loop would hide. Ratios hold on other machines, figures
do not. "By CPU time" compares the processor time of an answer instead of rates, the server's alone where it has a
database beside it. Each server on PostgreSQL has a cluster of its own, which shares the generator's core.
"""


def markdown(outcome: Outcome) -> str:
    """The whole page."""
    parts = [
        f"# Benchmark of {outcome.date}\n",
        f"`{outcome.command}`: {outcome.plan.rounds} rounds of {outcome.plan.seconds:g} s.\n",
        HOW,
        _goals(outcome),
        "## Rates\n\n" + _rates(outcome) if outcome.results else "",
        "![Rates](rates.svg)\n" if outcome.results else "",
        "## Rounds in detail\n\n" + _details(outcome.results) if outcome.results else "",
        "## With many grants in the store (S8)\n\n" + _details(outcome.growth) if outcome.growth else "",
        _nodes(outcome.nodes),
        _pages(outcome),
        "## Memory and start\n\n" + _memory(outcome) if outcome.resident_mb else "",
        "## Machine\n",
        _machine(outcome),
    ]
    if outcome.notes:
        parts += ["## Notes\n", "\n".join(f"- {note}" for note in outcome.notes) + "\n"]
    return "\n".join(part for part in parts if part)


def _grid(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def _goals(outcome: Outcome) -> str:
    rows = []
    for goal, ratio, by_cpu in outcome.ratios():
        against = outcome.titles[goal.peer] + (f" ({goal.peer_scenario})" if goal.peer_scenario else "")
        on = "" if goal.server == "genkan" else " on PostgreSQL"
        first, final = (
            f"{limit:g} × {_verdict(ratio >= limit)}" if limit else "–" for limit in (goal.first, goal.final)
        )
        rows.append([f"{goal.scenario}{on} against {against}", f"{ratio:.2f} ×", f"{by_cpu:.2f} ×", first, final])
    for bound, figure in outcome.bounds():
        sign = "≥" if bound.at_least else "≤"
        first = f"{sign} {bound.first:g} {bound.unit} {_verdict(bound.met(figure, bound.first))}"
        final = f"{sign} {bound.final:g} {bound.unit} {_verdict(bound.met(figure, bound.final))}"
        rows.append([bound.title, f"{figure:.3g} {bound.unit}", "", first, final])
    return "## Goals\n\n" + _grid(["what", "found", "by CPU time", "first version", "goal"], rows) if rows else ""


def _rates(outcome: Outcome) -> str:
    table = outcome.table()
    peers = list(dict.fromkeys(result.peer for result in outcome.results))
    scenarios = list(dict.fromkeys(result.scenario for result in outcome.results))
    rows = []
    for scenario in scenarios:
        cells = [_cell(table.get((scenario.id, peer)), table.get((scenario.id, "genkan"))) for peer in peers]
        rows.append([scenario.id, f"{scenario.title}, {scenario.unit}/s", *cells])
    note = "In brackets: Genkan's rate as a multiple. ¹ The generator's core was too busy: a lower bound.\n\n"
    return note + _grid(["id", "scenario", *(outcome.titles[peer] for peer in peers)], rows)


def _cell(result: Result | None, ours: Result | None) -> str:
    if result is None:
        return ""
    if not result.valid:
        return "invalid"
    mark = " ¹" if result.median("generator_busy") > BUSY_LIMIT else ""
    ratio = ours.rate / result.rate if ours and ours.valid and ours is not result else None
    return f"{result.rate:,.0f}{mark}" + (f" ({ratio:.2f} ×)" if ratio else "")


def _details(results: list[Result]) -> str:
    head = [
        "id",
        "server",
        "rate",
        "rounds",
        "p50 ms",
        "p99 ms",
        "server CPU µs",
        "database CPU µs",
        "server busy",
        "generator busy",
        "remarks",
    ]
    rows = []
    for result in results:
        if not result.valid:
            rows.append([result.scenario.id, result.peer, "–", "", "", "", "", "", "", "", "; ".join(result.remarks)])
            continue
        spread = f"{min(run.rate for run in result.runs):,.0f} to {max(run.rate for run in result.runs):,.0f}"
        shares = [f"{result.median(name):.0%}" for name in ("server_busy", "generator_busy")]
        times = [f"{result.median(name):.2f}" for name in ("p50_ms", "p99_ms")]
        times += [f"{result.median(name):.0f}" for name in ("server_us", "database_us")]
        named = [result.scenario.id, result.peer, f"{result.rate:,.0f}", spread]
        rows.append([*named, *times, *shares, "; ".join(result.remarks)])
    return _grid(head, rows)


def _nodes(results: list[Result]) -> str:
    """S10: what matters is the cost of an answer, since all processes share one core here."""
    rows = []
    for result in results:
        if not result.valid:
            rows.append([result.scenario.id, result.peer, *[""] * 6, "; ".join(result.remarks)])
            continue
        times = [f"{result.median(name):.0f}" for name in ("server_us", "database_us")]
        waits = [f"{result.median(name):.2f}" for name in ("lock_waits", "inner_waits")]
        deadlocks = str(sum(run.deadlocks for run in result.runs))
        rows.append(
            [
                result.scenario.id,
                result.peer,
                f"{result.rate:,.0f}",
                *times,
                *waits,
                deadlocks,
                "; ".join(result.remarks),
            ]
        )
    head = [
        "id",
        "layout",
        "rate",
        "server CPU µs",
        "database CPU µs",
        "wait for locks",
        "for inner locks",
        "deadlocks",
    ]
    said = (
        "All processes of all nodes share the server's core, so that rates say little: the cost of an answer counts. "
        f"Each process gets {CONNECTIONS} connections, each of another person.\n"
    )
    return f"## Several processes on PostgreSQL (S10)\n\n{said}\n{_grid([*head, 'remarks'], rows)}" if rows else ""


def _pages(outcome: Outcome) -> str:
    rows = [_page(page) for page in outcome.pages]
    head = ["page", "p50 ms", "p95 ms", "worst ms", f"p95 ≤ {LIMIT_MS:g} ms", "others on the cores"]
    title = "## Pages of a full store (S11)\n\n"
    return f"{title}{outcome.filled}\n\n{_grid(head, rows)}" if rows else ""


def _page(page: Taken) -> list[str]:
    if page.fault:
        return [page.name, page.fault, "", "", "", ""]
    times = [f"{took:.1f}" for took in (page.p50, page.p95, page.worst)]
    return [page.name, *times, _verdict(page.met), f"{page.others:.0%}"]


def _memory(outcome: Outcome) -> str:
    rows = [
        [outcome.titles[name], f"{outcome.start_s.get(name, 0):.2f}", f"{resident:.0f}"]
        for name, resident in outcome.resident_mb.items()
    ]
    return _grid(["server", "first start to first answer, s", "resident after the load, MB"], rows)


def _machine(outcome: Outcome) -> str:
    rows = [[name, str(value)] for name, value in {**outcome.facts.asdict(), **outcome.versions}.items()]
    return _grid(["fact", "value"], rows)
