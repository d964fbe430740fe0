"""What the app keeps of one signed-in session: one versioned JSON document, and when its tokens count as fresh.

Owns the document's layout; where it is kept is the vault's matter.
"""

from dataclasses import dataclass, field, replace

import msgspec

VERSION = 1


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that a sign-in at one site needs, found by discovery and kept with the session."""

    base_url: str
    client_id: str
    redirect_uris: tuple[str, ...]
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    issuer: str
    issuer_promised: bool = False
    scope: str | None = None
    title: str | None = None
    share_browser_session: bool = True
    client_secret: str | None = field(default=None, repr=False)
    linked: bool = False
    """Whether the program named the link or the permission, rather than taking what the site tells every app."""

    def is_for_the_same(self, other: "Site") -> bool:
        """Whether a session here can take the other's place: of one site, one link and one permission."""
        scopes = (self.scope, other.scope) if self.linked else (None, None)
        mine, theirs = (self.base_url, self.client_id, self.linked), (other.base_url, other.client_id, other.linked)
        return mine == theirs and scopes[0] == scopes[1]

    @property
    def name(self) -> str:
        """What people know the site by."""
        return f"{self.title} ({self.base_url})" if self.title else self.base_url


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, as the site's ``myself`` document says; ``key`` tells accounts of one site apart."""

    key: str
    name: str
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one generation; times in milliseconds since the epoch."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    obtained_at: int
    expires_at: int
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class SessionState:
    """One signed-in account at one site. ``tokens`` is None once the site has ended it; ``ended`` says why."""

    id: str
    site: Site
    redirect_uri: str
    signed_in_at: int
    account: Account | None = None
    tokens: Tokens | None = None
    ended: str | None = None
    renewing: bool = False
    """A renewal was asked for and its answer has not been kept: the site may have spent the refresh token on it."""
    version: int = VERSION

    @property
    def label(self) -> str:
        """The account and site in words."""
        who = self.account.name if self.account else "an account not yet named"
        return f"{who} at {self.site.name}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A kept document that cannot be used.

    ``passing`` where it may be read another time, as when its keyring is open again; ``away`` where it is the vault in
    use that fails.
    """

    id: str
    sentence: str
    away: bool = False
    passing: bool = False


def encode(state: SessionState) -> str:
    """The document as text."""
    return msgspec.json.encode(state).decode()


def decode(session_id: str, text: str) -> SessionState | Unreadable:
    """Read a kept document; what cannot be read gives a sentence, never an exception that could quote a token."""
    try:
        version = msgspec.json.decode(text, type=_Versioned).version
        if version != VERSION:
            return Unreadable(session_id, _other_version(version))
        state = msgspec.json.decode(text, type=SessionState)
    except (msgspec.MsgspecError, UnicodeError):
        return Unreadable(session_id, "The saved session is damaged: sign in again.")
    return replace(state, id=session_id)


class _Versioned(msgspec.Struct):
    version: int


def _other_version(version: int) -> str:
    return f"The saved session is of another version of the app (layout {version}): update it or sign in again."


def is_valid(tokens: Tokens, now: int) -> bool:
    """Whether the access token has not yet expired by this machine's clock."""
    return now < tokens.expires_at


def is_fresh(tokens: Tokens, now: int, jitter: int = 0) -> bool:
    """Whether the access token lives long enough to start something with it.

    The margin is a tenth of the lifetime, at most two minutes, plus up to half of that by ``jitter`` (0-255), so that
    many phones that signed in together do not refresh together. More time left than the token ever had means that the
    clock was set back: then only the site can tell, and a refresh asks it.
    """
    lifetime = tokens.expires_at - tokens.obtained_at
    margin = min(120_000, lifetime // 10)
    left = tokens.expires_at - now
    return margin + margin * jitter // 510 < left <= lifetime
