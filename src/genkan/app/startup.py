"""What the app shows when it starts, decided from what MDM delivered and what was kept; touches neither.

Owns the order of preference between a saved session, a managed site and the list of sites.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from genkan.app.state import SessionState, Site, is_valid
from genkan.wire.managed import Finding, Managed, SiteEntry


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the login screen: a site of MDM's, or one where somebody was signed in before."""

    title: str
    base_url: str
    entry: SiteEntry | None


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
    choices = choices_of(managed, saved)
    if managed is not None and managed.broken:
        return Broken(tuple(finding for finding in problems if finding.severity == "error"), choices)
    if len(choices) != 1:
        return ChooseSite(choices)
    return _only(choices[0], saved)


def choices_of(managed: Managed | None, saved: Sequence[SessionState]) -> tuple[Choice, ...]:
    """Each site once, those of MDM first and under the title that MDM gives them."""
    by_address: dict[str, Choice] = {}
    for entry in managed.sites if managed else ():
        by_address.setdefault(entry.base_url, Choice(entry.title or entry.base_url, entry.base_url, entry))
    for state in saved:
        site = state.site
        by_address.setdefault(site.base_url, Choice(site.title or site.base_url, site.base_url, None))
    return tuple(by_address.values())


def _only(choice: Choice, saved: Sequence[SessionState]) -> SignIn:
    ended = [state for state in saved if state.site.base_url == choice.base_url]
    last = max(ended, key=_last_used, default=None)
    return SignIn(choice, last.site if last else None, last.ended if last else None)


def _last_used(state: SessionState) -> int:
    return state.tokens.obtained_at if state.tokens else state.signed_in_at
