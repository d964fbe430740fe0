"""What the app's flows come to: closed unions of values, each refusal with one plain sentence for the person.

Owns the words for results; decides none of them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from genkan.app.state import SessionState, Site, Tokens


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing is wrong with the sign-in: the same may work later (``after`` is in seconds when the site named it).

    ``may_have_acted`` says that a request which changes something was sent and its answer lost; ``may_have_renewed``
    the same of a renewal, on which nothing was done yet of what the caller asked.
    """

    sentence: str
    after: int | None = None
    may_have_acted: bool = False
    may_have_renewed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class SignInAgain:
    """Only a new sign-in by the person helps."""

    sentence: str


@dataclass(frozen=True, slots=True)
class SiteSetUpWrong:
    """Neither waiting nor signing in helps: an administrator has to change something.

    ``client_refused`` says that the site does not take the client id or its secret, which may be others by now.
    """

    sentence: str
    client_refused: bool = field(default=False, compare=False)


Problem: TypeAlias = Retry | SignInAgain | SiteSetUpWrong


class Route(StrEnum):
    """How a site that is ready was found."""

    MANAGED_OAUTH = "managed-oauth"
    MANAGED_SWITCH = "managed-switch"
    TYPED_SWITCH = "typed-switch"
    TYPED_CLIENT_ID = "typed-client-id"


@dataclass(frozen=True, slots=True)
class Ready:
    """The site can be signed in to; ``notes`` are worth telling but stop nothing."""

    site: Site
    route: Route
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayInTheWay:
    """Something in front of the site keeps anonymous callers from ``exempt_path``."""

    sentence: str
    exempt_path: str
    sent_to: str | None = None


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """The site answers, and its administrator has not turned on OAuth 2.0 for the app."""

    sentence: str


@dataclass(frozen=True, slots=True)
class TooOld:
    """The site has no such sign-in yet."""

    sentence: str


@dataclass(frozen=True, slots=True)
class ClientIdUnknown:
    """The site answers in a way that names no client id we can read; a typed one helps."""

    sentence: str


@dataclass(frozen=True, slots=True)
class WrongAddress:
    """This is not the address of a site; ``suggestion`` is one that the answer pointed to."""

    sentence: str
    suggestion: str | None = None


NotReady: TypeAlias = GatewayInTheWay | SwitchedOff | TooOld | ClientIdUnknown | WrongAddress | Retry | SiteSetUpWrong
Discovery: TypeAlias = Ready | NotReady


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The code was exchanged; the tokens must be kept before they are used."""

    site: Site
    redirect_uri: str
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that is signed in and durably kept; ``notes`` are worth telling."""

    state: SessionState
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The successor of the tokens that were shown."""

    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Access:
    """An access token to use now."""

    token: str = field(repr=False)
    expires_at: int
    scope: str | None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The session is over at the site and forgotten here."""

    sentence: str
