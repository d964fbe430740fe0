"""The write-ahead log is moved into the database's file beside the writer, so that no write waits for the disk's slow
part: each of a million rows lies on a page of its own.
"""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from genkan.store.sqlite_open import connect


def move_log(db: sqlite3.Connection) -> None:
    """As much of the log as is committed; readers and writers are not waited for.

    Nothing is lost where it fails: the log keeps what was committed, and the next time may do better.
    """
    with suppress(sqlite3.Error):
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


class Checkpointer:
    """One at a time, by a thread and a connection of its own, both made when they are first needed.

    What is written meanwhile stays in the log, which begins anew only once all of it was moved (SQLite, Write-Ahead
    Logging, 2.2): so the writer moves that rest, which is little, when this is done.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._pool = ThreadPoolExecutor(1, "genkan-checkpoint")
        self._moving: Future[None] | None = None

    @property
    def is_moving(self) -> bool:
        """Whether it was begun and its rest is not moved yet."""
        return self._moving is not None

    @property
    def is_done(self) -> bool:
        """Whether only the rest is left."""
        return self._moving is not None and self._moving.done()

    def begin(self) -> None:
        """Move what is there now."""
        self._moving = self._pool.submit(self._move)

    def ended(self) -> None:
        """The rest was moved, too."""
        self._moving = None

    def close(self) -> None:
        """Wait for what goes on."""
        self._pool.shutdown()
        if self._db is not None:
            self._db.close()

    def _move(self) -> None:
        with suppress(sqlite3.Error):
            self._db = self._db or connect(self._path)
            move_log(self._db)
