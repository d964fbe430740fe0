"""Whose session a program gets when it names a site, and what a new sign-in there starts from.

Owns those two choices for both faces of the library; signs nobody in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from genkan.app.choice import Hidden, NobodySignedIn, Unclear, entry_of, hidden_in, session_of
from genkan.app.flows import Wanted
from genkan.app.outcomes import Discovery, NotReady, Ready, Retry, SignInAgain
from genkan.app.state import SessionState, Site, Unreadable
from genkan.app.troubles import AppTrouble, SetUpWrong, SignInNeeded, VaultTrouble, WhichOne, trouble_of
from genkan.wire.login_screen import completed
from genkan.wire.managed import Managed


@dataclass(frozen=True, slots=True)
class Link:
    """An application link of one's own, for a site that does not tell the app's, or for other permissions than those.

    ``redirect_uris`` are those registered at the site that this program can take an answer on: a loopback address
    (``http://127.0.0.1/anything``, the port is free) or the app's own scheme. ``scope`` is what to ask for.
    """

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    scope: str | None = None


APPS_OWN = Link()
"""What the site tells every app that asks."""


@dataclass(frozen=True, slots=True)
class Place:
    """The site that a program names, and how plain http is taken there."""

    address: str | None
    managed: Managed | None
    allow_http: bool


def kept_session(
    saved: Sequence[SessionState | Unreadable], place: Place, account: str | None, link: Link = APPS_OWN
) -> SessionState | None:
    """The kept session that is meant, signed in or ended.

    Raises ``WhichOne`` where several may be, and ``VaultTrouble`` where none is named and one cannot be read now.
    """
    readable = [state for state in saved if isinstance(state, SessionState)]
    found = session_of(_by(link, readable), place.address, account, hidden_in(saved))
    if isinstance(found, Hidden):
        raise VaultTrouble(found.sentence)
    if isinstance(found, Unclear):
        raise WhichOne(found.sentence)
    return None if isinstance(found, NobodySignedIn) else found


def name_meant(state: SessionState | None, account: str | None) -> str | None:
    """Whose new sign-in is wanted in the place of this session, which may have been named by its id."""
    if state is None or account != state.id:
        return account
    return state.account.name if state.account else None


def _by(link: Link, states: Sequence[SessionState]) -> list[SessionState]:
    """Those that do for this link: its own, or without one the app's, and another's only where the app has none."""
    if link.client_id is None and link.scope is None:
        own = {_whose(state) for state in states if not state.site.linked}
        return [state for state in states if not state.site.linked or _whose(state) not in own]
    return [
        state
        for state in states
        if link.client_id in {None, state.site.client_id} and link.scope in {None, state.site.scope}
    ]


def _whose(state: SessionState) -> tuple[str, str | None]:
    return state.site.base_url, state.account.key if state.account else None


def unread(saved: Sequence[SessionState | Unreadable]) -> str:
    """What cannot be read of what is kept, in words; empty where all can."""
    return " ".join(dict.fromkeys(state.sentence for state in saved if isinstance(state, Unreadable)))


def is_away(saved: Sequence[SessionState | Unreadable]) -> bool:
    """Whether the vault in use fails, so that nobody knows what is kept there."""
    return any(isinstance(state, Unreadable) and state.away for state in saved)


def wanted(place: Place, link: Link) -> Wanted:
    """What to find out about the site before a new sign-in; raises ``WhichOne`` where no one site is meant."""
    entry = entry_of(place.managed, place.address)
    if isinstance(entry, Unclear):
        raise WhichOne(entry.sentence)
    address = completed(place.address) if place.address is not None else entry.base_url if entry else ""
    return Wanted(address, entry, link.client_id, link.client_secret, link.scope, place.allow_http, link.redirect_uris)


def site_of(found: Discovery, ended: SessionState | None, link: Link, private: bool | None) -> Site | NotReady:
    """The site to sign in to; where an earlier sign-in there has ended, what it was told may still do."""
    before = ended.site if ended is not None and link == APPS_OWN else None
    if isinstance(found, Ready):
        # A session of a link with a secret goes on with that link: what the site tells anybody is the app's own.
        site = before if before is not None and before.client_secret else found.site
    elif before is not None and not isinstance(found, Retry):
        site = before
    else:
        return found
    # What MDM wants private no program shares.
    return replace(site, share_browser_session=False) if private else site


def is_another_client(site: Site, before: Site) -> bool:
    """Whether a sign-in would be by another client than the one that was refused, or by another secret of its."""
    return (site.client_id, site.client_secret) != (before.client_id, before.client_secret)


def nobody(place: Place, account: str | None, because: str, spoilt: str) -> SignInNeeded:
    """No session stands, and no sign-in was wanted; the rest says why one that was kept does not."""
    if because:
        return SignInNeeded(because)
    who = f" as {account}" if account else ""
    return SignInNeeded(
        f"Nobody is signed in{who} at {place.address or 'any site'}: sign in first.{' ' if spoilt else ''}{spoilt}"
    )


def told(problem: NotReady | SignInAgain, advice: str) -> AppTrouble:
    """The exception for what stops a sign-in, with what the doctor says where it is a matter of set-up."""
    trouble = trouble_of(problem)
    if isinstance(trouble, SetUpWrong):
        trouble.advice = advice
    return trouble
