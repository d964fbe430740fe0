"""Connections for reads on the hot paths: each statement is its own snapshot, and one round trip."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import asyncpg

from genkan.store.figures import PoolFigures
from genkan.store.patience import PATIENCE, Patience
from genkan.store.postgres_connection import connect, is_lost, is_machine, unavailable

MOST_CONNECTIONS = 6


class Pool:
    """Keeps what it has opened. Handing a connection out and back costs no round trip, and no statement depends on
    what the last one left behind. Who waits is served in the order in which they came.
    """

    def __init__(self, url: str, most: int = MOST_CONNECTIONS) -> None:
        self._url = url
        self._most = most
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[asyncpg.Connection] = []
        # Each is handed a connection, or None: the place of one, to open another there.
        self._waiters: deque[asyncio.Future[asyncpg.Connection | None]] = deque()
        self._open = 0
        self.statements = 0
        # How many connections there were: a new one may be to another server, which took over and knows less.
        self.sessions = 0

    @property
    def figures(self) -> PoolFigures:
        return PoolFigures(self._open, len(self._idle), self._most, len(self._waiters))

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """Rows; a read is asked once more where its connection was lost. Raises StoreUnavailable."""
        patience = PATIENCE.get(None) or Patience()
        try:
            return await self._fetch(sql, values, patience)
        except Exception as e:
            if not is_lost(e) or isinstance(e, asyncio.TimeoutError):
                raise _told(e) from e
        # What else is idle was most likely lost by the same restart.
        await self._drop_idle()
        try:
            return await self._fetch(sql, values, patience)
        except Exception as e:
            raise _told(e) from e

    async def close(self) -> None:
        self._own()
        await self._drop_idle()

    async def _fetch(self, sql: str, values: tuple[Any, ...], patience: Patience) -> list[Any]:
        connection = await self._take(patience)
        self.statements += 1
        try:
            found = await connection.fetch(sql, *values)
        except BaseException as e:
            if isinstance(e, Exception) and not is_lost(e) and not connection.is_closed():
                self._give(connection)
            else:
                # Lost, or whoever asked has gone in the middle of the answer.
                connection.terminate()
                self._less()
            raise
        self._give(connection)
        return list(found)

    async def _take(self, patience: Patience) -> asyncpg.Connection:
        self._own()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._open -= 1
        if self._open < self._most:
            self._open += 1
        else:
            handed = await self._wait(patience)
            if handed is not None and not handed.is_closed():
                return handed
        try:
            connection = await connect(self._url)
        except BaseException:
            self._less()
            raise
        self.sessions += 1
        return connection

    async def _wait(self, patience: Patience) -> asyncpg.Connection | None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[asyncpg.Connection | None] = loop.create_future()
        self._waiters.append(waiter)
        begun = loop.time()
        try:
            async with asyncio.timeout(patience.left):
                return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._hand_on(waiter.result())
            raise
        finally:
            patience.left = max(0.0, patience.left - (loop.time() - begun))
            with suppress(ValueError):
                self._waiters.remove(waiter)

    def _hand_on(self, handed: asyncpg.Connection | None) -> None:
        if handed is None:
            self._less()
        else:
            self._give(handed)

    def _give(self, connection: asyncpg.Connection) -> None:
        waiter = self._first()
        if waiter is None:
            self._idle.append(connection)
        else:
            waiter.set_result(connection)

    def _less(self) -> None:
        """One is gone. Whoever is first may open another in its place, and nobody else."""
        waiter = self._first()
        if waiter is None:
            self._open -= 1
        else:
            waiter.set_result(None)

    def _first(self) -> "asyncio.Future[asyncpg.Connection | None] | None":
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            self._less()
            try:
                await connection.close(timeout=1.0)
            except Exception:  # noqa: BLE001 it is given up either way
                connection.terminate()
        # Transports tell that they are gone in the next turn.
        await asyncio.sleep(0)

    def _own(self) -> None:
        """Connections belong to one loop; those of a loop that ended are nobody's."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._idle, self._open = [], 0
            self._waiters.clear()


def _told(fault: Exception) -> Exception:
    return unavailable(fault) if is_machine(fault) else fault
