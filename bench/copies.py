"""Owns filling a store behind its server's back: rows copied over and over by the names of their columns, so that it
outlives changes of the schema."""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.postgres import Cluster

Changes = dict[str, object]


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database of a server that rests, in one transaction that is whole on disk in the end."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def copy(connection: sqlite3.Connection, table: str, key: tuple[str, object], changes: Iterable[Changes]) -> None:
    """One new row for each of the changes, all of which name the same columns: the row of this key, changed so."""
    name, value = key
    cursor = connection.execute(f"SELECT * FROM {table} WHERE {name} = ?", (value,))
    columns = [column[0] for column in cursor.description]
    kept = dict(zip(columns, cursor.fetchone(), strict=True))
    marks = ", ".join("?" * len(columns))
    rows = (tuple({**kept, **changed}.values()) for changed in changes)
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def copied_people(connection: sqlite3.Connection, like: str, count: int) -> range:
    """So many accounts like the one of this name, `person00000000` and on; their numbers."""
    number = connection.execute("SELECT number FROM accounts WHERE folded = ?", (like,)).fetchone()[0]
    first = connection.execute("SELECT max(number) FROM accounts").fetchone()[0] + 1
    names = (f"person{index:08d}" for index in range(count))
    rows: Iterator[Changes] = (
        {"number": first + index, "id": secrets.randbits(62), "name": name, "folded": name}
        for index, name in enumerate(names)
    )
    copy(connection, "accounts", ("number", number), rows)
    return range(first, first + count)


def copy_account(cluster: Cluster, like: str, count: int) -> None:
    """On PostgreSQL so many accounts like the one of this name, its password included: `like2` and on."""
    number = "(SELECT max(number) FROM accounts) + n"
    changed = f"'number', {number}, 'id', c.id + n, 'name', c.name || n, 'folded', c.folded || n"
    cluster.ask(f"""
        WITH made AS (
            INSERT INTO accounts
            SELECT (jsonb_populate_record(c, jsonb_build_object({changed}))).*
            FROM accounts c, generate_series(2, {count + 1}) n WHERE c.folded = '{like}' RETURNING number
        )
        INSERT INTO passwords
        SELECT (jsonb_populate_record(p, jsonb_build_object('account', made.number))).*
        FROM made, passwords p JOIN accounts c ON c.number = p.account WHERE c.folded = '{like}'
    """)
