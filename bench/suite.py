"""Owns a whole run: the servers, the rounds they share, then what concerns Genkan alone, then the report."""

import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import app_side, console, flood, footprint, growth, machine, nodes, passkeys, plot, report, station
from bench.outcome import Outcome
from bench.peers import all_peers
from bench.peers.base import Peer, Unavailable
from bench.peers.genkan import Genkan
from bench.runner import Plan, measure
from bench.scenarios import all_scenarios
from bench.servers import ServerDied
from bench.station import Station

PAGES = "S11"
PASSKEYS = "S7"
NODES = "S10"


@dataclass(frozen=True)
class Choice:
    """What was asked for."""

    command: str
    peers: tuple[str, ...]
    scenarios: tuple[str, ...]
    rounds: int
    seconds: float
    alone: bool
    grants: int
    workers: int
    phones: int
    people: int
    patience_s: float
    cache: Path
    results: Path


def run(choice: Choice) -> Outcome:
    """Installs, measures, writes the results, removes every folder and process of the run."""
    machine.stay_off_the_servers_core()
    # On a disk, and beside the peers: a folder in memory would make every durable write free.
    choice.cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run-", dir=choice.cache))
    try:
        outcome = _outcome(choice, work)
        _together(choice, outcome, work)
        if choice.alone and "genkan" in outcome.resident_mb:
            _alone(choice, outcome, work)
        if choice.alone or NODES in choice.scenarios:
            _nodes(choice, outcome, work)
        if choice.phones and (choice.alone or PAGES in choice.scenarios):
            _pages(choice, outcome, work)
        if choice.alone or PASSKEYS in choice.scenarios:
            _passkeys(choice, outcome, work)
        _write(choice.results, outcome)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return outcome


def _outcome(choice: Choice, work: Path) -> Outcome:
    known = all_peers()
    plan = Plan(choice.rounds, choice.seconds, max(2.0, choice.seconds / 2), choice.patience_s)
    outcome = Outcome(choice.command, datetime.now(UTC).date().isoformat(), machine.facts(work), plan, {}, {})
    outcome.titles = {name: known[name].title for name in choice.peers}
    return outcome


def _together(choice: Choice, outcome: Outcome, work: Path) -> None:
    known = all_peers()
    scenarios = [scenario for scenario in all_scenarios() if scenario.id in choice.scenarios]
    with ExitStack() as stack:
        stations = []
        for name in choice.peers if scenarios else ():
            if started := _started(known[name], choice.cache, work / name, outcome):
                stack.callback(started.stop)
                stations.append(started)
        outcome.results = measure(scenarios, stations, outcome.plan)
        for each in stations:
            outcome.resident_mb[each.peer.name] = round(machine.resident_mb(each.server.pid), 1)
            outcome.start_s[each.peer.name] = round(each.server.first_answer_s, 3)
        if choice.alone:
            _flood(outcome, stations)


def _started(peer: Peer, cache: Path, folder: Path, outcome: Outcome) -> Station | None:
    print(f"setting up {peer.title}", file=sys.stderr, flush=True)
    try:
        started = station.start(peer, cache, folder)
    except (Unavailable, ServerDied, RuntimeError) as fault:
        outcome.notes.append(f"{peer.title} is missing: {fault}".replace(str(cache), "<cache>"))
        print(outcome.notes[-1], file=sys.stderr, flush=True)
        return None
    outcome.versions = {**outcome.versions, **started.versions()}
    return started


def _flood(outcome: Outcome, stations: list[Station]) -> None:
    quiet = outcome.table().get(("S1", "genkan"))
    ours = next((each for each in stations if each.peer.name == "genkan"), None)
    if not ours or not quiet or not quiet.valid:
        return
    outcome.figures["s1_p99"] = quiet.median("p99_ms")
    print("S6: refreshes under a password flood", file=sys.stderr, flush=True)
    found = flood.measure(ours, quiet.rate, quiet.median("p50_ms"), outcome.plan.rounds, outcome.plan.seconds)
    outcome.figures["s6"] = found.ratio
    outcome.notes.append(
        f"S6: half rate {found.asked_rate:,.0f}/s asked; quiet {found.quiet_rate:,.0f}/s with p99 "
        f"{found.quiet_p99_ms:.2f} ms; under {found.sign_ins_per_second:.1f} password sign-ins and "
        f"{found.guesses_per_second:.1f} wrong guesses a second "
        f"{found.flooded_rate:,.0f}/s with p99 {found.flooded_p99_ms:.2f} ms."
    )


def _alone(choice: Choice, outcome: Outcome, work: Path) -> None:
    print("S9: memory and start", file=sys.stderr, flush=True)
    idle = footprint.idle(Genkan(), choice.cache, work / "idle")
    outcome.figures |= {"idle_mb": idle.resident_mb, "start_s": idle.start_s}
    outcome.figures["loaded_mb"] = outcome.resident_mb["genkan"]
    print("S12: the app's side", file=sys.stderr, flush=True)
    outcome.figures |= app_side.figures()
    if choice.grants:
        print(f"S8: {choice.grants} grants", file=sys.stderr, flush=True)
        growth.measure_growth(outcome, choice.grants, choice.cache, work / "growth")


def _nodes(choice: Choice, outcome: Outcome, work: Path) -> None:
    print("S10: several processes on PostgreSQL", file=sys.stderr, flush=True)
    asked = [layout for layout in nodes.LAYOUTS if layout.nodes * layout.workers <= max(1, choice.workers)]
    try:
        nodes.measure_nodes(outcome, asked, choice.cache, work / "nodes")
    except (Unavailable, ServerDied, RuntimeError) as fault:
        outcome.notes.append(f"S10 is missing: {fault}".replace(str(choice.cache), "<cache>"))
        print(outcome.notes[-1], file=sys.stderr, flush=True)


def _pages(choice: Choice, outcome: Outcome, work: Path) -> None:
    print(f"S11: filling a store with {choice.phones} phones of {choice.people} people", file=sys.stderr, flush=True)
    outcome.pages = console.measure(choice.phones, choice.people, choice.cache, work / "console")
    outcome.filled = (
        f"{choice.phones:,} sign-ins of {choice.people:,} people in the store; each page {console.ASKED} times, one "
        "request after the other, over HTTP and in a browser session of an administrator."
    )
    figures = [page.p95 for page in outcome.pages if not page.fault]
    outcome.figures |= {"s11_p95": max(figures)} if figures else {}
    outcome.notes += [
        f"S11: others used {page.others:.0%} of the cores while {page.name} was asked for: its figures say little."
        for page in outcome.pages
        if page.disturbed
    ]


def _passkeys(choice: Choice, outcome: Outcome, work: Path) -> None:
    print("S7: sign-ins with a passkey", file=sys.stderr, flush=True)
    found = passkeys.measure(choice.seconds, choice.cache, work / "passkeys")
    outcome.figures["s7_server_ms"] = found.server_ms
    outcome.notes.append(
        f"S7: {found.count} sign-ins with a passkey, page, challenge and answer each, one after the other: "
        f"{found.per_second:,.1f}/s with p50 {found.p50_ms:.2f} ms and p95 {found.p95_ms:.2f} ms, the client's signing "
        f"included; the server worked {found.server_ms:.2f} ms for each."
    )


def _write(folder: Path, outcome: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(report.markdown(outcome))
    (folder / "results.json").write_text(json.dumps(outcome.document(), indent=1) + "\n")
    (folder / "rates.svg").write_text(plot.rates(outcome))
    print(report.markdown(outcome))
