"""Which of several sites or sessions is meant, when the person names it in their own way.

Owns the matching of addresses and accounts and the sentence that lists what there is; opens nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from genkan.app.state import SessionState, Unreadable
from genkan.wire.login_screen import completed, typed
from genkan.wire.managed import Managed, SiteEntry
from genkan.wire.urls import BaseURL

__all__ = [
    "Hidden",
    "NobodySignedIn",
    "Unclear",
    "completed",
    "entry_of",
    "hidden_in",
    "listed",
    "normal",
    "session_of",
    "sessions_of",
]


@dataclass(frozen=True, slots=True)
class Unclear:
    """More than one thing answers to what was named, or nothing was named."""

    sentence: str


@dataclass(frozen=True, slots=True)
class NobodySignedIn:
    """No session answers to what was named."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """Nothing was named, and the session that is meant may be one that cannot be read now."""

    sentence: str


def normal(address: str) -> str:
    """The one spelling of an address; one that cannot be read stays as it is and matches nothing."""
    parsed = typed(address, allow_http=True)
    return parsed.text if isinstance(parsed, BaseURL) else address


def entry_of(managed: Managed | None, address: str | None) -> SiteEntry | Unclear | None:
    """The entry of MDM's that is meant: by address, or the only one. None when a typed address is not among them."""
    sites = managed.sites if managed else ()
    if address is not None:
        wanted = normal(address)
        found = next((entry for entry in sites if normal(entry.base_url) == wanted), None)
    elif managed is not None and managed.broken:
        # The one entry that is right need not be the one that is meant: what is wrong may be of another site.
        named = f", or name the site: {', '.join(entry.base_url for entry in sites)}" if sites else ""
        return Unclear(f"The MDM set-up is not right, so no site is chosen from it: correct it{named}.")
    elif len(sites) == 1:
        found = sites[0]
    elif sites:
        return Unclear(f"Name one of the sites: {', '.join(entry.base_url for entry in sites)}.")
    else:
        return Unclear("Name the address of the site to sign in to.")
    return replace(found, skip_info=found.skip_info or bool(managed and managed.skip_info)) if found else None


def session_of(
    saved: Sequence[SessionState], address: str | None, account: str | None, hidden: str = ""
) -> SessionState | Unclear | Hidden | NobodySignedIn:
    """The session that is meant: the only one, or the only one at the address and of the account that were named.

    ``hidden`` is what ``hidden_in`` says. Whose session cannot be read now, and where, nobody knows: unless address and
    account are named it may be the one that is meant, and another must not act in its place.
    """
    found = sessions_of(saved, address, account)
    if isinstance(found, NobodySignedIn):
        return found
    is_exact = any(state.id == account for state in found)
    if not hidden or is_exact or (address is not None and account is not None):
        return _one_of(found)
    meant = (
        f"{hidden} What cannot be read now may be what is meant: name the address and the account of another session."
    )
    if address is None and account is None:
        return Hidden(meant)
    return Unclear(f"{meant} There are: {listed(found)}.")


def hidden_in(saved: Sequence[SessionState | Unreadable]) -> str:
    """Why some of what is kept cannot be read now, but may be another time; empty where nothing is so."""
    return " ".join(dict.fromkeys(kept.sentence for kept in saved if isinstance(kept, Unreadable) and kept.passing))


def _one_of(found: Sequence[SessionState]) -> SessionState | Unclear:
    live = [state for state in found if state.tokens]
    if len(found) == 1 or len(live) == 1:
        # What the site has ended is only meant where nothing else can be.
        return (live or found)[0]
    if len({(state.site.base_url, state.account and state.account.key) for state in found}) == 1 and found[0].account:
        # One account, by several links: the app's own before one that a program named, and the latest of those.
        return min(live or found, key=lambda state: (state.site.linked, -state.signed_in_at))
    if len({state.site.base_url for state in found}) > 1:
        return Unclear(f"Several sessions: name the address of one. There are: {listed(found)}.")
    named = all(state.account for state in found)
    which = "name one" if named else "name one, by the id of its session where it has no name yet"
    return Unclear(f"Several accounts at this site: {which}. There are: {listed(found)}.")


def sessions_of(
    saved: Sequence[SessionState], address: str | None, account: str | None
) -> list[SessionState] | NobodySignedIn:
    """All at the address and of the account that were named, one at least; a session's id is a name as well."""
    if not saved:
        return NobodySignedIn("Nobody is signed in.")
    wanted = normal(address) if address is not None else None
    found = [state for state in saved if wanted in {None, state.site.base_url} and account in {None, *_names(state)}]
    return found or NobodySignedIn(f"No session at {_asked(address, account)}. There are: {listed(saved)}.")


def _names(state: SessionState) -> tuple[str, ...]:
    return (state.id, state.account.name, state.account.key) if state.account else (state.id,)


def _asked(address: str | None, account: str | None) -> str:
    place = normal(address) if address is not None else "any site"
    return f"{place} for {account}" if account else place


def listed(saved: Sequence[SessionState]) -> str:
    """Each with its id where its label does not tell it apart: a session may never have learned whose it is."""
    times = Counter(state.label for state in saved)
    return ", ".join(
        state.label if state.account and times[state.label] == 1 else f"{state.label} ({_told_apart(state)})"
        for state in saved
    )


def _told_apart(state: SessionState) -> str:
    since = datetime.fromtimestamp(state.signed_in_at / 1000, UTC)
    return f"session {state.id}, signed in {since:%Y-%m-%d %H:%M} UTC"
