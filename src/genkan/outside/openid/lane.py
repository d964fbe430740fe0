"""How many answers and sign-outs of one provider are looked into at once, and how many may wait for their turn: anybody
can send one.
"""

import asyncio
from types import TracebackType

AT_ONCE = 16
WAITING = 32


class Lane:
    """A turn is taken by ``async with``, after a look whether it ``is_full``; between the two nothing is awaited."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._room = at_once + waiting

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now is to be sent away."""
        return self._room <= 0

    async def __aenter__(self) -> None:
        self._room -= 1
        try:
            await self._turns.acquire()
        except BaseException:
            self._room += 1
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.release()
        self._room += 1
