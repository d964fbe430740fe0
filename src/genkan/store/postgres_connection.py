"""Connections to PostgreSQL: how they are opened, what their faults mean, and one that speaks as sqlite3 does."""

import asyncio
import re
import socket
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from genkan.store.api import StoreUnavailable, StoreUnfit
from genkan.store.postgres_words import Spelled, converted, converters, plain, spelled

T = TypeVar("T")

CONNECT_SECONDS = 3.0
# Longer than the server's own limits, which tell more: these are for a network that went silent. Where the server was
# told to allow more than usual, the second is added to that.
SILENT_SECONDS = 8.0
SILENT_MORE_SECONDS = 3.0
COMMIT = "COMMIT"
# The driver's own limit of a statement that has none: where that ends it asks the server to cancel.
UNLIMITED = 86_400.0
STATEMENT_MS = 5_000
LOCK_MS = 3_000

# Every statement finds its rows by an index, in the order in which it names its tables. The planner is told so: what it
# would choose by the statistics of a young or a never analysed table, a prepared statement would keep for ever.
_SESSION = {
    "application_name": "genkan",
    "statement_timeout": str(STATEMENT_MS),
    "lock_timeout": str(LOCK_MS),
    "idle_in_transaction_session_timeout": "10000",
    "default_transaction_isolation": "read committed",
    "join_collapse_limit": "1",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # What a node held that lost its power is another one's after half a minute.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
# An acknowledged write is durable; whether on a standby too is the operator's choice, not at all is not.
_DURABLE = """
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""

# The connection is gone, or not to be trusted: another one may do better.
LOST = (
    asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.InvalidCachedStatementError, asyncpg.TooManyConnectionsError, asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError, asyncpg.ReadOnlySQLTransactionError, OSError, asyncio.TimeoutError,
    asyncpg.TargetServerAttributeNotMatched, asyncpg.InternalClientError,
)  # fmt: skip
# Nothing was done, and the same may well be done at the next try.
AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# The machine's fault or another one's, not that of the statement.
_MACHINE = (
    *LOST, *AGAIN, asyncpg.LockNotAvailableError, asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError,
    asyncpg.QueryCanceledError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InsufficientPrivilegeError,
    asyncpg.InternalServerError, asyncpg.ProtocolViolationError,
)  # fmt: skip
_UNFIT = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)

# Of these, what the server has against us until somebody mends one or the other.
_SET_UP = (
    asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError,
    *_UNFIT,
)  # fmt: skip
# The driver's own refusals of values are among its faults of use.
_OF_VALUES = (asyncpg.DataError, ValueError)


def is_machine(fault: BaseException) -> bool:
    """Whether trying the other commands of a batch one by one is no use. A value that no column takes is not."""
    return isinstance(fault, _MACHINE) and not isinstance(fault, _OF_VALUES)


def is_away(fault: BaseException) -> bool:
    """Whether the same may well do later, without anybody's help: the server is not there, starts, ends, or is full."""
    return is_machine(fault) and not isinstance(fault, _SET_UP)


def is_lost(fault: BaseException) -> bool:
    """Whether the connection is to be given up."""
    return isinstance(fault, LOST) and not isinstance(fault, (*_OF_VALUES, asyncpg.QueryCanceledError))


def unavailable(fault: BaseException) -> StoreUnavailable:
    """PostgreSQL's fault in the words of the Store protocol; of values it may quote, nothing is told."""
    kind = StoreUnfit if isinstance(fault, _UNFIT) else StoreUnavailable
    return kind(f"PostgreSQL: {type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else ''}")


def why_closed(fault: BaseException) -> str:
    """Why a database cannot be opened, for the operator. Of an address nothing is quoted but a file's name: a password
    whose signs were not written as %XX is among what could not be read.
    """
    missing = re.match(r'root certificate file "([^"]+)"', str(fault))
    if missing is not None:
        return f"there is no {missing[1]} to check the server's certificate with; name a file with &sslrootcert="
    if isinstance(fault, ValueError | asyncpg.ClientConfigurationError):
        return "its address cannot be read (in a password write @ as %40, / as %2F, # as %23)"
    if isinstance(fault, socket.gaierror):
        return f"nobody here knows the host that its address names ({fault.strerror})"
    if isinstance(fault, FileNotFoundError | PermissionError):
        return f"{fault.strerror}: the server's socket, or a file that its address names"
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__


async def connect(url: str) -> asyncpg.Connection:
    """A connection to the primary: of several hosts that the URL names, the one that is no standby."""
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, command_timeout=SILENT_SECONDS, statement_cache_size=300,
            max_cached_statement_lifetime=0, server_settings=_SESSION, target_session_attrs="primary",
        )  # fmt: skip
    except asyncpg.PostgresError as fault:
        # Whatever the server has against it, who wanted the connection has done nothing wrong.
        if is_machine(fault):
            raise
        raise asyncpg.CannotConnectNowError(str(fault)) from fault
    try:
        await connection.fetch(_DURABLE)
    except BaseException:
        connection.terminate()
        raise
    return connection


@contextmanager
def hanging_up(connection: asyncpg.Connection, seconds: float | None = None) -> Iterator[None]:
    """Around what commits: who has waited long enough hangs up. The driver would have it cancelled, and a COMMIT whose
    wait for a standby is cancelled is done and seen by all, without being there: the next try finds nothing to do and
    acknowledges what a failover loses. So the rows stay locked, and unseen, until the standby is back.
    """
    late = False

    def hang_up() -> None:
        nonlocal late
        late = True
        connection.terminate()

    timer = asyncio.get_running_loop().call_later(SILENT_SECONDS if seconds is None else seconds, hang_up)
    try:
        yield
    except asyncio.CancelledError:
        # Before the driver's request to cancel is on its way.
        connection.terminate()
        raise
    except Exception as e:
        if late:
            raise TimeoutError("the server does not answer") from e
        raise
    finally:
        timer.cancel()


async def commit(connection: asyncpg.Connection, script: str = COMMIT, seconds: float | None = None) -> None:
    """Send what ends with COMMIT. Raises TimeoutError where nobody knows whether it is done."""
    with hanging_up(connection, seconds):
        await connection.execute(script, timeout=UNLIMITED)


class Answer:
    """What a statement said, as sqlite3's cursor would tell it."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, found: Iterable[tuple[Any, ...]], status: str) -> None:
        self._rows = iter(found)
        count = status.rpartition(" ")[2]
        self.rowcount = int(count) if count.isdigit() else -1

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class Prepared:
    """A statement that the server knows, and how its parameters are converted."""

    __slots__ = ("_by", "_spelled", "statement")

    def __init__(self, how: Spelled, statement: "PreparedStatement[Any]") -> None:
        self.statement = statement
        self._spelled = how
        self._by: Sequence[Callable[[Any], Any]] = converters([one.name for one in statement.get_parameters()])

    def values(self, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        return converted(self._spelled.values(parameters), self._by)


class SyncConnection:
    """A connection with an event loop of its own, for the statements that both engines share: they run in a thread, one
    at a time, and wait for each other anyway.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._connection: asyncpg.Connection | None = None
        self._prepared: dict[str, Prepared] = {}
        self.statements = 0
        # How many there were: what belongs to a session is gone when this has moved.
        self.sessions = 0
        # What the server allows a statement of the present transaction; None where that is the session's own limit.
        self.allowed_seconds: float | None = None

    def script(self, text: str) -> None:
        """Several statements without parameters, in one round trip. Connects where there is no connection."""
        self._run(self._script(text))

    def execute(self, sql: str, parameters: Any = (), /) -> Answer:
        return self._run(self._execute(sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> None:
        for values in parameters:
            self.execute(sql, values)

    def walk(self, sql: str, parameters: Any = (), step: int = 64) -> Iterator[tuple[Any, ...]]:
        """Rows as they are taken, inside a transaction."""
        cursor = self._run(self._cursor(sql, parameters))
        while found := self._run(cursor.fetch(step, timeout=self._silent_seconds)):
            yield from map(plain, found)

    def drop(self) -> None:
        """Let go of the connection; the next statement makes another one."""
        connection, self._connection = self._connection, None
        self._prepared.clear()
        if connection is not None:
            with suppress(Exception):
                self._run(_ended(connection))

    def close(self) -> None:
        self.drop()
        if not self._loop.is_closed():
            self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(coroutine)

    @property
    def _silent_seconds(self) -> float:
        return SILENT_SECONDS if self.allowed_seconds is None else self.allowed_seconds + SILENT_MORE_SECONDS

    async def _connected(self) -> asyncpg.Connection:
        """Made where there is none. One that was lost is told of: what was begun there is undone."""
        if self._connection is None:
            self._prepared.clear()
            self._connection = await connect(self._url)
            self.sessions += 1
        if self._connection.is_closed():
            raise asyncpg.ConnectionDoesNotExistError("the connection was lost")
        return self._connection

    async def _script(self, text: str) -> None:
        self.statements += 1
        if self._connection is not None and self._connection.is_closed():
            self._connection = None
        connection = await self._connected()
        if text.endswith(COMMIT):
            await commit(connection, text, self._silent_seconds)
        else:
            await connection.execute(text, timeout=self._silent_seconds)

    async def _known(self, sql: str) -> Prepared:
        known = self._prepared.get(sql)
        if known is None:
            how = spelled(sql)
            statement = await (await self._connected()).prepare(how.text)
            known = self._prepared[sql] = Prepared(how, statement)
        return known

    async def _execute(self, sql: str, parameters: Any) -> Answer:
        self.statements += 1
        known = await self._known(sql)
        found = await known.statement.fetch(*known.values(parameters), timeout=self._silent_seconds)
        return Answer(map(plain, found), known.statement.get_statusmsg())

    async def _cursor(self, sql: str, parameters: Any) -> Any:
        self.statements += 1
        known = await self._known(sql)
        return await known.statement.cursor(*known.values(parameters))


async def _ended(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=1.0)
    except BaseException:
        connection.terminate()
        # Its transport tells that it is gone in the next turn.
        await asyncio.sleep(0)
        raise
