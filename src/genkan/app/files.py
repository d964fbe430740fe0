"""Files as bodies: sent while they are read, and made of an answer so that they appear only when they are whole.

Owns both ends on this machine; which answers are files is said here as well.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO

from genkan.app import leftovers, owned
from genkan.app.steps import Source

PIECE = 64 * 1024
MOST_HELD = 256 * 1024 * 1024
PAGES = {"text/html", "application/xhtml+xml"}


def is_file(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a body is what was asked for, and no page that something else in front of the site answers with.

    A page that somebody attached is a file as any other, and the site says so.
    """
    # RFC 6266 4.2
    attached = headers.get("content-disposition", "").strip().lower().startswith("attachment")
    return 200 <= status <= 299 and (attached or not is_page(headers))


def is_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer is a web page."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() in PAGES


def source_of(parts: Sequence[bytes | Path]) -> bytes | Source:
    """One body of all these parts. Files are read while they are sent, and what is no file (a pipe) is read now.

    Raises ``OSError`` for what cannot be read.
    """
    known = [part if isinstance(part, bytes) else _measured(part) for part in parts]
    if all(isinstance(part, bytes) for part in known):
        return b"".join(part for part in known if isinstance(part, bytes))

    def pieces() -> Generator[bytes, None, None]:
        for part in known:
            if isinstance(part, bytes):
                yield part
            else:
                yield from _read(*part)

    return Source(sum(len(part) if isinstance(part, bytes) else part[1] for part in known), pieces)


def _measured(path: Path) -> tuple[Path, int] | bytes:
    with _named(path), path.open("rb") as file:
        found = os.fstat(file.fileno())
        if stat.S_ISREG(found.st_mode):
            return path, found.st_size
        content = file.read(MOST_HELD + 1)
        if len(content) > MOST_HELD:
            raise OSError(errno.EFBIG, f"it is no file, and longer than {MOST_HELD >> 20} MiB")
        return content


def _read(path: Path, length: int) -> Generator[bytes, None, None]:
    left = length
    with _named(path), path.open("rb") as file:
        while left:
            piece = file.read(min(PIECE, left))
            if not piece:
                # The length was told before: another one would look like the beginning of the next request.
                raise OSError(errno.EIO, "it became shorter while it was sent")
            left -= len(piece)
            yield piece


class WholeFile:
    """A file that appears when it is whole; until then its pieces lie beside it, for its owner alone to read.

    What is there already stays until then, and for good where the rest does not come; its rights go on. What is no file
    (a pipe, a device) is written to at once. Every step raises ``OSError`` that names the path.
    """

    def __init__(self, path: Path, draw: Callable[[int], bytes]) -> None:
        self._path = path
        self._draw = draw
        self._target = path
        self._mode: int | None = None
        self._beside: Path | None = None
        self._file: BinaryIO | None = None

    def open(self) -> None:
        """Prove the place."""
        with _named(self._path):
            self._mode = self._rights()
            if self._mode is None:
                self._file = self._path.open("wb")
                return
            # A link stays one: what it leads to is meant.
            self._target = Path(os.path.realpath(self._path))
            leftovers.sweep(self._target.parent, escape(self._target.name))
            beside = leftovers.fresh(self._target, self._draw(4).hex())
            handle = os.open(beside, owned.MAKE, 0o600)
            self._beside, self._file = beside, os.fdopen(handle, "wb")

    def _rights(self) -> int | None:
        """The rights that the file is to have; None for what is no file."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0o600
        if not stat.S_ISREG(found.st_mode):
            return None
        if not os.access(self._path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return stat.S_IMODE(found.st_mode) & 0o777

    def write(self, piece: bytes) -> None:
        """The next piece."""
        with _named(self._path):
            if self._file is not None:
                self._file.write(piece)

    def finish(self) -> None:
        """All pieces are there."""
        file, beside = self._file, self._beside
        if file is None:
            return
        with _named(self._path):
            file.flush()
            if beside is not None:
                # Before the name: with the power gone, a name without its bytes would be left.
                os.fsync(file.fileno())
                self._give_rights(file)
            file.close()
            self._file = None
            if beside is not None:
                owned.patiently(lambda: beside.replace(self._target))
                self._beside = None
        with suppress(OSError):
            owned.sync_folder(self._target.parent)

    def _give_rights(self, file: BinaryIO) -> None:
        if self._mode is not None and owned.HAS_MODES:
            os.fchmod(file.fileno(), self._mode)

    def discard(self) -> None:
        """Leave nothing of what is not whole."""
        file, self._file = self._file, None
        beside, self._beside = self._beside, None
        with suppress(OSError):
            if file is not None:
                file.close()
        with suppress(OSError):
            if beside is not None:
                beside.unlink(missing_ok=True)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """A full disk does not say which file it was."""
    try:
        yield
    except OSError as trouble:
        trouble.filename, trouble.filename2 = str(path), None
        raise
