"""The target of a move: everything in one transaction, which is not there at all before it is whole.

What it commits names the move in its site's row and opens nowhere before ``open_site`` takes that name away.
"""

from collections.abc import AsyncIterator, Iterable, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg

from genkan.protocol.outcomes import Event
from genkan.store import postgres_patient
from genkan.store.api import CannotOpen, StoreAway
from genkan.store.migration import additive_before, migrations
from genkan.store.moving import Row, Sum
from genkan.store.names import named
from genkan.store.postgres_open import LOCK, MADE, MIGRATIONS, THERE, others, schema_of
from genkan.store.postgres_texts import KnownIds
from genkan.store.postgres_tokens import TELL, TELL_COLUMNS, event_row, texts_of_event

_TABLES = f"""
    SELECT c.relname::text {THERE} AND c.relkind IN ('r', 'p') AND c.relname <> 'schema_version' ORDER BY c.relname
"""
_COLUMNS = """
    SELECT table_name, column_name, udt_name, is_identity FROM information_schema.columns
    WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position
"""
_VERSION = "INSERT INTO schema_version VALUES ($1, $2)"
_SITE = "SELECT site_id, move FROM site"
# What genkan migrate puts into a new database.
_FOUNDED = frozenset({"site", "upkeep"})
_ANY_ROW = "SELECT EXISTS (SELECT 1 FROM {table})"
_TRUNCATE = "TRUNCATE {tables}"
_COUNT = "SELECT count(*) FROM {table}"
_ALL = "SELECT {columns} FROM {table}"
_TAKE = "DELETE FROM {table} WHERE ({key}) IN (SELECT * FROM unnest(KEYS)) RETURNING {columns}"
_LOOK = "SELECT {columns} FROM {table} WHERE ({key}) IN (SELECT * FROM unnest(KEYS))"
_ANALYZE = "ANALYZE {tables}"
_NUMBERED = "SELECT max({column}) FROM {table}"
_NUMBER_ON = "SELECT setval(pg_get_serial_sequence($1, $2), $3)"
_OPEN = "UPDATE site SET move = NULL, version = version + 1 WHERE move = $1"
_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns with their types, in order, and the one that numbers its rows by itself."""

    types: dict[str, str]
    identity: str | None


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["Target"]:
    """A connection of its own. Raises CannotOpen."""
    try:
        async with postgres_patient.connected(url, "genkan-move") as connection:
            yield Target(url, connection)
    except StoreAway as problem:
        raise CannotOpen(str(problem)) from problem


class Target:
    """One database that is being filled."""

    def __init__(self, url: str, connection: asyncpg.Connection) -> None:
        self._url = url
        self._db = connection
        self.columns: dict[str, Columns] = {}

    async def begin(self, site_id: bytes) -> None:
        """Make it empty and ready, in the transaction that stays open until ``commit``.

        Raises CannotOpen for what is not empty, unless an unfinished move of this very site has left it.
        """
        if others(self._url):
            raise CannotOpen("genkan serve uses the PostgreSQL database: name one that nobody uses")
        schema = schema_of(self._url)
        if schema.present not in (0, schema.newest):
            raise CannotOpen(
                f"the PostgreSQL database has schema {schema.present}, not {schema.newest}: genkan migrate"
            )
        await self._db.execute(f"BEGIN; {LOCK}")
        if schema.present == 0:
            await self._make(schema.newest)
        names = [row[0] for row in await self._db.fetch(_TABLES)]
        await self._check_empty(names, site_id)
        statement = named(_TRUNCATE, tables=names)
        await self._db.execute(statement)
        self.columns = await self._described(names)

    def columns_of(self, table: str) -> Set[str]:
        """The names of a table's columns; none where there is no such table."""
        return self.columns[table].types.keys() if table in self.columns else set()

    def leave_out(self, table: str, known: Set[str]) -> None:
        """Of this table only these columns are written and read."""
        types = {name: kind for name, kind in self.columns[table].types.items() if name in known}
        self.columns[table] = replace(self.columns[table], types=types)

    async def fill(self, table: str, rows: Iterable[Row]) -> None:
        """Copy rows in, in the order of ``columns``."""
        try:
            await self._db.copy_records_to_table(table, records=rows, columns=list(self.columns[table].types))
        except (asyncpg.DataError, OverflowError, ValueError) as fault:
            # Of the value nothing is told.
            raise CannotOpen(f"a row of {table} does not fit into PostgreSQL ({type(fault).__name__})") from fault

    async def take(self, table: str, key: Sequence[str], keys: Sequence[Row]) -> Sum:
        """Delete the rows of these keys; what they were."""
        return await self._by_key(_TAKE, table, key, keys)

    async def look(self, table: str, key: Sequence[str], keys: Sequence[Row]) -> Sum:
        """Read the rows of these keys back."""
        return await self._by_key(_LOOK, table, key, keys)

    async def read_all(self, table: str) -> Sum:
        """Read a whole table back."""
        found = Sum()
        sql = named(_ALL, columns=list(self.columns[table].types), table=table)
        async for row in self._db.cursor(sql, prefetch=_ROWS_AT_ONCE):
            found.add(list(row))
        return found

    async def analyze(self) -> None:
        """Tell the planner of what is there, which nobody else can see yet."""
        statement = named(_ANALYZE, tables=list(self.columns))
        await self._db.execute(statement)

    async def count(self, table: str) -> int:
        return int(await self._db.fetchval(named(_COUNT, table=table)))

    async def commit(self) -> None:
        """Number new rows behind those that are there; then all of it is durable, and opens nowhere yet."""
        for table, columns in self.columns.items():
            if columns.identity is not None:
                last = await self._db.fetchval(named(_NUMBERED, column=columns.identity, table=table))
                if last is not None:
                    await self._db.fetchval(_NUMBER_ON, table, columns.identity, last)
        await self._db.execute("COMMIT")

    async def state(self) -> tuple[bytes, bytes | None] | None:
        """Site id and unfinished move of what is there; None where there is no site that knows of moves."""
        try:
            row = await self._db.fetchrow(_SITE)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return None
        return None if row is None else (row[0], row[1])

    async def open_site(self, move: bytes, event: Event) -> bool:
        """The site is here now, and its audit says so; False where another move filled it, or nobody waits for it."""
        ids = KnownIds()
        async with self._db.transaction():
            if str(await self._db.execute(_OPEN, move)) != "UPDATE 1":
                return False
            await ids.learn(self._db, texts_of_event(event))
            await self._db.fetch(TELL, *TELL_COLUMNS.arrays([event_row(event, ids)]))
        return True

    async def _by_key(self, template: str, table: str, key: Sequence[str], keys: Sequence[Row]) -> Sum:
        types = self.columns[table].types
        arrays = ", ".join(f"${place}::{types[column]}[]" for place, column in enumerate(key, start=1))
        statement = named(template, table=table, key=key, columns=list(types)).replace("KEYS", arrays)
        found = Sum()
        for start in range(0, len(keys), _ROWS_AT_ONCE):
            values = list(zip(*keys[start : start + _ROWS_AT_ONCE], strict=True))
            for row in await self._db.fetch(statement, *values):
                found.add(list(row))
        return found

    async def _make(self, newest: int) -> None:
        known = migrations(MIGRATIONS)
        for migration in known:
            await self._db.execute(migration.up)
        await self._db.execute(MADE)
        await self._db.execute(_VERSION, newest, additive_before(known, newest))

    async def _check_empty(self, names: Sequence[str], site_id: bytes) -> None:
        there = await self.state()
        if there is not None and there[1] is not None:
            if there[0] != site_id:
                raise CannotOpen("the PostgreSQL database holds another site's unfinished move")
            return
        for name in names:
            is_used = name not in _FOUNDED and await self._db.fetchval(named(_ANY_ROW, table=name))
            if is_used:
                raise CannotOpen(f"the PostgreSQL database is not empty (there are {name}): name one that is")

    async def _described(self, names: Sequence[str]) -> dict[str, Columns]:
        found = {name: Columns({}, None) for name in names}
        for table, column, kind, is_identity in await self._db.fetch(_COLUMNS):
            if table in found:
                found[table].types[column] = kind
                if is_identity == "YES":
                    found[table] = replace(found[table], identity=column)
        return found
