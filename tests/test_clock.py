"""The system's clock as the site sees it: what jumps of the wall clock do that the boot clock does not confirm."""

from collections.abc import Iterator

import pytest

from genkan import clock
from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND, Env

START = 1_800_000_000_000


class Machine:
    """Both clocks of a machine that has been up for a day."""

    def __init__(self, up: int = DAY) -> None:
        self.wall, self.boot = START, up
        self.clock = clock.Clock(lambda: self.wall, lambda: self.boot)

    def passes(self, milliseconds: int) -> None:
        """Both go on, as they do."""
        self.wall += milliseconds
        self.boot += milliseconds

    @property
    def now(self) -> int:
        """What the site takes the time to be, from where it began."""
        return self.clock.now() - START


def test_time_never_runs_backwards() -> None:
    """tokens.md 8: set back by less than a leap, time stands still until it is caught up."""
    machine = Machine()
    seen = []
    for step in (0, 5_000, -6_000, 3_000, 4_000):
        machine.wall += step
        seen.append(machine.now)
    assert seen == [0, 5_000, 5_000, 5_000, 6_000]
    assert not machine.clock.in_doubt


@pytest.mark.parametrize("leap", [100 * DAY, -100 * DAY, HOUR, -HOUR, 11 * SECOND])
def test_a_leap_that_is_undone_has_changed_nothing(leap: int) -> None:
    """In doubt, time goes on by the boot clock; undone, it goes on where it would be."""
    machine = Machine()
    machine.passes(MINUTE)
    assert machine.now == MINUTE
    machine.wall += leap
    assert machine.now == MINUTE
    assert machine.clock.in_doubt
    machine.passes(5 * SECOND)
    assert machine.now == MINUTE + 5 * SECOND
    machine.wall -= leap
    machine.passes(SECOND)
    assert machine.now == MINUTE + 6 * SECOND
    assert not machine.clock.in_doubt


@pytest.mark.parametrize("leap", [100 * DAY, -100 * DAY])
def test_what_somebody_confirms_is_believed_at_once(leap: int) -> None:
    """Back as well: a site that was started with a clock that was ahead need not be started anew."""
    machine = Machine()
    machine.wall += leap
    assert machine.now == 0
    machine.clock.believe()
    assert machine.now == leap
    assert not machine.clock.in_doubt
    machine.passes(SECOND)
    assert machine.now == leap + SECOND


@pytest.mark.parametrize(("leap", "doubted"), [(MINUTE, MINUTE), (-MINUTE, MINUTE), (DAY, HOUR), (100 * DAY, HOUR)])
def test_a_leap_is_doubted_for_as_long_as_it_is_and_an_hour_at_most(leap: int, doubted: int) -> None:
    """A minute ends nothing that lives for an hour; what may end months of sign-ins is waited with."""
    machine = Machine()
    machine.wall += leap
    assert machine.now == 0
    machine.passes(doubted - 1)
    assert machine.now == doubted - 1
    machine.passes(1)
    assert machine.now == leap + doubted
    assert not machine.clock.in_doubt


def test_another_leap_is_doubted_anew() -> None:
    """The age of the first says nothing of the second."""
    machine = Machine()
    machine.wall += DAY
    assert machine.now == 0
    machine.passes(59 * MINUTE)
    machine.wall += DAY
    assert machine.now == 59 * MINUTE
    machine.passes(2 * MINUTE)
    assert machine.now == 61 * MINUTE
    assert machine.clock.in_doubt


def test_a_machine_that_slept_is_believed() -> None:
    """The boot clock counts while it sleeps."""
    machine = Machine()
    machine.passes(30 * DAY)
    assert machine.now == 30 * DAY
    assert not machine.clock.in_doubt


def test_a_machine_without_a_battery_gets_its_time_after_boot() -> None:
    """A small computer starts where it was switched off, until NTP sets its clock: nobody has to do anything."""
    machine = Machine(up=20 * SECOND)
    machine.passes(20 * SECOND)
    machine.wall += 40 * DAY
    assert machine.now == 40 * DAY + 20 * SECOND
    assert not machine.clock.in_doubt


def test_a_process_that_was_stopped_between_two_looks_doubts_nothing() -> None:
    """A minute passes between the look at one clock and the look at the other: they are looked at again."""
    told: Iterator[int] = iter([DAY, DAY + MINUTE, *[DAY + MINUTE] * 9])
    wall: Iterator[int] = iter([START, START, *[START + MINUTE] * 9])
    seen = clock.Clock(lambda: next(wall), lambda: next(told))
    assert seen.now() - START == MINUTE
    assert not seen.in_doubt


def test_slow_drift_is_followed() -> None:
    """NTP slews, for months; nothing of it is a leap."""
    machine = Machine()
    for _ in range(1_000):
        machine.passes(MINUTE)
        machine.wall += 30
        assert machine.now == machine.wall - START
    assert not machine.clock.in_doubt


def test_what_is_drawn_ahead_is_told_once_and_never_short() -> None:
    """Bytes drawn in one go come out in order, none twice; what is wanted beyond them is drawn as ever."""
    asked: list[int] = []

    def draw(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    env = Env(1, draw).drawn(22)
    assert env.draw(10) + env.draw(12) == bytes(range(22))
    assert env.draw(4) == bytes(range(4))
    assert asked == [22, 4]
