"""Waiting for those who append to the audit, and for nobody else: no lock is taken that they or a VACUUM would meet.

A line gets its number before its transaction is committed, so a lower one may appear later than a higher. But whoever
inserts holds the lock of an INSERT (ROW EXCLUSIVE) on the table from before the number is drawn until the row is there
for all. So when those who held it after a line was seen hold it no more, no line with a lower number can appear.
"""

import asyncio

from genkan.store.api import StoreUnavailable
from genkan.store.postgres_pool import Pool

# Who reads them sees the transaction, not the process: what it does next does not count.
WRITING = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = '{table}'::regclass AND mode = 'RowExclusiveLock' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pid IS DISTINCT FROM pg_backend_pid()
"""
# What a transaction is called that has left its session by PREPARE TRANSACTION, and has no process any more.
PREPARED = "-1/"
_APPENDING = WRITING.format(table="audit")
# Seconds between looks: three in all, as for a lock.
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.0)


async def appenders_are_done(pool: Pool) -> None:
    """Wait for the transactions that append now; later ones are not waited for. Raises StoreUnavailable after three
    seconds.
    """
    waited_for = await _appending(pool)
    for pause in _PAUSES:
        if not waited_for:
            return
        await asyncio.sleep(pause)
        waited_for = {one for one in await _appending(pool) if one in waited_for or one.startswith(PREPARED)}
    if waited_for:
        raise StoreUnavailable("PostgreSQL: a transaction that appends to the audit does not end")


async def _appending(pool: Pool) -> set[str]:
    return {row[0] for row in await pool.fetch(_APPENDING)}
