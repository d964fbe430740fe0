"""The system's clock as the site sees it."""

import time

import pytest

from genkan import clock


def test_time_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """tokens.md 8: however the machine's clock is set, within a process time stands still until it is caught up."""
    start = time.time_ns() // 1_000_000
    steps = iter((0, 5_000, -60_000, 1_000, 6_000))
    monkeypatch.setattr(time, "time_ns", lambda: (start + next(steps)) * 1_000_000)
    now = clock._Clock()
    assert [now() - start for _ in range(5)] == [0, 5_000, 5_000, 5_000, 6_000]
