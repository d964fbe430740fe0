"""Owns XML documents: the declaration, what nobody escaped, AppConfig specfile, Android restrictions."""

import html
import re
from collections.abc import Callable, Mapping

from genkan.mdm import plist_form
from genkan.mdm.open_plist import NO_XML, escaped, open_plist
from genkan.mdm.opened import NOTHING, TOP, Kind, Opened, misspelt_sites, printable, with_sites
from genkan.mdm.xmltree import Edit, Element, XMLFault, edited, parse, start_tag
from genkan.wire.managed_records import Findings
from genkan.wire.managed_text import read

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
        "plist": open_plist,
        "dict": open_plist,
        "managedAppConfiguration": _specfile,
        "restrictions": _restrictions,
    }
    opener = openers.get(root.tag)
    if opener is None:
        findings.add(TOP, "xml-unknown", tag=f"<{root.tag[:40]}>")
        return NOTHING
    return opener(root, text, findings)


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
    return '"' + html.escape(NO_XML.sub("", text).replace("\\", "\\\\"), quote=True) + '"'
