"""What the API tells of people: an account, what a person has, and the whole of what is kept about them."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from genkan.protocol.devices import device_name
from genkan.protocol.records import Account, Consent, Link, RecoveryLink, Session, Standing
from genkan.protocol.signin.lockout import Strain
from genkan.site.api.audit_documents import AuditEventDocument
from genkan.site.api.certificate_documents import CertificateDocument, PinDocument
from genkan.site.api.documents import PermissionWord, PhoneDocument, UsageDocument, moment, permission_word, public_id
from genkan.site.api.identity_documents import IdentityDocument
from genkan.site.api.passkey_documents import PasskeyDocument


class PersonDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """An account. ``locale`` is empty where the browser decides."""

    id: str
    name: str
    display_name: str
    email: str
    permission: PermissionWord
    groups: tuple[str, ...]
    locale: str
    time_zone: str
    state: Standing
    created_at: str


class PersonDetails(PersonDocument, frozen=True, rename="camel", kw_only=True):
    """An account with what the person has here; ``passwordSetAt`` is null where there is none, as is the end of a
    one-time link.
    """

    password_set_at: str | None
    recovery_link_expires_at: str | None
    browser_sessions: int
    sign_ins: UsageDocument


class PeopleDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A page of accounts by name; ``next`` is the ``after`` of the page after it. A page may have fewer accounts than
    asked for, even none, and still not be the last.
    """

    people: tuple[PersonDocument, ...]
    next: str | None


class BrowserSessionDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A browser that is signed in."""

    id: str
    method: str
    signed_in_at: str
    last_seen_at: str
    expires_at: str
    device: str
    user_agent: str
    address: str


class ConsentDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What a person allowed an application link for good."""

    link: str
    link_id: str
    permission: PermissionWord
    given_at: str


class RecoveryLinkDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A one-time link to set a password; ``url`` is there in the one answer that tells it."""

    url: str
    expires_at: str


class SignInBudgetDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """How many of the wrong tries are gone that all new browsers of a person share. ``slowed``: a try is refused
    whatever the password is, until one more has been regained; ``emptyAt`` is when all have been.
    """

    spent: int
    most: int
    slowed: bool
    empty_at: str


class SignInTraces(Struct, frozen=True, rename="camel", kw_only=True):
    """A sign-in with the traces of the device that are kept beside it."""

    sign_in: PhoneDocument
    user_agent: str
    address: str
    network: str


class PersonExport(Struct, frozen=True, rename="camel", kw_only=True):
    """Everything that is kept about one person. Of passwords, keys and tokens only that they are there."""

    exported_at: str
    person: PersonDetails
    browser_sessions: tuple[BrowserSessionDocument, ...]
    passkeys: tuple[PasskeyDocument, ...]
    sign_ins: tuple[SignInTraces, ...]
    consents: tuple[ConsentDocument, ...]
    certificate_pins: tuple[PinDocument, ...]
    certificates: tuple[CertificateDocument, ...]
    identities: tuple[IdentityDocument, ...]
    audit_events: tuple[AuditEventDocument, ...]


def person_document(account: Account) -> PersonDocument:
    """An account as lists show it."""
    return PersonDocument(
        id=public_id(account.id),
        name=account.name,
        display_name=account.display_name,
        email=account.email,
        permission=permission_word(account.permission),
        groups=account.groups,
        locale=account.locale,
        time_zone=account.time_zone,
        state=account.standing,
        created_at=moment(account.created_at),
    )


def person_details(
    account: Account, password_set_at: int | None, link: RecoveryLink | None, sessions: int, usage: UsageDocument
) -> PersonDetails:
    """An account with what the person has here."""
    return PersonDetails(
        **structs.asdict(person_document(account)),
        password_set_at=None if password_set_at is None else moment(password_set_at),
        recovery_link_expires_at=None if link is None else moment(link.expires_at),
        browser_sessions=sessions,
        sign_ins=usage,
    )


def budget_document(strain: Strain) -> SignInBudgetDocument:
    """The budget of wrong tries."""
    return SignInBudgetDocument(
        spent=strain.spent, most=strain.most, slowed=strain.slowed, empty_at=moment(strain.empty_at)
    )


def session_document(session: Session) -> BrowserSessionDocument:
    """A browser's session; its id here is a part of a hash, and opens nothing."""
    return BrowserSessionDocument(
        id=session_public_id(session),
        method="+".join(session.method.references()),
        signed_in_at=moment(session.auth_time),
        last_seen_at=moment(session.last_seen),
        expires_at=moment(session.expires_at),
        device=device_name(session.user_agent),
        user_agent=session.user_agent,
        address=session.address,
    )


def session_public_id(session: Session) -> str:
    """How a browser's session is named outside."""
    return session.id[:16].hex()


def consent_documents(consents: Sequence[Consent], links: Mapping[int, Link]) -> tuple[ConsentDocument, ...]:
    """What stands; what was withdrawn is only a mark."""
    return tuple(
        ConsentDocument(
            link=links[consent.link_id].name,
            link_id=public_id(consent.link_id),
            permission=permission_word(consent.scope),
            given_at=moment(consent.given_at),
        )
        for consent in consents
        if consent.scope is not None and consent.link_id in links
    )
