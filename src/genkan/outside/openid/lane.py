"""How many answers and sign-outs of one provider are looked into at once, and how many may wait for their turn: anybody
can send one. No network has more than half of the places, so that nobody alone can keep everybody else out.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 16
WAITING = 32


class Lane:
    """``async with lane.turn(network)`` takes one, after a look whether it ``is_full``; nothing is awaited between."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._places = at_once + waiting
        self._taken: Counter[str] = Counter()

    def is_full(self, network: str) -> bool:
        """Whether whoever comes now from this network is to be sent away."""
        return self._taken.total() >= self._places or 2 * self._taken[network] >= self._places

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """A place, and in it the turn when it comes."""
        self._taken[network] += 1
        try:
            async with self._turns:
                yield
        finally:
            self._taken[network] -= 1
            if not self._taken[network]:
                del self._taken[network]
