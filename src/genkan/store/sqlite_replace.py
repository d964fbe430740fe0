"""Putting one SQLite store in another's place, at once and whole; what was there is kept beside it."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from genkan.store.api import CannotOpen
from genkan.store.sqlite_copy import make_durable


def replace_database(fresh: Path, target: Path, aside: Path) -> bool:
    """Move ``fresh`` to ``target``; whether there was one before, which is ``aside`` then.

    Nobody may serve ``target``. At every moment a whole store lies there: the one before or the fresh one.
    """
    try:
        there = target.exists()
        _hand_over(fresh, target if there else target.parent)
        if there:
            _fold_log(target)
            _keep(target, aside)
        for path, kept in zip(with_companions(target)[1:], with_companions(aside)[1:], strict=True):
            _set_aside(path, kept)
        fresh.replace(target)
        make_durable(target.parent)
    except OSError as problem:
        raise CannotOpen(f"{target} could not be replaced: {problem.strerror}") from problem
    return there


def with_companions(database: Path) -> tuple[Path, Path, Path]:
    """The file, and what SQLite has beside it while it is used or after a crash: the log and its index."""
    return database, Path(f"{database}-wal"), Path(f"{database}-shm")


def _fold_log(path: Path) -> None:
    """Bring what lies in the log into the file itself. A broken file keeps its log beside it."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=5.0)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _hand_over(fresh: Path, before: Path) -> None:
    """Root may restore; the file must be the user's who runs the site."""
    owner = before.stat()
    if fresh.stat().st_uid != owner.st_uid:
        os.chown(fresh, owner.st_uid, owner.st_gid)


def _keep(path: Path, aside: Path) -> None:
    """A second name for the file where the file system can, else a copy: ``path`` itself is never missing."""
    if aside.exists():
        raise FileExistsError(errno.EEXIST, f"{aside} is there already")
    try:
        os.link(path, aside)
    except OSError:
        shutil.copy2(path, aside)


def _set_aside(path: Path, aside: Path) -> None:
    """A log that stayed would be played into the fresh store."""
    with suppress(FileNotFoundError):
        path.replace(aside)
