"""Owns filling a store without its server: rows copied over and over by the names of their columns, so that it outlives
changes of the schema."""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
