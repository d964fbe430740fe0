"""Owns the recognition: any octets in, what they are and what is in them out. Never raises, whatever the octets."""

import base64
import binascii
import html
import json
import plistlib
from collections.abc import Mapping
from dataclasses import replace

from genkan.mdm.open_json import open_json
from genkan.mdm.open_rows import open_rows
from genkan.mdm.open_xml import open_xml
from genkan.mdm.opened import NOTHING, TOP, Kind, Opened, printable, with_sites
from genkan.mdm.words import WORDS
from genkan.wire.budget import MDM_FILE
from genkan.wire.managed_records import Findings
from genkan.wire.managed_text import decode

MOST_OCTETS = 1_000_000
_BINARY = b"bplist0"
_FENCE = "```"
_CDATA = ("<![CDATA[", "]]>")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\n")
_ESCAPED = ("&lt;?xml", "&lt;!", "&lt;plist", "&lt;dict", "&lt;managed", "&lt;restr", "&lt;key")
_LAYERS = 4
_SHORTEST_BASE64 = 40


def open_file(octets: bytes, findings: Findings) -> Opened:
    """Recognise a file, or what was copied out of a console."""
    if len(octets) > MOST_OCTETS:
        findings.add(TOP, "file-too-large", most=MOST_OCTETS)
        return NOTHING
    if octets.startswith(_BINARY):
        return _open_binary(octets, findings)
    if octets[:2] in {b"\x30\x82", b"\x30\x83", b"\x30\x80"}:
        findings.add(TOP, "signed")
        return NOTHING
    text = decode(octets, TOP, findings)
    if text is None:
        return NOTHING
    return open_text(text.replace("\r\n", "\n"), findings)


def open_text(text: str, findings: Findings) -> Opened:
    """The same for text."""
    return _without_xml(_opened_text(_without_layers(text, findings), findings), findings)


def _without_xml(opened: Opened, findings: Findings) -> Opened:
    """The value of `sites` where that is a whole property list once more."""
    value = (opened.settings or {}).get("sites")
    if not isinstance(value, str) or not value.lstrip().startswith("<"):
        return opened
    inner = (open_xml(value, Findings(WORDS)).settings or {}).get("sites")
    if not isinstance(inner, str) or inner.lstrip().startswith("<"):
        return opened
    findings.add(TOP.at("sites"), "xml")
    return replace(opened, settings={**(opened.settings or {}), "sites": inner})


def _opened_text(text: str, findings: Findings) -> Opened:
    if text.lstrip().startswith("<"):
        return open_xml(text, findings)
    if text.lstrip()[:1].isalpha():
        rows = open_rows(text, findings)
        if rows is not None:
            return rows
    return open_json(text, findings)


def _without_layers(text: str, findings: Findings) -> str:
    """What stands inside the things that text is wrapped in on its way through web pages and programs."""
    for _ in range(_LAYERS):
        name, inner = _layer(text)
        if inner is None:
            break
        findings.add(TOP, name)
        text = inner
    return text


def _layer(text: str) -> tuple[str, str | None]:
    """The name of what is around the text, and what is in it; None where nothing is."""
    bare = text.strip()
    if bare.startswith(_FENCE) and bare.endswith(_FENCE) and "\n" in bare:
        return "code-fence", bare.partition("\n")[2].removesuffix(_FENCE)
    if bare.startswith(_CDATA[0]) and bare.endswith(_CDATA[1]):
        return "cdata", bare.removeprefix(_CDATA[0]).removesuffix(_CDATA[1])
    if bare.startswith(_ESCAPED):
        return "escaped-document", html.unescape(text)
    if bare.startswith('"') and bare[1:40].lstrip(" \\nrt").startswith("<"):
        return "document-in-string", _string_in(text)
    if len(bare) >= _SHORTEST_BASE64 and _BASE64.issuperset(bare):
        return "base64", _from_base64(text)
    return "", None


def _string_in(text: str) -> str | None:
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, str) else None


def _from_base64(text: str) -> str | None:
    try:
        inner = base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return inner if inner.lstrip()[:1] in {"<", "[", "{"} else None


class _Dictionary(dict[str, object]):
    """A dictionary of a binary list that remembers which of its keys came twice."""

    def __init__(self) -> None:
        super().__init__()
        self.repeated: list[str] = []

    def __setitem__(self, key: str, value: object) -> None:
        if key in self:
            self.repeated.append(key)
        super().__setitem__(key, value)


def _open_binary(octets: bytes, findings: Findings) -> Opened:
    """A binary property list. What it holds may refer to itself, or to one thing from everywhere."""
    try:
        document = plistlib.loads(octets, fmt=plistlib.FMT_BINARY, dict_type=_Dictionary)
    except Exception:  # noqa: BLE001 - the reader raises whatever its steps happen to raise
        document = None
    # What is more than any configuration is as good as broken: it is not looked into.
    if document is None or not MDM_FILE.fits(document):
        findings.add(TOP, "binary-broken")
        return NOTHING
    if not isinstance(document, _Dictionary):
        findings.add(TOP, "no-sites-key")
        return NOTHING
    for key in document.repeated:
        findings.add(TOP.at(key[:80]), "key-twice", key=printable(key))
    named = {str(key): value for key, value in document.items()}
    settings = with_sites(named, Kind.BINARY_PLIST, findings)

    def put(changed: Mapping[str, object]) -> bytes:
        return plistlib.dumps(dict(changed), fmt=plistlib.FMT_BINARY, sort_keys=False)

    return Opened(Kind.BINARY_PLIST, settings, put=put)
