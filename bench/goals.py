"""The goals that the project has set itself, as data, and whether a run met them. Measures nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.runner import Result

Results = Mapping[tuple[str, str], Result]


@dataclass(frozen=True)
class Goal:
    """Genkan's rate in a scenario as a multiple of a peer's: for the first version (None: none), and in the end."""

    scenario: str
    peer: str
    first: float | None
    final: float | None
    peer_scenario: str | None = None
    server: str = "genkan"

    def ratio(self, results: Results) -> float | None:
        """The ratio of median rates, when both figures are valid."""
        pair = self._pair(results)
        return pair[0].rate / pair[1].rate if pair else None

    def ratio_by_cpu(self, results: Results) -> float | None:
        """The same from processor time an answer: steadier when others use the cores, blind to waiting for a disk."""
        pair = self._pair(results)
        return pair[1].median("server_us") / pair[0].median("server_us") if pair else None

    def _pair(self, results: Results) -> tuple[Result, Result] | None:
        ours = results.get((self.scenario, self.server))
        theirs = results.get((self.peer_scenario or self.scenario, self.peer))
        return (ours, theirs) if ours and theirs and ours.valid and theirs.valid else None


PYTHON = ("django-oauth-toolkit", "authlib-flask")
MEMORY, SQLITE, POSTGRES = "oidc-provider-memory", "oidc-provider-sqlite", "oidc-provider-postgres"

RATIOS = (
    Goal("S1", MEMORY, 3, 6),
    Goal("S1", SQLITE, 6, 12),
    Goal("S2", MEMORY, 3, 8),
    Goal("S2", SQLITE, 6, 16),
    *(Goal(scenario, POSTGRES, None, 8, server="genkan-postgres") for scenario in ("S1", "S2")),
    Goal("S3", MEMORY, 2, 4),
    Goal("S4", MEMORY, 2, 4),
    Goal("S5", MEMORY, 2, 4),
    Goal("S5", "glewlwyd", None, 1.3),
    *(Goal(scenario, peer, 20, 50) for peer in PYTHON for scenario in ("S1", "S2")),
    Goal("S1", "bare", 0.20, 0.45, peer_scenario="S0"),
)


@dataclass(frozen=True)
class Bound:
    """A figure of Genkan alone and what it must not pass (or fall below)."""

    id: str
    title: str
    unit: str
    first: float
    final: float
    at_least: bool = False

    def met(self, figure: float, limit: float) -> bool:
        return figure >= limit if self.at_least else figure <= limit


BOUNDS = (
    Bound("s1_p99", "S1 p99 at 32 connections", "ms", 20, 7),
    Bound("s6", "S6: p99 of refreshes under a password flood, against quiet", "×", 2, 1.5),
    Bound("s8_s1", "S8: S1 with many grants against few", "×", 0.8, 0.95, at_least=True),
    Bound("s8_s4", "S8: S4 with many grants against few", "×", 0.8, 0.95, at_least=True),
    Bound("s10", "S10: processor time an answer, server and database, any layout against one process", "×", 1.1, 1.1),
    Bound("s10_lock_waits", "S10: backends that wait for a lock at one moment, any layout", "", 0.1, 0.1),
    Bound("s10_late", "S10: requests let in after a sign-out, on any node", "", 0, 0),
    Bound("s11_p95", "S11: p95 of the slowest page", "ms", 50, 50),
    Bound("idle_mb", "S9: resident, idle", "MB", 80, 45),
    Bound("loaded_mb", "S9: resident, after the load", "MB", 100, 60),
    Bound("start_s", "S9: start to first answer", "s", 1.0, 0.35),
    Bound("double_first_ms", "S12: test double, first start in a process with its imports", "ms", 2000, 1000),
    Bound("double_ms", "S12: test double, later starts to first answer", "ms", 200, 50),
    Bound("import_app_ms", "S12: import of genkan.app", "ms", 200, 100),
    Bound("import_plugin_ms", "S12: import of the pytest plugin, on top of nothing", "ms", 500, 250),
    Bound("table_bytes", "S9: bytes on disk a sign-in, table", "B", 500, 200),
    Bound("index_bytes", "S9: bytes on disk a sign-in, indexes", "B", 500, 200),
)
