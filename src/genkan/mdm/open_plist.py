"""Owns property lists in XML: the settings in one, what is wrong with it, and the way to write them back in place."""

import html
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from genkan.mdm import plist_form
from genkan.mdm.opened import TOP, Kind, Opened, misspelt_sites, printable, with_sites
from genkan.mdm.xmltree import CDATA, Edit, Element, edited, source
from genkan.wire.managed_records import Findings

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
)
WRAPPER = "configuration"
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def open_plist(root: Element, text: str, findings: Findings) -> Opened:
    """The settings of a <plist>, or of a <dict> alone."""
    top = root if root.tag == "dict" else root.child("dict")
    kind = Kind.PROFILE if top is not None and "PayloadContent" in _pairs(top) else Kind.PLIST
    found = [dictionary for dictionary in _dictionaries(root) if _names_sites(dictionary)]
    dictionary = found[0] if found else top
    before = findings.errors
    plist_form.check_form(root, findings)
    if dictionary is None or (kind is Kind.PROFILE and not found):
        findings.add(TOP, "no-sites-key")
        return Opened(kind)
    plist_form.check_names(plist_form.keys_of(dictionary), findings)
    if len(found) > 1:
        findings.add(TOP, "several-values")
    raw = {key: plain(value) for key, (_, value) in _pairs(dictionary).items()}
    written = _as_written(dictionary, text)
    if (reference := written.get("sites", "").find("&#")) >= 0:
        findings.add(TOP.at("sites"), "plist-reference", written=printable(written["sites"][reference:][:8]))
    settings = with_sites({**raw, **_as_text(dictionary, written)}, kind, findings)
    if kind is Kind.PLIST and top is not dictionary:
        return _from_inside(top, dictionary, settings, findings)
    at_the_top = raw if kind is Kind.PLIST else None
    if findings.errors == before and not plist_form.other_reader_agrees(text, at_the_top):
        findings.add(TOP, "readers-differ")

    def put(changed: Mapping[str, object]) -> bytes:
        return _put_plist(changed, dictionary, text, frozenset(written))

    return Opened(kind, settings, put=put, fragment=text.lstrip().startswith("<dict"))


def _as_written(dictionary: Element, text: str) -> dict[str, str]:
    """The source of those values of type String that are not written as every parser reads them: by key."""
    octets = text.encode("utf-8", "replace")
    strings = {key: value for key, (_, value) in _pairs(dictionary).items() if value.tag == "string"}
    sources = {key: (value, source(octets, value)) for key, value in strings.items()}
    return {
        key: written
        for key, (value, written) in sources.items()
        if _is_marked_up(value) or _is_numbered(value, written)
    }


def _is_marked_up(value: Element) -> bool:
    """Whether something else than text stands in it."""
    return bool(value.children) or any(mark.what != CDATA for mark in value.marks)


def _is_numbered(value: Element, written: str) -> bool:
    """Whether characters are written by their numbers."""
    return "&#" in written and not value.marks


def _as_text(dictionary: Element, written: Mapping[str, str]) -> dict[str, str]:
    """The values with elements in them, as the text that was meant."""
    pairs = _pairs(dictionary)
    return {key: html.unescape(text) for key, text in written.items() if pairs[key][1].children}


def _from_inside(top: Element | None, dictionary: Element, settings: dict[str, object], findings: Findings) -> Opened:
    """Settings that stand inside another key, where a phone does not look; at the top they are found."""
    pairs = {} if top is None else _pairs(top)
    if WRAPPER in pairs and pairs[WRAPPER][1] is dictionary:
        findings.add(TOP, "wrapper")
        beside = {key: plain(value) for key, (_, value) in pairs.items() if key != WRAPPER}
        return Opened(Kind.PLIST, settings, put=lambda changed: _unwrapped({**beside, **changed}))
    findings.add(TOP, "sites-nested", at=dictionary.at)
    return Opened(Kind.PLIST, settings, put=_unwrapped)


def _dictionaries(root: Element) -> Iterator[Element]:
    """Every <dict>, from the top of the document to its end."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag == "dict":
            yield element
        waiting.extend(reversed(element.children))


def _names_sites(dictionary: Element) -> bool:
    keys = {child.text: None for child in dictionary.children if child.tag == "key"}
    return "sites" in keys or misspelt_sites(keys) is not None


def _pairs(dictionary: Element) -> dict[str, tuple[Element, Element]]:
    """Each key's element and its value's."""
    found: dict[str, tuple[Element, Element]] = {}
    for key, value in pairwise(dictionary.children):
        if key.tag == "key" and value.tag != "key":
            found.setdefault(key.text, (key, value))
    return found


def plain(value: Element) -> object:
    """A value of a property list as Python has it; what is none is None."""
    if value.tag == "dict":
        return {key: plain(inner) for key, (_, inner) in _pairs(value).items()}
    if value.tag == "array":
        return [plain(inner) for inner in value.children]
    if value.tag in {"true", "false"}:
        return value.tag == "true"
    if value.tag == "integer":
        digits = value.text.strip()
        return int(digits) if re.fullmatch("-?[0-9]{1,19}", digits) else None
    return value.text if value.tag in {"string", "real", "date", "data"} else None


def _unwrapped(settings: Mapping[str, object]) -> bytes:
    """A property list with the settings at its top."""
    return ("\n".join([*HEAD, *lines(settings), "</plist>"]) + "\n").encode()


def lines(settings: Mapping[str, object], indent: str = "") -> list[str]:
    """The <dict> of some settings, line by line."""
    inner = [line for key, value in settings.items() for line in _line(key, value, indent + "  ")]
    return [f"{indent}<dict>", *inner, f"{indent}</dict>"]


def _line(key: str, value: object, indent: str) -> list[str]:
    named = f"{indent}<key>{escaped(key)}</key>"
    if isinstance(value, dict):
        return [named, *lines(value, indent)]
    if isinstance(value, list):
        items = [line for item in value for line in _line("", item, indent + "  ")[1:]]
        return [named, f"{indent}<array>", *items, f"{indent}</array>"]
    return [named, indent + _written(value)]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "<true/>" if value else "<false/>"
    if isinstance(value, int):
        return f"<integer>{value}</integer>"
    return f"<string>{escaped(str(value))}</string>"


def escaped(text: str) -> str:
    """Text for an element; what XML cannot hold at all is left out."""
    return html.escape(NO_XML.sub("", text), quote=False)


def _put_plist(changed: Mapping[str, object], dictionary: Element, text: str, anew: frozenset[str]) -> bytes:
    """The document with what is changed in its place, and the values `anew` written anew."""
    pairs = _pairs(dictionary)
    edits = [_edit(key, one, changed) for key, one in pairs.items() if key in anew or _differs(key, one, changed)]
    edits += [Edit(key.start, value.end, "") for key, value in _again(dictionary, pairs)]
    fresh = [line for key, value in changed.items() if key not in pairs for line in _line(key, value, "")]
    octets = text.encode("utf-8", "replace")
    closing = octets.rfind(b"</", dictionary.start, dictionary.end)
    if fresh and closing >= 0:
        edits.append(Edit(closing, closing, "\n".join([*fresh, ""])))
    elif fresh:
        edits = [Edit(dictionary.start, dictionary.end, "\n".join(["<dict>", *fresh, "</dict>"]))]
    return edited(text, edits).encode()


def _again(dictionary: Element, pairs: Mapping[str, tuple[Element, Element]]) -> Iterator[tuple[Element, Element]]:
    """Pairs that say once more what an earlier one says; two that differ are for a person to choose from."""
    for key, value in pairwise(dictionary.children):
        first = pairs.get(key.text) if key.tag == "key" and value.tag != "key" else None
        if first is not None and first[0] is not key and plain(first[1]) == plain(value):
            yield key, value


def _differs(key: str, pair: tuple[Element, Element], changed: Mapping[str, object]) -> bool:
    return key not in changed or changed[key] != plain(pair[1])


def _edit(key: str, pair: tuple[Element, Element], changed: Mapping[str, object]) -> Edit:
    if key not in changed:
        return Edit(pair[0].start, pair[1].end, "")
    return Edit(pair[1].start, pair[1].end, _written(changed[key]))
