"""The goals of performance.md as the benchmark judges them."""

import dataclasses
from collections.abc import Callable

from bench.goals import RATIOS, Goal
from bench.peers import all_peers
from bench.runner import Result
from bench.scenarios import Refresh
from bench.wrk import Run

A_RUN = Run(
    right=1000, wrong=0, answers=1000, seconds=1.0, p50_ms=1.0, p99_ms=2.0, socket_errors=0, timeouts=0, first_wrong="",
    generator_busy=0.1, server_busy=0.5, others_on_server_core=0.0, others_on_load_core=0.0,
)  # fmt: skip


def a_result(peer: str, right: int, change: Callable[[Run], Run] = lambda run: run) -> Result:
    return Result(Refresh(), peer, [change(dataclasses.replace(A_RUN, right=right))])


def test_every_goal_names_servers_that_take_part() -> None:
    """A goal whose peer was renamed would silently never be judged."""
    names = all_peers().keys()
    assert [goal for goal in RATIOS if not {goal.server, goal.peer} <= names] == []


def test_a_goal_of_postgresql_compares_what_runs_on_postgresql() -> None:
    """The figure of Genkan on SQLite plays no part where the goal is about PostgreSQL."""
    [goal] = [each for each in RATIOS if each.server == "genkan-postgres" and each.scenario == "S1"]
    results = {
        ("S1", "genkan"): a_result("genkan", 90_000),
        ("S1", "genkan-postgres"): a_result("genkan-postgres", 8_000),
        ("S1", "oidc-provider-postgres"): a_result("oidc-provider-postgres", 1_000),
    }
    assert (goal.ratio(results), goal.ratio_by_cpu(results), goal.final) == (8.0, 8.0, 8)


def test_an_invalid_figure_has_no_ratio() -> None:
    """One wrong answer, and nothing is claimed."""
    theirs = a_result("oidc-provider-memory", 10)
    theirs.failures.append("1 wrong answers")
    results = {("S1", "genkan"): a_result("genkan", 100), ("S1", "oidc-provider-memory"): theirs}
    assert Goal("S1", "oidc-provider-memory", 3, 6).ratio(results) is None


def test_time_in_the_database_is_told_apart() -> None:
    """Processor time an answer is the server's and, apart from it, the database's."""
    run = dataclasses.replace(A_RUN, server_busy=0.5, database_busy=0.25)
    assert (run.server_us, run.database_us) == (500.0, 250.0)
