"""Lines to a descriptor that may stand still, be full or have no reader: whoever has one to say never waits for it.

Lines wait in a queue of bounded size, from which a thread of its own writes them in order. Owns what becomes of those
that cannot be written: they are kept while there is room, and counted where there is none.
"""

import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What may wait: some thousand lines.
MOST_BYTES = 1 << 20
# POSIX, write(2): so much goes into a pipe whole, beside what other processes write there.
PIPE_BYTES = 4096
# How long further lines are waited for, to be written by the same call.
GATHER_SECONDS = 0.005
# How long a descriptor that took nothing is left alone, and how long one may take before it counts as standing still.
AGAIN_SECONDS = 0.5
STILL_SECONDS = 1.0
# How long the end of a process may wait for its last lines.
FLUSH_SECONDS = 1.0


def _told_of_loss(count: int) -> str:
    return f"genkan: {count} lines lost"


class Outlet:
    """One descriptor's lines. Any thread may put some.

    ``lost`` counts those that were thrown away, ever. ``told_of_loss`` makes the line that stands in their place.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.told_of_loss: Callable[[int], str] = _told_of_loss
        self.begin()

    def begin(self) -> None:
        """Anew, with nothing said: a forked process, where what waits is the parent's to write."""
        self.lost = 0
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        # Bytes that wait or are being written, and those of the latter.
        self._held = self._under_way = 0
        # Lost since the last line that was taken in.
        self._missing = 0
        self._fails = False
        # Released by whoever puts a line while the thread rests.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._rests = False
        self._written = threading.Event()
        self._never = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, line: str) -> None:
        """Say it some time soon. Never waits, never raises."""
        data = _encoded(line)
        with self._lock:
            # Once some are lost, half of the queue has to be free: one line that tells of many.
            if self._held + len(data) > (MOST_BYTES // 2 if self._missing else MOST_BYTES):
                self.lost += 1
                self._missing += 1
                return
            self._tell_of_loss()
            self._add(data)
            wake, self._rests = self._rests, False
        if wake:
            self._bell.release()
        elif self._thread is None:
            self._start()

    @property
    def stands_still(self) -> bool:
        """Whether the descriptor takes nothing now, though something waits for it."""
        return self._fails or self._missing > 0

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until everything is written, no longer than so many seconds. Whether it is."""
        with self._lock:
            if not self._held and not self._missing:
                return True
            self._written.clear()
        return self._written.wait(seconds)

    def _add(self, data: bytes) -> None:
        self._waiting.append(data)
        self._held += len(data)

    def _tell_of_loss(self) -> None:
        if self._missing:
            self._add(_encoded(self.told_of_loss(self._missing)))
            self._missing = 0

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="genkan-lines", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    # The system has none to give just now; the next line tries again.
                    self._thread = None

    def _work(self) -> None:
        """The thread: one part after another, as far as the descriptor takes it."""
        left = b""
        while True:
            left = self._write(left or self._take())

    def _take(self) -> bytes:
        """The next lines, once there are some."""
        while True:
            with self._lock:
                self._held -= self._under_way
                if not self._waiting:
                    self._tell_of_loss()
                part = self._part()
                self._under_way = len(part)
                if part:
                    return part
                self._written.set()
                self._rests = True
            self._bell.acquire()
            self._never.wait(GATHER_SECONDS)

    def _part(self) -> bytes:
        """Whole lines, no more than go into a pipe together; a longer one alone."""
        lines: list[bytes] = []
        size = 0
        while self._waiting and (not lines or size + len(self._waiting[0]) <= PIPE_BYTES):
            lines.append(self._waiting.popleft())
            size += len(lines[-1])
        return b"".join(lines)

    def _write(self, part: bytes) -> bytes:
        """What is left of it."""
        try:
            if not _takes(self.descriptor):
                self._fails = True
                return part
            done = os.write(self.descriptor, part)
        except OSError:
            # Full, or nobody reads: both may pass, a full disk and a named pipe.
            self._fails = True
            self._never.wait(AGAIN_SECONDS)
            return part
        self._fails = False
        return part[done:]


def _takes(descriptor: int) -> bool:
    """Wait until a write would go through, or fail at once; False where neither is so after a while."""
    asked = select.poll()
    asked.register(descriptor, select.POLLOUT)
    return bool(asked.poll(STILL_SECONDS * 1000))


def _encoded(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace") + b"\n"


OUT, ERR = Outlet(1), Outlet(2)
OUTLETS = {"stdout": OUT, "stderr": ERR}


def _forked() -> None:
    """Threads do not survive a fork, and whatever they held stays locked."""
    for outlet in OUTLETS.values():
        outlet.begin()


os.register_at_fork(after_in_child=_forked)


def flush() -> bool:
    """Wait for what was said on both, each no longer than the end of a process may. Whether all is written."""
    done = [outlet.flush() for outlet in OUTLETS.values()]
    return all(done)


class Lines(io.TextIOBase):
    """An outlet for who prints: libraries, warnings, the interpreter's own words."""

    encoding = "utf-8"

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet
        self._begun = ""

    def write(self, text: str) -> int:
        """Whole lines go; the last part waits for its end."""
        whole, ended, begun = (self._begun + text).rpartition("\n")
        self._begun = begun
        if ended:
            self._outlet.put(whole)
        return len(text)

    def writable(self) -> bool:
        """It always is."""
        return True

    def fileno(self) -> int:
        """The descriptor, for whoever wants to know what it is."""
        return self._outlet.descriptor


@contextmanager
def never_waiting() -> Iterator[None]:
    """Whatever prints in this process meanwhile does not wait. The end waits for what was said, within its bound; where
    that is not all written, nothing of what comes later waits either.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Lines(OUT), Lines(ERR)
    try:
        yield
    finally:
        if flush():
            sys.stdout, sys.stderr = before
