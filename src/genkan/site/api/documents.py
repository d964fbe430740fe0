"""The JSON documents that the REST API and the commands share: their members are contract, their types make the
OpenAPI document.
"""

from collections.abc import Set
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from genkan.protocol.devices import app_name, device_name
from genkan.protocol.links import NewLink, app_first
from genkan.protocol.phones import Phone, sentence
from genkan.protocol.records import ConsentMode, Link, LinkKind, Site, Standing, Way
from genkan.protocol.signin.ways import words_of
from genkan.store.api import Asker, Usage
from genkan.wire.scopes import Permission

WayWord = Literal["password", "passkey", "certificate", "corporate"]
PermissionWord = Literal["READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"]
_WORDS: dict[Permission, PermissionWord] = {
    Permission.READ: "READ",
    Permission.WRITE: "WRITE",
    Permission.ADMIN: "ADMIN",
    Permission.SYSTEM_ADMIN: "SYSTEM_ADMIN",
}
_WAY_WORDS: tuple[WayWord, ...] = ("password", "passkey", "certificate", "corporate")
_MOBILE_NAMES = {"client_id": "clientID", "redirect_uri": "redirectURI", "redirect_uris": "redirectURIs"}


class LinkDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """An application link. ``clientSecret`` is there in the one answer that tells it; no ``ways`` and no
    ``maxAgeSeconds``: as the site says.
    """

    id: str
    name: str
    client_id: str
    client_secret: str | UnsetType = UNSET
    kind: LinkKind
    redirects: tuple[str, ...]
    permission: PermissionWord
    scope: PermissionWord
    consent: ConsentMode
    introspect: bool
    pkce_required: bool
    plain_pkce: bool
    absolute_lifetime_seconds: int | None
    ways: tuple[WayWord, ...]
    max_age_seconds: int | None
    state: Standing
    created_at: str
    previous_secret_until: str | UnsetType = UNSET


class PolicyDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """How people sign in: the ways that are taken, and how old a sign-in may be when an application asks for one."""

    ways: tuple[WayWord, ...]
    max_age_seconds: int | None


class MobileDocument(Struct, frozen=True, rename=_MOBILE_NAMES, kw_only=True):
    """The mobile switch and the app's link, which keeps its client id while the switch is off."""

    enabled: bool
    client_id: str | None = None
    redirect_uri: str | None = None
    redirect_uris: tuple[str, ...] = ()
    scope: PermissionWord | None = None


class AskerDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """Who asked how to sign in. ``app``: the app and version that the user agent names, empty where it names none of
    those known.
    """

    user_agent: str
    app: str
    device: str
    network: str
    first_asked_at: str
    last_asked_at: str
    count: int


class PhoneDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """One sign-in. ``reason`` is why it ended, ``sentence`` the same in words; both are empty while it has not.
    ``possiblySamePhone``: it came without a device mark, and another live one looks like it.
    """

    id: str
    person: str
    link: str
    link_id: str
    signed_in_at: str
    last_seen_at: str | None
    method: str
    device: str
    state: Literal["signed_in", "signed_out", "expired"]
    reason: str
    sentence: str
    application: bool
    never_used: bool
    possibly_same_phone: bool


class PhonesDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A page of sign-ins, newest first; ``next`` is the ``before`` of the page after it, null at the end. A page may
    have fewer than asked for, even none, and still not be the last: each looks at a bounded number of sign-ins.
    """

    phones: tuple[PhoneDocument, ...]
    next: str | None


class UsageDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """How many sign-ins live on and when one was last used, of the newest ten thousand; ``complete``: there are no
    more than these.
    """

    signed_in: int
    complete: bool
    last_used_at: str | None


class ErrorDocument(Struct, frozen=True, omit_defaults=True):
    """RFC 6749 5.2's error document, which every refusal of the API is, with the members of Jira's. ``code`` is there
    with 409: ``taken``, ``conflict`` (changed meanwhile), or why else it cannot be done as things stand.
    """

    error: str
    error_description: str
    error_messages: tuple[str, ...] = msgspec.field(name="errorMessages")
    errors: dict[str, str]
    code: str = ""


def link_document(link: Link, secret: str | None = None) -> LinkDocument:
    """A link as the API and the commands show it; ``secret`` only in the answer that made it."""
    word = _WORDS[link.permission]
    return LinkDocument(
        id=public_id(link.id),
        name=link.name,
        client_id=link.client_id,
        client_secret=secret if secret is not None else UNSET,
        kind=link.kind,
        redirects=link.redirects,
        permission=word,
        scope=word,
        consent=link.consent,
        introspect=link.introspect,
        pkce_required=link.pkce_required,
        plain_pkce=link.plain_pkce,
        absolute_lifetime_seconds=None if link.absolute_lifetime is None else link.absolute_lifetime // 1000,
        ways=way_words(link.ways),
        max_age_seconds=None if link.max_age is None else link.max_age // 1000,
        state=link.standing,
        created_at=moment(link.created_at),
        previous_secret_until=moment(link.previous_secret_until) if link.previous_secret is not None else UNSET,
    )


def new_link_document(made: NewLink) -> LinkDocument:
    """A link that was made or given a new secret, with the secret this once."""
    return link_document(made.link, made.secret)


def policy_document(site: Site) -> PolicyDocument:
    """The site's sign-in policy."""
    return PolicyDocument(
        ways=way_words(site.ways), max_age_seconds=None if site.max_age is None else site.max_age // 1000
    )


def mobile_document(site: Site, link: Link | None) -> MobileDocument:
    """The switch and the app's link; a link that was deleted is none."""
    if link is None or link.standing is Standing.DELETED:
        return MobileDocument(enabled=False)
    uris = app_first(link.redirects)
    enabled = site.mobile_enabled and link.usable
    return MobileDocument(
        enabled=enabled,
        client_id=link.client_id,
        redirect_uri=uris[0],
        redirect_uris=uris,
        scope=_WORDS[link.permission],
    )


def asker_document(asker: Asker) -> AskerDocument:
    """One of those who asked how to sign in."""
    return AskerDocument(
        user_agent=asker.user_agent,
        app=app_name(asker.user_agent),
        device=device_name(asker.user_agent),
        network=asker.network,
        first_asked_at=moment(asker.first_at),
        last_asked_at=moment(asker.last_at),
        count=asker.count,
    )


def phone_document(phone: Phone, same: Set[bytes] = frozenset()) -> PhoneDocument:
    """A sign-in as lists show it; ``same``: the grants that may be of the same phone as another one."""
    grant = phone.row.grant
    return PhoneDocument(
        id=grant.id.hex(),
        person=phone.row.account.name,
        link=phone.row.link.name,
        link_id=public_id(phone.row.link.id),
        signed_in_at=moment(grant.created_at),
        last_seen_at=None if phone.never_used else moment(max(grant.last_seen, grant.rotated_at)),
        method="+".join(grant.method.references()),
        device=device_name(grant.user_agent),
        state=phone.state.value,
        reason=phone.reason,
        sentence=sentence(phone.reason),
        application=phone.is_application,
        never_used=phone.never_used,
        possibly_same_phone=grant.id in same,
    )


def usage_document(usage: Usage) -> UsageDocument:
    """How much a person's or a link's sign-ins are used."""
    last = moment(usage.last_used) if usage.last_used else None
    return UsageDocument(signed_in=usage.live, complete=usage.complete, last_used_at=last)


def permission_word(permission: Permission) -> PermissionWord:
    """The permission as documents write it."""
    return _WORDS[permission]


def way_words(ways: Way) -> tuple[WayWord, ...]:
    """Ways to sign in as documents write them."""
    return tuple(word for word in _WAY_WORDS if word in words_of(ways))


def public_id(number: int) -> str:
    """How the id of an account or link is written outside: a string, since 62 bits are too many for JavaScript."""
    return f"{number:016x}"


def read_public_id(text: str) -> int | None:
    """The id behind such a text, None for every other text."""
    if len(text) != 16 or not all(c in "0123456789abcdef" for c in text):
        return None
    number = int(text, 16)
    # No id is that large, and neither store has room for one (63 bits).
    return number if number < 1 << 63 else None


def read_phone_id(text: str) -> bytes | None:
    """The id of a sign-in behind such a text, None for every other text."""
    if len(text) != 32 or not all(c in "0123456789abcdef" for c in text):
        return None
    return bytes.fromhex(text)


def moment(at: int) -> str:
    """Milliseconds since the Unix epoch as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(document: Struct) -> dict[str, object]:
    """The document as what ``json`` can write."""
    value: dict[str, object] = msgspec.to_builtins(document)
    return value
