"""The key ring's file: made exclusively, replaced atomically, owner-only; read as a ring or a problem in one
sentence.
"""

import contextlib
import os
import stat
from pathlib import Path

from genkan.protocol.ring import Ring, RingProblem, parse, render


def read_ring(path: Path) -> Ring | RingProblem:
    """The ring in this file."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return RingProblem(f"the key ring {path} is not there; put it back, or name it with GENKAN_SECRET_FILE")
    except OSError as problem:
        return RingProblem(f"the key ring {path} cannot be read: {problem.strerror}")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return RingProblem(f"the key ring {path} can be read by others; run: chmod 600 {path}")
    ring = parse(text)
    return ring if isinstance(ring, Ring) else RingProblem(f"{path}: {ring.sentence}")


def make_ring_file(path: Path, ring: Ring) -> RingProblem | None:
    """Write a new ring where none is; never overwrites one. Durable when this returns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return RingProblem(f"there is a key ring at {path} already, which this store does not know")
    except OSError as problem:
        return RingProblem(f"the key ring {path} cannot be made: {problem.strerror}")
    _write_durably(handle, ring, path.parent)
    return None


def replace_ring_file(path: Path, ring: Ring) -> RingProblem | None:
    """Put a newer ring in the file's place: readers see the old one or the new one, whole. Durable when this
    returns.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        _write_durably(handle, ring, path.parent)
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as problem:
        return RingProblem(f"the key ring {path} cannot be replaced: {problem.strerror}")
    return None


def _write_durably(handle: int, ring: Ring, folder: Path) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(render(ring))
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
