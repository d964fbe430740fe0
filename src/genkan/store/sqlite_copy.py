"""Copies of a SQLite store while it is in use, by SQLite's own online backup. What to restore is decided elsewhere."""

import os
import sqlite3
import threading
from pathlib import Path

from genkan.store.api import CannotOpen


def copy_database(source: Path, target: Path) -> None:
    """Write a consistent copy of a live database to ``target`` in one move, durable and readable by its owner only."""
    if not source.is_file():
        raise CannotOpen(f"there is no database at {source}")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        _copy(source, partial)
        make_durable(partial)
        partial.replace(target)
        make_durable(target.parent)
    except (sqlite3.DatabaseError, OSError) as e:
        raise CannotOpen(f"{source} could not be copied to {target}: {e}") from e
    finally:
        partial.unlink(missing_ok=True)


def fault_of(path: Path) -> str | None:
    """What SQLite's own integrity check finds wrong in a database that nobody writes to, or None."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as e:
        return str(e)
    finally:
        db.close()
    return None if found == "ok" else found


def fault_within(path: Path, seconds: float) -> str | None:
    """What a look at the structure of all pages finds wrong in so many seconds; None where it finds nothing, or is not
    through by then.
    """
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False)
    timer = threading.Timer(seconds, db.interrupt)
    timer.start()
    try:
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as e:
        is_damage = getattr(e, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return str(e) if is_damage else None
    finally:
        timer.cancel()
        timer.join()
        db.close()
    return None if found == "ok" else found


def renew_site_id(path: Path, site_id: bytes) -> None:
    """Make a copy a site of its own: no token or code of the site it was copied from opens there (tokens.md 2), and it
    seals the audit that it was given anew, as its own.
    """
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE site SET site_id = ?, version = version + 1", (site_id,))
        db.execute("DELETE FROM segments")
        db.execute("COMMIT")
    finally:
        db.close()


def _copy(source: Path, target: Path) -> None:
    read = sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=5.0)
    written = sqlite3.connect(target, isolation_level=None)
    try:
        # All pages in one step: it reads one snapshot, writers go on beside it, and none of them makes it start anew.
        read.backup(written)
        # One file that can be carried away: no log beside it.
        written.execute("PRAGMA journal_mode=DELETE")
    finally:
        written.close()
        read.close()


def make_durable(path: Path) -> None:
    """Make a file, or a folder's entries, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
