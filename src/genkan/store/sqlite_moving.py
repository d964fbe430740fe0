"""The source of a move: what changes is written down by triggers, then the database itself refuses every write.

Triggers work for whichever process writes, the running server among them, and live as long as the move: a crash of the
mover leaves them, and whoever finds the mover's lock free takes them away.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from genkan.store.api import CannotOpen
from genkan.store.names import named

# The schema in which a site knows of moves.
MOVING_SINCE = 13
LOG, FENCE = "moving_", "fence_"
# The words of RAISE, by which a refused write is known for what it is.
CLOSED = "the site is closed for writing while it moves to another database"

_TABLES = """
    SELECT name FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'moving\\_%' ESCAPE '\\'
    AND name <> 'schema_version' ORDER BY name
"""
# Who holds the claim of a file is nothing to take elsewhere.
_COLUMNS = """
    SELECT name, type, pk FROM pragma_table_info(?1) WHERE NOT (?1 = 'site' AND name = 'claim') ORDER BY cid
"""
_LEFT = """
    SELECT type, name FROM sqlite_master
    WHERE (type = 'trigger' AND (name LIKE 'moving\\_%' ESCAPE '\\' OR name LIKE 'fence\\_%' ESCAPE '\\'))
    OR (type = 'table' AND name LIKE 'moving\\_%' ESCAPE '\\') ORDER BY type DESC
"""
_LOG = "CREATE TABLE {log} (n INTEGER PRIMARY KEY, {key})"
_ON_INSERT = "CREATE TRIGGER {trigger} AFTER INSERT ON {table} BEGIN INSERT INTO {log} ({key}) VALUES ({new}); END"
_ON_DELETE = "CREATE TRIGGER {trigger} AFTER DELETE ON {table} BEGIN INSERT INTO {log} ({key}) VALUES ({old}); END"
_ON_UPDATE = """
    CREATE TRIGGER {trigger} AFTER UPDATE ON {table} BEGIN
        INSERT INTO {log} ({key}) VALUES ({old});
        INSERT INTO {log} ({key}) SELECT {new} WHERE ({new}) IS NOT ({old});
    END
"""
_REFUSALS = (
    "CREATE TRIGGER {trigger} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'CLOSED'); END".replace(
        "CLOSED", CLOSED
    ),
    "CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'CLOSED'); END".replace(
        "CLOSED", CLOSED
    ),
    "CREATE TRIGGER {trigger} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'CLOSED'); END".replace(
        "CLOSED", CLOSED
    ),
)
_DROP_TRIGGER, _DROP_TABLE = "DROP TRIGGER {name}", "DROP TABLE {name}"
MOVING = "SELECT 1 FROM site WHERE move IS NOT NULL"
_STATE = "SELECT move, moved_to FROM site"
_BEGIN_MOVE = "UPDATE site SET move = ?, version = version + 1"
_MOVED = "UPDATE site SET moved_to = ?, version = version + 1"
_ABANDON = "UPDATE site SET move = NULL, version = version + 1 WHERE moved_to = ''"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of what moves: its columns with their declared types, and the columns of its key."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]


class MoverAtWork(CannotOpen):
    """Another process moves this site just now."""


def moved_sentence(path: Path, place: str) -> str:
    """What is said of a site that is not here any more."""
    return f"the site of {path} has moved to {place}: set GENKAN_DATABASE_URL to where it is now"


@contextmanager
def mover_alone(path: Path) -> Iterator[None]:
    """Held as long as a move is under way; the system lets go of it when the mover dies. Raises MoverAtWork."""
    try:
        handle = os.open(path.with_name(f"{path.name}.moving.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError as problem:
        raise CannotOpen(f"{path}.moving.lock cannot be made: {problem.strerror}") from None
    with os.fdopen(handle, "rb"):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MoverAtWork(f"genkan migrate-store moves {path} just now") from None
        yield


def tables(db: sqlite3.Connection) -> tuple[Table, ...]:
    """Every table of the site, whatever its migrations have made."""
    found = []
    for (name,) in db.execute(_TABLES).fetchall():
        columns = db.execute(_COLUMNS, (name,)).fetchall()
        key = [column for column, _, place in sorted(columns, key=lambda row: row[2]) if place]
        found.append(Table(name, {column: kind for column, kind, _ in columns}, tuple(key)))
    return tuple(found)


def state(db: sqlite3.Connection) -> tuple[bytes | None, str]:
    """The id of the move that was begun, and where the site went."""
    move, moved_to = db.execute(_STATE).fetchone()
    return move, moved_to


def write_down(db: sqlite3.Connection, move: bytes) -> None:
    """From here on the keys of changed rows are noted in a log for each table."""
    with _transaction(db):
        _clear(db)
        for table in tables(db):
            words = _words(table)
            statements = (_LOG, _ON_INSERT, _ON_DELETE, _ON_UPDATE)
            for verb, template in zip(("", "insert", "delete", "update"), statements, strict=True):
                _run(db, named(template, **words, trigger=f"{LOG}{table.name}_{verb}"))
        db.execute(_BEGIN_MOVE, (move,))


def close_for_writing(db: sqlite3.Connection) -> None:
    """Every write of whichever process is refused from here on; reads go on."""
    with _transaction(db):
        _fence(db)


def mark_moved(db: sqlite3.Connection, place: str) -> None:
    """The site is elsewhere: nothing is answered from here any more, and no process starts on it. Durable."""
    with _transaction(db):
        _clear(db)
        db.execute(_MOVED, (place,))
        _fence(db)


def abandon(db: sqlite3.Connection) -> bool:
    """Open for writing again, as if nothing had been; False where the site has moved."""
    with _transaction(db):
        if state(db)[1]:
            return False
        _clear(db)
        db.execute(_ABANDON)
    return True


def abandon_where_the_mover_died(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the site is open again, since nobody moves it any more."""
    try:
        with mover_alone(path):
            return abandon(db)
    except CannotOpen:
        return False


def is_fenced(fault: Exception) -> bool:
    """Whether a write failed since the site is closed for writing."""
    return getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_TRIGGER


def refuse_moved(db: sqlite3.Connection, path: Path) -> None:
    """Nobody opens a store that is elsewhere now; one whose mover died is opened again. The schema is the newest."""
    move, moved_to = state(db)
    if moved_to:
        raise CannotOpen(moved_sentence(path, moved_to))
    if move is not None:
        abandon_where_the_mover_died(db, path)


def _words(table: Table) -> dict[str, str | Sequence[str]]:
    return {
        "table": table.name,
        "log": f"{LOG}{table.name}",
        "key": table.key,
        "new": [f"NEW.{column}" for column in table.key],
        "old": [f"OLD.{column}" for column in table.key],
    }


def _fence(db: sqlite3.Connection) -> None:
    for table in tables(db):
        for verb, template in zip(("insert", "update", "delete"), _REFUSALS, strict=True):
            _run(db, named(template, table=table.name, trigger=f"{FENCE}{table.name}_{verb}"))


def _clear(db: sqlite3.Connection) -> None:
    for kind, name in db.execute(_LEFT).fetchall():
        _run(db, named(_DROP_TRIGGER if kind == "trigger" else _DROP_TABLE, name=name))


def _run(db: sqlite3.Connection, statement: str) -> None:
    db.execute(statement)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
