"""A backup as one sealed file: a manifest, the key ring, and for SQLite the database, as a tar inside of a seal."""

import io
import os
import tarfile
from pathlib import Path
from typing import IO, Any

import msgspec

from genkan.ops.sealed_file import CHUNK, NotSealed, SealedReader, SealedWriter
from genkan.outside.ring_file import sync_folder
from genkan.protocol.env import Env
from genkan.wire.budget import ARCHIVE, TooMuch

MANIFEST, RING, DATABASE = "manifest.json", "secrets.json", "genkan.sqlite3"
# What of an archive is read into memory; the database goes to the disk.
MOST_BYTES = 4 * 1024 * 1024


class BadArchive(Exception):
    """Why a backup is not made or not opened, as one sentence for the operator."""


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """What a backup says of itself. ``settings`` are those that were set, for whoever sets the site up anew."""

    made_at: int
    program: str
    engine: str
    ring_version: int
    settings: dict[str, object]


def write_archive(
    target: Path, passphrase: bytes, manifest: Manifest, ring: bytes, database: Path | None, env: Env
) -> int:
    """Write a new file that its owner alone can read, durable when this returns; its size. Never overwrites one."""
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadArchive(f"{target} is there already; a backup overwrites nothing") from None
    except OSError as problem:
        raise BadArchive(f"{target} cannot be made: {problem.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            # All that tarfile needs of a stream is write, which its types do not say.
            sealed: Any = SealedWriter(file, passphrase, env)
            with tarfile.open(fileobj=sealed, mode="w|", bufsize=CHUNK) as tar:
                _add(tar, MANIFEST, msgspec.json.encode(manifest))
                _add(tar, RING, ring)
                if database is not None:
                    tar.add(database, DATABASE, recursive=False, filter=_plain)
            sealed.finish()
        sync_folder(target.parent)
    except BaseException as problem:
        target.unlink(missing_ok=True)
        if isinstance(problem, OSError):
            raise BadArchive(f"{target} cannot be written: {problem.strerror}") from problem
        raise
    return target.stat().st_size


def open_archive(source: Path, passphrase: bytes, folder: Path) -> tuple[Manifest, bytes, Path | None]:
    """Manifest, key ring, and the database, which lies in ``folder`` then. Nothing is given of a file that is not
    whole and unchanged.
    """
    try:
        with source.open("rb") as file:
            sealed = SealedReader(file, passphrase)
            found = _taken(sealed, folder)
            while sealed.read(CHUNK):
                pass
        manifest = msgspec.json.decode(found[MANIFEST], type=Manifest)
        return manifest, found[RING], folder / DATABASE if DATABASE in found else None
    except NotSealed as problem:
        raise BadArchive(f"{source} {problem}") from None
    except OSError as problem:
        raise BadArchive(f"{source} cannot be opened: {problem.strerror}") from None
    except (tarfile.TarError, msgspec.DecodeError, KeyError, RecursionError, TooMuch):
        # Its seal held, so whoever has the passphrase made it: not this program.
        raise BadArchive(f"{source} holds no backup") from None


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whose file it was and when is nobody's matter."""
    plain = tarfile.TarInfo(member.name)
    plain.size, plain.mode = member.size, 0o600
    return plain


def _taken(sealed: Any, folder: Path) -> dict[str, bytes]:
    """The members that a backup has, by name; no other name is ever written anywhere."""
    found, purse = dict[str, bytes](), ARCHIVE.purse()
    with tarfile.open(fileobj=sealed, mode="r|", bufsize=CHUNK) as tar:
        for member in tar:
            purse.spend()
            content = tar.extractfile(member)
            if content is None or member.name not in (MANIFEST, RING, DATABASE):
                continue
            if member.name == DATABASE:
                _keep(content, folder / DATABASE)
                found[DATABASE] = b""
            else:
                found[member.name] = content.read(MOST_BYTES)
    return found


def _keep(content: IO[bytes], path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while part := content.read(CHUNK):
            file.write(part)
