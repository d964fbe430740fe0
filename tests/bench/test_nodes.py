"""S10: what is made of the figures of several processes."""

import dataclasses

import pytest

from bench.goals import BOUNDS
from bench.nodes import LAYOUTS, ONE, Layout, judged
from bench.runner import Result
from bench.scenarios import Flow, Refresh, Scenario
from bench.wrk import CONNECTIONS
from tests.bench.test_goals import A_RUN


def a_result(layout: Layout, scenario: Scenario, server: float, database: float, waits: float = 0.0) -> Result:
    run = dataclasses.replace(A_RUN, server_busy=server, database_busy=database, lock_waits=waits)
    return Result(scenario, layout.name, [run])


def test_the_dearest_answer_of_any_layout_counts() -> None:
    """Each scenario is compared with itself on one process, server and database together; the worst is the figure."""
    four = LAYOUTS[2]
    found = judged(
        [
            a_result(ONE, Refresh(), 0.3, 0.1), a_result(four, Refresh(), 0.3, 0.14, waits=0.5),
            a_result(ONE, Flow(), 0.8, 0.2), a_result(four, Flow(), 0.8, 0.22, waits=0.1),
        ]
    )  # fmt: skip
    assert found == {"s10": pytest.approx(1.1), "s10_lock_waits": 0.5}


def test_nothing_is_claimed_without_one_process_to_compare_with() -> None:
    """An invalid figure of the one process leaves no ratio, rather than one of nothing."""
    alone = a_result(ONE, Refresh(), 0.3, 0.1)
    alone.failures.append("1 wrong answers")
    assert judged([alone, a_result(LAYOUTS[1], Refresh(), 0.3, 0.1)]) == {"s10_lock_waits": 0.0}


def test_layouts_are_told_apart() -> None:
    """Every layout has a name of its own, and the one that the others are compared with is among them."""
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
    assert ONE in LAYOUTS
    assert {(layout.nodes, layout.nodes * layout.workers) for layout in LAYOUTS} >= {(1, 1), (1, 2), (1, 4), (2, 2)}


def test_a_request_let_in_after_a_sign_out_misses_the_goal() -> None:
    """None is the only number that will do."""
    [bound] = [each for each in BOUNDS if each.id == "s10_late"]
    assert (bound.met(0, bound.final), bound.met(1, bound.final)) == (True, False)


def test_a_process_more_brings_its_own_load() -> None:
    """Otherwise what is measured is how small batches cost more; a node more is no process more by itself."""
    assert [layout.connections // layout.processes for layout in LAYOUTS] == [CONNECTIONS] * len(LAYOUTS)
    assert Layout(2, 2).connections == Layout(1, 4).connections == 4 * CONNECTIONS
