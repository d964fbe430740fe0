"""The end of a process that a disk, a thread or a library would hold up: within a bound it is over in any case."""

import os
import threading
from collections.abc import Callable
from typing import NoReturn

from genkan.outside import outlet

# sysexits.h, EX_TEMPFAIL: nothing is wrong that a new start would not mend.
NOT_IN_ORDER = 75


def end_at_once() -> NoReturn:
    """Without the interpreter's farewells, which wait; what was said is written where it can be."""
    outlet.flush()
    os._exit(NOT_IN_ORDER)


def ended_in_any_case(seconds: float, log: Callable[..., None]) -> None:
    """From a thread of its own, so that a loop that hangs ends too."""

    def end() -> None:
        log("error", "the end took too long and was cut short", seconds=seconds)
        end_at_once()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
