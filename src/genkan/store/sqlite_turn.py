"""One snapshot for all reads of one turn of the event loop: locks are taken once a turn, not once a statement."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress

from genkan.store.database import Database
from genkan.store.sqlite_open import unavailable


class Turn:
    """Entered before every read; left by a callback that waits behind everything that was ready when it began.

    No read is older than its request: what is received, and what is told to be durable, after the snapshot was taken
    comes behind that callback, and so to a later turn.
    """

    def __init__(self, db: Database, begun: Callable[[], None]) -> None:
        """``begun`` is called first under each snapshot; where it fails, nothing is read under that one."""
        self._db = db
        self._begun = begun
        self._loop: asyncio.AbstractEventLoop | None = None

    def enter(self) -> None:
        """Before every read. Raises StoreUnavailable."""
        if self._loop is not None:
            # Asked of the loop itself: asyncio.get_running_loop() makes a system call before Python 3.12.
            if self._loop.is_running():
                return
            # Of a loop that ended before its last callbacks ran.
            self.leave()
        try:
            self._db.execute("BEGIN")
            self._loop = loop = asyncio.get_running_loop()
            loop.call_soon(self.leave)
            self._begun()
        except Exception as e:
            self.leave()
            raise unavailable(e) from e

    def leave(self) -> None:
        """Let go of the snapshot; the next read begins a new turn."""
        if self._loop is not None:
            self._loop = None
            # A fault has ended the transaction already, or the connection is closed: either way nothing is held.
            with suppress(sqlite3.Error):
                self._db.execute("COMMIT")
