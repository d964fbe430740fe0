"""A folder beside the data for what is on its way: one process a purpose, cleared of what a crash left there."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from genkan.outside import locks


class NoWorkshop(Exception):
    """Why there is none, as one sentence for the operator."""


@contextlib.contextmanager
def workshop(beside: Path, purpose: str) -> Iterator[Path]:
    """The folder ``.purpose`` beside a file, on its own disk; gone at the end. Raises NoWorkshop."""
    folder = beside.with_name(f".{purpose}")
    with _alone(folder):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
        except OSError as problem:
            raise NoWorkshop(f"{folder} cannot be made: {problem.strerror}") from problem
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        with locks.hold(folder.with_name(f"{folder.name}.lock"), wait=False):
            yield
    except locks.Held:
        raise NoWorkshop(f"another command uses {folder}; wait until it has ended") from None
    except locks.CannotLock as problem:
        raise NoWorkshop(str(problem)) from None
