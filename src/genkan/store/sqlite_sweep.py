"""Deletes texts that no row names any more: doubts many, walks all rows in bounded steps, drops what stays doubted."""

from collections.abc import Iterator

from genkan.protocol.env import DAY
from genkan.store.database import Database
from genkan.store.sqlite_texts import TextIds

# A sweep reads every row that can name a text, so it comes once a day, or at once where one sweep is not enough.
SWEEP_EVERY = DAY
MOST_DOUBTED = 100_000

# The last text is never deleted: SQLite would give its number to the next one.
_DOUBTED = "SELECT id FROM texts WHERE id > ? AND id < (SELECT MAX(id) FROM texts) ORDER BY id LIMIT ?"
_DELETE = "DELETE FROM texts WHERE id = ?"
# Stops come first: settling copies their reason into grants, and a stop outlives that by a day.
NAMING = (
    (0, "SELECT id, reason FROM stops WHERE id > ? ORDER BY id LIMIT ?"),
    (b"", "SELECT id, user_agent FROM sessions WHERE id > ? ORDER BY id LIMIT ?"),
    (b"", "SELECT id, user_agent, network, reason FROM grants WHERE id > ? ORDER BY id LIMIT ?"),
    (0, "SELECT id, kind, actor, reason FROM audit WHERE id > ? ORDER BY id LIMIT ?"),
)


class TextSweep:
    """Runs inside the writer's transaction; between its steps, whatever the writer looks up is doubted no more."""

    def __init__(self, db: Database, ids: TextIds) -> None:
        self._db = db
        self._ids = ids
        self._began: int | None = None
        self._after = 0
        self._steps: Iterator[None] | None = None
        self._left = 0

    def step(self, now: int, limit: int) -> int:
        """Look at about ``limit`` rows, or delete so many texts; how many it was. 0 until the next sweep is due."""
        if self._steps is None:
            if self._began is not None and 0 <= now - self._began < SWEEP_EVERY:
                return 0
            self._began, self._steps = now, self._sweep(limit)
        self._left = limit
        if next(self._steps, self) is self:
            self._steps = None
        return limit - self._left

    def _sweep(self, limit: int) -> Iterator[None]:
        """One sweep, which rests whenever its step has done enough."""
        found = [row[0] for row in self._db.execute(_DOUBTED, (self._after, MOST_DOUBTED))]
        self._ids.doubt(found)
        if found:
            for first, sql in NAMING:
                yield from self._walk(sql, first, limit)
            yield from self._drop(limit)
        more = len(found) == MOST_DOUBTED
        self._after = found[-1] if more else 0
        if more:
            self._began = None

    def _walk(self, sql: str, after: int | bytes, limit: int) -> Iterator[None]:
        looked = limit
        while looked == limit:
            rows = self._db.execute(sql, (after, limit)).fetchall()
            looked = len(rows)
            self._left -= looked
            for row in rows:
                self._ids.doubted.difference_update(row[1:])
            after = rows[-1][0] if rows else after
            if self._left <= 0:
                yield

    def _drop(self, limit: int) -> Iterator[None]:
        while self._ids.doubted:
            some = [self._ids.doubted.pop() for _ in range(min(limit, len(self._ids.doubted)))]
            self._db.executemany(_DELETE, [(text_id,) for text_id in some])
            self._left -= len(some)
            if self._left <= 0:
                yield
