"""What an administrator may ask of an application link, and everything that is wrong with it, field by field: a form
says all of it, a program is refused by the first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from genkan.protocol.records import ConsentMode, LinkKind, Way
from genkan.protocol.signin.site_policy import max_age_fault
from genkan.wire import redirects
from genkan.wire.scopes import Permission
from genkan.wire.sentences import Sentence, sentence

NAME_CHARACTERS = 200
MOST_REDIRECTS = 20
LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class LinkWish:
    """What an administrator asks for. ``kind`` None: the redirects decide. ``client_id`` only to take over a
    known one. ``ways`` NONE and ``max_age`` None: as the site says.
    """

    name: str
    redirects: tuple[str, ...]
    permission: Permission
    kind: LinkKind | None = None
    consent: ConsentMode = ConsentMode.ALWAYS
    introspect: bool = False
    pkce_required: bool = False
    plain_pkce: bool = False
    absolute_lifetime: int | None = None
    client_id: str | None = None
    ways: Way = Way.NONE
    max_age: int | None = None


class Field(StrEnum):
    """Where a fault is."""

    NAME = "name"
    CLIENT_ID = "client_id"
    LIFETIME = "absolute_lifetime"
    REDIRECTS = "redirects"
    INTROSPECT = "introspect"
    CONSENT = "consent"
    MAX_AGE = "max_age"


@dataclass(frozen=True, slots=True)
class Fault:
    """``detail`` says it to a program, ``said`` to a person; ``at`` is the place of the redirect that is meant."""

    field: Field
    detail: str
    said: Sentence
    at: int | None = None


SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "name": "Write a name of 1 to %(most)s characters, without line breaks.",
        "client_id": "Write 8 to 64 letters, digits, “-” or “_”.",
        "lifetime": "Write a time of more than zero, or none.",
        "max_age": "Write a number of minutes, at least one, or nothing.",
        "no-redirect": "Write at least one redirect URL: where the application takes the answer.",
        "many-redirects": "Write %(most)s redirect URLs at most.",
        "twice": "This redirect URL is there twice: remove one of them.",
        "introspect": "Only a confidential application can ask about tokens, since it proves who it is by its secret.",
        "remember": "Only a confidential application whose redirect URLs are all https may remember the consent: "
        "others could be imitated, so people are asked each time.",
    }
)


def redirect_kind(text: str) -> redirects.Kind | None:
    """Which kind of redirect URI this is, None when it is none."""
    parsed = redirects.parse_redirect(text, allow_http=True)
    return parsed.kind if isinstance(parsed, redirects.RedirectURI) else None


def may_remember(redirect: str) -> bool:
    """Whether a consent may be remembered for answers to this address: claimed https alone (RFC 8252 8.6)."""
    parsed = redirects.parse_redirect(redirect)
    return isinstance(parsed, redirects.RedirectURI) and parsed.kind is redirects.Kind.HTTPS


def kind_of(wish: LinkWish) -> LinkKind:
    """The kind that is asked for; where none is, one redirect that stays on the person's device makes it native."""
    return wish.kind or (LinkKind.NATIVE if redirects.is_native(wish.redirects) else LinkKind.CONFIDENTIAL)


def faults(wish: LinkWish, *, allow_http: bool = False) -> Iterator[Fault]:
    """What is wrong with it, whichever kind of link it is for."""
    name = wish.name.strip()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        detail = f"name: 1 to {NAME_CHARACTERS} printable characters"
        yield Fault(Field.NAME, detail, sentence(SENTENCES["name"], {"most": NAME_CHARACTERS}))
    if wish.client_id is not None and not _is_client_id(wish.client_id):
        detail = "client id: 8 to 64 letters, digits, '-' or '_'"
        yield Fault(Field.CLIENT_ID, detail, sentence(SENTENCES["client_id"]))
    if wish.absolute_lifetime is not None and wish.absolute_lifetime <= 0:
        detail = "absolute lifetime: more than zero, or none"
        yield Fault(Field.LIFETIME, detail, sentence(SENTENCES["lifetime"]))
    if max_age_fault(wish.max_age) is not None:
        detail = "max age: none, or at least a minute"
        yield Fault(Field.MAX_AGE, detail, sentence(SENTENCES["max_age"]))
    yield from redirect_faults(wish.redirects, allow_http=allow_http)


def redirect_faults(texts: tuple[str, ...], *, allow_http: bool = False) -> Iterator[Fault]:
    """What is wrong with a link's redirects: how many there are, then each for itself."""
    detail = f"redirect: 1 to {MOST_REDIRECTS} different redirect URLs"
    if not texts:
        yield Fault(Field.REDIRECTS, detail, sentence(SENTENCES["no-redirect"]))
    if len(texts) > MOST_REDIRECTS:
        yield Fault(Field.REDIRECTS, detail, sentence(SENTENCES["many-redirects"], {"most": MOST_REDIRECTS}))
    for at, text in enumerate(texts):
        if text in texts[:at]:
            yield Fault(Field.REDIRECTS, detail, sentence(SENTENCES["twice"]), at)
        parsed = redirects.parse_redirect(text, allow_http=allow_http)
        if isinstance(parsed, redirects.RedirectProblem):
            yield Fault(
                Field.REDIRECTS, f"redirect {text[:LONGEST_SHOWN]!r}: {parsed.sentence}", parsed.said, at
            )  # fmt: skip


def policy_faults(wish: LinkWish, kind: LinkKind) -> Iterator[Fault]:
    """What a link of this kind cannot be given. RFC 8252 8.6: only a link with a secret, answering at https, may skip
    asking the person.
    """
    if kind is LinkKind.NATIVE and wish.introspect:
        detail = "introspect: only a confidential link can introspect"
        yield Fault(Field.INTROSPECT, detail, sentence(SENTENCES["introspect"]))
    claimed = kind is LinkKind.CONFIDENTIAL and all(map(may_remember, wish.redirects))
    if wish.consent is ConsentMode.REMEMBER and not claimed:
        detail = "consent: only a confidential link with https redirects may remember it"
        yield Fault(Field.CONSENT, detail, sentence(SENTENCES["remember"]))


def _is_client_id(text: str) -> bool:
    return 8 <= len(text) <= 64 and text.isascii() and all(c.isalnum() or c in "-_" for c in text)
