"""The kept session that a command of ``genkan app`` works with: opened where it lies, and the one that was meant.

Owns how a command ends for what comes from outside it: the vault, the person, a pipe that nobody reads any more.
"""

import functools
import os
from collections.abc import Callable, Sequence
from typing import Annotated, ParamSpec, assert_never

from cyclopts import Parameter

from genkan import clock
from genkan.app.agent import Hints, PastingAgent, SystemBrowser, UserAgent, browser_of, tried_of
from genkan.app.choice import Hidden, NobodySignedIn, Unclear, hidden_in, session_of
from genkan.app.machine import from_standard_input
from genkan.app.scheme import desktop_of, open_scheme_door
from genkan.app.session import Sessions
from genkan.app.shelter import Shelter, shelter_of
from genkan.app.state import SessionState, Unreadable
from genkan.app.vault import Vault, VaultTrouble
from genkan.cli.app_words import BROKEN_OFF, NO, SET_UP, fail, say

P = ParamSpec("P")

Address = Annotated[str | None, Parameter(help="The site's address; needed when there are several sessions.")]
AccountName = Annotated[
    str | None, Parameter(name="--account", help="Which account, or the id of a session, when a site has several.")
]
Redirects = Annotated[
    tuple[str, ...],
    Parameter(name="--redirect", negative="", help="A redirect URL of that link; an app's own where none is given."),
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def told(command: Callable[P, int]) -> Callable[P, int]:
    """Turn what stops a command from outside (the vault, the person) into one line and a status."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except VaultTrouble as trouble:
            return fail(str(trouble), SET_UP)
        except KeyboardInterrupt:
            return fail("Broken off.", BROKEN_OFF)

    return run


def shelter() -> Shelter:
    """Where sessions are kept, as the environment says."""
    return shelter_of(os.environ)


def opened(vault: Vault | None = None) -> Sessions:
    """What is kept in a vault; in the one that is in use, where none is given."""
    return Sessions(vault or shelter().find(), clock.now_ms, clock.draw)


def readable(saved: Sequence[SessionState | Unreadable]) -> list[SessionState]:
    """The sessions that can be used; each that never will be again is told of."""
    states = []
    for kept in saved:
        if isinstance(kept, SessionState):
            states.append(kept)
        elif not kept.passing:
            # Nobody is advised to forget what is in good order once its keyring is open.
            say(f"{kept.sentence} (To be told of it no more: genkan app logout --session {kept.id} --forget)")
    return states


def say_hidden(saved: Sequence[SessionState | Unreadable]) -> str:
    """Tell why some sessions cannot be read now; the same as text, empty where all can."""
    hidden = hidden_in(saved)
    if hidden:
        say(hidden)
    return hidden


def chosen(sessions: Sessions, url: str | None, account: str | None) -> SessionState | int:
    """The session that is meant, or the status that its absence ends with."""
    saved = sessions.saved()
    hidden = hidden_in(saved)
    state = session_of(readable(saved), url, account, hidden)
    match state:
        case NobodySignedIn():
            # Whether it is there nobody knows, and a new sign-in may fail at the same place.
            return fail(hidden, SET_UP) if hidden else nobody(state, url)
        case Hidden():
            return fail(state.sentence, SET_UP)
        case Unclear():
            return fail(f"{state.sentence} (--account names one of several, or a session by its id.)", SET_UP)
        case SessionState():
            say_hidden(saved)
            return state
        case _:
            assert_never(state)


def nobody(found: NobodySignedIn, url: str | None) -> int:
    """What a command says where nobody is signed in at what was named; the status that it ends with."""
    return fail(f"{found.sentence} Type: genkan app login {url or 'URL'}", NO)


HINTS = Hints(waiting=" Ctrl-C ends it.", elsewhere=" For a browser elsewhere start again with --no-browser.")


def agent(*, browser: bool) -> UserAgent:
    """The browser of this machine, or the person's own hands."""
    pasting = PastingAgent(functools.partial(print, flush=True), say, from_standard_input)
    if not browser:
        return pasting
    handler = functools.partial(open_scheme_door, desktop_of(os.environ))
    return SystemBrowser(browser_of(os.environ), say, pasting, handler, tried_of(os.environ), hints=HINTS)
