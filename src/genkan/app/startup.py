"""What the app shows when it starts, decided from what MDM delivered and what was kept; touches neither.

Owns the order of preference between a saved session and the login screen, whose lines ``wire`` decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from genkan.app.state import SessionState, Site, is_valid
from genkan.wire.login_screen import Choice, login_screen
from genkan.wire.managed import Finding, Managed

__all__ = ["Broken", "Choice", "ChooseSite", "Plan", "Resume", "SignIn", "choices_of", "plan"]


@dataclass(frozen=True, slots=True)
class Broken:
    """The managed configuration cannot be used as it is. The screen is never empty: what is right in it is offered."""

    problems: tuple[Finding, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class ChooseSite:
    """Several sites, or none: then the address is typed, which is always possible."""

    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class SignIn:
    """Exactly one site to sign in to; ``site`` is set where an earlier sign-in there has ended."""

    choice: Choice
    site: Site | None
    because: str | None


@dataclass(frozen=True, slots=True)
class Resume:
    """Start signed in. ``offline`` says that the access token still holds, so nothing needs to be asked first."""

    state: SessionState
    others: tuple[SessionState, ...]
    offline: bool
    problems: tuple[Finding, ...]


Plan: TypeAlias = Broken | ChooseSite | SignIn | Resume


def plan(managed: Managed | None, saved: Sequence[SessionState], now: int) -> Plan:
    """Decide the first screen. A bad configuration never signs anybody out: a live session comes first."""
    problems = managed.findings if managed else ()
    live = sorted((state for state in saved if state.tokens), key=_last_used, reverse=True)
    if live:
        first, others = live[0], tuple(live[1:])
        offline = first.tokens is not None and is_valid(first.tokens, now)
        return Resume(first, others, offline, problems)
    screen = login_screen(managed, map(_visited, saved))
    if screen.problems:
        return Broken(screen.problems, screen.choices)
    return _only(screen.only, saved) if screen.only else ChooseSite(screen.choices)


def choices_of(managed: Managed | None, saved: Sequence[SessionState]) -> tuple[Choice, ...]:
    """The lines of the login screen."""
    return login_screen(managed, map(_visited, saved)).choices


def _visited(state: SessionState) -> Choice:
    return Choice(state.site.title or state.site.base_url, state.site.base_url, None)


def _only(choice: Choice, saved: Sequence[SessionState]) -> SignIn:
    ended = [state for state in saved if state.site.base_url == choice.base_url]
    last = max(ended, key=_last_used, default=None)
    return SignIn(choice, last.site if last else None, last.ended if last else None)


def _last_used(state: SessionState) -> int:
    return state.tokens.obtained_at if state.tokens else state.signed_in_at
