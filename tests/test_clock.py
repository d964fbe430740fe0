"""The system's clock as the site sees it."""

import time

import pytest

from genkan import clock
from genkan.protocol.env import Env


def test_time_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """tokens.md 8: however the machine's clock is set, within a process time stands still until it is caught up."""
    start = time.time_ns() // 1_000_000
    steps = iter((0, 5_000, -60_000, 1_000, 6_000))
    monkeypatch.setattr(time, "time_ns", lambda: (start + next(steps)) * 1_000_000)
    now = clock._Clock().now
    assert [now() - start for _ in range(5)] == [0, 5_000, 5_000, 5_000, 6_000]


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
