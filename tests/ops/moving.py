"""What tests of a move start from: a database of its own for each, and rows of every kind in every table."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from genkan.ops.migrate_store import Asked, Moved, migrate_store
from genkan.store.moving import Wanted
from genkan.store.places import Postgres
from genkan.store.postgres_connection import SyncConnection
from genkan.store.sqlite_moving import Table, tables
from tests.store.builders import an_env

# Texts that the engines keep differently, or that other programs stumble over.
TEXTS = ("", "plain", "玄関 🚪", "a\x00b", "\x01\x01", "\x01\x02\x00", "tab\tline\nquote'\"\\", "\\N", "e\u0301")
EVERY = 9


def types_of(url: str) -> dict[str, dict[str, str]]:
    """Tables, their columns and types, as PostgreSQL knows them."""
    with closing(SyncConnection(url)) as db:
        db.script("BEGIN")
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in db.execute(
            "SELECT table_name, column_name, udt_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name <> 'schema_version' "
            "ORDER BY table_name, ordinal_position"
        ):
            found.setdefault(table, {})[column] = kind
        return found


def fill_every_table(path: Path, types: dict[str, dict[str, str]]) -> None:
    """Rows that satisfy no rule of the site, and every column with the oddest values that it takes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        for table in tables(db):
            if table.name in ("site", "upkeep"):
                continue
            null = {row[1] for row in db.execute(f"PRAGMA table_info({table.name})") if not row[3] and not row[5]}
            for number in range(1, EVERY + 1):
                values = [_value(types[table.name][name], table, name, number, null) for name in table.columns]
                marks = ", ".join("?" * len(values))
                db.execute(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", values)
        db.execute("COMMIT")


def _value(kind: str, table: Table, column: str, number: int, null: set[str]) -> Any:
    if column in null and number % 3 == 0:
        return None
    if kind == "bool":
        return number % 2
    if kind == "text":
        return f"{TEXTS[number - 1]}{number}"
    if kind == "bytea":
        if table.columns[column] == "ANY":
            return (b"\x7f\0\0\1", bytes(16), "2001:db8::zone", "")[number % 4]
        return bytes([0, number, 255]) * number
    return {"int2": 32_750, "int4": 2_147_483_600, "int8": 9_223_372_036_854_775_700}[kind] + number


def rows_here(path: Path, types: dict[str, dict[str, str]]) -> dict[str, list[Any]]:
    """What the SQLite file holds, as PostgreSQL would keep it."""
    found = {}
    with closing(sqlite3.connect(path)) as db:
        for table in tables(db):
            columns = {name: kind for name, kind in types[table.name].items() if name in table.columns}
            wanted = Wanted([table.columns[one] for one in columns], list(columns.values()))
            rows = db.execute(f"SELECT {', '.join(columns)} FROM {table.name}")
            found[table.name] = sorted(map(tuple, wanted(rows)), key=repr)
    return found


def rows_there(url: str, types: dict[str, dict[str, str]]) -> dict[str, list[Any]]:
    """What the PostgreSQL database holds in these columns, read past the program's own words."""

    async def read() -> dict[str, list[Any]]:
        connection = await asyncpg.connect(url)
        try:
            return {
                table: sorted(map(tuple, await connection.fetch(f"SELECT {', '.join(columns)} FROM {table}")), key=repr)
                for table, columns in types.items()
            }
        finally:
            await connection.close()

    return asyncio.run(read())


def steady() -> Iterator[float]:
    """Seconds that pass."""
    at = 0.0
    while True:
        at += 0.5
        yield at


def asked(path: Path, url: str) -> Asked:
    """A move that tells nobody."""
    ticks = steady()
    return Asked(path, Postgres(url), "test", lambda: next(ticks), lambda _: None)


async def moved(path: Path, url: str) -> Moved:
    """The move, to its end."""
    return await migrate_store(asked(path, url), an_env())
