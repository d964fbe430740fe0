"""Owns the form of a property list in XML: a list is right where every parser takes it and reads the same in it.

Apple's own parser, expat under plistlib, and libplist differ in what they pass over, so whatever only some of them take
is found: markup where text belongs, text between elements, keys without values, keys that are written twice. The last
word has plistlib, which shares no line with the reading here but expat.
"""

import base64
import binascii
import plistlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from genkan.mdm.opened import TOP, printable
from genkan.mdm.xmltree import CDATA, Element
from genkan.wire.managed_records import Findings

_CONTAINERS = frozenset({"plist", "dict", "array"})
_BLANK = " \t\r\n"
_DIGITS = frozenset("0123456789")
# The value is one octet to a sign and eight to the number.
_LONGEST_INTEGER = 18


def check_form(root: Element, findings: Findings) -> None:
    """Find what parsers refuse or read in different ways; each kind of fault is told once, where it is first."""
    told: set[str] = set()
    for name, values in _faults(root):
        if name not in told:
            told.add(name)
            findings.add(TOP, name, **values)


def _faults(root: Element) -> Iterator[tuple[str, dict[str, str]]]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield from _of_container(element) if element.tag in _CONTAINERS else _of_leaf(element)
        waiting.extend(reversed(element.children if element.tag in _CONTAINERS else []))


def _of_container(element: Element) -> Iterator[tuple[str, dict[str, str]]]:
    if element.attributes and element.tag != "plist":
        yield (
            "plist-element",
            {"tag": f"<{element.tag} {printable(next(iter(element.attributes)))}=…>", "at": element.at},
        )
    written = element.text.strip(_BLANK)
    if written:
        yield "plist-text", {"written": printable(written), "tag": f"<{element.tag}>", "at": element.at}
    for mark in element.marks:
        if mark.what == CDATA:
            yield "plist-markup", {"tag": mark.what, "inside": f"<{element.tag}>", "at": mark.at}
    if element.tag == "plist" and len(element.children) != 1:
        yield "xml-second", {"why": element.children[1].at if element.children else element.at}
    if element.tag == "dict":
        yield from _of_pairs(element)


def _of_pairs(dictionary: Element) -> Iterator[tuple[str, dict[str, str]]]:
    children = dictionary.children
    for index, child in enumerate(children):
        if (child.tag == "key") is not (index % 2 == 0) or (child.tag == "key" and index + 1 == len(children)):
            yield "plist-pairs", {"tag": f"<{child.tag[:40]}>", "at": child.at}
            return


def _of_leaf(element: Element) -> Iterator[tuple[str, dict[str, str]]]:
    holds = _LEAVES.get(element.tag)
    if holds is None or element.attributes:
        yield "plist-element", {"tag": f"<{element.tag[:40]}>", "at": element.at}
        return
    inside = [(f"<{child.tag[:40]}>", child.at) for child in element.children]
    inside += [(mark.what, mark.at) for mark in element.marks if mark.what != CDATA]
    if inside:
        yield "plist-markup", {"tag": inside[0][0], "inside": f"<{element.tag}>", "at": inside[0][1]}
    elif not holds(element.text):
        yield "plist-value", {"tag": f"<{element.tag}>", "at": element.at}


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return 0 < len(digits) <= _LONGEST_INTEGER and _DIGITS.issuperset(digits)


def _is_real(text: str) -> bool:
    whole, point, part = text.removeprefix("-").partition(".")
    return bool(whole) and _DIGITS.issuperset(whole) and len(text) < 40 and (not point or _is_integer(part))


def _is_date(text: str) -> bool:
    shape = "".join("0" if character in _DIGITS else character for character in text)
    return shape == "0000-00-00T00:00:00Z"


def _is_data(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_LEAVES: Mapping[str, Callable[[str], bool]] = {
    "key": lambda _text: True,
    "string": lambda _text: True,
    "integer": _is_integer,
    "real": _is_real,
    "date": _is_date,
    "data": _is_data,
    "true": lambda text: not text,
    "false": lambda text: not text,
}


def check_names(names: Iterable[str], findings: Findings) -> None:
    """Find names that are there twice: nothing says which of the two counts."""
    for name, count in Counter(names).items():
        if count > 1:
            findings.add(TOP.at(name[:80]), "key-twice", key=printable(name))


def keys_of(dictionary: Element) -> list[str]:
    """The keys of a <dict>, as often as they are there."""
    return [key.text for key, value in pairwise(dictionary.children) if key.tag == "key" and value.tag != "key"]


def other_reader_agrees(text: str, settings: Mapping[str, object] | None) -> bool:
    """Whether plistlib takes the document, and finds the same keys at its top and under `sites` the same text; without
    `settings`, which may stand anywhere then, whether it takes it.
    """
    try:
        read: object = plistlib.loads(text.encode("utf-8", "replace"), fmt=plistlib.FMT_XML)
    except Exception:  # noqa: BLE001 - whatever it raises, it did not take the document
        return False
    if settings is None:
        return True
    return isinstance(read, dict) and {*read} == {*settings} and read.get("sites") == settings.get("sites")
