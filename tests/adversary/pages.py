"""Overwriting a page of a database, as a failing disk does."""

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(database: Path, table: str = "grants") -> None:
    """Overwrite the first page of a table, of a file that nobody has open."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        size = db.execute("PRAGMA page_size").fetchone()[0]
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
