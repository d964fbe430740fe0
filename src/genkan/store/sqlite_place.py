"""Whether the files that a process has open are still those that lie in the folder: what is written into a deleted or a
replaced file is durable nowhere.
"""

import os
from pathlib import Path

from genkan.store.api import StoreUnavailable

# The database, its log, and the log's index: whoever opens the database anew makes those that are missing.
_NAMES = ("", "-wal", "-shm")

Identity = tuple[int, int] | None


class OpenFiles:
    """The files of one open database. Looking costs about two microseconds and reads no data."""

    def __init__(self, path: Path) -> None:
        """Before the database is opened: what is put in its place from then on is another one."""
        self._paths = tuple(f"{path}{name}" for name in _NAMES)
        self._known: list[Identity] = [_identity(str(path)), None, None]
        self.is_gone = False

    def look(self, *, written: bool = False) -> bool:
        """Whether all are in their place, as they were found first. ``written``: there is a log by now."""
        for number, path in enumerate(self._paths):
            found, known = _identity(path), self._known[number]
            if known is None and found is not None:
                self._known[number] = found
            elif found != known or (found is None and written):
                self.is_gone = True
                return False
        self.is_gone = False
        return True

    def gone(self) -> StoreUnavailable:
        """What is said of every read and write while they are not."""
        return StoreUnavailable(
            f"{self._paths[0]} or its -wal file was removed or replaced while it is open: put the same files back, or "
            "stop the site and put back a backup with genkan restore"
        )

    def check(self) -> None:
        """Raises StoreUnavailable where the last look found them gone."""
        if self.is_gone:
            raise self.gone()


def _identity(path: str) -> Identity:
    try:
        found = os.stat(path)  # noqa: PTH116 a Path would cost more than the look
    except OSError:
        return None
    return found.st_dev, found.st_ino
