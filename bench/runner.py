"""Owns the order of a run: warm up, then rounds in which each server takes its turn in each scenario."""

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import machine, wrk
from bench.scenarios import Scenario
from bench.station import Station
from bench.wrk import Run

BUSY_LIMIT = 0.6
DISTURBED = 0.1


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    rounds: int
    seconds: float
    warmup_s: float
    patience_s: float  # how long a round may wait until other programs rest


@dataclass
class Result:
    """The rounds of one server in one scenario."""

    scenario: Scenario
    peer: str
    runs: list[Run] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """One wrong or lost answer in any round spoils the figure."""
        return bool(self.runs) and not self.failures

    def median(self, name: str) -> float:
        return statistics.median(float(getattr(run, name)) for run in self.runs)

    @property
    def rate(self) -> float:
        return self.median("rate")

    @property
    def remarks(self) -> list[str]:
        """What a reader must know before trusting the figure."""
        said = [f"invalid: {failure}" for failure in self.failures]
        if self.runs and self.median("generator_busy") > BUSY_LIMIT:
            said.append(f"generator {self.median('generator_busy'):.0%} busy: the server could do more")
        if self.runs and self.median("others_on_server_core") > DISTURBED:
            said.append(f"others used {self.median('others_on_server_core'):.0%} of the server's core")
        if self.runs and self.median("others_on_load_core") > DISTURBED:
            said.append(f"others used {self.median('others_on_load_core'):.0%} of the generator's core")
        return said


def measure(scenarios: Sequence[Scenario], stations: Sequence[Station], plan: Plan) -> list[Result]:
    """Runs every scenario on every server it suits, the servers interleaved round by round."""
    results: list[Result] = []
    for scenario in scenarios:
        lanes = [(station, Result(scenario, station.peer.name)) for station in stations if scenario.suits(station)]
        for station, result in lanes:
            _one(scenario, station, result, plan.warmup_s, keep=False)
        for number in range(plan.rounds):
            turned = lanes[number % len(lanes) :] + lanes[: number % len(lanes)] if lanes else []
            for station, result in turned:
                _undisturbed(scenario, station, result, plan)
        for _, result in lanes:
            _tell(result)
        results += [result for _, result in lanes]
    return results


def _undisturbed(scenario: Scenario, station: Station, result: Result, plan: Plan) -> None:
    """One round; one that other programs disturbed is taken again while patience lasts."""
    until = time.perf_counter() + plan.patience_s
    while True:
        machine.await_quiet(max(0.0, until - time.perf_counter()))
        _one(scenario, station, result, plan.seconds, keep=True)
        if result.failures or not result.runs[-1].disturbed(DISTURBED) or time.perf_counter() >= until:
            return
        result.runs.pop()


def _one(scenario: Scenario, station: Station, result: Result, seconds: float, keep: bool) -> None:
    if result.failures:
        return
    try:
        load = scenario.prepare(station)
        run = wrk.run(load, station.target, seconds, station.place.folder)
        scenario.settle(station, run)
    except Exception as fault:  # noqa: BLE001 - a peer that fails is a line of the table, not the end of the run
        result.failures.append(f"{type(fault).__name__}: {fault}".splitlines()[0][:300])
        return
    # A slow server may answer nothing in the short time in which it warms up.
    if run.spoilt or (keep and not run.valid):
        lost = f"{run.socket_errors} socket errors, {run.timeouts} timeouts"
        said = f"{run.right} right and {run.wrong} wrong answers, {lost}"
        result.failures.append(f"{said}: {run.first_wrong}"[:400])
    elif keep:
        result.runs.append(run)


def _tell(result: Result) -> None:
    if result.valid:
        figures = f"{result.rate:9.0f}/s  p50 {result.median('p50_ms'):7.2f} ms  p99 {result.median('p99_ms'):7.2f} ms"
    else:
        figures = "    no figure"
    print(
        f"{result.scenario.id:4} {result.peer:22} {figures}  {'; '.join(result.remarks)}", file=sys.stderr, flush=True
    )
