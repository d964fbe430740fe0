"""Distinguished names as text (RFC 4514): written with values that cannot break out, and compared by what they mean."""

import unicodedata
from collections.abc import Iterator
from typing import TypeAlias

MOST_CHARACTERS = 2000
MOST_PARTS = 100
_SPECIAL = frozenset('"+,;<>\\=#')
_HEX = frozenset("0123456789abcdefABCDEF")
# One level of a name: its attributes, in small letters, with their values folded.
Level: TypeAlias = frozenset[tuple[str, str]]


class BadName(ValueError):
    """Why a text is no distinguished name."""


def escape(value: str) -> str:
    """A value as it must be written within a distinguished name."""
    # RFC 4514 2.4: the signs of the grammar by a backslash, NUL by its hexadecimal digits, and spaces at the ends; each
    # byte beyond plain letters is written in digits here, so that no reader can take it for something else.
    return "".join(char if char.isascii() and char.isalnum() else _digits(char) for char in value)


def _digits(char: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))


def parse(text: str) -> tuple[Level, ...]:
    """What a name means, from the entry to the root: two spellings of one name are equal. Raises BadName."""
    if len(text) > MOST_CHARACTERS:
        raise BadName(f"a name has at most {MOST_CHARACTERS} characters")
    if not text.strip():
        return ()
    levels: list[set[tuple[str, str]]] = [set()]
    for count, (attribute, value, separator) in enumerate(_parts(text)):
        if count >= MOST_PARTS:
            raise BadName(f"a name has at most {MOST_PARTS} parts")
        levels[-1].add((attribute, value))
        if separator == ",":
            levels.append(set())
    return tuple(frozenset(level) for level in levels)


def same(one: str, other: str) -> bool:
    """Whether two texts name the same entry."""
    try:
        return parse(one) == parse(other)
    except BadName:
        return False


def _parts(text: str, *, fold: bool = True) -> Iterator[tuple[str, str, str]]:
    at = 0
    while True:
        equals = text.find("=", at)
        attribute = text[at:equals].strip().lower() if equals >= 0 else ""
        if not attribute or not all(c.isascii() and (c.isalnum() or c in "-.") for c in attribute):
            raise BadName(f"{text[at : at + 40]!r} is no attribute=value")
        raw, at = _value(text, equals + 1)
        value = _folded(raw) if fold else raw.decode("utf-8", "replace")
        separator = text[at : at + 1].replace(";", ",")  # RFC 2253 4: the sign of older writers
        yield attribute.removeprefix("oid."), value, separator
        if not separator:
            return
        at += 1


def _value(text: str, at: int) -> tuple[bytes, int]:
    raw = bytearray()
    kept = 0  # how much of it is not spaces at its end
    while at < len(text) and text[at] in " \r\n":
        at += 1
    while at < len(text) and text[at] not in ",;+":
        piece, at, is_escaped = _piece(text, at)
        raw += piece
        if is_escaped or piece != b" ":
            kept = len(raw)
    return bytes(raw[:kept]), at


def _piece(text: str, at: int) -> tuple[bytes, int, bool]:
    char = text[at]
    if char in {'"', "\0"}:
        raise BadName("quotes and NUL within a name are written with a backslash")
    if char != "\\":
        return char.encode("utf-8", "surrogatepass"), at + 1, False
    digits = text[at + 1 : at + 3]
    if len(digits) == 2 and set(digits) <= _HEX:
        return bytes.fromhex(digits), at + 3, True
    if digits[:1] in _SPECIAL or digits[:1] == " ":
        return digits[:1].encode(), at + 2, True
    raise BadName("a \\ within a name is followed by a special sign or two hexadecimal digits")


def _folded(raw: bytes) -> str:
    """RFC 4518 2: case, Unicode form and spaces do not tell values apart. Bytes that are no text stay as they are."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return f"#{raw.hex()}"
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def first_value(text: str) -> str:
    """The value of a name's first part as written, unescaped. Raises BadName."""
    for _, value, _ in _parts(text, fold=False):
        return value
    return ""
