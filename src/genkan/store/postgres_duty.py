"""Which of many processes does what one does for all: whoever holds a lock of the database, for as long as its session
lives.
"""

import asyncio

import asyncpg

from genkan.store.postgres_connection import connect, is_machine, unavailable
from genkan.store.postgres_pool import Pool

# The first number is Genkan's own (LOCK of postgres_open), the second this purpose.
_TAKE = "SELECT pg_try_advisory_lock(1735289710, 1)"
_STILL = "SELECT 1"
_IS_FREE = """
    SELECT NOT EXISTS (
        SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 1735289710 AND objid = 1 AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""


class Duty:
    """One process's claim. It has a connection of its own only while it holds the lock: where that is lost, so is the
    lock, and another process may have it.
    """

    def __init__(self, url: str, pool: Pool) -> None:
        self._url = url
        self._pool = pool
        self._connection: asyncpg.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._one = asyncio.Lock()

    async def held(self) -> bool:
        """Whether it is ours, taking it where nobody has it. Raises StoreUnavailable."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._connection, self._one = loop, None, asyncio.Lock()
        async with self._one:
            try:
                return await self._asked()
            except Exception as e:
                await self._let_go()
                raise (unavailable(e) if is_machine(e) else e) from e

    async def leave(self) -> None:
        """Let another have it now."""
        if self._loop is asyncio.get_running_loop():
            async with self._one:
                await self._let_go()

    async def _asked(self) -> bool:
        if self._connection is not None:
            await self._connection.fetch(_STILL)
            return True
        if not (await self._pool.fetch(_IS_FREE))[0][0]:
            return False
        self._connection = connection = await connect(self._url)
        if (await connection.fetch(_TAKE))[0][0]:
            return True
        await self._let_go()
        return False

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.close(timeout=1.0)
        except Exception:  # noqa: BLE001 it is given up either way
            connection.terminate()
        # Its transport tells that it is gone in the next turn.
        await asyncio.sleep(0)
