"""How often something may happen to one subject, and how much of one thing a single address may hold at once; kept in
this process, in bounded memory.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from genkan.protocol.signin.password import LaneFull

MOST_SUBJECTS = 20_000


class Pace:
    """``burst`` at once, then one every ``interval`` milliseconds, for each subject. A burst of 0 is no limit."""

    def __init__(self, burst: int, interval: int, most: int = MOST_SUBJECTS) -> None:
        self._burst = burst
        self._interval = interval
        self._most = most
        # Until when each subject's bucket drains, those that drained longest ago first.
        self._due: dict[Hashable, int] = {}

    def wait(self, subject: Hashable, now: int) -> int:
        """0 where it may happen, which is counted; else in how many milliseconds it may."""
        if not self._burst:
            return 0
        size = self._burst * self._interval
        level = max(0, self._due.get(subject, now) - now)
        # More than a bucket holds: the clock was set back, and nobody shall wait until it is where it was.
        level = level if level <= size else 0
        if level + self._interval > size:
            return level + self._interval - size
        self._due.pop(subject, None)
        self._make_room(now)
        self._due[subject] = now + level + self._interval
        return 0

    def _make_room(self, now: int) -> None:
        if len(self._due) < self._most:
            return
        self._due = {subject: due for subject, due in self._due.items() if due > now}
        if len(self._due) >= self._most:
            # All are busy: half of those that were counted longest ago are forgotten, so that this stays cheap.
            self._due = dict(list(self._due.items())[len(self._due) // 2 :])


class Crowd:
    """How many of one address may be in the same lane, so that a flood from one leaves room for the others. Behind them
    so many wait, each for its turn: who is refused at once comes back at once, and that costs more than to wait.
    """

    def __init__(self, most: int, waiting: int) -> None:
        self._most = most
        self._places = most + waiting
        self._taken: Counter[str] = Counter()
        self._turns: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[None]:
        """A turn. Raises LaneFull where as many wait as may."""
        if self._taken[address] >= self._places:
            raise LaneFull
        self._taken[address] += 1
        try:
            async with self._turns.setdefault(address, asyncio.Semaphore(self._most)):
                yield
        finally:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address], self._turns[address]
