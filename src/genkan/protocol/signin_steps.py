"""The steps of a Change about how people sign in: the site's policy, recovery codes, and what a person is told of
failed tries.
"""

from dataclasses import dataclass, field

from genkan.protocol.records import Way


@dataclass(frozen=True, slots=True)
class PutSignInPolicy:
    """Set the site's ways and the age that a sign-in may have. Fails unless the site still is at ``site_version``."""

    ways: Way
    max_age: int | None
    site_version: int


@dataclass(frozen=True, slots=True)
class PutRecoveryCodes:
    """New recovery codes, by their SHA-256, in place of all that the account had; none at all takes them away."""

    account_id: int
    digests: tuple[bytes, ...] = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class UseRecoveryCode:
    """Spend a recovery code; the person is told of it. Fails unless it is the account's own and was not used, and the
    account is active.
    """

    account_id: int
    digest: bytes = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class NoteFailedTry:
    """One more try that failed, for the person to be told of. ``network`` is where it came from; fails never."""

    account_id: int
    network: str
    at: int


@dataclass(frozen=True, slots=True)
class ForgetFailedTries:
    """The person has seen it: begin to count anew. Fails where more has come since than they saw."""

    account_id: int
    last_at: int


@dataclass(frozen=True, slots=True)
class WhileSignedIn:
    """Fails unless this browser session has not been ended since it was read. Writes nothing."""

    session_id: bytes = field(repr=False)


SignInStep = PutSignInPolicy | WhileSignedIn | PutRecoveryCodes | UseRecoveryCode | NoteFailedTry | ForgetFailedTries
