"""What a sign-in has set up outside of this program is undone before SIGTERM or SIGHUP ends it.

Owns these two signals while something is to be undone, and only where nobody else does: a program that handles or
ignores them keeps that. Killed outright nothing is undone; the next sign-in finds what was left.
"""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))

_open: dict[int, Callable[[], None]] = {}
"""By the numbers that ``add`` gave out."""
_taken: set[signal.Signals] = set()


def take() -> None:
    """Take the signals where they would end this program at once; only its main thread can, so others do nothing.

    Whoever sets something up in another thread takes them here before.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for one in SIGNALS:
        if signal.getsignal(one) is signal.SIG_DFL:
            _taken.add(one)
            signal.signal(one, _end)


def let_go() -> None:
    """The signals are as they were, where nothing is to be undone any more; by the main thread again."""
    if not _taken or _open or threading.current_thread() is not threading.main_thread():
        return
    for one in _taken:
        if signal.getsignal(one) is _end:
            signal.signal(one, signal.SIG_DFL)
    _taken.clear()


def add(undo: Callable[[], None]) -> int:
    """From now on this is called before such a signal ends the program. It runs between two steps of the main thread,
    so it must not wait for a lock that this one may hold; it may run beside itself. Returns the number for ``drop``.
    """
    number = id(undo)
    while number in _open:
        number += 1
    # Before the signals are taken: one that comes in between finds it.
    _open[number] = undo
    take()
    return number


def drop(number: int) -> None:
    """It is undone; with the last one the signals are as they were."""
    _open.pop(number, None)
    let_go()


def _end(number: int, _frame: FrameType | None) -> None:
    for undo in list(_open.values()):
        # One that fails keeps no other from being undone, and the program ends either way.
        with suppress(Exception):
            undo()
    # Whoever waits for this program sees that the signal has ended it.
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
