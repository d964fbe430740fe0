"""The key ring's file: made exclusively, replaced atomically, owner-only; read as a ring or a problem in one
sentence.
"""

import os
import stat
from pathlib import Path

from genkan.protocol.records import Site
from genkan.protocol.ring import Ring, RingProblem, parse, render


def read_ring(path: Path) -> Ring | RingProblem:
    """The ring in this file."""
    try:
        with path.open("rb") as file:
            is_open = _is_open_to_others(os.fstat(file.fileno()))
            text = file.read()
    except FileNotFoundError:
        return RingProblem(f"the key ring {path} is not there; put it back, or name it with GENKAN_SECRET_FILE")
    except OSError as problem:
        return RingProblem(f"the key ring {path} cannot be read: {problem.strerror}")
    if is_open:
        return RingProblem(f"the key ring {path} can be read by others; run: chmod 600 {path}")
    ring = parse(text)
    return ring if isinstance(ring, Ring) else RingProblem(f"{path}: {ring.sentence}")


def _is_open_to_others(file: os.stat_result) -> bool:
    """Whether somebody beside its owner and its one reader gets at it. What root owns may be read by the group that it
    is lent to, for so a secret is mounted for a program that is not root; a program's own file is its own alone.
    """
    lent = file.st_uid == 0 and os.geteuid() != 0
    return bool(stat.S_IMODE(file.st_mode) & (0o037 if lent else 0o077))


def read_ring_of(path: Path, site: Site) -> Ring | RingProblem:
    """The ring in this file, if it is this site's and not older than the store says (tokens.md 7)."""
    ring = read_ring(path)
    if isinstance(ring, RingProblem):
        return ring
    if site.ring_fingerprint and ring.fingerprint != site.ring_fingerprint:
        return RingProblem(f"the key ring {path} belongs to another site; name this site's with GENKAN_SECRET_FILE")
    if ring.version < site.ring_version:
        return RingProblem(
            f"the key ring {path} is at version {ring.version}, older than the store says ({site.ring_version}): "
            "put the newest one there"
        )
    return ring


def make_ring_file(path: Path, ring: Ring) -> RingProblem | None:
    """Write a new ring where none is; never overwrites one. Whole and durable when this returns."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _written(path, ring)
        try:
            # Fails where something is already, and shows the file whole: a crash leaves no half a ring behind.
            os.link(fresh, path)
        except FileExistsError:
            return RingProblem(f"there is a key ring at {path} already, which this store does not know")
        finally:
            fresh.unlink()
        sync_folder(path.parent)
    except OSError as problem:
        return RingProblem(f"the key ring {path} cannot be made: {problem.strerror}")
    return None


def replace_ring_file(path: Path, ring: Ring) -> RingProblem | None:
    """Put a newer ring in the file's place: readers see the old one or the new one, whole. Durable when this
    returns.
    """
    try:
        place = path.resolve()
        _written(place, ring).replace(place)
        sync_folder(place.parent)
    except OSError as problem:
        return RingProblem(f"the key ring {path} cannot be replaced: {problem.strerror}")
    return None


def _written(path: Path, ring: Ring) -> Path:
    """The ring in a file of its own beside ``path``, durable; what a crash left there goes."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(render(ring))
        file.flush()
        if os.geteuid() == 0:
            # Root may make or change a ring; the user that runs the site must be able to read it.
            owner = (path if path.exists() else path.parent).stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        os.fsync(file.fileno())
    return fresh


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
