"""Under which epoch a session keeps numbers of texts in memory: a lock of the session says so to whoever sweeps texts.

A sweep doubts texts, begins a new epoch and waits until no session is of an older one. Whoever looks a text up later
finds it doubted, and says that it is wanted. So no number that is in anybody's memory is ever deleted; a session that
hangs holds up the sweep, and one that has ended does not.
"""

import asyncpg

from genkan.store.database import Database
from genkan.store.postgres_sign_ins import SHARES

_JOIN = f"SELECT texts_epoch, {SHARES}, pg_advisory_lock_shared(1735289711, texts_epoch::int) FROM upkeep"  # noqa: S608 made of constants
_NOW = "SELECT texts_epoch FROM upkeep"
_LEAVE = "SELECT pg_advisory_unlock_shared(1735289711, CAST(? AS int))"
_LEAVE_HOT = "SELECT pg_advisory_unlock_shared(1735289711, $1::int)"
_OLDER = """
    SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1735289711 AND objsubid = 2
    AND objid <> CAST((SELECT texts_epoch FROM upkeep) AS oid)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def joined(connection: asyncpg.Connection, before: int | None) -> int:
    """The epoch that this session is of from now on; what it knew under another one is not to be used any more."""
    while True:
        epoch = int((await connection.fetch(_JOIN))[0][0])
        if before is not None:
            await connection.fetch(_LEAVE_HOT, before)
        before = epoch
        # Between reading and locking a sweep may have begun another one, and looked for locks of this one in vain.
        if int((await connection.fetch(_NOW))[0][0]) == epoch:
            return epoch


def joined_here(db: Database, before: int | None) -> int:
    """The same on a connection of a thread."""
    while True:
        epoch = int(db.execute(_JOIN).fetchone()[0])
        if before is not None:
            db.execute(_LEAVE, (before,))
        before = epoch
        if now_here(db) == epoch:
            return epoch


def now_here(db: Database) -> int:
    """The newest epoch."""
    return int(db.execute(_NOW).fetchone()[0])


def sessions_of_older(db: Database) -> int:
    """How many sessions may still know numbers of before the newest epoch."""
    return int(db.execute(_OLDER).fetchone()[0])
