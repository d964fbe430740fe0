"""Files that are being written, by names that say who writes them; those of programs that died are swept.

Owns that name and the judgement who is dead; what is written is the vault's, or a download.
"""

import hashlib
import os
import threading
from glob import escape
from itertools import count
from pathlib import Path

from genkan.app import owned

SUFFIX = ".new"
LONGEST = 100
"""Bytes of a name that are taken over; of 255, or 143 where names are encrypted, the rest of ours needs up to 40."""


def fresh(path: Path, mark: str = "") -> Path:
    """A name beside it that no other thread or process writes to; what a dead one left there is removed.

    A mark keeps apart what tasks of one thread write at the same time.
    """
    short = _short(path.name)
    marked = f"{short}.{mark}" if mark else short
    new = path.with_name(f".{marked}.{os.getpid()}.{threading.get_ident()}{SUFFIX}")
    new.unlink(missing_ok=True)
    return new


def of_process(path: Path) -> Path:
    """A name that lives as long as this process, whichever of its threads asks; each call gives another."""
    mark = f"{_short(path.name)}.{next(_numbers)}"
    return path.with_name(f".{mark}.{os.getpid()}.{threading.main_thread().ident}{SUFFIX}")


_numbers = count()


def _short(name: str) -> str:
    """The name, or what stands for one that leaves no room."""
    encoded = os.fsencode(name)
    return name if len(encoded) <= LONGEST else hashlib.sha256(encoded).hexdigest()[:16]


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove what killed programs were writing, to this name or any: it holds secrets that nobody uses or ends."""
    for left in folder.glob(f".{'*' if name is None else escape(_short(name))}.*.*{SUFFIX}"):
        process, thread = left.name.split(".")[-3:-1]
        if process.isdecimal() and thread.isdecimal() and not _lives(int(process), int(thread)):
            _remove(left)


def _remove(left: Path) -> None:
    try:
        left.unlink(missing_ok=True)
    except PermissionError:
        # Where files that are open cannot be removed, this one is being written.
        return


def _lives(process: int, thread: int) -> bool:
    """Whether the writer still runs on this machine. A number that was given again keeps its leftover for longer."""
    if process == os.getpid():
        # In a container every program has the number of the one before.
        return thread in {one.ident for one in threading.enumerate()}
    return owned.runs(process)
