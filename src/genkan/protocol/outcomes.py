"""What was decided: closed sets of frozen values. A store applies them, an answer renders them; a refusal is one."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from genkan.protocol.certificate_records import CertificateStep
from genkan.protocol.entrances import NOTHING_LOST, Entrances, Lost
from genkan.protocol.event_kinds import EventKind as EventKind  # noqa: PLC0414 - everybody imports it from here
from genkan.protocol.identity_steps import IdentityStep
from genkan.protocol.key_steps import AdoptApiKey
from genkan.protocol.moment_steps import Mark
from genkan.protocol.passkey_steps import PasskeyStep
from genkan.protocol.phone_check_steps import PhoneCheckStep
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, ApiKey, Consent, Grant, Link, Served, Session
from genkan.protocol.recovery_steps import RecoveryStep
from genkan.protocol.signin_steps import SignInStep
from genkan.wire.scopes import Permission


class Event(msgspec.Struct, frozen=True):
    """One line of the audit: who did what to whom, from where, why. Never a secret."""

    kind: EventKind
    at: int
    actor: str
    account_id: int | None = None
    link_id: int | None = None
    grant_id: bytes | None = None
    address: str = ""
    reason: str = ""
    detail: str = ""


class Refused(msgspec.Struct, frozen=True):
    """No, and why. ``detail`` names the field or value for a client developer; ``retry_after`` is in seconds."""

    reason: Reason
    detail: str = ""
    retry_after: int | None = None
    event: Event | None = None


# --- Tokens -----------------------------------------------------------------------------------------------------------


class Redeemed(msgspec.Struct, frozen=True):
    """A code became a grant. Applied only while both stop counters, the consent mark and the absence of the row
    hold.
    """

    grant: Grant
    consent_mark: int
    event: Event


class Rotated(msgspec.Struct, frozen=True):
    """A refresh moved the row on. Applied only while the row is live at ``from_generation`` of ``seen``."""

    seen: Grant
    grant: Grant
    event: Event | None = None


class Retried(msgspec.Struct, frozen=True):
    """The same successor told once more. Applied only while the row is live at the same generation."""

    grant: Grant
    event: Event | None = None


class Ended(msgspec.Struct, frozen=True):
    """A sign-in ends. ``refusal`` is what the caller is told, None where ending is what was asked for."""

    grant_id: bytes
    reason: EndReason
    at: int
    event: Event
    refusal: Refused | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do and nobody to be told (RFC 7009 2.2: an unknown token is answered like a known one)."""


class Sighting(msgspec.Struct, frozen=True):
    """A token of this generation was used. Written lazily: losing it only keeps the retry open longer (tokens.md 3)."""

    grant_id: bytes
    generation: int
    at: int


class Live(msgspec.Struct, frozen=True):
    """A good access token and what it may do now."""

    grant: Grant
    link: Link
    account: Account
    permission: Permission
    sighting: Sighting | None


# --- Administration: a Change is some steps that all happen or none
# ----------------------------------------------------


class Subject(StrEnum):
    """Whose stop counter is raised."""

    ACCOUNT = "account"
    LINK = "link"
    KEY = "key"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class AddAccount:
    """Fails when the folded name is taken."""

    account: Account


@dataclass(frozen=True, slots=True)
class PutAccount:
    """Fails unless the row still has ``account.version - 1``. Never touches the stop counter. A raised permission ends
    the account's one-time link: who holds one may not reach so far. A tombstone's pins and certificates are free.
    """

    account: Account


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Keep an argon2id hash; None removes the password. A one-time link of the account is dead with it."""

    account_id: int
    hash: str | None = field(repr=False)
    at: int = 0


@dataclass(frozen=True, slots=True)
class AddLink:
    """Fails when the client id is taken."""

    link: Link


@dataclass(frozen=True, slots=True)
class PutLink:
    """Fails unless the row still has ``link.version - 1``. Never touches the stop counter."""

    link: Link


@dataclass(frozen=True, slots=True)
class RaiseStop:
    """End every code, grant (and session, for an account) of a subject in one write; row states follow by
    themselves.
    """

    subject: Subject
    subject_id: int
    reason: EndReason
    at: int


@dataclass(frozen=True, slots=True)
class EndGrant:
    """End one grant; fails never, ending twice changes nothing."""

    grant_id: bytes
    reason: EndReason
    at: int


@dataclass(frozen=True, slots=True)
class EndGrantsUnder:
    """End one person's grants of one link in this very transaction."""

    account_id: int
    link_id: int
    reason: EndReason
    at: int


@dataclass(frozen=True, slots=True)
class TurnMobile:
    """Set the mobile switch and which link is the app's. Fails unless the site still is at ``site_version``."""

    enabled: bool
    link_id: int
    site_version: int


@dataclass(frozen=True, slots=True)
class NameSite:
    """Set what the site calls itself. Fails unless the site still is at ``site_version``."""

    title: str
    site_version: int


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """Remember a consent. Fails unless the mark is still ``consent.mark`` (0 where there is no row)."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """Forget a consent and draw its mark anew, so that codes issued under it die."""

    account_id: int
    link_id: int
    mark: int
    at: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A new browser session; ``replaces`` is the id that dies in the same write (no fixation)."""

    session: Session
    replaces: bytes | None


@dataclass(frozen=True, slots=True)
class CloseSession:
    """End a browser session."""

    session_id: bytes


@dataclass(frozen=True, slots=True)
class PutGuesses:
    """The failure buckets after a try: (key, due, failures) each; due 0 forgets the bucket.

    Fails unless each bucket that is not forgotten still has ``failures - 1`` (absent counts as 0): tries sent at once
    would all be judged by the budget as it was before any of them, and count as one.
    """

    buckets: tuple[tuple[bytes, int, int], ...]


@dataclass(frozen=True, slots=True)
class Spend:
    """Use up what may be used once: its SHA-256. Fails when it was used before. The mark is kept until ``expires_at``,
    when the thing is dead by itself.
    """

    digest: bytes = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class AddApiKey:
    """A new API key."""

    key: ApiKey


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """Fails when the key is unknown or revoked already."""

    key_id: int
    at: int


@dataclass(frozen=True, slots=True)
class MoveRing:
    """The ring's file now has this version. Fails when the store names a newer one."""

    version: int
    fingerprint: bytes


# Each start of a process makes one: several nodes, and pods that start anew while somebody reads the log.
MOST_SETUP_LINKS = 16


@dataclass(frozen=True, slots=True)
class StartSetup:
    """One more set-up link (its SHA-256), beside the newest of those before it; None ends set-up, and all of them."""

    digest: bytes | None


@dataclass(frozen=True, slots=True)
class NeedNoAdministrator:
    """Fails when there is an administrator already: the set-up link dies with the first."""


@dataclass(frozen=True, slots=True)
class NeedAdministrator:
    """Fails unless somebody active with at least this permission has a way in that the site takes at this moment
    (``at``), both as the steps before it leave them. ``here``: what the settings make possible; ``lost``: what lets
    nobody in without what the steps before it took away.
    """

    permission: Permission
    at: int
    here: Entrances
    lost: Lost = NOTHING_LOST


@dataclass(frozen=True, slots=True)
class NeedOwnAddress:
    """Fails where another account has this e-mail address as well, as the steps before it leave them."""

    account_id: int
    email: str


@dataclass(frozen=True, slots=True)
class EraseTraces:
    """Forget what a person's sign-ins tell of them (device, browser, address), their sessions, consents and
    certificates.
    """

    account_id: int


@dataclass(frozen=True, slots=True)
class DecideLoss:
    """What was written before ``restored_at`` and is not there is lost, and it was decided what becomes of it; until
    ``heal_until`` a refresh token ahead of its row moves the row (tokens.md 8).
    """

    restored_at: int
    heal_until: int = 0


@dataclass(frozen=True, slots=True)
class Announce:
    """A process serves the site from now on."""

    served: Served


Step = (
    AddAccount
    | PutAccount
    | SetPassword
    | RecoveryStep
    | SignInStep
    | PasskeyStep
    | PhoneCheckStep
    | AddLink
    | PutLink
    | RaiseStop
    | EndGrant
    | EndGrantsUnder
    | TurnMobile
    | NameSite
    | GiveConsent
    | WithdrawConsent
    | OpenSession
    | CloseSession
    | PutGuesses
    | Spend
    | CertificateStep
    | AddApiKey
    | RevokeApiKey
    | AdoptApiKey
    | MoveRing
    | StartSetup
    | NeedNoAdministrator
    | NeedAdministrator
    | NeedOwnAddress
    | EraseTraces
    | DecideLoss
    | Announce
    | Mark
    | IdentityStep
)


@dataclass(frozen=True, slots=True)
class Change:
    """Steps that all happen or none, with their audit events in the same transaction."""

    steps: tuple[Step, ...]
    events: tuple[Event, ...] = ()


Writable = Redeemed | Rotated | Retried | Ended | Change
