"""Files as bodies: sent while they are read, and made of an answer so that they appear only when they are whole.

Owns both ends on this machine; which answers are files is said here as well.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from genkan.app import leftovers, owned, pipes
from genkan.app.pipes import Pipe, named
from genkan.app.steps import Flow, Source, work

PIECE = 64 * 1024
MOST_HELD = 256 * 1024 * 1024
PAGES = {"text/html", "application/xhtml+xml"}

CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}
"""What a folder answers that takes no new file."""

FIXED = {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM}
"""What a name answers that cannot be given away: it is mounted, or another person's in a shared folder."""

DESCRIPTORS = ("/dev/fd", "/proc/self/fd")
MOST_LINKS = 40
IN_PLACE = os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


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
    with named(path), path.open("rb") as file:
        found = os.fstat(file.fileno())
        # The files below /proc and /sys say 0 and have something all the same.
        if stat.S_ISREG(found.st_mode) and found.st_size:
            return path, found.st_size
        content = file.read(MOST_HELD + 1)
        if len(content) > MOST_HELD:
            raise OSError(errno.EFBIG, f"it is no file, and longer than {MOST_HELD >> 20} MiB")
        return content


def _read(path: Path, length: int) -> Generator[bytes, None, None]:
    left = length
    with named(path), path.open("rb") as file:
        while left:
            piece = file.read(min(PIECE, left))
            if not piece:
                # The length was told before: another one would look like the beginning of the next request.
                raise OSError(errno.EIO, "it became shorter while it was sent")
            left -= len(piece)
            yield piece


class WholeFile:
    """A file that appears when it is whole; until then its pieces lie beside it, for its owner alone to read.

    What is there already stays until then, and for good where the rest does not come; its rights go on. One whose name
    cannot be given to another file (it is mounted) gets the whole as its content. What has no place beside it is
    written to at once: what is no file (a pipe, a device), what this program has open (/dev/stdout), and a file in a
    closed folder, which stays until the first piece comes. Every step raises ``OSError`` that names the path.
    """

    def __init__(self, path: Path, draw: Callable[[int], bytes]) -> None:
        self._path = path
        self._draw = draw
        self._target = path
        self._rights: int | None = None
        self._beside: Path | None = None
        self._file: BinaryIO | None = None
        self._pipe = Pipe()
        self._is_earlier = False

    def proved(self, seconds: float | None) -> Flow[None]:
        """Prove the place; a pipe has to find somebody who reads it in so many seconds."""
        if (yield from work(self._open)):
            return
        with named(self._path):
            yield from pipes.reader_for(self._path, self._pipe, seconds)

    def _open(self) -> bool:
        """False for what is no file, which is to be opened."""
        with named(self._path):
            number = _descriptor_in(self._path)
            if number is not None:
                self._pipe.share(number)
                return True
            found = _found(self._path)
            if found is not None and not stat.S_ISREG(found.st_mode):
                return False
            self._rights = None if found is None else stat.S_IMODE(found.st_mode) & 0o777
            # A link stays one: what it leads to is meant.
            self._target = Path(os.path.realpath(self._path))
            self._open_a_file()
            return True

    def _open_a_file(self) -> None:
        leftovers.sweep(self._target.parent, self._target.name)
        try:
            beside = leftovers.fresh(self._target, self._draw(4).hex())
            handle = os.open(beside, owned.MAKE, 0o600)
        except OSError as trouble:
            if self._rights is None or trouble.errno not in CLOSED:
                raise
            self._file = os.fdopen(os.open(self._target, IN_PLACE), "wb")
            self._is_earlier = True
        else:
            self._beside, self._file = beside, os.fdopen(handle, "wb")

    def write(self, piece: bytes) -> None:
        """The next piece."""
        with named(self._path):
            if self._file is None:
                self._pipe.write(piece)
            else:
                self._begin(self._file)
                self._file.write(piece)

    def within(self, seconds: float) -> None:
        """How long a pipe may keep the next pieces waiting; for any other thread to say, too."""
        self._pipe.within(seconds)

    def _begin(self, file: BinaryIO) -> None:
        if self._is_earlier:
            file.truncate(0)
            self._is_earlier = False

    def finish(self) -> None:
        """All pieces are there."""
        file, beside = self._file, self._beside
        if file is None:
            return
        with named(self._path):
            self._begin(file)
            file.flush()
            if beside is not None:
                # Before the name: with the power gone, a name without its bytes would be left.
                os.fsync(file.fileno())
                self._give_rights(file)
            file.close()
            self._file = None
            if beside is not None:
                self._appear(beside)
                self._beside = None
        with suppress(OSError):
            owned.sync_folder(self._target.parent)

    def _give_rights(self, file: BinaryIO) -> None:
        if self._rights is not None and owned.HAS_MODES:
            os.fchmod(file.fileno(), self._rights)

    def _appear(self, beside: Path) -> None:
        try:
            owned.patiently(lambda: beside.replace(self._target))
        except OSError as trouble:
            if self._rights is None or trouble.errno not in FIXED:
                raise
            with beside.open("rb") as whole, os.fdopen(os.open(self._target, IN_PLACE | os.O_TRUNC), "wb") as file:
                copyfileobj(whole, file)
                file.flush()
                os.fsync(file.fileno())
            beside.unlink()

    def discard(self) -> None:
        """Leave nothing of what is not whole."""
        file, self._file = self._file, None
        beside, self._beside = self._beside, None
        with suppress(OSError):
            self._pipe.close()
        with suppress(OSError):
            if file is not None:
                file.close()
        with suppress(OSError):
            if beside is not None:
                beside.unlink(missing_ok=True)


def _found(path: Path) -> os.stat_result | None:
    """What is there; raises ``PermissionError`` for a file that this program may not write."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISREG(found.st_mode) and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


def _descriptor_in(path: Path) -> int | None:
    """Which open file of this program a path leads to, as /dev/stdout does; None for any other.

    Following its link to the end would give the name that the file had when it was opened, and a new file under it is
    not what the others hold who share the open one.
    """
    folders = {os.path.realpath(folder) for folder in DESCRIPTORS}
    for _ in range(MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if folder in folders and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder, path.readlink())
    return None
