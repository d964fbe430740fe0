"""What is said in LDAP (RFC 4511 4): the requests that we send as bytes, and the answers that we read as values."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from genkan.outside import ldap_ber as ber
from genkan.outside.ldap_ber import Garbled, Reader
from genkan.sources import ldap_filter as filters

START_TLS = b"1.3.6.1.4.1.1466.20037"  # RFC 4511 4.14.1
PAGED = b"1.2.840.113556.1.4.319"  # RFC 2696 2
_CONTROLS = 0xA0


class Scope(IntEnum):
    """How deep a search goes."""

    BASE = 0
    ONE = 1
    TREE = 2


class Code(IntEnum):
    """The results that we tell apart; every other one is just no."""

    SUCCESS = 0
    TIME_LIMIT = 3
    SIZE_LIMIT = 4
    STRONGER_AUTH = 8
    REFERRAL = 10
    ADMIN_LIMIT = 11
    CONFIDENTIALITY = 13
    NO_SUCH_OBJECT = 32
    INVALID_DN = 34
    INAPPROPRIATE_AUTH = 48
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS = 50
    BUSY = 51
    UNAVAILABLE = 52
    UNWILLING = 53


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for. ``page`` is how many entries one answer may have, ``size`` how many there may be at all."""

    base: str
    scope: Scope
    filter: filters.Filter
    attributes: Sequence[str]
    size: int
    seconds: int
    page: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; attributes are named in small letters, without options."""

    dn: str
    attributes: dict[str, tuple[bytes, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended. ``text`` is the server's own word."""

    tag: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A hint at another server, which is not followed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a server; ``cookie`` goes on where a page ended."""

    id: int
    body: Entry | Result | Elsewhere
    cookie: bytes = field(default=b"", repr=False)


BIND_ANSWER, SEARCH_DONE, EXTENDED_ANSWER = 0x61, 0x65, 0x78
_ENTRY, _REFERENCE = 0x64, 0x73
_RESULTS = frozenset({BIND_ANSWER, SEARCH_DONE, EXTENDED_ANSWER})


def bind(number: int, dn: str, password: str) -> bytes:
    """RFC 4511 4.2: version 3, simple authentication."""
    return _message(number, ber.write(0x60, ber.integer(3), ber.text(dn), ber.text(password, 0x80)))


def unbind(number: int) -> bytes:
    """RFC 4511 4.3."""
    return _message(number, ber.write(0x42))


def start_tls(number: int) -> bytes:
    """RFC 4511 4.14."""
    return _message(number, ber.write(0x77, ber.octets(START_TLS, 0x80)))


def search(number: int, asked: Search, cookie: bytes = b"") -> bytes:
    """RFC 4511 4.5.1. Aliases are never followed: one could make somebody else of an entry."""
    body = ber.write(
        0x63,
        ber.text(asked.base),
        ber.integer(asked.scope, ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(asked.size),
        ber.integer(asked.seconds),
        ber.boolean(False),
        encode_filter(asked.filter),
        ber.write(ber.SEQUENCE, *(ber.text(name) for name in asked.attributes)),
    )
    if not asked.page:
        return _message(number, body)
    value = ber.write(ber.SEQUENCE, ber.integer(asked.page), ber.octets(cookie))
    control = ber.write(ber.SEQUENCE, ber.octets(PAGED), ber.octets(value))
    return _message(number, body, ber.write(_CONTROLS, control))


def _message(number: int, *parts: bytes) -> bytes:
    return ber.write(ber.SEQUENCE, ber.integer(number), *parts)


def encode_filter(one: filters.Filter) -> bytes:
    """RFC 4511 4.5.1.7: each value is a string of its own length, so none can end before it ends."""
    match one:
        case filters.All(parts):
            return ber.write(0xA0, *map(encode_filter, parts))
        case filters.Any(parts):
            return ber.write(0xA1, *map(encode_filter, parts))
        case filters.Not(part):
            return ber.write(0xA2, encode_filter(part))
        case filters.Present(attribute):
            return ber.text(attribute, 0x87)
        case filters.Compare(operator, attribute, value):
            tag = {"=": 0xA3, ">=": 0xA5, "<=": 0xA6, "~=": 0xA8}[operator]
            return ber.write(tag, ber.text(attribute), ber.octets(filters.plain(value)))
        case filters.Pieces():
            return _encode_pieces(one)
        case filters.Rule():
            return _encode_rule(one)


def _encode_pieces(one: filters.Pieces) -> bytes:
    tagged = [(0x80, one.first), *((0x81, value) for value in one.middle), (0x82, one.last)]
    pieces = [ber.octets(filters.plain(value), tag) for tag, value in tagged if value]
    return ber.write(0xA4, ber.text(one.attribute), ber.write(ber.SEQUENCE, *pieces))


def _encode_rule(one: filters.Rule) -> bytes:
    return ber.write(
        0xA9,
        ber.text(one.rule, 0x81) if one.rule else b"",
        ber.text(one.attribute, 0x82) if one.attribute else b"",
        ber.octets(filters.plain(one.value), 0x83),
        ber.boolean(True, 0x84) if one.in_names else b"",
    )


def decode(data: bytes) -> Message:
    """One whole message of a server. Raises Garbled."""
    outer = Reader.of(data)
    message = outer.element(ber.SEQUENCE)
    if not outer.is_done:
        raise Garbled("something follows the end of a message")
    number = message.integer()
    tag = message.tag
    if tag == _ENTRY:
        return Message(number, _entry(message.element(tag)))
    if tag == _REFERENCE:
        return Message(number, Elsewhere())
    if tag not in _RESULTS:
        raise Garbled(f"an answer of kind {tag:#x}")
    body = message.element(tag)
    result = Result(tag, body.integer(ber.ENUMERATED), _words(body))
    return Message(number, result, _cookie(message))


def _words(body: Reader) -> str:
    body.octets()  # the part of the name that was found: told to nobody
    words = body.text()
    return "".join(char if char.isprintable() else " " for char in words[:300]).strip()


def _entry(body: Reader) -> Entry:
    dn = body.octets()
    try:
        name = dn.decode("utf-8")
    except UnicodeDecodeError:
        raise Garbled("a name of an entry that is not UTF-8") from None
    attributes: defaultdict[str, list[bytes]] = defaultdict(list)
    listed = body.element(ber.SEQUENCE)
    while not listed.is_done:
        one = listed.element(ber.SEQUENCE)
        # RFC 4512 2.5: cn;lang-en is a kind of cn.
        kind = one.text().partition(";")[0].lower()
        values, found = one.element(ber.SET), attributes[kind]
        while not values.is_done:
            found.append(values.octets())
    return Entry(name, {kind: tuple(found) for kind, found in attributes.items()})


def _cookie(message: Reader) -> bytes:
    if message.is_done:
        return b""
    controls = message.element(_CONTROLS)
    while not controls.is_done:
        control = controls.element(ber.SEQUENCE)
        if control.octets() != PAGED:
            continue
        if control.tag == ber.BOOLEAN:
            control.skip()
        page = Reader.of(control.octets()).element(ber.SEQUENCE)
        page.integer()
        return page.octets()
    return b""
