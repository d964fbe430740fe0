"""How often something may happen to one subject: within a process, and to several beside each other."""

from hypothesis import given
from hypothesis import strategies as st

from genkan.site.pace import Pace


def test_so_many_at_once_and_then_one_an_interval() -> None:
    """What is told to be waited is what has to be waited, to the millisecond."""
    pace = Pace(5, 1000)
    assert [pace.wait("a", 7) for _ in range(5)] == [0] * 5
    assert pace.wait("a", 7) == 1000
    assert pace.wait("a", 1006) == 1
    assert pace.wait("a", 1007) == 0
    assert pace.wait("b", 7) == 0


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 3)), max_size=200), st.integers(4, 9))
def test_processes_beside_each_other_let_no_more_happen_than_one(knocks: list[tuple[int, int]], burst: int) -> None:
    """Whichever of four is asked, and whenever; asked in turn they let all of it happen."""
    paces, now, done = [Pace(burst, 1000) for _ in range(4)], 0, 0
    for pace in paces:
        pace.processes = 4
    for gap, asked in knocks:
        now += gap
        done += paces[asked].wait("a", now) == 0
        assert done <= burst + now / 1000
    assert [pace.wait("b", 0) for pace in paces] == [0] * 4


def test_what_did_not_happen_is_given_back() -> None:
    """Once, to the one who was counted; where nothing is counted nothing is."""
    pace = Pace(2, 1000)
    assert [pace.wait("a", 7), pace.wait("a", 7), pace.wait("b", 7)] == [0, 0, 0]
    pace.give_back("a")
    pace.give_back("c")
    assert [pace.wait("a", 7), pace.wait("a", 7)] == [0, 1000]


@given(st.lists(st.integers(0, 3000), max_size=80), st.integers(1, 5))
def test_no_timing_gets_more_than_the_budget(gaps: list[int], burst: int) -> None:
    """A burst, and one an interval since the first."""
    pace, now, done = Pace(burst, 1000), 0, 0
    for gap in gaps:
        now += gap
        done += pace.wait("a", now) == 0
    assert done <= burst + now // 1000


def test_a_clock_that_is_set_back_keeps_nobody_waiting() -> None:
    """More than a bucket holds is no bucket of ours."""
    pace = Pace(2, 1000)
    assert pace.wait("a", 10**9) == 0
    assert pace.wait("a", 0) == 0


def test_without_a_limit_nothing_is_remembered() -> None:
    """And nothing refused."""
    pace = Pace(0, 1000)
    assert [pace.wait(number % 3, 0) for number in range(100)] == [0] * 100
    assert not pace._due


def test_subjects_without_number_take_bounded_memory() -> None:
    """Those that drained are forgotten first, then those that were counted longest ago; the newest stay known."""
    pace = Pace(2, 1000, most=100)
    for number in range(1000):
        assert pace.wait(number, 0) == 0
        assert len(pace._due) <= 100
    pace.wait(999, 0)
    assert pace.wait(999, 0) > 0
    pace.wait("later", 5000)
    pace.wait("later", 5000)
    for number in range(90):
        pace.wait(("new", number), 5000)
    assert pace.wait("later", 5000) > 0
