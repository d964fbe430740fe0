"""The browser that a program on a desktop or a terminal has, put together from what this machine offers.

Owns the choice of means for a library that was told nothing; how each of them works is ``agent``'s.
"""

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from genkan.app import throwaway
from genkan.app.agent import BROWSER_VARIABLE, NoDoor, PastingAgent, SystemBrowser, UserAgent, browser_of, tried_of
from genkan.app.drive import Door
from genkan.app.machine import Machine
from genkan.app.scheme import desktop_of, open_scheme_door
from genkan.app.throwaway import Throwaway


class NobodyThere:
    """No terminal to paste an address on: nothing comes back from a browser that is elsewhere."""

    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor:
        """Says so."""
        return NoDoor(
            f"No answer of the site could come back here: it registered {', '.join(redirect_uris)}, and there is no "
            "terminal on which to paste an address. Sign in once where there is one."
        )


def desktop_agent(machine: Machine, folder: Path) -> UserAgent:
    """The person's browser with loopback, a handler of the desktop, else a pasted address where there is a terminal."""
    pasting = PastingAgent(machine.say, machine.say, sys.stdin.readline)
    otherwise: UserAgent = pasting if _is_terminal() else NobodyThere()
    runtime = machine.environ.get("XDG_RUNTIME_DIR")
    sockets = Path(runtime) / "genkan" if runtime else folder / "run"
    handler = functools.partial(open_scheme_door, desktop_of(machine.environ, sockets))
    browser, tried = browser_of(machine.environ), tried_of(machine.environ)
    return SystemBrowser(browser, machine.say, otherwise, handler, tried, lambda: private_browser_of(machine.environ))


def private_browser_of(environ: Mapping[str, str]) -> Throwaway | None:
    """A browser that keeps nothing; none where the person chose which command opens an address."""
    found = None if environ.get(BROWSER_VARIABLE, "").strip() else throwaway.find(environ)
    return Throwaway(found) if found else None


def _is_terminal() -> bool:
    # A program without standard input has None there, and one whose input was closed raises.
    try:
        return sys.stdin is not None and os.isatty(sys.stdin.fileno())
    except (OSError, ValueError):
        return False
