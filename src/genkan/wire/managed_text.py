"""Owns the way from an MDM value's text to JSON, with what consoles do to quotes and encodings; knows no site."""

import json
from collections import Counter
from dataclasses import dataclass

from genkan.wire.managed_records import Findings, Place

_CURLED = frozenset("“”„‟″«»")
_STRAIGHTENED = {ord(mark): '"' for mark in _CURLED}
_LAYERS = 3


class Members(dict[str, object]):
    """A JSON object that remembers which of its keys were written twice."""

    repeated: tuple[str, ...] = ()


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
    decoded = _decoded(text, place, findings)
    if decoded is None:
        return None
    if not decoded.strip():
        findings.add(
            "error",
            place,
            "The value is empty.",
            "Give `sites` a JSON array with one object a site, or remove the key.",
        )
        return None
    value = _json(decoded)
    if not isinstance(value, _Fault):
        return _unwrapped(value, place, findings)
    return _mended(decoded, value, place, findings)


def _decoded(text: str | bytes, place: Place, findings: Findings) -> str | None:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as fault:
            problem = f"The value is not UTF-8 (byte {fault.start})."
            findings.add("error", place, problem, "Save the file as UTF-8 without a byte order mark.")
            return None
    if text.startswith("\ufeff"):
        # RFC 8259 8.1: a reader may ignore the mark or refuse the text, so phones differ
        problem = "The value begins with a byte order mark, at which some readers fail."
        findings.add("warning", place, problem, "Save the file as UTF-8 without a byte order mark.")
        return text[1:]
    return text


def _members(pairs: list[tuple[str, object]]) -> Members:
    members = Members(pairs)
    if len(members) != len(pairs):
        count = Counter(name for name, _ in pairs)
        members.repeated = tuple(name for name in members if count[name] > 1)
    return members


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _json(text: str) -> object:
    try:
        value: object = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant)
    except json.JSONDecodeError as fault:
        return _Fault(f"line {fault.lineno}, column {fault.colno}")
    except RecursionError:
        return _Fault("nested too deeply")
    except ValueError as fault:
        return _Fault(str(fault)[:80])
    return value


def _unwrapped(value: object, place: Place, findings: Findings) -> Reading:
    """A JSON string that holds the JSON: one layer too many."""
    sound = True
    for _ in range(_LAYERS):
        inner = _json(value) if isinstance(value, str) else value
        if inner is value or isinstance(inner, _Fault):
            break
        if sound:
            problem = "The value is JSON inside a JSON string: it was encoded twice."
            findings.add(
                "error",
                place,
                problem,
                "Paste the array itself, without outer quotes and without backslashes before quotes.",
            )
        value, sound = inner, False
    return Reading(value, sound)


def _mended(text: str, fault: _Fault, place: Place, findings: Findings) -> Reading | None:
    """Name the wrapping that explains why the text is no JSON, and read on behind it for further findings."""
    for problem, fix, mended in _explanations(text):
        value = _json(mended)
        if not isinstance(value, _Fault):
            findings.add("error", place, problem, fix)
            return Reading(value, sound=False)
    problem, fix = _unexplained(text, fault)
    findings.add("error", place, problem, fix)
    return None


def _explanations(text: str) -> list[tuple[str, str, str]]:
    explanations = []
    if '\\"' in text:
        problem = "The value is not JSON: its quotes have backslashes before them, so it was encoded twice."
        explanations.append(
            (
                problem,
                'Remove the backslash before every quote: write "title", not \\"title\\".',
                text.replace('\\"', '"'),
            )
        )
    if "&quot;" in text:
        problem = "The value is not JSON: its quotes are written as &quot;, which only XML understands."
        mended = text.replace("&quot;", '"').replace("&amp;", "&")
        explanations.append(
            (problem, 'Write straight quotes (") in a console; only a plist or XML file may need &quot;.', mended)
        )
    if not _CURLED.isdisjoint(text):
        problem = "The value is not JSON: it has typographic quotes (“ ”)."
        fix = 'Replace them by straight quotes ("), and copy the value from a plain text editor.'
        explanations.append((problem, fix, text.translate(_STRAIGHTENED)))
    return explanations


def _unexplained(text: str, fault: _Fault) -> tuple[str, str]:
    if text.lstrip().startswith("<"):
        return (
            "The value is XML, not JSON.",
            "Put only the JSON array into `sites`; the property list around it is the MDM's business.",
        )
    if not _CURLED.isdisjoint(text):
        problem = f"The value is not JSON ({fault.why}), and it has typographic quotes (“ ”)."
        return problem, 'Replace them by straight quotes (") first, then check again.'
    fix = "Write a JSON array with straight double quotes and no comma before ] or }."
    return f"The value is not JSON ({fault.why}).", f'{fix} As in [{{"title": "…", "baseURL": "https://…"}}].'
