"""What a whole run found, as one value: figures of all servers, and those of Genkan alone. Renders nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from bench.console import ABSENT, Taken
from bench.goals import BOUNDS, RATIOS, Bound, Goal
from bench.machine import Facts
from bench.runner import Plan, Result


@dataclass
class Outcome:
    """All that the report is made of."""

    command: str
    date: str
    facts: Facts
    plan: Plan
    titles: Mapping[str, str]
    versions: Mapping[str, str]
    results: list[Result] = field(default_factory=list)
    growth: list[Result] = field(default_factory=list)
    nodes: list[Result] = field(default_factory=list)
    resident_mb: dict[str, float] = field(default_factory=dict)
    start_s: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pages: list[Taken] = field(default_factory=list)
    filled: str = ""

    @property
    def is_valid(self) -> bool:
        """Something was measured, and every answer was right. A page that a version does not have is no fault."""
        faults = [page.fault for page in self.pages if page.fault and page.fault != ABSENT]
        return (
            bool(self.results or self.nodes or self.pages or self.notes)
            and all(result.valid for result in (*self.results, *self.nodes))
            and not faults
        )

    def table(self) -> dict[tuple[str, str], Result]:
        """Results by scenario and server."""
        return {(result.scenario.id, result.peer): result for result in self.results}

    def ratios(self) -> list[tuple[Goal, float, float]]:
        """The goals that this run has figures for: ratio of rates, ratio by processor time."""
        table = self.table()
        found = [(goal, goal.ratio(table), goal.ratio_by_cpu(table)) for goal in RATIOS]
        return [(goal, rate, cpu) for goal, rate, cpu in found if rate is not None and cpu is not None]

    def bounds(self) -> list[tuple[Bound, float]]:
        """The figures of Genkan alone that this run has."""
        return [(bound, self.figures[bound.id]) for bound in BOUNDS if bound.id in self.figures]

    def document(self) -> dict[str, object]:
        """Everything, rounds included, for machines."""
        return {
            "command": self.command,
            "date": self.date,
            "machine": self.facts.asdict(),
            "plan": asdict(self.plan),
            "versions": dict(self.versions),
            "results": [_result(result) for result in self.results],
            "growth": [_result(result) for result in self.growth],
            "nodes": [_result(result) for result in self.nodes],
            "resident_mb_after_load": self.resident_mb,
            "start_s": self.start_s,
            "genkan": self.figures,
            "ratios": [{**asdict(goal), "ratio": ratio, "ratio_by_cpu": cpu} for goal, ratio, cpu in self.ratios()],
            "pages": [asdict(page) for page in self.pages],
            "notes": self.notes,
        }


def _result(result: Result) -> dict[str, object]:
    runs: Sequence[dict[str, object]] = [
        {
            **asdict(run),
            "rate": run.rate,
            "server_us": run.server_us,
            "database_us": run.database_us,
            "leftover": len(run.leftover),
        }
        for run in result.runs
    ]
    return {
        "scenario": result.scenario.id,
        "server": result.peer,
        "unit": result.scenario.unit,
        "valid": result.valid,
        "rate": result.rate if result.valid else None,
        "remarks": result.remarks,
        "rounds": runs,
    }
