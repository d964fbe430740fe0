"""Sign-ins and what ends many of them keep out of each other's way, by a lock of a table that has one row (0232).

Whoever redeems shares it and whoever stops has it alone, until their transactions end: sign-ins on their way are
finished first, and later ones see what was done. Accounts are locked row by row by the sign-in itself.
"""

from genkan.store.database import Database
from genkan.store.postgres_appenders import PREPARED, WRITING
from genkan.store.sqlite_stops import KEY, Stop, StopWrites
from genkan.store.sqlite_texts import TextIds

# A part of the statement that redeems. It looks for no row, but it names the table: the server takes this lock with
# those of the statement's other tables, before the snapshot by which it looks at anything.
SHARE = "SELECT 1 FROM upkeep WHERE FALSE FOR KEY SHARE"
# Of what meets the lock above the least: whoever reads the table, as a dump does, meets neither.
TAKE = "LOCK TABLE upkeep IN EXCLUSIVE MODE"
# Kept by each session that writes as long as it lives: it shares the lock above when it redeems.
SHARES = "pg_advisory_lock_shared(1735289710, 2)"
# Those that write texts' numbers (postgres_epoch) and say no such thing are of the version before.
_OLDER = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY pid HAVING bool_or(classid = 1735289711) AND NOT bool_or(classid = 1735289710 AND objid = 2)
"""
# All that they would meet, and so does a VACUUM.
_TAKE_FROM_OLDER = "LOCK TABLE grants IN SHARE ROW EXCLUSIVE MODE"
_WRITING = WRITING.format(table="grants")
_PAUSE = "SELECT pg_sleep(0.01)"


def keep_out_older(db: Database) -> None:
    """In a transaction that has the lock alone: nodes of the version before sign nobody in until it ends."""
    if db.execute(_OLDER).fetchall():
        db.execute(_TAKE_FROM_OLDER)


class SettledStops(StopWrites):
    """A refresh shares no lock. One that was on its way when its key was stopped is waited for before the rows under
    that key are walked: what it writes would appear behind the walk.
    """

    def __init__(self, db: Database, ids: TextIds) -> None:
        super().__init__(db, ids)
        # The stop that waits, and of the transactions that wrote when it was first looked at those that do still.
        self._waiting: tuple[int, set[str]] = (0, set())

    def _settle_one(self, stop: Stop, limit: int) -> tuple[int, int]:
        if stop[1] == KEY and not stop[6] and self._is_written_beside(stop[0]):
            self._db.execute(_PAUSE)
            return limit, 0
        return super()._settle_one(stop, limit)

    def _is_written_beside(self, stop_id: int) -> bool:
        writing = {row[0] for row in self._db.execute(_WRITING)}
        of, before = self._waiting
        if of == stop_id:
            # One that is prepared meanwhile goes on under another name.
            writing = {one for one in writing if one in before or one.startswith(PREPARED)}
        self._waiting = stop_id, writing
        return bool(self._waiting[1])
