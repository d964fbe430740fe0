"""The browser that a program on a desktop or a terminal has, put together from what this machine offers.

Owns the choice of means for a library that was told nothing; how each of them works is ``agent``'s.
"""

import functools
import os
import sys
from collections.abc import Sequence

from genkan.app.agent import NoDoor, PastingAgent, SystemBrowser, UserAgent, browser_of, tried_of
from genkan.app.drive import Door
from genkan.app.machine import Machine, from_standard_input
from genkan.app.scheme import desktop_of, open_scheme_door


class NobodyThere:
    """No terminal to paste an address on: nothing comes back from a browser that is elsewhere."""

    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor:
        """Says so."""
        return NoDoor(
            f"No answer of the site could come back here: it registered {', '.join(redirect_uris)}, and there is no "
            "terminal on which to paste an address. Sign in once where there is one."
        )


def desktop_agent(machine: Machine) -> UserAgent:
    """The person's browser with loopback, a handler of the desktop, else a pasted address where there is a terminal."""
    pasting = PastingAgent(machine.say, machine.say, from_standard_input)
    otherwise: UserAgent = pasting if _is_terminal() else NobodyThere()
    handler = functools.partial(open_scheme_door, desktop_of(machine.environ))
    browser, tried = browser_of(machine.environ), tried_of(machine.environ)
    return SystemBrowser(browser, machine.say, otherwise, handler, tried)


def _is_terminal() -> bool:
    # A program without standard input has None there, and one whose input was closed raises.
    try:
        return sys.stdin is not None and os.isatty(sys.stdin.fileno())
    except (OSError, ValueError):
        return False
