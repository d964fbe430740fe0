"""The machine that an app runs on: its clock, its chance, its environment, and where words for the person go.

Owns the one door between the app's side and the system; everything else here takes these as parameters.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from genkan import clock


def to_standard_error(words: str) -> None:
    """Where words for the person go unless the program says otherwise: its output may be for another program."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - the one place that speaks


@dataclass(frozen=True, slots=True)
class Machine:
    """What a program may put in the place of the system: in tests, or where an app has a screen of its own."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    now: Callable[[], int] = clock.now_ms
    draw: Callable[[int], bytes] = clock.draw
    ticks: Callable[[], float] = clock.ticks
    say: Callable[[str], None] = to_standard_error
