"""What a load brings: the facts that one decision needs, read at one moment."""

import msgspec

from genkan.protocol.records import (
    Account,
    ApiKey,
    Consent,
    Grant,
    Identity,
    Link,
    Passkey,
    RecoveryLink,
    Session,
    Site,
)


class GrantFacts(msgspec.Struct, frozen=True):
    """A token's grant with the link and the account as they stand now. ``grant`` is None when no row has that id."""

    site: Site
    grant: Grant | None
    link: Link | None
    account: Account | None


class CodeFacts(msgspec.Struct, frozen=True):
    """What redeeming a code depends on. ``existing`` is the grant that a first redemption made; ``revoked``: the client
    certificate that was signed in with, where there is one, counts no more.
    """

    site: Site
    account: Account | None
    link: Link | None
    consent_mark: int
    existing: Grant | None
    revoked: bool = False


class SessionFacts(msgspec.Struct, frozen=True):
    """A browser session and its person."""

    session: Session
    account: Account


class VisitFacts(msgspec.Struct, frozen=True):
    """A browser at an application's authorization request: the link, the browser's session where it has one, and the
    consent that is remembered between the session's person and the link.
    """

    site: Site
    link: Link | None
    session: SessionFacts | None
    consent: Consent | None


class KeyFacts(msgspec.Struct, frozen=True):
    """An API key and the account that answers for it, as it stands now; None where that is no account."""

    key: ApiKey
    owner: Account | None


class RecoveryFacts(msgspec.Struct, frozen=True):
    """A one-time link and its person."""

    link: RecoveryLink
    account: Account


class IdentityFacts(msgspec.Struct, frozen=True):
    """Somebody of a directory and their account here."""

    identity: Identity
    account: Account


class PasskeyFacts(msgspec.Struct, frozen=True):
    """A passkey and its person."""

    passkey: Passkey
    account: Account
