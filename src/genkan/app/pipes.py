"""What is no file (a pipe, a device, an open descriptor), written and read in short steps: no other side holds us.

Owns the waiting for that side, and how long it may take.
"""

import errno
import os
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from genkan.app.steps import Flow, OutOfTime, pause, work

PIECE = 64 * 1024
SLICE_MS = 25
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
HAS_POLL = hasattr(select, "poll")
"""Elsewhere pipes are no paths, and the devices that are take what they get."""


class Pipe:
    """One end. A step raises ``OSError``; it is closed by whoever made it."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._step = PIECE
        self._seconds: float | None = None

    def open_to_read(self, path: Path) -> bool:
        """False for a file."""
        if stat.S_ISREG(path.stat().st_mode):
            return False
        self._handle = os.open(path, os.O_RDONLY | WITHOUT_WAITING)
        return True

    def open_to_write(self, path: Path) -> bool:
        """False for a pipe that nobody reads yet."""
        try:
            self._take(os.open(path, os.O_WRONLY | WITHOUT_WAITING))
        except OSError as trouble:
            if trouble.errno == errno.ENXIO and stat.S_ISFIFO(path.stat().st_mode):
                return False
            raise
        return True

    def share(self, number: int) -> None:
        """Write to what this program has open already: where the next bytes go is shared."""
        self._take(os.dup(number))
        # Nothing, but one that is open for reading alone refuses it.
        os.write(number, b"")

    def _take(self, handle: int) -> None:
        self._handle = handle
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            # POSIX write(): where there is room for anything, so much never waits, whoever shares it
            self._step = getattr(select, "PIPE_BUF", PIECE)

    def within(self, seconds: float) -> None:
        """How long the other side may keep a write waiting from now on; 0 ends one that waits."""
        self._seconds = seconds

    def write(self, piece: bytes) -> None:
        """All of it; raises ``OutOfTime`` where the other side takes too long."""
        left, waited = memoryview(piece), 0
        while left and self._handle is not None:
            while not _is_ready(self._handle, "POLLOUT"):
                waited += SLICE_MS
                if self._seconds is not None and waited >= self._seconds * 1000:
                    raise OutOfTime
            with suppress(BlockingIOError):
                left = left[os.write(self._handle, left[: self._step]) :]

    def read(self) -> bytes | None:
        """The next piece, empty at the end; None where nothing came for a moment."""
        if self._handle is None or not _is_ready(self._handle, "POLLIN"):
            return None
        try:
            return os.read(self._handle, PIECE)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Let go of it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _is_ready(handle: int, event: str) -> bool:
    if not HAS_POLL:
        return True
    poll = select.poll()
    poll.register(handle, getattr(select, event))
    # Whatever is wrong with it is told by the call itself.
    return bool(poll.poll(SLICE_MS))


def reader_for(path: Path, pipe: Pipe, seconds: float | None) -> Flow[None]:
    """Open a pipe for writing as soon as somebody reads it; raises ``TimeoutError`` where nobody does so long."""
    for tried in count(1):
        if (yield from work(lambda: pipe.open_to_write(path))):
            return
        if seconds is not None and tried * SLICE_MS >= seconds * 1000:
            raise TimeoutError(errno.ETIMEDOUT, "nobody reads it")
        yield from pause(SLICE_MS)


def content_of(path: Path, most: int, seconds: float | None) -> Flow[bytes | None]:
    """All that comes from what is no file, None for a file; ``seconds`` is how long it may be waited for in all.

    Raises ``OSError`` for what cannot be read, or is longer.
    """
    pipe, held, waited = Pipe(), bytearray(), 0
    try:
        with named(path):
            if not (yield from work(lambda: pipe.open_to_read(path))):
                return None
            while (piece := (yield from work(pipe.read))) != b"":
                held += piece or b""
                waited += SLICE_MS if piece is None else 0
                if len(held) > most:
                    raise OSError(errno.EFBIG, f"it is no file, and longer than {most >> 20} MiB")
                if seconds is not None and waited >= seconds * 1000:
                    raise TimeoutError(errno.ETIMEDOUT, "nobody writes to it")
            return bytes(held)
    finally:
        pipe.close()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """A full disk does not say which file it was."""
    try:
        yield
    except OSError as trouble:
        trouble.filename, trouble.filename2 = str(path), None
        raise
