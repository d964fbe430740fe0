"""Owns the way from an MDM value's text to JSON, with what consoles do to quotes and encodings; knows no site."""

import json
import math
from collections import Counter
from dataclasses import dataclass

from genkan.wire import characters
from genkan.wire.managed_records import Findings, Place
from genkan.wire.managed_tolerant import CURLED, WIDE, Guessed, guess
from genkan.wire.urls import BaseURL, parse_base_url

LONGEST = 1_000_000
_DEEPEST = 100
_LAYERS = 3
_FIRST = 200
_JSON_BEGINS = frozenset("[{\"'\\&/`\N{FULLWIDTH APOSTROPHE}") | CURLED | frozenset(WIDE)
# No number of a configuration has more, and CPython reads none of more than 4,300.
_MOST_DIGITS = 40


class Members(dict[str, object]):
    """A JSON object that remembers which of its keys were written twice, and the earlier values that were others."""

    repeated: tuple[str, ...] = ()
    earlier: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The decoded value; `sound` is False where a phone would not get so far, and only further findings are of use."""

    value: object
    sound: bool


@dataclass(frozen=True, slots=True)
class _Fault:
    why: str


def read(text: str | bytes, place: Place, findings: Findings) -> Reading | None:
    """Decode a value as far as anything can be made of it; None when nothing can."""
    if len(text) > LONGEST:
        findings.add(place, "too-large", most=LONGEST)
        return None
    decoded = decode(text, place, findings)
    if decoded is None:
        return None
    if not decoded.strip():
        findings.add(place, "empty")
        return None
    value = _json(decoded)
    if isinstance(value, _Fault):
        return _mended(decoded, value, place, findings)
    return _unwrapped(value, place, findings)


def decode(text: str | bytes, place: Place, findings: Findings) -> str | None:
    """Octets as text, whatever a Windows editor made of them; None where they are none."""
    if isinstance(text, str):
        decoded = text
    elif is_utf16(text):
        findings.add(place, "utf-16")
        return text.decode("utf-16" if text[:2] in {b"\xff\xfe", b"\xfe\xff"} else _order(text), "replace")
    else:
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError as fault:
            findings.add(place, "not-utf-8", at=fault.start)
            return None
    if decoded.startswith("\ufeff"):
        # RFC 8259 8.1: a reader may ignore the mark or refuse the text, so phones differ
        findings.add(place, "byte-order-mark")
        return decoded[1:]
    return decoded


def is_utf16(octets: bytes) -> bool:
    """Whether octets look like UTF-16: by their mark, or since every second one of the first few is zero."""
    if octets[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return True
    return len(octets) >= 4 and len(octets) % 2 == 0 and (octets[0] == 0 == octets[2] or octets[1] == 0 == octets[3])


def _order(octets: bytes) -> str:
    return "utf-16-be" if octets[0] == 0 else "utf-16-le"


def _members(pairs: list[tuple[str, object]]) -> Members:
    members = Members(pairs)
    if len(members) != len(pairs):
        count = Counter(name for name, _ in pairs)
        members.repeated = tuple(name for name in members if count[name] > 1)
        members.earlier = tuple((name, value) for name, value in pairs if members[name] != value)
    return members


class _NoJSON(Exception):
    """What CPython's reader takes and JSON does not have, or nothing can hold; ``written`` as it stands in the text."""

    def __init__(self, why: str, written: str) -> None:
        super().__init__(why)
        self.why = why
        self.written = written


def _refuse_constant(name: str) -> object:
    raise _NoJSON(f"{name} is no JSON", name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NoJSON("a number that nothing can hold", digits)
    return number


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _NoJSON(f"a number of {len(digits.lstrip('-'))} digits", digits)
    return int(digits)


def _json(text: str) -> object:
    """The decoded value, or why there is none, in words of our own: those of a library are nobody's business."""
    try:
        value: object = json.loads(
            text, object_pairs_hook=_members, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole
        )
    except json.JSONDecodeError as fault:
        return _Fault(f"line {fault.lineno}, column {fault.colno}{_there(text, fault.pos)}")
    except _NoJSON as fault:
        return _Fault(f"{fault.why}, {characters.place(text, max(0, text.find(fault.written)))}")
    except RecursionError:
        return _Fault("nested too deeply")
    return value if _is_shallow(value) else _Fault("nested too deeply")


def _there(text: str, at: int) -> str:
    """The character at which a reader stops, by name."""
    return f": {characters.named(text[at])}" if at < len(text) else ""


def _is_shallow(value: object) -> bool:
    """Whether a value can be walked through and written again without a thought."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inner(outer)]
        if not level:
            return True
    return False


def _inner(outer: dict[str, object] | list[object]) -> list[object]:
    return list(outer.values()) if isinstance(outer, dict) else outer


def _unwrapped(value: object, place: Place, findings: Findings) -> Reading:
    """A JSON string that holds the JSON: one layer too many."""
    sound = True
    for _ in range(_LAYERS):
        inner = _json(value) if isinstance(value, str) else value
        if inner is value or isinstance(inner, _Fault):
            break
        if sound:
            findings.add(place, "encoded-twice")
        value, sound = inner, False
    return Reading(value, sound)


def _mended(text: str, fault: _Fault, place: Place, findings: Findings) -> Reading | None:
    """Name what explains why the text is no JSON, and read on behind it for further findings."""
    wrappings, inner = _unescaped(text)
    value = _json(inner) if wrappings else fault
    guessed = guess(inner) if isinstance(value, _Fault) else Guessed(value, {})
    if isinstance(guessed, Guessed):
        for name in wrappings:
            findings.add(place, name)
        for name, at in guessed.slips.items():
            findings.add(place, name, at=at)
        return Reading(_objects(guessed.value), sound=False)
    base = parse_base_url(text.strip())
    if isinstance(base, BaseURL):
        findings.add(place, "address-only", write=base.text)
        return Reading([Members({"baseURL": base.text})], sound=False)
    _unexplained(text, fault, guessed, place, findings)
    return None


def _unescaped(text: str) -> tuple[list[str], str]:
    """What somebody escaped once more than needed, by name, and the text without."""
    names: list[str] = []
    if "&quot;" in text and '"' not in text:
        names, text = [*names, "escaped-for-xml"], _without_entities(text)
    if '\\"' in text and not text.lstrip().startswith('"') and _json(f'"{text}"') is not None:
        inner = _json(f'"{text}"')
        if isinstance(inner, str):
            names, text = [*names, "backslashes"], inner
    return names, text


def _without_entities(text: str) -> str:
    for entity, character in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


def _objects(value: object) -> object:
    """Objects that were guessed, in the form that remembers repeated keys."""
    if isinstance(value, list):
        return [_objects(item) for item in value]
    if isinstance(value, tuple):
        return _members([(name, _objects(item)) for name, item in value])
    return value


def _language(begin: str) -> str | None:
    """What a text is that was never meant to be JSON; None where it was."""
    first, _, second = begin.partition("\n")
    first = first.strip()
    if first[:1] == "[" and first[-1:] == "]" and first.strip("[]").isidentifier() and "=" in second:
        return "toml"
    key, colon, rest = first.removeprefix("- ").partition(":")
    if first == "---" or (colon and key.strip().isidentifier() and (first.startswith("- ") or not rest.strip())):
        return "yaml"
    return None if begin[:1] in _JSON_BEGINS else "free-text"


def _unexplained(text: str, fault: _Fault, why: str, place: Place, findings: Findings) -> None:
    if text.lstrip().startswith("<"):
        findings.add(place, "xml")
    elif why == "cut-off":
        findings.add(place, "cut-off")
    elif (name := _language(text.lstrip()[:_FIRST])) is not None:
        findings.add(place, name)
    else:
        if not CURLED.isdisjoint(text):
            first = next(index for index, character in enumerate(text) if character in CURLED)
            at = f"{characters.place(text, first)} ({characters.named(text[first])})"
            findings.add(place, "typographic-quotes", at=at)
        findings.add(place, "not-json", why=fault.why)
