"""The system's clock and random source: the only module of ours that calls either."""

import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genkan.protocol.env import Env

SECOND_MS = 1000
# What the wall clock may run away from the boot clock at once: NTP slews, and steps by less where it corrects itself.
LEAP_MS = 10 * SECOND_MS
# So long after the machine came up its clock is being set: one without a battery starts where it was switched off.
SETTLING_MS = 600 * SECOND_MS
LONGEST_DOUBT_MS = 3600 * SECOND_MS
# Two looks at the boot clock with one at the wall clock between them say something where nobody stopped us meanwhile.
_SURE_MS = 500
# Counts while the machine sleeps, and nobody sets it. macOS's monotonic clock does the same.
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _boot() -> int:
    return time.clock_gettime_ns(_BOOT) // 1_000_000


class Clock:
    """Milliseconds of the wall clock, believed as far as the boot clock confirms them (docs/decisions/0257).

    They never run backwards. Where the wall clock leaps, either way, time is in doubt and goes on by the boot clock,
    until the leap is undone, somebody confirms it, or it is as old as it is long, an hour at most. A leap that is
    believed is the one thing that moves this clock at once, back as well as forth.
    """

    def __init__(self, wall: Callable[[], int] = _wall, boot: Callable[[], int] = _boot) -> None:
        self._wall, self._boot = wall, boot
        self._lock = threading.Lock()
        self._latest = 0
        self._ahead = wall() - boot()
        self.in_doubt = False
        # How far the wall clock is from where it should be, while that is in doubt, and since when by the boot clock.
        self.leap = self._since = 0
        self.longest_doubt = LONGEST_DOUBT_MS

    def now(self) -> int:
        """What the time is."""
        wall = self._wall()
        if -SECOND_MS < wall - self._boot() - self._ahead < SECOND_MS and not self.in_doubt:
            if wall > self._latest:
                with self._lock:
                    self._latest = max(self._latest, wall)
            return self._latest
        return self._looked_at()

    def believe(self) -> None:
        """Somebody knows that the wall clock is right."""
        with self._lock:
            if self.in_doubt:
                wall, boot = self._both()
                self._believe(wall, boot)

    def _looked_at(self) -> int:
        """The wall clock is not where it should be, by what a slow machine or NTP may do, or by a leap."""
        with self._lock:
            wall, boot = self._both()
            off = wall - boot - self._ahead
            if abs(off) < LEAP_MS:
                self._ahead, self.in_doubt, self.leap = wall - boot, False, 0
                self._latest = max(self._latest, wall)
            elif self._is_believed(off, boot):
                self._believe(wall, boot)
            else:
                self._latest = max(self._latest, boot + self._ahead)
            return self._latest

    def _is_believed(self, off: int, boot: int) -> bool:
        if off > 0 and boot < SETTLING_MS:
            return True
        if not self.in_doubt or abs(off - self.leap) >= LEAP_MS:
            self.in_doubt, self.leap, self._since = True, off, boot
        return boot - self._since >= min(abs(off), self.longest_doubt)

    def _believe(self, wall: int, boot: int) -> None:
        self._ahead, self.in_doubt, self.leap = wall - boot, False, 0
        self._latest = wall

    def _both(self) -> tuple[int, int]:
        """Both clocks, as of one moment."""
        while True:
            before, wall, after = self._boot(), self._wall(), self._boot()
            if after - before < _SURE_MS:
                return wall, after


CLOCK = Clock()


def wall_ms() -> int:
    """The system's clock as it stands now, which an administrator may set back: only for telling that it was."""
    return time.time_ns() // 1_000_000


now_ms = CLOCK.now


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
