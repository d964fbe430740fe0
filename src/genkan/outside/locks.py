"""Locks between processes, held by a file: one serving process a store, one change of the key ring at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class Held(Exception):
    """Another process holds the lock."""


class CannotLock(Exception):
    """The lock's file cannot be made; the text is one sentence for the operator."""


@contextlib.contextmanager
def hold(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock as long as the block runs; the system lets go of it when the process dies.

    The file stays: removing it would let two processes hold "the" lock, each on a file of its own.
    Raises Held unless ``wait``, and CannotLock.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Read-only and readable: whoever may look into the folder can lock, also where another user came first.
        handle = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError as problem:
        raise CannotLock(f"{path} cannot be made: {problem.strerror}") from None
    with os.fdopen(handle, "rb"):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held from None
        yield


def serving(database: Path) -> contextlib.AbstractContextManager[None]:
    """The lock of the one process that serves this store; a restore holds it too, so that none comes up meanwhile."""
    return hold(database.with_name("serve.lock"), wait=False)


def changing_ring(ring: Path) -> contextlib.AbstractContextManager[None]:
    """The lock of whoever reads the ring to write a newer one."""
    return hold(ring.with_name(f"{ring.name}.lock"), wait=True)
