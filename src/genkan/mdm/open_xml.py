"""Owns the XML forms: property list, profile, AppConfig specfile, Android restrictions."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from genkan.mdm import plist_form
from genkan.mdm.opened import NOTHING, TOP, Kind, Opened, misspelt_sites, printable, with_sites
from genkan.mdm.xmltree import CDATA, Edit, Element, XMLFault, edited, parse, source, start_tag
from genkan.wire.managed_records import Findings
from genkan.wire.managed_text import read

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
)
WRAPPER = "configuration"
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_STRING, _STRING_END = "<string>", "</string>"
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ATTRIBUTE = re.compile(r"""((?<!\w)\w{1,20}:defaultValue\s*=\s*)("[^"]*"|'[^']*')""")
_RESOURCE_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_MEANINGS = {"n": "\n", "t": "\t"}
# XML 1.0 2.8, 4.3.3
_DECLARED = re.compile(r"""(<\?xml\s[^>]{0,80}?\bencoding\s{0,9}=\s{0,9})("[^"]*"|'[^']*')""")
# The same octets in UTF-8 where all are ASCII.
_SUBSETS = frozenset({"us-ascii", "ascii", "iso-8859-1"})
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def open_xml(text: str, findings: Findings) -> Opened:
    """What is in an XML document; never raises, whatever the text."""
    if text.lstrip().startswith("<key>"):
        findings.add(TOP, "no-dict")
        text = f"<dict>\n{text.strip()}\n</dict>\n"
    text = _declared_as_it_is(text, findings)
    tree = parse(text)
    if isinstance(tree, XMLFault) and tree.name == "xml-broken":
        repaired, again = _repaired(text)
        if again is None:
            findings.add(TOP, tree.name, why=tree.why)
            return NOTHING
        findings.add(TOP, "ampersand", why=tree.why)
        text, tree = repaired, again
    if isinstance(tree, XMLFault):
        findings.add(TOP, tree.name, why=tree.why)
        return NOTHING
    return _opened(tree, text, findings)


def _declared_as_it_is(text: str, findings: Findings) -> str:
    """The document with the encoding in its declaration that its octets have. Where they were UTF-16 that was told."""
    found = _DECLARED.match(text)
    if found is None or found[2][1:-1].lower() == "utf-8":
        return text
    if found[2][1:-1].lower() in _SUBSETS and text.isascii():
        return text
    if not any(earlier.name == "utf-16" for earlier in findings.found):
        findings.add(TOP, "xml-encoding", written=printable(found[2][1:-1]))
    return f'{found[1]}"UTF-8"{text[found.end() :]}'


def _repaired(text: str) -> tuple[str, Element | None]:
    """The text with what nobody escaped escaped: characters alone first, then whole texts that may hold a `<`."""
    named = _ENTITY.sub(_named_entity, text)
    escaped = _BARE_AMPERSAND.sub("&amp;", named)
    for attempt in (escaped, _with_escaped_strings(named)):
        tree = parse(attempt)
        if isinstance(tree, Element):
            return attempt, tree
    return text, None


def _named_entity(found: re.Match[str]) -> str:
    """A name that HTML knows and XML does not becomes its character."""
    return found.group() if found.group(1) in _XML_ENTITIES else html.unescape(found.group())


def _with_escaped_strings(text: str) -> str:
    """Everything between <string> and </string> taken as text."""
    pieces, at = list[str](), 0
    while (begun := text.find(_STRING, at)) >= 0 and (end := text.find(_STRING_END, begun)) >= 0:
        begun += len(_STRING)
        pieces += [text[at:begun], html.escape(html.unescape(text[begun:end]), quote=False)]
        at = end
    return "".join([*pieces, text[at:]])


def _opened(root: Element, text: str, findings: Findings) -> Opened:
    openers: dict[str, Callable[[Element, str, Findings], Opened]] = {
        "plist": _plist,
        "dict": _plist,
        "managedAppConfiguration": _specfile,
        "restrictions": _restrictions,
    }
    opener = openers.get(root.tag)
    if opener is None:
        findings.add(TOP, "xml-unknown", tag=f"<{root.tag[:40]}>")
        return NOTHING
    return opener(root, text, findings)


def _plist(root: Element, text: str, findings: Findings) -> Opened:
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
    return html.escape(_NO_XML.sub("", text), quote=False)


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


def _specfile(root: Element, text: str, findings: Findings) -> Opened:
    """The AppConfig community's file: typed keys with default values."""
    dictionary = root.child("dict")
    keys = {child.attribute("keyName"): child for child in dictionary.children} if dictionary else {}
    plist_form.check_names(
        (child.attribute("keyName") for child in dictionary.children) if dictionary else (), findings
    )
    settings = with_sites({name: _default(key) for name, key in keys.items() if name}, Kind.SPECFILE, findings)
    meant = keys.get("sites") or next((key for name, key in keys.items() if misspelt_sites({name: 0})), None)
    if meant is not None and meant.tag != "string":
        findings.add(TOP.at("sites"), "sites-type", kind=meant.tag[:40])
    return Opened(Kind.SPECFILE, settings, put=lambda changed: _put_specfile(changed, meant, text))


def _default(key: Element) -> object:
    default = key.child("defaultValue")
    value = default.child("value") if default is not None else None
    written = value.text if value is not None else ""
    return written == "true" if key.tag == "boolean" and written in {"true", "false"} else written


def _put_specfile(changed: Mapping[str, object], meant: Element | None, text: str) -> bytes:
    if meant is None:
        return text.encode()
    value = f"<defaultValue><value>{escaped(str(changed.get('sites', '')))}</value></defaultValue>"
    element = f'<string keyName="sites">{value}</string>'
    renamed = edited(text, [Edit(meant.start, meant.end, element)])
    return renamed.replace(f'keyName="{meant.attribute("keyName")}"', 'keyName="sites"').encode()


def _restrictions(root: Element, text: str, findings: Findings) -> Opened:
    """What an Android app declares, with the value as the default."""
    keys = {child.attribute("key"): child for child in root.children if child.tag == "restriction"}
    values: dict[str, object] = {
        name: unescaped_resource(key.attribute("defaultValue")) for name, key in keys.items() if name
    }
    plist_form.check_names((child.attribute("key") for child in root.children if child.tag == "restriction"), findings)
    _check_escapes(keys, values, findings)
    settings = with_sites(values, Kind.RESTRICTIONS, findings)
    meant = keys.get("sites") or next((key for name, key in keys.items() if misspelt_sites({name: 0})), None)
    kind = meant.attribute("restrictionType") if meant is not None else "string"
    if kind != "string":
        findings.add(TOP.at("sites"), "sites-type", kind=kind[:40])
    return Opened(
        Kind.RESTRICTIONS, settings, put=lambda changed: _put_restrictions(changed, meant, text), android=True
    )


def _check_escapes(keys: Mapping[str, Element], values: dict[str, object], findings: Findings) -> None:
    """A backslash that was not written twice is gone before the app reads the value."""
    for name, key in keys.items():
        raw = key.attribute("defaultValue")
        if values.get(name) != raw and not _is_json(str(values.get(name))) and _is_json(raw):
            findings.add(TOP.at(name), "resource-escapes")
            values[name] = raw


def _is_json(text: str) -> bool:
    return read(text, TOP, silent := Findings()) is not None and not silent.found


def _put_restrictions(changed: Mapping[str, object], meant: Element | None, text: str) -> bytes:
    if meant is None:
        return text.encode()
    start, tag = start_tag(text, meant)
    value = attribute_value(str(changed.get("sites", "")))
    written = _ATTRIBUTE.sub(lambda found: found.group(1) + value, tag)
    written = re.sub(r"""((?<!\w)\w{1,20}:restrictionType\s*=\s*)("[^"]*"|'[^']*')""", r'\1"string"', written)
    written = re.sub(r"""((?<!\w)\w{1,20}:key\s*=\s*)("[^"]*"|'[^']*')""", r'\1"sites"', written)
    return edited(text, [Edit(start, start + len(tag.encode()), written)]).encode()


def unescaped_resource(text: str) -> str:
    """An attribute of an Android resource as the app gets it: a backslash escapes what follows."""
    return _RESOURCE_ESCAPE.sub(_meaning, text)


def _meaning(found: re.Match[str]) -> str:
    mark = found.group(1)
    return chr(int(mark[1:], 16)) if len(mark) == 5 else _MEANINGS.get(mark, mark)


def attribute_value(text: str) -> str:
    """The same way back, in double quotes."""
    return '"' + html.escape(_NO_XML.sub("", text).replace("\\", "\\\\"), quote=True) + '"'
