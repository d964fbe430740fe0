"""What a backup's file holds, taken into a folder: our own sealed file, or the bare copy of a SQLite database."""

from dataclasses import dataclass
from pathlib import Path

from genkan.ops.archive import Manifest, open_archive
from genkan.ops.sealed_file import is_sealed
from genkan.outside.ring_file import read_ring
from genkan.protocol.records import Site
from genkan.protocol.ring import Ring, RingProblem, parse
from genkan.store.api import CannotOpen
from genkan.store.sqlite_copy import copy_database, fault_of


class RestoreFailed(Exception):
    """Why nothing was restored, as one sentence for the operator."""


class Damaged(RestoreFailed):
    """The backup is there and cannot be relied on."""


@dataclass(frozen=True, slots=True)
class Taken:
    """``database`` is a file of the folder, None for a backup of a site on PostgreSQL; a bare copy has no ring and no
    manifest.
    """

    database: Path | None
    ring: Ring | None
    manifest: Manifest | None


def take(backup: Path, passphrase: bytes | None, folder: Path, name: str) -> Taken:
    """Open the backup; its database lies in ``folder`` as ``name``, and SQLite finds it whole. Raises RestoreFailed or
    BadArchive.
    """
    if not backup.is_file():
        raise RestoreFailed(f"there is no backup at {backup}")
    copy = folder / name
    if not is_sealed(backup):
        return _bare(backup, copy)
    if passphrase is None:
        raise RestoreFailed(f"{backup} is encrypted: name the file with its passphrase (--passphrase-file)")
    manifest, ring_text, database = open_archive(backup, passphrase, folder)
    ring = parse(ring_text)
    if isinstance(ring, RingProblem):
        raise Damaged(f"the key ring in {backup} cannot be used: {ring.sentence}")
    if database is None:
        return Taken(None, ring, manifest)
    database.replace(copy)
    _check(copy, backup)
    return Taken(copy, ring, manifest)


def ring_for(taken: Taken, path: Path, site: Site) -> tuple[Ring | None, Ring | None]:
    """The ring that lies there, and the one to go on with: there or in the backup, the newest of the site's own.

    One that is there and cannot be read is never passed over.
    """
    present = read_ring(path) if path.exists() or path.is_symlink() else None
    if isinstance(present, RingProblem):
        raise RestoreFailed(present.sentence)
    if present is None or taken.ring is None:
        return present, present or taken.ring
    if present.fingerprint == taken.ring.fingerprint == site.ring_fingerprint:
        return present, max(present, taken.ring, key=lambda ring: ring.version)
    return present, present


def _bare(backup: Path, copy: Path) -> Taken:
    try:
        copy_database(backup, copy)
    except CannotOpen as problem:
        raise Damaged(f"{backup} is no backup that can be read: {problem.__cause__ or problem}") from None
    _check(copy, backup)
    return Taken(copy, None, None)


def _check(copy: Path, backup: Path) -> None:
    fault = fault_of(copy)
    if fault is not None:
        raise Damaged(f"{backup} is damaged: {fault}")
