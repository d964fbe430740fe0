"""What is remembered: the frozen records that stores keep. All times are milliseconds since the Unix epoch."""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum
from functools import cache

import msgspec

from genkan.wire.scopes import Permission

ACTOR_PREFIX = "account:"
MACHINE = 0  # in place of an account's id, which is never 0: whoever sits at the site's own machine


class LinkKind(StrEnum):
    """RFC 6749 2.1: a native link is a public client, a confidential one keeps a secret."""

    NATIVE = "native"
    CONFIDENTIAL = "confidential"


class ConsentMode(StrEnum):
    """Whether a person is asked at each sign-in or once."""

    ALWAYS = "always"
    REMEMBER = "remember"


class Standing(StrEnum):
    """Whether an account or a link may be used. A deleted one stays as a tombstone; its ids are never reused."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class Method(IntFlag):
    """How a person signed in; the names are RFC 8176's authentication method references. RECOVERY (a one-time link or
    code) and FED (another provider said so) are ours, since the registry has none for them.
    """

    NONE = 0
    PWD = 1
    MFA = 2
    HWK = 4
    SWK = 8
    USER = 16
    RECOVERY = 32
    POP = 64
    FED = 128

    def references(self) -> list[str]:
        """The ``amr`` values of RFC 8176 in a fixed order."""
        return list(_references(self))


@cache
def _references(method: Method) -> tuple[str, ...]:
    return tuple(m.name.lower() for m in Method if m and m in method and m.name)


class Way(IntFlag):
    """The ways to sign in that a site or a link may allow or forbid. A directory's password (LDAP) is a PASSWORD."""

    NONE = 0
    PASSWORD = 1
    PASSKEY = 2
    CERTIFICATE = 4
    CORPORATE = 8


ALL_WAYS = Way.PASSWORD | Way.PASSKEY | Way.CERTIFICATE | Way.CORPORATE


class GrantState(IntEnum):
    """What the row itself says; whether a live row is still good also depends on expiry and stop counters."""

    LIVE = 0
    ENDED = 1


@dataclass(frozen=True, slots=True)
class Link:
    """An incoming application link: an OAuth client (RFC 6749 2). ``version`` counts its changes. ``ways`` are the ways
    to sign in that it takes (NONE: as the site), ``max_age`` how old a sign-in may be in milliseconds (None: as the
    site).
    """

    id: int
    client_id: str
    name: str
    kind: LinkKind
    redirects: tuple[str, ...]
    permission: Permission
    consent: ConsentMode
    introspect: bool
    pkce_required: bool
    plain_pkce: bool
    standing: Standing
    stop: int
    absolute_lifetime: int | None
    created_at: int
    version: int
    secret: bytes | None = field(default=None, repr=False)
    previous_secret: bytes | None = field(default=None, repr=False)
    previous_secret_until: int = 0
    ways: Way = Way.NONE
    max_age: int | None = None

    @property
    def usable(self) -> bool:
        """Whether new sign-ins and refreshes may go through it now."""
        return self.standing is Standing.ACTIVE


@dataclass(frozen=True, slots=True)
class Account:
    """A person. ``folded`` is the one spelling that sign-in looks up; ``version`` counts changes."""

    id: int
    name: str
    folded: str
    display_name: str
    email: str
    permission: Permission
    groups: tuple[str, ...]
    standing: Standing
    stop: int
    created_at: int
    version: int
    locale: str = ""
    time_zone: str = "UTC"

    @property
    def actor(self) -> str:
        """How the audit names this person: by id, so that a line says nothing of a person who was erased."""
        return f"{ACTOR_PREFIX}{self.id:016x}"


class Grant(msgspec.Struct, frozen=True):
    """One sign-in of one person through one link: the phone, its refresh family and its current tokens (tokens.md
    1). ``certificate``: the number of the client certificate that it was signed in with, 0 for none.
    """

    id: bytes
    account_id: int
    link_id: int
    scope: Permission
    access_scope: Permission
    generation: int
    key_id: int
    previous_key_id: int
    created_at: int
    rotated_at: int
    access_expires_at: int
    refresh_expires_at: int
    account_stop: int
    link_stop: int
    method: Method
    auth_time: int
    device: bytes | None = None
    user_agent: str = ""
    address: str = ""
    network: str = ""
    seen_generation: int = -1
    seen_at: int = 0
    last_seen: int = 0
    retries: int = 0
    rotation_due: int = 0
    redirect: bytes = b""
    state: GrantState = GrantState.LIVE
    reason: str = ""
    ended_at: int = 0
    certificate: int = 0


class Session(msgspec.Struct, frozen=True):
    """A browser session. ``id`` is the SHA-256 of the cookie's value, which itself is kept nowhere. ``certificate``: as
    of a Grant. ``source`` and ``upstream_sid``: the directory that it was signed in by, and that one's own session.
    """

    id: bytes
    account_id: int
    account_stop: int
    method: Method
    auth_time: int
    created_at: int
    last_seen: int
    expires_at: int
    user_agent: str = ""
    address: str = ""
    certificate: int = 0
    source: str = ""
    upstream_sid: str = ""

    def __repr__(self) -> str:
        return f"<Session of account {self.account_id:016x}>"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an account is in an organisation's directory. ``subject`` is its id there, never used again for somebody
    else; ``label`` is what the directory calls the person, for people to read.

    ``seen_at`` is the last sign-in by it, ``checked_at`` when the directory was last asked, ``missed_since`` since when
    it gave no answer. ``held``: the account's version as it was disabled until the directory knows the person again.
    ``sealed`` is the provider's own refresh token, sealed.
    """

    source: str
    subject: str
    account_id: int
    label: str
    linked_at: int
    seen_at: int
    checked_at: int
    missed_since: int | None = None
    held: int | None = None
    sealed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a directory last answered, and since when it does not."""

    source: str
    reached_at: int | None
    missed_since: int | None


@dataclass(frozen=True, slots=True)
class RecoveryLink:
    """A one-time link by which a person sets a password; of its token only the SHA-256 is kept. One an account, and it
    dies with the account's stop counter.
    """

    account_id: int
    digest: bytes = field(repr=False)
    account_stop: int
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential of an account. ``public_key`` is its COSE key, ``rp_id`` the host that it belongs to.

    ``attested``: its model (``aaguid``) was proved, and is not only what the key said of itself. ``cloned_at``: when
    its counter went backwards, 0 for never; ``last_used_at`` is 0 for never too.
    """

    id: bytes
    account_id: int
    public_key: bytes
    counter: int
    name: str
    aaguid: bytes
    transports: tuple[str, ...]
    rp_id: str
    backup_eligible: bool
    backed_up: bool
    attested: bool
    created_at: int
    last_used_at: int = 0
    cloned_at: int = 0


class Consent(msgspec.Struct, frozen=True):
    """What a person allowed a link for good. ``mark`` is drawn anew when it is withdrawn; absent counts as mark 0."""

    account_id: int
    link_id: int
    mark: int
    scope: Permission | None
    given_at: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for automation and for callers of introspection; only its SHA-256 is kept. ``maker``: the account that made
    it, MACHINE for a command's, None for one of before makers were kept. ``adopted_by``: the system administrator who
    answers for it since ``adopted_at``, in the maker's place.
    """

    id: int
    name: str
    digest: bytes = field(repr=False)
    permission: Permission
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    maker: int | None = None
    adopted_by: int | None = None
    adopted_at: int | None = None

    @property
    def owner(self) -> int | None:
        """Who answers for it, as of ``maker``."""
        return self.maker if self.adopted_by is None else self.adopted_by


@dataclass(frozen=True, slots=True)
class Guesses:
    """Failed password tries of one (account, network) or one account from anywhere: a bucket that drains with time."""

    due: int
    failures: int


@dataclass(frozen=True, slots=True)
class FailedTries:
    """What failed to sign in to one account since its person said that they have seen it, from the first to the last
    time; ``network``: where the last one came from. ``code_used_at``: when a recovery code was used meanwhile.
    """

    count: int
    first_at: int
    last_at: int
    network: str
    code_used_at: int | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """What is kept of the installation's own life, in milliseconds: when the site was founded, when a backup was last
    made and found good, and when an operator last said that the clock is right. 0: never, or before it was kept.
    """

    founded_at: int = 0
    backed_up_at: int = 0
    clock_accepted_at: int = 0


@dataclass(frozen=True, slots=True)
class Served:
    """What the process that served the site last announced: its base URL, its version of Genkan, and when it started
    (milliseconds).
    """

    base_url: str
    version: str
    at: int


@dataclass(frozen=True, slots=True)
class Site:
    """The facts of the installation that every request depends on; ``version`` moves when any of them or a link
    does. ``title`` is what administrators named the site, empty while nobody has. ``ways`` and ``max_age`` (in
    milliseconds) are what every link asks of a sign-in that says nothing else. ``restored_at``: when it was last
    restored from a backup, 0 for never.
    """

    site_id: bytes
    version: int
    ring_version: int
    ring_fingerprint: bytes
    mobile_enabled: bool
    mobile_link_id: int | None
    heal_until: int
    setup_digest: bytes | None = field(repr=False)
    has_administrator: bool
    behind_since: int = 0
    title: str = ""
    ways: Way = ALL_WAYS
    max_age: int | None = None
    restored_at: int = 0
