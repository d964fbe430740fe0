"""Looking at a SQLite store without changing it, whatever its schema: what an operator wants to know of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from genkan.protocol.records import Site
from genkan.store import rows
from genkan.store.api import CannotOpen, NoSite
from genkan.store.database import Database
from genkan.store.migration import Schema, migrations, schema
from genkan.store.sqlite_moving import MOVING_SINCE, moved_sentence, refuse_moved, state
from genkan.store.sqlite_open import (
    MIGRATIONS,
    connect,
    has_site,
    migrate,
    schema_kept,
    schema_version,
)

T = TypeVar("T")

_SITE = f"SELECT {rows.SITE_COLUMNS} FROM site"  # noqa: S608 made of constants
_IDENTITY = "SELECT site_id, ring_version FROM site"
_ACCOUNTS = "SELECT COUNT(*) FROM accounts WHERE standing <> 2"
_LINKS = "SELECT COUNT(*) FROM links WHERE standing <> 2"
_SIGN_INS = "SELECT COUNT(*) FROM grants"
_SESSIONS = "SELECT COUNT(*) FROM sessions"
_UNSETTLED = "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM stops WHERE settled = 0"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is kept. ``sign_ins`` counts rows, ended ones too; ``unsettled`` stops began at ``unsettled_since``."""

    accounts: int
    links: int
    sign_ins: int
    sessions: int
    unsettled: int
    unsettled_since: int


def schema_of(path: Path) -> Schema:
    """Raises NoSite, and CannotOpen for what is no store."""
    found = schema(_asked(path, schema_kept), migrations(MIGRATIONS))
    if not found.present:
        raise CannotOpen(f"{path} is a database of another program")
    return found


def identity_of(path: Path) -> tuple[bytes, int] | None:
    """Site id and ring version of whatever store lies there; None where nothing can be read."""
    try:
        return _asked(path, lambda db: tuple(db.execute(_IDENTITY).fetchone()))
    except CannotOpen:
        return None


def moved_from(path: Path) -> str | None:
    """The sentence on where the site of this store has moved to; None where it has not, or nothing can be read."""
    try:
        moved_to = _asked(path, lambda db: str(state(db)[1]))
    except CannotOpen:
        return None
    return moved_sentence(path, moved_to) if moved_to else None


def site_of(path: Path) -> Site:
    """The facts of a store at this version's schema, without opening it for writing. Raises CannotOpen, also where the
    site has moved.
    """

    def look(db: sqlite3.Connection) -> Site:
        moved_to = state(db)[1]
        if moved_to:
            raise CannotOpen(moved_sentence(path, moved_to))
        return rows.site(db.execute(_SITE).fetchone())

    return _asked(path, look)


def count(path: Path) -> Counts:
    """Count the rows of a store at this version's schema. Walks the smallest index of each table."""

    return _asked(path, counted)


def counted(db: Database) -> Counts:
    """The rows behind a connection of either engine."""
    numbers = [int(db.execute(sql).fetchone()[0]) for sql in (_ACCOUNTS, _LINKS, _SIGN_INS, _SESSIONS)]
    return Counts(*numbers, *db.execute(_UNSETTLED).fetchone())


def bring_to(path: Path, target: int) -> None:
    """Move the schema up or down to ``target``, after a copy of the file. Nobody may serve it meanwhile."""
    known = migrations(MIGRATIONS)

    def bring(db: sqlite3.Connection) -> None:
        if schema_version(db) >= MOVING_SINCE:
            refuse_moved(db, path)
        migrate(db, path, known, target)

    _asked(path, bring, readonly=False)


def _asked(path: Path, question: Callable[[sqlite3.Connection], T], *, readonly: bool = True) -> T:
    if not has_site(path):
        raise NoSite(f"there is no site at {path}")
    try:
        with closing(connect(path, readonly=readonly)) as db:
            return question(db)
    except sqlite3.Error as problem:
        raise CannotOpen(f"{path} cannot be read: {problem}") from problem
