"""Group commit: what waits runs as one transaction on the event loop, a thread of its own makes it durable.

Statements take microseconds and run where the GIL is held anyway; the fsync takes milliseconds and never runs there.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from weakref import WeakSet

from genkan.store.api import QueueFull, StoreUnavailable
from genkan.store.contended import Contended
from genkan.store.deadlines import WRITE_SECONDS, Deadlines
from genkan.store.figures import LaneFigures
from genkan.store.sqlite_commands import OF_ONE_GRANT, Close, Command, Flush, is_long
from genkan.store.sqlite_known import Known
from genkan.store.sqlite_lazy import LazyWrites, Notes
from genkan.store.sqlite_place import OpenFiles
from genkan.store.sqlite_writing import WritingConnection

MOST_WAITING = 10_000
# How long the event loop may be kept busy by one batch: about a hundred times ten microseconds.
MOST_IN_BATCH = 128
MOST_NOTES_IN_BATCH = 64
# How long what was noted may wait when no other write takes it along.
LAZY_SECONDS = 1.0
# Passes of the event loop without a further write, after which a batch waits for no more; each takes microseconds where
# the loop has nothing else to do.
QUIET_PASSES = 8
# The longest that a batch waits for more, however much else the loop does in each pass.
MOST_GATHERING_SECONDS = 0.010
# How many passes of that kind there are from one look at the processor to the next.
LOOK_EVERY = 500

Future = asyncio.Future[Any] | None
Job = tuple[Future, Command]
# A batch: results where it ran and is to be committed, None where the thread is to run it.
Handed = tuple[asyncio.AbstractEventLoop, list[Job], list[Any] | None]


class Writer:
    """Takes commands from one event loop and answers their futures once they are durable.

    ``_busy`` is the one flag: set while a batch is due, running or being committed, and only the loop touches it. The
    connection belongs to the loop until a batch is handed over, then to the thread until it says that it is done.
    """

    def __init__(self, path: Path, known: Known, files: OpenFiles, seconds: float = WRITE_SECONDS) -> None:
        self._known = known
        self._deadlines = Deadlines(seconds)
        self._files = files
        self.lazy = LazyWrites()
        self._connection = WritingConnection(path)
        self._waiting: deque[Job] = deque()
        self.figures = LaneFigures("writes", MOST_WAITING, lambda: len(self._waiting))
        self._busy = False
        self._contended: Contended | None = None  # of the loop's thread
        self._looks, self._crowded = 0, True
        self._notes_left = False
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handed: SimpleQueue[Handed] = SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._work, name="genkan-commit", daemon=True)
        self._thread.start()

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue a command; the future is done once it is durable."""
        if self._closing:
            raise StoreUnavailable("the store is closing")
        if self._files.is_gone and type(command) is not Close:
            raise self._files.gone()
        if len(self._waiting) >= MOST_WAITING and type(command) is not Close:
            self.figures.refused += 1
            raise QueueFull("too many writes wait")
        loop = self._own()
        future = loop.create_future()
        self._waiting.append((future, command))
        self._deadlines.watch(loop, future)
        if not self._busy:
            self._busy = True
            self._begin_gathering(loop)
        return future

    def noted(self, first: bool) -> None:
        """Something was noted; the first that waits sees to it that it is written within about a second."""
        if first and not self._closing:
            with suppress(RuntimeError):
                # Without a running loop it waits for the next command, a flush or the close.
                loop = self._own()
                loop.call_later(LAZY_SECONDS, self._wake, loop)

    def somebody_wrote(self) -> bool:
        """Whether another process has written since the last batch; not known while one is under way."""
        return not self._busy and self._connection.somebody_wrote()

    @property
    def is_at_work(self) -> bool:
        """Whether a batch is with the thread."""
        return not self._idle.is_set()

    async def close(self) -> None:
        """Write what waits, end the thread, close the connection. Once only; where that is cancelled, the file may be
        written for a moment yet.
        """
        if self._closing:
            return
        last = self.submit(Close())
        self._closing = True
        try:
            await last
        finally:
            # Where the wait was broken off, or the disk does not answer, nobody knows how far the thread is; it needs
            # the loop to end.
            if last.done() and not last.cancelled() and last.exception() is None:
                self._thread.join()
            else:
                _LEFT.add(self)
            self._let_go()

    def _own(self) -> asyncio.AbstractEventLoop:
        """The running loop. A writer that outlived its loop lets go of it first: nobody waits there any more."""
        if self._loop is not None and self._loop.is_running():
            # Asked of the loop itself: asyncio.get_running_loop() makes a system call before Python 3.12.
            return self._loop
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._idle.wait()
            self._waiting.clear()
            self._let_go()
            self._known.lost()
            self._connection.doubt_others()
            self._loop, self._busy = loop, False
        return loop

    def _let_go(self) -> None:
        """Another loop may run in another thread."""
        if self._contended is not None:
            self._contended.close()
            self._contended = None
            self._looks = 0

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._busy:
            self._busy = True
            self._next(loop)

    def _begin_gathering(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon(self._gather, loop, len(self._waiting), 0, loop.time() + MOST_GATHERING_SECONDS)

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int, quiet: int, until: float) -> None:
        """Begin the next batch once the loop has passed a few times without bringing more: larger batches cost less.
        Not where other programs want the processor: whoever waits there is put aside while nothing is being written.
        """
        if loop is not self._loop:
            return
        waiting = len(self._waiting)
        quiet = quiet + 1 if waiting == before else 0
        is_enough = quiet >= QUIET_PASSES or waiting >= MOST_IN_BATCH or loop.time() >= until
        if self._closing or is_enough or self._is_contended():
            self._next(loop)
        else:
            loop.call_soon(self._gather, loop, waiting, quiet, until)

    def _is_contended(self) -> bool:
        if self._contended is None:
            self._contended = Contended()
        self._looks -= 1
        if self._looks <= 0:
            self._looks, self._crowded = LOOK_EVERY, self._contended.look()
        return self._crowded

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run what waits and hand it over, or rest."""
        if loop is not self._loop:
            return
        jobs = self._take()
        if not jobs:
            self._busy = False
            return
        self._idle.clear()
        self._handed.put((loop, jobs, self._run(jobs)))

    def _take(self) -> list[Job]:
        """The next batch. A flush is for everything that was noted before it, any other write takes some along."""
        jobs: list[Job] = []
        self._notes_left = False
        while self._waiting and len(jobs) < MOST_IN_BATCH:
            job = self._waiting.popleft()
            # Who was told that it is not done shall not find it done later, where that can be helped.
            if not (job[0] and job[0].done()):
                jobs.append(job)
        self.figures.took(len(jobs))
        if self.lazy:
            flushed = any(isinstance(command, Flush | Close) for _, command in jobs)
            jobs.insert(0, (None, self.lazy.take(None if flushed else MOST_NOTES_IN_BATCH)))
            self._notes_left = bool(self.lazy)
        return jobs

    def _run(self, jobs: list[Job]) -> list[Any] | None:
        """The results, or None where the thread must run them: they may take long, wait for a lock, or one failed."""
        commands = [command for _, command in jobs]
        self._known.begun(commands)
        if not OF_ONE_GRANT.issuperset(map(type, commands)) and any(map(is_long, commands)):
            return None
        try:
            return self._connection.run(commands)
        except Exception:  # noqa: BLE001 the thread runs them again, finds whose fault it is and tells
            return None

    def _work(self) -> None:
        """The thread: one batch after another becomes durable, until one closes the store."""
        closed = False
        while not closed:
            loop, jobs, results = self._handed.get()
            results = self._durable(jobs, results)
            closed = any(type(command) is Close for _, command in jobs)
            if closed:
                results = self._in_place(results)
                self._connection.close()
            elif self._connection.is_checkpoint_due:
                # Nobody waits for the log to be moved: first they are told.
                _call(loop, self._tell, loop, jobs, results)
                self._connection.checkpoint()
                jobs = []
            self._idle.set()
            _call(loop, self._done, loop, jobs, results)

    def _durable(self, jobs: list[Job], results: list[Any] | None) -> list[Any]:
        if results is not None:
            try:
                self._connection.commit()
            except sqlite3.Error:
                results = None
        return self._connection.run_patiently([command for _, command in jobs]) if results is None else results

    def _in_place(self, results: list[Any]) -> list[Any]:
        """Nobody is told that something is durable in a file that the next start will not find."""
        return results if self._files.look(written=True) else [self._files.gone() for _ in results]

    def _done(self, loop: asyncio.AbstractEventLoop, jobs: list[Job], results: list[Any]) -> None:
        """Back on the event loop: tell, and go on with what came meanwhile."""
        self._tell(loop, jobs, results)
        if loop is not self._loop:
            return
        if self._waiting or self._notes_left:
            self._begin_gathering(loop)
        else:
            self._busy = False

    def _tell(self, loop: asyncio.AbstractEventLoop, jobs: list[Job], results: list[Any]) -> None:
        # Closing takes the log away; it is looked at just before.
        if jobs and type(jobs[-1][1]) is not Close:
            results = self._in_place(results)
        # A loop that was let go of and runs again says nothing of what another one has under way by now.
        if jobs and loop is self._loop:
            self._known.told([command for _, command in jobs], results)
        for (future, command), result in zip(jobs, results, strict=False):
            if future is None:
                self._written(command, result)
            elif future.done():
                continue
            elif isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _written(self, command: Command, result: Any) -> None:
        """Notes that the machine could not take wait once more."""
        if isinstance(command, Notes) and isinstance(result, StoreUnavailable):
            self.lazy.put_back(command)
            self.noted(True)


# Those that were closed while their thread was at work.
_LEFT: WeakSet[Writer] = WeakSet()


def is_writing() -> bool:
    """Whether the thread of a store that was closed is still at work: the disk does not let go of it."""
    return any(writer.is_at_work for writer in _LEFT)


def _call(loop: asyncio.AbstractEventLoop, told: Callable[..., None], *values: Any) -> None:
    """Run on a loop. One that is closed has nobody left who waits."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(told, *values)
