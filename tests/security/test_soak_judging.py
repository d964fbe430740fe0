"""The judgement of the soak on series that were made up: leaks are seen, and what is no leak passes."""

import math
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.security import test_soak as soak
from tests.security.serving import Serving
from tests.security.soak_judging import PARTS, Series, Windows, judge, judge_all, story
from tests.security.soak_load import Load
from tests.security.soak_sampling import Watch

MINUTE = 60.0
RUN = 30 * MINUTE
WINDOWS = Windows(1 / 6, 1 / 6)
MIB = float(1 << 20)
REQUESTS_PER_SECOND = 30


def made(figure: Callable[[float], float], seconds: float = RUN, every: float = 5.0) -> Series:
    """A run that shows this figure at each of its moments."""
    return [(1000 + at * every, figure(at * every)) for at in range(int(seconds / every) + 1)]


def steady(_: float) -> float:
    """Ninety mebibytes."""
    return 90 * MIB


def warming(at: float) -> float:
    """A cache that fills in the first minutes."""
    return steady(at) + 12 * MIB * (1 - math.exp(-at / MINUTE))


def jumping(at: float) -> float:
    """Passwords are hashed, 19 MiB for a moment, later on most of the time."""
    return steady(at) + (19 * MIB if random.Random(at).random() < 0.2 + 0.5 * at / RUN else 0)


def sawing(at: float) -> float:
    """What a collector frees once a minute."""
    return steady(at) + 3 * MIB * (at % MINUTE) / MINUTE


def leaking(at: float) -> float:
    """One kilobyte of each request stays."""
    return jumping(at) + 1024 * REQUESTS_PER_SECOND * at


def leaking_late(at: float) -> float:
    """All is well until something is full, fifteen minutes on."""
    return steady(at) + max(0.0, at - RUN / 2) * 1024 * REQUESTS_PER_SECOND


@pytest.mark.parametrize("figure", [steady, warming, jumping, sawing])
def test_what_does_not_grow_passes(figure: Callable[[float], float]) -> None:
    """Warming up, peaks and saws are no growth."""
    assert judge("memory", made(figure), WINDOWS, 2 * MIB).is_good


@pytest.mark.parametrize("figure", [leaking, leaking_late])
def test_a_kilobyte_a_request_is_seen(figure: Callable[[float], float]) -> None:
    """With more allowed than any real run is."""
    verdict = judge("memory", made(figure), WINDOWS, 12 * MIB)
    assert not verdict.is_good
    assert "TOO MUCH" in str(verdict)


@pytest.mark.parametrize("engine", [soak.SQLITE, soak.POSTGRES], ids=lambda engine: engine.name)
@pytest.mark.parametrize(("leak", "is_good"), [(0, True), (soak.LEAK, False)])
def test_a_hundred_bytes_a_request_are_seen(engine: soak.Engine, leak: int, is_good: bool, tmp_path: Path) -> None:
    """With all that is allowed for the load of the half hour, and with what passwords take meanwhile."""
    load = Load(Serving(tmp_path), 8, MINUTE, random.Random(1))
    load.requests, load.sign_ins = soak.LEAST_REQUESTS, 720
    load.acts.update({kind: round(RUN / pause) for kind, pause in load.kinds.items()})
    a_second = load.requests / RUN
    memory = made(lambda at: jumping(at) + leak * a_second * at)
    watch = Watch(os.getpid(), dict)
    watch.samples = [(at, {"memory": held, "store bytes": 6 * MIB + 1e3 * (at - 1000)}) for at, held in memory]
    (verdict,) = (one for one in soak.judged(engine, soak.LONG, load, watch) if one.name == "memory")
    assert verdict.is_good == is_good, str(verdict)


def test_the_growth_is_what_came_between_the_middles_of_both_windows() -> None:
    """Of a straight line it is known: twenty minutes of it."""
    verdict = judge("memory", made(lambda at: at), WINDOWS, None)
    assert (verdict.grew, verdict.most) == (20 * MINUTE, RUN)
    assert math.isclose(WINDOWS.between * RUN, 20 * MINUTE)


def test_one_file_a_minute_is_seen() -> None:
    """Among clients that come and go, six more or fewer at a time."""
    chance = random.Random(3)

    def clients(_: float) -> float:
        return 40.0 + chance.randint(-6, 6)

    assert judge("open tcp", made(clients), WINDOWS, 6).is_good
    assert not judge("open tcp", made(lambda at: clients(at) + at // MINUTE), WINDOWS, 6).is_good


def test_a_kind_that_came_later_was_none_before() -> None:
    """Its samples begin with the first; what nothing is allowed for is told and not judged."""
    samples = [(at, {"memory": value} | ({"open pipe": 3.0} if at > 2000 else {})) for at, value in made(steady)]
    pipes, memory = sorted(judge_all(samples, WINDOWS, {"open pipe": 2.0}), key=lambda one: one.name, reverse=True)
    assert (pipes.name, pipes.first, pipes.last, pipes.is_good) == ("open pipe", 0, 3, False)
    assert (memory.allowed, memory.is_good) == (None, True)


def test_a_run_hardly_looked_at_is_not_judged() -> None:
    """No verdict rather than a kind one."""
    with pytest.raises(AssertionError, match="too few samples"):
        judge("memory", made(steady, every=2 * MINUTE), WINDOWS, 0)


def test_a_run_is_told_in_equal_parts() -> None:
    """Each by its level, from the first sample to the last."""
    told = story(made(lambda at: at, seconds=995.0))
    assert told == tuple(10.0 + 100 * part for part in range(PARTS))
