"""The one thread that writes: it takes all that waits, commits it in one durable transaction, then answers everyone."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from genkan.protocol.outcomes import Change, Ended, Redeemed, Retried, Rotated, Writable
from genkan.store import sqlite_lazy
from genkan.store.api import NodeReport, QueueFull, StoreUnavailable
from genkan.store.sqlite_lazy import LazyWrites, Notes
from genkan.store.sqlite_open import connect
from genkan.store.sqlite_steps import Steps
from genkan.store.sqlite_stops import StopWrites
from genkan.store.sqlite_texts import TextIds
from genkan.store.sqlite_tokens import TokenWrites
from genkan.store.sqlite_upkeep import Upkeep

MOST_WAITING = 10_000
MOST_IN_BATCH = 1_000
# How long what was noted may wait when no other write takes it along.
LAZY_SECONDS = 1.0
# Changed rows after which the log is moved into the file: between two batches, when this thread owes nobody an answer.
CHECKPOINT_AFTER = 4_000

# Faults of the machine or of another process, not of one write: trying the other writes one by one is no use.
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM})
_BROKEN = frozenset(
    {
        sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settle:
    limit: int


@dataclass(frozen=True, slots=True)
class Prune:
    now: int
    limit: int


@dataclass(frozen=True, slots=True)
class Flush:
    """Nothing but to be answered, after all that was noted and queued before it."""


@dataclass(frozen=True, slots=True)
class Close:
    """A Flush after which the thread ends."""


Command = Writable | Settle | Prune | NodeReport | Flush | Close | Notes
Waiting = asyncio.Future[Any] | None
Job = tuple[Waiting, Command | None]
Answer = tuple[Waiting, Any]


class _Session:
    """One connection with everything that runs inside its transactions."""

    def __init__(self, path: Path) -> None:
        self.db = connect(path)
        # The writer moves the log itself, so that nobody's acknowledgement waits for it.
        self.db.execute("PRAGMA wal_autocheckpoint=0")
        self.ids = TextIds(self.db)
        tokens, upkeep = TokenWrites(self.db, self.ids), Upkeep(self.db)
        stops = StopWrites(self.db, self.ids)
        self.verbs: Mapping[type, Callable[[Any], Any]] = {
            Redeemed: tokens.redeemed,
            Rotated: tokens.rotated,
            Retried: tokens.retried,
            Ended: tokens.ended,
            Change: Steps(self.db, self.ids, tokens, stops).changed,
            Settle: lambda asked: stops.settle(asked.limit),
            Prune: lambda asked: upkeep.prune(asked.now, asked.limit),
            NodeReport: upkeep.report,
            Notes: lambda notes: sqlite_lazy.write(notes, self.db, tokens),
            Flush: lambda _: None,
            Close: lambda _: None,
        }

    def undo(self) -> None:
        # Texts added in the transaction are gone with it.
        self.ids.clear()
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")


class Writer:
    """Takes commands from event loops and answers their futures. Each command is its own all-or-nothing unit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._session = _Session(path)
        self._moved = 0
        self.lazy = LazyWrites()
        self._thread = threading.Thread(target=self._run, name="genkan-writer", daemon=True)
        self._closing = False
        self._thread.start()

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue a command; the future is done once it is durable."""
        if self._closing:
            raise StoreUnavailable("the store is closing")
        if self._queue.qsize() >= MOST_WAITING:
            raise QueueFull("too many writes wait")
        future = asyncio.get_running_loop().create_future()
        self._queue.put((future, command))
        return future

    def poke(self) -> None:
        """Something was noted while nothing else waits: it shall be written within about a second."""
        self._queue.put((None, None))

    async def close(self) -> None:
        """Write what waits, end the thread, close the connection."""
        if self._closing:
            return
        last = self.submit(Close())
        self._closing = True
        try:
            await last
        finally:
            self._thread.join()

    def _run(self) -> None:
        open_still = True
        while open_still:
            jobs = self._take()
            if jobs is None:
                continue
            open_still = not any(type(command) is Close for _, command in jobs)
            answers = self._settled(self._with_notes(jobs))
            if not open_still:
                self._session.db.close()
            _answer(answers)
            if open_still:
                self._checkpoint()

    def _take(self) -> list[Job] | None:
        """Wait for commands and take all that wait; [] when what was noted has waited long enough, None to wait on.

        The queue itself is what is waited on: no moment lies between "it is empty" and "I sleep".
        """
        try:
            jobs = [self._queue.get(timeout=LAZY_SECONDS if self.lazy else None)]
        except Empty:
            return []
        with suppress(Empty):
            while len(jobs) < MOST_IN_BATCH:
                jobs.append(self._queue.get_nowait())
        return [job for job in jobs if job[1] is not None] or None

    def _with_notes(self, jobs: list[Job]) -> list[Job]:
        return [(None, self.lazy.take()), *jobs] if self.lazy else jobs

    def _settled(self, jobs: list[Job]) -> list[Answer]:
        """Run all in one transaction. Where one of them fails, halves find it, so that it harms none of the others."""
        try:
            return self._committed(jobs)
        except Exception as e:  # noqa: BLE001 whatever it is, it belongs to whoever waits for it
            self._undo(e)
            fault = e
        if len(jobs) > 1 and not _is_infrastructure(fault):
            middle = len(jobs) // 2
            return self._settled(jobs[:middle]) + self._settled(jobs[middle:])
        return [self._failed(job, fault) for job in jobs]

    def _committed(self, jobs: list[Job]) -> list[Answer]:
        session = self._session
        execute, verbs = session.db.execute, session.verbs
        execute("BEGIN IMMEDIATE")
        answers = [(future, verbs[type(command)](command)) for future, command in jobs]
        # From here on it is durable: FULL fsyncs the log.
        execute("COMMIT")
        return answers

    def _failed(self, job: Job, fault: Exception) -> Answer:
        """What the caller gets; what was only noted waits once more, unless it is itself what is wrong."""
        future, command = job
        if isinstance(command, Notes) and _is_infrastructure(fault):
            self.lazy.put_back(command)
        if isinstance(fault, sqlite3.OperationalError | sqlite3.DatabaseError) and _is_infrastructure(fault):
            return future, StoreUnavailable(f"SQLite: {fault}")
        return future, fault

    def _undo(self, fault: Exception) -> None:
        """Leave the transaction; after a fault of the disk go on with a fresh connection, once there can be one."""
        try:
            self._session.undo()
            if _code(fault) in _BROKEN:
                fresh = _Session(self._path)
                self._session.db.close()
                self._session = fresh
        except sqlite3.Error:
            # Still broken: the next batch finds out, and its callers are told.
            return

    def _checkpoint(self) -> None:
        """Move the log into the file once it has grown; readers and other processes are not waited for."""
        db = self._session.db
        if db.total_changes - self._moved < CHECKPOINT_AFTER:
            return
        self._moved = db.total_changes
        with suppress(sqlite3.Error):
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _code(fault: Exception) -> int | None:
    code = getattr(fault, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _is_infrastructure(fault: Exception) -> bool:
    return _code(fault) in _BUSY | _FULL | _BROKEN


def _answer(answers: list[Answer]) -> None:
    """Tell everyone who waits, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Answer]] = {}
    for answer in answers:
        if answer[0] is not None:
            by_loop.setdefault(answer[0].get_loop(), []).append(answer)
    for loop, told in by_loop.items():
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, told)


def _tell(answers: list[Answer]) -> None:
    for future, result in answers:
        if future is None or future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
