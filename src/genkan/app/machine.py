"""The machine that an app runs on: its clock, its chance, its environment, and where words for the person go.

Owns the one door between the app's side and the system; everything else here takes these as parameters.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from genkan import clock


def to_standard_error(words: str) -> None:
    """Where words for the person go unless the program says otherwise: its output may be for another program.

    A program with a window has none, and nobody reads one that is closed: what is said there is lost, and nothing else.
    """
    if sys.stderr is not None:  # `print` would take standard output in its place
        with suppress(OSError, ValueError):
            print(words, file=sys.stderr, flush=True)  # noqa: T201 - the one place that speaks


def from_standard_input() -> str:
    """The next line that a person types, looked for when it is wanted; empty where nobody can type one."""
    try:
        return sys.stdin.readline() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        # Not what was asked for, whatever it was, and the person is told so.
        return "\N{REPLACEMENT CHARACTER}"
    except (OSError, ValueError):
        return ""


def home() -> Path | None:
    """The person's own folder; an account by its number alone, as containers have them, has none."""
    try:
        return Path.home()
    except RuntimeError:
        return None


@dataclass(frozen=True, slots=True)
class Machine:
    """What a program may put in the place of the system: in tests, or where an app has a screen of its own."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    now: Callable[[], int] = clock.now_ms
    draw: Callable[[int], bytes] = clock.draw
    ticks: Callable[[], float] = clock.ticks
    say: Callable[[str], None] = to_standard_error
