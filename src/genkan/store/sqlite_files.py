"""The files of a SQLite database: how much they hold, and how much room their disk has left."""

import shutil
from pathlib import Path


def sizes(path: Path) -> tuple[int | None, int | None, int | None]:
    """Bytes of the database, of its write-ahead log, and free beside them; None for what cannot be told."""
    return _size(path), _size(path.with_name(f"{path.name}-wal")), _free(path)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return None
