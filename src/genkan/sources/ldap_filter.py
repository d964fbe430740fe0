"""Search filters as operators write them (RFC 4515), with places for values: read once, filled as values and never as
text, so that nothing that anybody types can become part of a filter's form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

MOST_CHARACTERS = 2000
MOST_NESTING = 10
_ATTRIBUTE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-;._")
_HEX = frozenset("0123456789abcdefABCDEF")
# Bytes as they are, and names of places that are filled later.
Value: TypeAlias = tuple[bytes | str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the parts must hold."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """One of the parts must hold."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Compare:
    """An attribute against a value."""

    operator: Literal["=", ">=", "<=", "~="]
    attribute: str
    value: Value


@dataclass(frozen=True, slots=True)
class Present:
    """The attribute has some value."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """An attribute begins with ``first``, ends with ``last`` (where they are not empty) and has the others between."""

    attribute: str
    first: Value
    middle: tuple[Value, ...]
    last: Value


@dataclass(frozen=True, slots=True)
class Rule:
    """A value by a named matching rule, as Active Directory's for bits."""

    attribute: str
    rule: str
    in_names: bool
    value: Value


Filter: TypeAlias = All | Any | Not | Compare | Present | Pieces | Rule


class BadFilter(ValueError):
    """Why a text is no filter."""


def parse(text: str, places: frozenset[str] = frozenset()) -> Filter:
    """The filter that a text means; ``{name}`` is a place where ``name`` is one of the places. Raises BadFilter."""
    if len(text) > MOST_CHARACTERS:
        raise BadFilter(f"a filter has at most {MOST_CHARACTERS} characters")
    stripped = text.strip()
    whole = stripped if stripped.startswith("(") else f"({stripped})"
    reading = _Reading(whole, places)
    found = reading.filter(0)
    if reading.at != len(whole):
        raise BadFilter(f"something follows the end of the filter: {whole[reading.at :][:20]!r}")
    return found


class _Reading:
    """A text, how far it is read, and which places it may have."""

    def __init__(self, text: str, places: frozenset[str]) -> None:
        self.text = text
        self.places = places
        self.at = 0

    def filter(self, depth: int) -> Filter:
        if depth > MOST_NESTING:
            raise BadFilter(f"a filter is nested at most {MOST_NESTING} deep")
        self._take("(")
        sign = self.text[self.at : self.at + 1]
        found: Filter
        if sign in {"&", "|", "!"}:
            self.at += 1
            found = self._joined(sign, depth)
        else:
            found = self._item()
        self._take(")")
        return found

    def _joined(self, sign: str, depth: int) -> Filter:
        parts = []
        while self.text[self.at : self.at + 1] == "(":
            parts.append(self.filter(depth + 1))
        if not parts or (sign == "!" and len(parts) != 1):
            raise BadFilter(f"{sign} wants {'one filter' if sign == '!' else 'filters'} in brackets after it")
        if sign == "!":
            return Not(parts[0])
        return All(tuple(parts)) if sign == "&" else Any(tuple(parts))

    def _item(self) -> Filter:
        end = self.at
        while self.text[end : end + 1] not in {"(", ")", ""}:
            end += 1
        item, self.at = self.text[self.at : end], end
        left, equals, right = item.partition("=")
        if not equals:
            raise BadFilter(f"{item[:40]!r} has no = in it")
        if left.endswith(":"):
            return _rule(left[:-1], self._value(right))
        if left.endswith((">", "<", "~")):
            operator: Literal[">=", "<=", "~="] = ">=" if left[-1] == ">" else "<=" if left[-1] == "<" else "~="
            return Compare(operator, _attribute(left[:-1]), self._value(right))
        if right == "*":
            return Present(_attribute(left))
        if "*" in right:
            first, *middle, last = (self._value(piece) for piece in right.split("*"))
            return Pieces(_attribute(left), first, tuple(piece for piece in middle if piece), last)
        return Compare("=", _attribute(left), self._value(right))

    def _value(self, text: str) -> Value:
        value: list[bytes | str] = []
        at = 0
        while at < len(text):
            piece, at = self._piece(text, at)
            if isinstance(piece, bytes) and value and isinstance(value[-1], bytes):
                value[-1] += piece
            else:
                value.append(piece)
        return tuple(value)

    def _piece(self, text: str, at: int) -> tuple[bytes | str, int]:
        sign = text[at]
        if sign == "\\":
            digits = text[at + 1 : at + 3]
            if len(digits) != 2 or not set(digits) <= _HEX:
                raise BadFilter("a \\ in a filter is followed by two hexadecimal digits")
            return bytes.fromhex(digits), at + 3
        if sign in {"*", "\0"}:
            raise BadFilter(f"write \\{ord(sign):02x} for {sign!r} in a value")
        if sign != "{":
            return sign.encode("utf-8", "surrogatepass"), at + 1
        name, closed, _ = text[at + 1 :].partition("}")
        if not closed or name not in self.places:
            known = " or ".join(f"{{{place}}}" for place in sorted(self.places)) or "no place"
            raise BadFilter(f"{{ begins a place; here {known} can stand; write \\7b for the sign itself")
        return name, at + len(name) + 2

    def _take(self, sign: str) -> None:
        if self.text[self.at : self.at + 1] != sign:
            raise BadFilter(f"{sign} is missing at {self.text[self.at : self.at + 20]!r}")
        self.at += 1


def _rule(left: str, value: Value) -> Rule:
    attribute, *rest = left.split(":")
    in_names = rest[:1] == ["dn"]
    names = rest[1:] if in_names else rest
    if len(names) > 1 or not (attribute or names):
        raise BadFilter(f"{left[:40]!r} is no matching rule")
    rule = _attribute(names[0]) if names else ""
    return Rule(_attribute(attribute) if attribute else "", rule, in_names, value)


def _attribute(text: str) -> str:
    if not text or not set(text) <= _ATTRIBUTE:
        raise BadFilter(f"{text[:40]!r} is no attribute")
    return text


def places_of(one: Filter) -> frozenset[str]:
    """The places that a filter has."""
    match one:
        case All(parts) | Any(parts):
            return frozenset().union(*(places_of(part) for part in parts))
        case Not(part):
            return places_of(part)
        case Present():
            return frozenset()
        case Pieces(_, first, middle, last):
            return frozenset(piece for value in (first, *middle, last) for piece in value if isinstance(piece, str))
        case Compare(value=value) | Rule(value=value):
            return frozenset(piece for piece in value if isinstance(piece, str))


def fill(one: Filter, values: Mapping[str, bytes]) -> Filter:
    """The same filter with the values in their places. It has the same form, whatever the values are."""
    match one:
        case All(parts):
            return All(tuple(fill(part, values) for part in parts))
        case Any(parts):
            return Any(tuple(fill(part, values) for part in parts))
        case Not(part):
            return Not(fill(part, values))
        case Present():
            return one
        case Pieces(attribute, first, middle, last):
            between = tuple(_filled(value, values) for value in middle)
            return Pieces(attribute, _filled(first, values), between, _filled(last, values))
        case Compare() | Rule():
            return replace(one, value=_filled(one.value, values))


def _filled(value: Value, values: Mapping[str, bytes]) -> Value:
    whole = b"".join(piece if isinstance(piece, bytes) else values[piece] for piece in value)
    return (whole,) if whole else ()


def plain(value: Value) -> bytes:
    """The bytes of a value that has no places left."""
    return b"".join(piece for piece in value if isinstance(piece, bytes))


def shown(one: Filter) -> str:
    """The filter as text, to be read and to be pasted into ldapsearch."""
    match one:
        case All(parts):
            return f"(&{''.join(map(shown, parts))})"
        case Any(parts):
            return f"(|{''.join(map(shown, parts))})"
        case Not(part):
            return f"(!{shown(part)})"
        case Present(attribute):
            return f"({attribute}=*)"
        case Compare(operator, attribute, value):
            return f"({attribute}{operator}{_shown(value)})"
        case Pieces(attribute, first, middle, last):
            return f"({attribute}={'*'.join(map(_shown, (first, *middle, last)))})"
        case Rule(attribute, rule, in_names, value):
            return f"({attribute}{':dn' if in_names else ''}{f':{rule}' if rule else ''}:={_shown(value)})"


def _shown(value: Value) -> str:
    return "".join(f"{{{piece}}}" if isinstance(piece, str) else escape(piece) for piece in value)


def escape(value: bytes) -> str:
    """A value as it must be written in a filter's text."""
    # RFC 4515 3: the signs of the grammar, NUL, and whatever is not UTF-8 are written as \XX; we escape more than
    # must be, so that what is shown is always plain ASCII.
    return "".join(chr(byte) if _is_plain(byte) else f"\\{byte:02x}" for byte in value)


def _is_plain(byte: int) -> bool:
    return 0x20 <= byte < 0x7F and byte not in b"()*\\{}"
