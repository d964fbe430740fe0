"""Reads for sign-in and administration on PostgreSQL: the statements of SQLite's, in a thread, under one snapshot."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from genkan.store import rows
from genkan.store.api import QueueFull
from genkan.store.figures import LaneFigures
from genkan.store.postgres_connection import SyncConnection, is_lost, is_machine, unavailable
from genkan.store.postgres_open import schema_version
from genkan.store.sqlite_cache import SiteCache
from genkan.store.sqlite_known import Known
from genkan.store.sqlite_phone_checks import SqlitePhoneChecks
from genkan.store.sqlite_texts import TextsById

T = TypeVar("T")

MOST_THREADS = 4
# Reads of the console that may wait for a thread; people do not ask so much at once.
MOST_WAITING = 200

_COUNTERS = "SELECT version, 0 FROM site"
_LONG_SECONDS = 30.0
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '30s'"


class ColdReads(SqlitePhoneChecks):
    """The shared reads on a connection of their own; used by one thread at a time."""

    def __init__(self, url: str) -> None:
        self._connection = SyncConnection(url)
        self._connection.allowed_seconds = _LONG_SECONDS
        self._db = self._connection
        self._cache = SiteCache(self._db, _COUNTERS)
        self._texts = TextsById(self._db)
        self._known = Known(self._cache)
        self._session = 0

    def run(self, verb: "Verb[T]") -> T:
        """What a read says; asked once more where the connection was lost. Raises StoreUnavailable."""
        for last in (False, True):
            try:
                self._connection.script(_SNAPSHOT)
                self._know_again()
                self._cache.renew()
                value = _driven(verb(self))
                self._connection.script("COMMIT")
            except Exception as e:
                self._undo(e)
                if is_lost(e) and not last and not isinstance(e, TimeoutError):
                    continue
                raise (unavailable(e) if is_machine(e) else e) from e
            return value
        raise AssertionError("the last try returns or raises")

    @property
    def statements(self) -> int:
        """How many statements were sent."""
        return self._connection.statements

    def close(self) -> None:
        self._connection.close()

    def _know_again(self) -> None:
        """In another session: the server may be another one, which took over and has lost what was told here."""
        if self._session != self._connection.sessions:
            self._session = self._connection.sessions
            self._cache.forget()
            self._texts = TextsById(self._db)
            self._known = Known(self._cache)

    def _undo(self, fault: Exception) -> None:
        if not is_lost(fault):
            with suppress(Exception):
                self._connection.script("ROLLBACK")
                return
        self._connection.drop()

    def _enter(self) -> None:
        """The snapshot is taken, and the site's facts are those that it shows."""

    def _schema(self) -> int:
        return schema_version(self._db)

    def _taken(self, sql: str, asked: Mapping[str, Any]) -> Iterator[rows.Row]:
        return self._connection.walk(sql, asked)


Verb = Callable[[ColdReads], Coroutine[Any, Any, T]]


class ColdThreads:
    """A few threads, each with a connection that stays."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="genkan-read")
        self._idle: deque[ColdReads] = deque()
        self._made: list[ColdReads] = []
        self._asked = 0
        self.figures = LaneFigures("console", MOST_WAITING, lambda: self._waiting)

    @property
    def _waiting(self) -> int:
        return max(0, self._asked - MOST_THREADS)

    @property
    def statements(self) -> int:
        """How many statements were sent."""
        return sum(reads.statements for reads in self._made)

    async def ask(self, verb: Verb[T]) -> T:
        """What a read says. Raises QueueFull where too many wait."""
        if self._waiting >= MOST_WAITING:
            self.figures.refused += 1
            raise QueueFull("too many reads wait")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, verb)
        finally:
            self._asked -= 1

    def close(self) -> None:
        """Waits for reads on their way."""
        self._threads.shutdown(wait=True)
        while self._idle:
            self._idle.pop().close()

    def _ask(self, verb: Verb[T]) -> T:
        try:
            reads = self._idle.pop()
        except IndexError:
            reads = ColdReads(self._url)
            self._made.append(reads)
        try:
            return reads.run(verb)
        finally:
            self._idle.append(reads)


def _driven(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    coroutine.close()
    raise AssertionError("a shared read awaits nothing")
