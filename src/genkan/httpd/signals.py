"""Which signals end the site. SIGHUP does where a terminal was closed; of a daemon it is what rotates logs and asks for
settings to be read anew, and must not take the site away.
"""

import contextlib
import os
import signal
from collections.abc import Iterator

SOME = (signal.SIGTERM, signal.SIGINT)
# Of the parent to its workers: end without draining. A second SIGTERM might come before the first was taken up, and be
# one with it.
AT_ONCE = signal.SIGUSR1
# The parent hears what a terminal sends to all of them, and passes on what is meant.
OF_WORKERS = (signal.SIGTERM, AT_ONCE)


@contextlib.contextmanager
def ending() -> Iterator[tuple[signal.Signals, ...]]:
    """Those that end the site in order. Where SIGHUP is none of them it is ignored meanwhile."""
    if _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield (*SOME, signal.SIGHUP)
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield SOME
    finally:
        signal.signal(signal.SIGHUP, before)


def ignored_by_workers() -> None:
    """In a process that has just been forked."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _has_terminal() -> bool:
    """Whether somebody may close the terminal that this was started from."""
    try:
        return os.isatty(0)
    except OSError:
        return False
