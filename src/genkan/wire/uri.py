"""Owns the RFC 3986 grammar that every address of ours is read with: splits and names faults, decides nothing.

The standard library's splitter repairs what it is given (it drops tabs and newlines, lets userinfo and odd ports pass),
and two programs that repair differently are how a redirect check is confused: here text is read strictly or not at all.
"""

import ipaddress
from dataclasses import dataclass

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = frozenset("0123456789")
HEX = frozenset("0123456789abcdefABCDEF")
UNRESERVED = LETTERS | DIGITS | frozenset("-._~")  # RFC 3986 2.3
_PAIRS = frozenset(first + second for first in HEX for second in HEX)
_UNRESERVED = "".join(UNRESERVED).encode()
CHARACTERS = UNRESERVED | frozenset(":/?#[]@!$&'()*+,;=%")  # RFC 3986 2: reserved, unreserved, and the escape sign
_BYTES = {pair.encode(): bytes.fromhex(pair) for pair in _PAIRS}
_SCHEME = LETTERS | DIGITS | frozenset("+-.")
_LABEL = LETTERS | DIGITS | frozenset("-_")


@dataclass(frozen=True, slots=True)
class URI:
    """The five components of RFC 3986 3 as written; None is absent, which is not the same as empty."""

    scheme: str
    authority: str | None
    path: str
    query: str | None
    fragment: str | None


@dataclass(frozen=True, slots=True)
class Authority:
    """A host without brackets and an explicit port."""

    host: str
    port: int | None

    @property
    def bracketed(self) -> str:
        """The host as a URI spells it."""
        return f"[{self.host}]" if ":" in self.host else self.host


def odd_character(text: str) -> str | None:
    """The first character that no URI may hold, so control, space, backslash, quote and non-ASCII characters."""
    if CHARACTERS.issuperset(text):
        return None
    return next(character for character in text if character not in CHARACTERS)


def escapes_hold(text: str) -> bool:
    """Every percent sign begins an escape of two hexadecimal digits (RFC 3986 2.1)."""
    return "%" not in text or {piece[:2] for piece in text.split("%")[1:]} <= _PAIRS


def is_unreserved(text: str) -> bool:
    """Whether it holds unreserved characters alone (RFC 3986 2.3)."""
    # Bytes are thrown out in one go, where a set would be asked for each character.
    return not text.encode("utf-8", "surrogatepass").translate(None, _UNRESERVED)


def form_decoded(text: str) -> str | None:
    """A name or value of a form (WHATWG URL 5.1), None where a percent sign begins no escape.

    Raises UnicodeDecodeError where the escapes are no UTF-8.
    """
    first, *rest = text.replace("+", " ").encode("utf-8", "surrogatepass").split(b"%")
    try:
        decoded = [first, *[_BYTES[piece[:2]] + piece[2:] for piece in rest]]
    except KeyError:
        return None
    return b"".join(decoded).decode("utf-8")


def is_scheme(text: str) -> bool:
    """RFC 3986 3.1: a letter, then letters, digits, plus, hyphen or dot."""
    return bool(text) and text[0] in LETTERS and _SCHEME.issuperset(text)


def split(text: str) -> URI | None:
    """Cut an absolute URI into its components; None when it does not begin with a scheme."""
    scheme, colon, rest = text.partition(":")
    if not colon or not is_scheme(scheme):
        return None
    rest, hash_sign, fragment = rest.partition("#")
    rest, question_mark, query = rest.partition("?")
    authority: str | None = None
    if rest.startswith("//"):
        name, slash, tail = rest[2:].partition("/")
        authority, rest = name, slash + tail
    return URI(scheme, authority, rest, query if question_mark else None, fragment if hash_sign else None)


def split_authority(text: str) -> Authority | None:
    """Read host and port strictly; None for userinfo, an empty host, a number in a spelling of its own, a bad port."""
    if text.startswith("["):
        literal, bracket, tail = text[1:].partition("]")
        return _with_port(literal, tail) if bracket and is_ipv6(literal) else None
    host, colon, port = text.partition(":")
    return _with_port(host, colon + port) if is_host_name(host) else None


def _with_port(host: str, tail: str) -> Authority | None:
    if not tail:
        return Authority(host, None)
    port = port_of(tail[1:]) if tail[0] == ":" else None
    return None if port is None else Authority(host, port)


def port_of(text: str) -> int | None:
    """A port in its one spelling, without leading zeros: two spellings of one port are two strings to compare."""
    if not text or len(text) > 5 or not DIGITS.issuperset(text) or text[0] == "0":
        return None
    port = int(text)
    return port if port <= 65535 else None


def is_ipv6(text: str) -> bool:
    """An IPv6 address without zone."""
    if len(text) > 45 or "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_ipv4(text: str) -> bool:
    """An IPv4 address as four decimal numbers without leading zeros."""
    if len(text) > 15:
        return False
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_host_name(text: str) -> bool:
    """A DNS name in ASCII, or an IPv4 address in its usual spelling.

    A name that ends in a number is an IPv4 address to a browser (`2130706433`, `0x7f.1`, `127.1`): only the usual
    spelling passes.
    """
    if not text or len(text) > 253:
        return False
    labels = text.split(".")
    last = labels[-1].lower()
    if last.isdecimal() or last.startswith("0x"):
        return is_ipv4(text)
    return all(_is_label(label) for label in labels)


def _is_label(text: str) -> bool:
    return 0 < len(text) <= 63 and _LABEL.issuperset(text) and text[0] != "-" and text[-1] != "-"


def has_dot_segment(path: str) -> bool:
    """A `.` or `..` segment, escaped or not: some programs climb at it and others do not.

    What a segment holds from a semicolon or a NUL on does not count: servlet containers take such parameters off before
    they climb (Servlet 6.0 3.5.2), and for the programs below some others a NUL is the end.
    """
    lowered = path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace("\\", "/")
    lowered = lowered.replace("%3b", ";").replace("%00", ";").replace("\0", ";")
    return any(segment.partition(";")[0] in {".", ".."} for segment in lowered.split("/"))
