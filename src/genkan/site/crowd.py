"""Who works next in a lane that is narrow: addresses take turns, and each lets its own wait in a row."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from genkan.protocol.signin.password import LaneFull
from genkan.site.measure import PasswordFigures

_Turns = deque[asyncio.Future[None]]


class Crowd:
    """``at_once`` work. Behind them the addresses take turns, one try each, so that floods from some leave whoever else
    comes the next turn but a few. ``of_one`` address so many wait, since who is refused at once comes back at once, and
    that costs more than to wait; ``in_all`` so many, and beyond that the last of the longest row gives way.
    """

    def __init__(self, at_once: int, of_one: int, in_all: int, figures: PasswordFigures) -> None:
        self._free = at_once
        self._of_one = of_one
        self._in_all = in_all
        # The addresses with somebody waiting, those first whose turn is next.
        self._rows: dict[str, _Turns] = {}
        self._waiting = 0
        self._figures = figures

    @asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[None]:
        """A turn. Raises LaneFull where as many wait as may."""
        await self._turn(address)
        try:
            yield
        finally:
            self._free += 1
            self._call()

    async def _turn(self, address: str) -> None:
        if self._free and not self._rows:
            self._free -= 1
            return
        self._make_room(address)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rows.setdefault(address, deque()).append(turn)
        self._count(1)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(address, turn)
            elif turn.exception() is None:  # called at the very moment of giving up: the turn is somebody else's
                self._free += 1
                self._call()
            raise

    def _call(self) -> None:
        """Give what is free to those whose turn it is; an address that has more goes behind all others."""
        while self._free and self._rows:
            address = next(iter(self._rows))
            row = self._rows.pop(address)
            turn = row.popleft()
            self._count(-1)
            if row:
                self._rows[address] = row
            if not turn.done():
                self._free -= 1
                turn.set_result(None)

    def _make_room(self, address: str) -> None:
        own = len(self._rows.get(address, ()))
        if own < self._of_one and self._waiting < self._in_all:
            return
        self._figures.refused += 1
        longest = max(self._rows, key=lambda one: len(self._rows[one]), default=address)
        if own >= self._of_one or len(self._rows.get(longest, ())) <= own + 1:
            raise LaneFull
        last = self._rows[longest].pop()
        self._count(-1)
        if not last.done():
            last.set_exception(LaneFull())

    def _leave(self, address: str, turn: asyncio.Future[None]) -> None:
        """Somebody gave up; where they were called, or had to give way, just before, they stand in no row any more."""
        row = self._rows.get(address)
        if row is None or turn not in row:
            return
        row.remove(turn)
        self._count(-1)
        if not row:
            del self._rows[address]

    def _count(self, more: int) -> None:
        self._waiting += more
        self._figures.waiting += more
