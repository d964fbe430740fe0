"""Who works next in a lane that is narrow: networks take turns, in each its addresses, and each of these lets its own
wait in a row.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from genkan.protocol.signin.password import LaneFull
from genkan.site.measure import PasswordFigures

_Turns = deque[asyncio.Future[None]]


class Crowd:
    """``at_once`` work. Behind them the networks take turns, and in each its addresses, one try each, so that floods
    from some leave whoever else comes the next turn but a few. ``of_one`` address so many wait, since who is refused at
    once comes back at once, and that costs more than to wait; ``in_all`` so many, and beyond that the last of the
    longest row in the fullest network gives way.
    """

    def __init__(self, at_once: int, of_one: int, in_all: int, figures: PasswordFigures) -> None:
        self._free = at_once
        self._of_one = of_one
        self._in_all = in_all
        # The addresses with somebody waiting, by network: those first whose turn is next. Of IPv6 anybody may have as
        # many addresses as there are places here, and all of them in one network.
        self._rows: dict[str, dict[str, _Turns]] = {}
        self._waiting = 0
        self._figures = figures

    @asynccontextmanager
    async def enter(self, address: str, network: str) -> AsyncIterator[None]:
        """A turn of an address of that network. Raises LaneFull where as many wait as may."""
        await self._turn(address, network)
        try:
            yield
        finally:
            self._free += 1
            self._call()

    async def _turn(self, address: str, network: str) -> None:
        if self._free and not self._rows:
            self._free -= 1
            return
        self._make_room(address, network)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rows.setdefault(network, {}).setdefault(address, deque()).append(turn)
        self._count(1)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(address, network, turn)
            elif turn.exception() is None:  # called at the very moment of giving up: the turn is somebody else's
                self._free += 1
                self._call()
            raise

    def _call(self) -> None:
        """Give what is free to those whose turn it is; who has more goes behind all others, a network as an address."""
        while self._free and self._rows:
            network = next(iter(self._rows))
            rows = self._rows.pop(network)
            address = next(iter(rows))
            row = rows.pop(address)
            turn = row.popleft()
            self._count(-1)
            if row:
                rows[address] = row
            if rows:
                self._rows[network] = rows
            if not turn.done():
                self._free -= 1
                turn.set_result(None)

    def _make_room(self, address: str, network: str) -> None:
        mine = len(self._rows.get(network, {}).get(address, ()))
        if mine < self._of_one and self._waiting < self._in_all:
            return
        self._figures.refused += 1
        fullest = max(self._rows, key=self._size, default=network)
        if self._size(fullest) <= self._size(network) + 1:
            fullest = network
        rows = self._rows.get(fullest, {})
        longest = max(rows, key=lambda one: len(rows[one]), default=address)
        if mine >= self._of_one or (fullest == network and len(rows.get(longest, ())) <= mine + 1):
            raise LaneFull
        last = rows[longest][-1]
        self._leave(longest, fullest, last)
        if not last.done():
            last.set_exception(LaneFull())

    def _size(self, network: str) -> int:
        return sum(map(len, self._rows.get(network, {}).values()))

    def _leave(self, address: str, network: str, turn: asyncio.Future[None]) -> None:
        """Somebody gave up; where they were called, or had to give way, just before, they stand in no row any more."""
        row = self._rows.get(network, {}).get(address)
        if row is None or turn not in row:
            return
        row.remove(turn)
        self._count(-1)
        if not row:
            del self._rows[network][address]
        if not self._rows[network]:
            del self._rows[network]

    def _count(self, more: int) -> None:
        self._waiting += more
        self._figures.waiting += more
