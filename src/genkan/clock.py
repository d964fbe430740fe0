"""The system's clock and random source: the only module of ours that calls either."""

import os
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genkan.protocol.env import Env


class _Clock:
    """Milliseconds that never run backwards within this process, whatever happens to the system's clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0

    def now(self) -> int:
        now = time.time_ns() // 1_000_000
        if now > self._latest:
            with self._lock:
                self._latest = max(self._latest, now)
        return self._latest


def wall_ms() -> int:
    """The system's clock as it stands now, which an administrator may set back: only for telling that it was."""
    return time.time_ns() // 1_000_000


now_ms = _Clock().now


def draw(size: int) -> bytes:
    """Unpredictable bytes from the operating system."""
    return os.urandom(size)


def ticks() -> float:
    """Seconds of a monotonic clock, for measuring how long something took."""
    return time.perf_counter()


def system_env() -> "Env":
    """The Env of this moment."""
    return _env_type()(now_ms(), draw)


@cache
def _env_type() -> "type[Env]":
    # The app's side reads this clock too, and takes along none of the server's rules.
    from genkan.protocol.env import Env  # noqa: PLC0415

    return Env
