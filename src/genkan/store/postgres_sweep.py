"""Deletes texts that no row names any more, though many processes keep numbers of texts in memory: doubts all, waits
until what was known before is forgotten everywhere, walks all rows in bounded steps, drops what is doubted still.
"""

from collections.abc import Iterator
from typing import Any

from genkan.protocol.env import DAY
from genkan.store.database import Database
from genkan.store.postgres_epoch import sessions_of_older
from genkan.store.sqlite_sweep import NAMING

# A sweep reads every row that can name a text: once a day at most, and not for what is a megabyte.
SWEEP_EVERY = DAY
FEWEST_TEXTS = 10_000
# Looking at a row costs a tenth of changing one.
LOOKS = 10

_IS_DUE = """
    SELECT ? - texts_swept NOT BETWEEN 0 AND ? AND EXISTS (SELECT 1 FROM texts ORDER BY id OFFSET ? LIMIT 1) FROM upkeep
"""
# Of the same tables as NAMING, in its order.
_LAST = (
    "SELECT id FROM stops ORDER BY id DESC LIMIT 1",
    "SELECT id FROM sessions ORDER BY id DESC LIMIT 1",
    "SELECT id FROM grants ORDER BY id DESC LIMIT 1",
    "SELECT id FROM audit ORDER BY id DESC LIMIT 1",
)
_BEGIN = "UPDATE upkeep SET texts_swept = ?"
_DOUBT = """
    UPDATE texts SET doubted = TRUE WHERE id IN (SELECT id FROM texts WHERE id > ? ORDER BY id LIMIT ?) RETURNING id
"""
_EPOCH = "UPDATE upkeep SET texts_epoch = texts_epoch + 1"
_WANTED = "UPDATE texts SET doubted = FALSE WHERE id = ? AND CAST(doubted AS int) = 1"
# Whoever looks it up at this moment either comes first, and then it is doubted no more, or finds it gone.
_DROP = """
    DELETE FROM texts WHERE CAST(doubted AS int) = 1 AND id IN (SELECT id FROM texts WHERE doubted LIMIT ?)
"""


class PostgresTextSweep:
    """Runs inside the transactions of upkeep, of which one at a time runs on all nodes. What a sweep knows of its
    progress is its process's: where another takes over, it begins anew a day later.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._steps: Iterator[int] | None = None
        self._seen: set[int] = set()

    def step(self, now: int, limit: int) -> int:
        """Look at some rows, or delete so many texts; how many it was. 0 until there is something to do."""
        if self._steps is None:
            if not self._db.execute(_IS_DUE, (now, SWEEP_EVERY - 1, FEWEST_TEXTS)).fetchone()[0]:
                return 0
            self._steps = self._sweep(now, limit)
        done = next(self._steps, None)
        if done is None:
            self._steps = None
            self._seen.clear()
        return done or 0

    def forget(self) -> None:
        """A transaction was rolled back: what a step did was not done."""
        self._steps = None
        self._seen.clear()

    def _sweep(self, now: int, limit: int) -> Iterator[int]:
        self._db.execute(_BEGIN, (now,))
        yield from self._doubt(limit)
        self._db.execute(_EPOCH)
        yield 1
        while sessions_of_older(self._db):
            yield 0
        for (first, sql), last in zip(NAMING, _LAST, strict=True):
            yield from self._walk(sql, first, last, limit)
        while dropped := self._db.execute(_DROP, (limit,)).rowcount:
            yield dropped

    def _doubt(self, limit: int) -> Iterator[int]:
        after = 0
        while doubted := self._db.execute(_DOUBT, (after, limit)).fetchall():
            after = max(int(row[0]) for row in doubted)
            yield len(doubted)

    def _walk(self, sql: str, after: Any, last_sql: str, limit: int) -> Iterator[int]:
        """Up to the last row that there is: what is written from now on has looked up its texts since they are
        doubted.
        """
        last = self._db.execute(last_sql).fetchone()
        while last and after < last[0] and (rows := self._db.execute(sql, (after, limit * LOOKS)).fetchall()):
            named = {text_id for row in rows for text_id in row[1:]} - self._seen
            self._db.executemany(_WANTED, [(text_id,) for text_id in sorted(named)])
            self._seen |= named
            after = rows[-1][0]
            yield len(rows)
