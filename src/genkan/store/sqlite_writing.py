"""The writer's connection: one transaction for many commands, each an all-or-nothing unit that can harm no other."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from genkan.protocol.outcomes import Change, Ended, Redeemed, Retried, Rotated
from genkan.store import sqlite_lazy
from genkan.store.api import NodeReport
from genkan.store.sqlite_audit import AuditWrites
from genkan.store.sqlite_commands import Claim, Close, Command, Drop, Flush, Prove, Prune, Seal, Settle
from genkan.store.sqlite_lazy import Notes
from genkan.store.sqlite_moving import abandon_where_the_mover_died, is_fenced
from genkan.store.sqlite_open import connect, unavailable
from genkan.store.sqlite_steps import Steps
from genkan.store.sqlite_stops import StopWrites
from genkan.store.sqlite_sweep import TextSweep
from genkan.store.sqlite_texts import TextIds
from genkan.store.sqlite_tokens import TokenWrites
from genkan.store.sqlite_upkeep import Upkeep

# Changed rows after which the log is moved into the file: between two batches, when nobody waits for an answer.
CHECKPOINT_AFTER = 4_000

# One process at a time may hold the file's claim: a counter that is odd as long as nobody else has written since.
_CLAIM = "UPDATE site SET claim = claim + 1 WHERE claim % 2 = 0 RETURNING claim"
_BREAK = "UPDATE site SET claim = claim + 1 WHERE claim % 2 = 1"
# Moves when any other connection has committed, through us or not.
_COMMITS = "PRAGMA data_version"

# No pragma takes a bound value. Each number is followed by the other one.
_NUMBER = "PRAGMA user_version"
_OTHER_NUMBERS = ("PRAGMA user_version=1", "PRAGMA user_version=2")

# On the event loop a lock that another process holds is not waited for; the thread waits for it.
_IMPATIENT = "PRAGMA busy_timeout=0"
_PATIENT = "PRAGMA busy_timeout=5000"

# Faults of the machine or of another process, not of one command: trying the others one by one is no use. The
# connection outlives them all, and the next batch finds out whether they have passed.
_INFRASTRUCTURE = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)  # fmt: skip


class WritingConnection:
    """Used by one thread at a time; who that is, the writer decides."""

    def __init__(self, path: Path) -> None:
        db = connect(path)
        # The writer moves the log itself, so that nobody's acknowledgement waits for it.
        db.execute("PRAGMA wal_autocheckpoint=0")
        # Where a long backup let it grow, the log's file shrinks again afterwards.
        db.execute("PRAGMA journal_size_limit=67108864")
        db.execute(_IMPATIENT)
        self.db, self._moved, self._ids, self._path = db, 0, TextIds(db), path
        self._begun, self._others = False, -1
        tokens, stops, upkeep = (
            TokenWrites(db, self._ids),
            StopWrites(db, self._ids),
            Upkeep(db, TextSweep(db, self._ids)),
        )
        audit = AuditWrites(db)
        self._verbs: Mapping[type, Callable[[Any], Any]] = {
            Redeemed: tokens.redeemed,
            Rotated: tokens.rotated,
            Retried: tokens.retried,
            Ended: tokens.ended,
            Change: Steps(db, self._ids, tokens, stops).changed,
            Settle: lambda asked: stops.settle(asked.limit),
            Prune: lambda asked: upkeep.prune(asked.now, asked.limit),
            Seal: lambda asked: audit.seal(asked.segment),
            Drop: lambda asked: audit.drop(asked.segment),
            NodeReport: upkeep.report,
            Notes: lambda notes: sqlite_lazy.write(notes, db, tokens),
            Claim: lambda _: self._claimed(),
            Prove: lambda _: self._proved(),
            Flush: lambda _: None,
            Close: lambda _: None,
        }

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """Begin, and run them all. Raises at once when another process holds the lock."""
        self.db.execute("BEGIN IMMEDIATE")
        self._begun = True
        others = self._commits()
        if others != self._others:
            # Another process may have swept texts that are known here, or name one that is doubted here.
            self._ids.forget()
            # Whoever holds the claim looks at rows again from this commit on; so do we, if others wrote past us.
            self.db.execute(_BREAK)
            self._others = others
        verbs = self._verbs
        return [verbs[type(command)](command) for command in commands]

    def doubt_others(self) -> None:
        """Whatever was found of other processes, the next batch does as if they had written."""
        self._others = -1

    def somebody_wrote(self) -> bool:
        """Whether another process has committed since the last batch; between two of them."""
        try:
            return self._commits() != self._others
        except sqlite3.Error:
            return False

    def _commits(self) -> int:
        return int(self.db.execute(_COMMITS).fetchone()[0])

    def _claimed(self) -> int:
        row = self.db.execute(_CLAIM).fetchone()
        return 0 if row is None else int(row[0])

    def _proved(self) -> None:
        """A number in the file's header, which belongs to the application (SQLite, PRAGMA user_version): a row that is
        written as it was is no write at all.
        """
        number = int(self.db.execute(_NUMBER).fetchone()[0])
        self.db.execute(_OTHER_NUMBERS[number % 2])

    def commit(self) -> None:
        """Durable from here on: synchronous=FULL fsyncs the log."""
        self.db.execute("COMMIT")
        self._begun = False

    def run_patiently(self, commands: Sequence[Command]) -> list[Any]:
        """Run and commit, waiting for other processes: each result, or the exception that belongs to its caller."""
        try:
            self._undo()
            self.db.execute(_PATIENT)
            return self._settled(commands)
        except Exception as e:  # noqa: BLE001 the thread that calls this must outlive whatever it is
            return [unavailable(e) for _ in commands]
        finally:
            with suppress(sqlite3.Error):
                self.db.execute(_IMPATIENT)

    def _settled(self, commands: Sequence[Command]) -> list[Any]:
        """Where one of them fails, halves find it, so that it harms none of the others."""
        try:
            results = self.run(commands)
            self.commit()
        except Exception as e:  # noqa: BLE001 whatever it is, it belongs to whoever waits for it
            self._undo()
            if is_fenced(e) and abandon_where_the_mover_died(self.db, self._path):
                return self._settled(commands)
            if _is_infrastructure(e) or is_fenced(e):
                return [unavailable(e) for _ in commands]
            if len(commands) == 1:
                return [e]
            middle = len(commands) // 2
            return self._settled(commands[:middle]) + self._settled(commands[middle:])
        return results

    def _undo(self) -> None:
        if self._begun:
            # Texts added in the transaction are gone with it, and what a sweep saw there is not so.
            self._ids.forget()
            self.doubt_others()
            self._begun = False
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    @property
    def is_checkpoint_due(self) -> bool:
        """Whether the log has grown enough to be moved into the file."""
        return self.db.total_changes - self._moved >= CHECKPOINT_AFTER

    def close(self) -> None:
        """The last connection that closes moves the log into the file."""
        with suppress(sqlite3.Error):
            self.db.close()

    def checkpoint(self) -> None:
        """Move the log into the file; readers and other processes are not waited for."""
        self._moved = self.db.total_changes
        # Nothing is lost where it fails: the log keeps what was committed, and the next time may do better.
        with suppress(sqlite3.Error):
            self.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _is_infrastructure(fault: Exception) -> bool:
    code = getattr(fault, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _INFRASTRUCTURE
