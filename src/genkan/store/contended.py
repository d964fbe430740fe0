"""Whether other programs want the processor that this thread runs on, as Linux counts it."""

import os
from contextlib import suppress
from pathlib import Path

# Nanoseconds that the thread ran, and those that it was ready to and did not (Linux, sched-stats).
SCHEDULED = Path("/proc/thread-self/schedstat")
# Above this share of waiting, somebody else is at work, and not only our own second thread.
MOST_WAITING = 0.15


class Contended:
    """Looked at now and then by one thread: each look is about the time since the one before, the first about all.

    Where nothing counts it (not Linux, no such file), it is said to be so: whoever asks then spares itself what is good
    only for a thread that has its processor for itself.
    """

    def __init__(self, counted: Path = SCHEDULED) -> None:
        self._file = -1
        self._ran = self._waited = 0
        with suppress(OSError):
            # Opened by the thread that is looked at, whoever reads it later.
            self._file = os.open(counted, os.O_RDONLY | os.O_CLOEXEC)

    def look(self) -> bool:
        """Whether the thread waited for its processor for much of the time that it could have run."""
        try:
            ran, waited = map(int, os.pread(self._file, 100, 0).split()[:2])
        except (OSError, ValueError):
            return True
        if not ran:
            return True  # The file is there, and the kernel counts nothing.
        spent, lost = ran - self._ran, waited - self._waited
        self._ran, self._waited = ran, waited
        return lost > MOST_WAITING * (spent + lost)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
