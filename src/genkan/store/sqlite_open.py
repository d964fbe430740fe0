"""Opening a SQLite file as a site's store: connections, the file's mode, migrations up and down with a copy before."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

from genkan.protocol.env import Env
from genkan.store.api import CannotOpen, NoSite, StoreDamaged, StoreUnavailable
from genkan.store.database import Database
from genkan.store.migration import Migration, additive_before, migrations, schema
from genkan.store.sqlite_copy import copy_database
from genkan.store.sqlite_moving import abandon_where_the_mover_died, refuse_moved

MIGRATIONS = resources.files("genkan.store.migrations")
BUSY_SECONDS = 5.0
READ_BUSY_SECONDS = 1.0
# The inner pages of the indexes of ten million sign-ins; memory is taken only as pages are read.
CACHE_KB = 8_000
# "gnkn": tells the file from other SQLite files.
APPLICATION_ID = 0x676E6B6E
# STRICT tables.
OLDEST_SQLITE = (3, 37)


def prepare(path: Path, *, create: bool, env: Env) -> None:
    """Make sure that a site of this version is there, or say in one sentence why it cannot be."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise CannotOpen(f"SQLite {sqlite3.sqlite_version} is too old: Genkan needs 3.37 or newer")
    if not create and not has_site(path):
        raise NoSite(f"there is no site at {path}")
    create_file(path)
    known = migrations(MIGRATIONS)
    try:
        with closing(connect(path)) as db:
            _check(db, path, known)
            db.execute("PRAGMA journal_mode=WAL")
            if schema_version(db) <= known[-1].number:
                migrate(db, path, known, known[-1].number)
            _found(db, env)
            refuse_moved(db, path)
    except sqlite3.DatabaseError as e:
        raise CannotOpen(f"{path} cannot be opened as a site: {e}") from e


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection in autocommit: transactions begin and end where the code says so.

    Thread checks are off since the store itself gives each connection to one thread.
    """
    seconds = READ_BUSY_SECONDS if readonly else BUSY_SECONDS
    # mode=rw: a file that went away is a fault, never a fresh empty one.
    where = f"{path.absolute().as_uri()}?mode=rw"
    db = sqlite3.connect(
        where, uri=True, timeout=seconds, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        # FULL: the log is fsynced at each commit, before anybody is told that it happened.
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        if readonly:
            db.execute("PRAGMA query_only=ON")
    except sqlite3.Error:
        db.close()
        raise
    return db


def reopen_where_the_mover_died(path: Path) -> None:
    """Take away what a move left behind that was not finished."""
    with closing(connect(path)) as db:
        abandon_where_the_mover_died(db, path)


def unavailable(fault: Exception) -> StoreUnavailable:
    """SQLite's fault in the words of the Store protocol."""
    if isinstance(fault, StoreUnavailable):
        return fault
    is_damage = getattr(fault, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return (StoreDamaged if is_damage else StoreUnavailable)(f"SQLite: {fault}")


def create_file(path: Path) -> None:
    """An empty file that its owner alone can read; SQLite gives its companions the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as e:
        raise CannotOpen(f"{path} cannot be made: {e.strerror}") from e


def has_site(path: Path) -> bool:
    """Whether a site lives in this file. Looking makes nothing."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as db:
            found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'site'").fetchone()
            return found is not None and db.execute("SELECT 1 FROM site").fetchone() is not None
    except sqlite3.DatabaseError as e:
        raise CannotOpen(f"{path} cannot be opened as a site: {e}") from e


def schema_version(db: Database) -> int:
    """The last migration that this file has had; 0 for a fresh one."""
    kept = schema_kept(db)
    return kept[0] if kept else 0


def schema_kept(db: Database) -> tuple[int, ...] | None:
    """What is kept of the schema (migration.schema); None in a fresh file."""
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
    return tuple(db.execute("SELECT * FROM schema_version").fetchone()) if known else None


def migrate(db: sqlite3.Connection, path: Path, known: list[Migration], target: int) -> None:
    """Bring the schema up or down to ``target``, whole or not at all, after a copy of what is there."""
    if schema_version(db) == target:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while we waited for the lock; while we hold it none can.
        present = schema_version(db)
        if present not in (0, target):
            copy_database(path, path.with_name(f"{path.name}.before-{target}"))
        while present != target:
            present = _step(db, known, present, target)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _step(db: sqlite3.Connection, known: list[Migration], before: int, target: int) -> int:
    """One migration towards the target; returns where that leads."""
    after = before + 1 if before < target else before - 1
    for statement in statements(known[before].up if after > before else known[after].down):
        db.execute(statement)
    db.execute("DROP TABLE IF EXISTS schema_version")
    db.execute("CREATE TABLE schema_version (version INTEGER NOT NULL, additive INTEGER) STRICT")
    db.execute("INSERT INTO schema_version VALUES (?, ?)", (after, additive_before(known, after)))
    return after


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one, so that they run inside a transaction of ours."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _check(db: sqlite3.Connection, path: Path, known: list[Migration]) -> None:
    """Refuse files of other programs and of newer versions before anything of them is touched."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    # One statement: another process may be making the site at this very moment.
    names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    if application not in (0, APPLICATION_ID) or (names and "schema_version" not in names):
        raise CannotOpen(f"{path} is a database of another program")
    found = schema(schema_kept(db), known)
    if found.present > found.newest and not found.serves:
        raise CannotOpen(
            f"{path} has schema {found.present}, which a newer Genkan wrote; this one knows {len(known)}: "
            "use the newer one"
        )


def _found(db: sqlite3.Connection, env: Env) -> None:
    """The one row of site facts, made at first start with an identity of its own (tokens.md 2)."""
    if db.execute("SELECT 1 FROM site").fetchone() is None:
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT INTO site (one, site_id, version, ring_version, ring_fingerprint, mobile_enabled, heal_until, "
            "has_administrator, behind_since) VALUES (1, ?, 1, 0, x'', 0, 0, 0, 0) ON CONFLICT DO NOTHING",
            (env.draw(16),),
        )
        db.execute("INSERT INTO upkeep (one, prune_after, prune_began) VALUES (1, NULL, 0) ON CONFLICT DO NOTHING")
        db.execute("COMMIT")
