"""The system's clock and random source: the only module of ours that calls either."""

import os
import threading
import time

from genkan.protocol.env import Env

_lock = threading.Lock()
_latest = 0


def now_ms() -> int:
    """Milliseconds since the Unix epoch; within a process never less than an earlier answer."""
    global _latest
    with _lock:
        _latest = max(_latest, time.time_ns() // 1_000_000)
        return _latest


def wall_ms() -> int:
    """The system's clock as it stands now, which an administrator may set back: only for telling that it was."""
    return time.time_ns() // 1_000_000


def draw(size: int) -> bytes:
    """Unpredictable bytes from the operating system."""
    return os.urandom(size)


def ticks() -> float:
    """Seconds of a monotonic clock, for measuring how long something took."""
    return time.perf_counter()


def system_env() -> Env:
    """The Env of this moment."""
    return Env(now_ms(), draw)
