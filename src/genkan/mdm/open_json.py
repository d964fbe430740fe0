"""Owns the JSON forms: the value itself, the settings around it, Android's managed configuration, Intune's own."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping

from genkan.mdm.open_xml import open_xml
from genkan.mdm.opened import ANDROID_PACKAGE, TOP, Kind, Opened, misspelt_sites, printable, with_sites
from genkan.mdm.plist_form import check_names
from genkan.wire.managed_records import Findings, Place
from genkan.wire.managed_text import Members, read

_ANDROID_TYPES = ("valueString", "valueBool", "valueInteger", "valueStringArray", "valueBundle", "valueBundleArray")
# What the value itself is not, so that nobody is told that this is one.
_FOREIGN = frozenset({"empty", "address-only", "free-text", "toml", "yaml"})
_GRAPH_KEYS = ("encodedSettingXml", "payloadJson", "settings")


def open_json(text: str, findings: Findings) -> Opened:
    """What is in a JSON document, the value itself included; never raises, whatever the text."""
    slips = Findings()
    reading = read(text, Place(), slips)
    if not _FOREIGN.isdisjoint(slip.name for slip in slips.found):
        return Opened(Kind.UNKNOWN, text=text)
    if reading is None or not isinstance(reading.value, dict):
        return Opened(Kind.VALUE, text=text)
    document = reading.value
    opened = _container(document, findings)
    if opened is not None:
        _check_repeated(document, findings)
        for slip in slips.found:
            findings.take(slip)
        return opened
    return Opened(Kind.VALUE, text=text)


def _check_repeated(document: dict[str, object], findings: Findings) -> None:
    """Find members that are there twice, but for those of the entries, which are looked into as such."""
    waiting: list[tuple[object, Place]] = [(document, TOP)]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, Members):
            for key in value.repeated:
                findings.add(place.at(key[:80]), "key-twice", key=printable(key))
        if isinstance(value, dict):
            waiting += [(inner, place.at(key[:80])) for key, inner in value.items() if key != "sites"]
        elif isinstance(value, list):
            waiting += [(inner, place.at(index)) for index, inner in enumerate(value)]


def _container(document: dict[str, object], findings: Findings) -> Opened | None:
    """The settings in an object, by what marks it; None where it is no configuration at all."""
    if isinstance(document.get("managedProperty"), list):
        return _android(document, findings)
    if isinstance(document.get("managedConfiguration"), dict):
        return _android_policy(document, findings)
    if isinstance(document.get("applications"), list):
        return _policy_with_applications(document, findings)
    if any(document.get(key) for key in _GRAPH_KEYS):
        return _graph(document, findings)
    if "sites" not in document and misspelt_sites(document) is None:
        return None
    settings = with_sites(document, Kind.DICTIONARY, findings)
    return Opened(Kind.DICTIONARY, settings, put=_written)


def _written(document: Mapping[str, object]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _android(document: dict[str, object], findings: Findings) -> Opened:
    """Google's managed configuration: a list of typed properties."""
    properties = document["managedProperty"]
    rows = [row for row in properties if isinstance(row, dict)] if isinstance(properties, list) else []
    product = document.get("productId")
    if isinstance(product, str) and product.removeprefix("app:") != ANDROID_PACKAGE:
        findings.add(TOP, "other-app", written=printable(product), package=ANDROID_PACKAGE)
    check_names((str(row["key"]) for row in rows if row.get("key")), findings)
    values = {str(row.get("key", "")): _typed(row) for row in rows if row.get("key")}
    settings = with_sites(values, Kind.ANDROID, findings)
    return Opened(Kind.ANDROID, settings, put=lambda changed: _put_android(changed, document, rows), android=True)


def _typed(row: Mapping[str, object]) -> object:
    return next((row[name] for name in _ANDROID_TYPES if name in row), None)


def _put_android(changed: Mapping[str, object], document: Mapping[str, object], rows: list[dict[str, object]]) -> bytes:
    kept = {str(row.get("key", "")): row for row in rows}
    properties = [
        kept[key] if key in kept and _typed(kept[key]) == value else {"key": key, _type(value): value}
        for key, value in changed.items()
    ]
    return _written({**document, "productId": f"app:{ANDROID_PACKAGE}", "managedProperty": properties})


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "valueBool"
    return "valueInteger" if isinstance(value, int) else "valueString"


def _android_policy(document: dict[str, object], findings: Findings) -> Opened:
    """An application of a policy of Google's management interface."""
    values = document["managedConfiguration"]
    package = document.get("packageName")
    if isinstance(package, str) and package != ANDROID_PACKAGE:
        findings.add(TOP, "other-app", written=printable(package), package=ANDROID_PACKAGE)
    settings = with_sites(values if isinstance(values, dict) else {}, Kind.ANDROID_POLICY, findings)

    def put(changed: Mapping[str, object]) -> bytes:
        return _written({**document, "managedConfiguration": dict(changed)})

    return Opened(Kind.ANDROID_POLICY, settings, put=put, android=True)


def _policy_with_applications(document: dict[str, object], findings: Findings) -> Opened:
    """A whole policy of Google's management interface: the application of ours in it."""
    applications = document["applications"]
    listed = applications if isinstance(applications, list) else []
    ours = [item for item in listed if isinstance(item, dict) and isinstance(item.get("managedConfiguration"), dict)]
    found = next((item for item in ours if item.get("packageName") == ANDROID_PACKAGE), ours[0] if ours else None)
    if found is None:
        findings.add(TOP, "no-sites-key")
        return Opened(Kind.ANDROID_POLICY)
    inner = _android_policy(found, findings)

    def put(changed: Mapping[str, object]) -> bytes:
        mended = [{**item, "managedConfiguration": dict(changed)} if item is found else item for item in listed]
        return _written({**document, "applications": mended})

    return Opened(Kind.ANDROID_POLICY, inner.settings, put=put, android=True)


def _graph(document: dict[str, object], findings: Findings) -> Opened:
    """Intune's policy as Microsoft Graph has it: rows, or one of the other forms in Base64."""
    openers: dict[str, Callable[[str, Findings], Opened]] = {"encodedSettingXml": open_xml, "payloadJson": open_json}
    for key, opener in openers.items():
        inner = _decoded(document.get(key))
        if inner is not None:
            return _encoded(document, key, opener(inner, findings))
    rows = document.get("settings")
    named = [row for row in rows if isinstance(row, dict) and "appConfigKey" in row] if isinstance(rows, list) else []
    check_names((str(row["appConfigKey"]) for row in named), findings)
    values = {str(row["appConfigKey"]): _row_value(row) for row in named}
    settings = with_sites(values, Kind.GRAPH, findings)
    kind = next((row.get("appConfigKeyType") for row in named if row["appConfigKey"] == "sites"), "stringType")
    if kind != "stringType":
        findings.add(TOP.at("sites"), "row-type", type=printable(str(kind)))
    return Opened(Kind.GRAPH, settings, put=lambda changed: _put_graph(changed, document))


def _encoded(document: Mapping[str, object], key: str, inner: Opened) -> Opened:
    put = inner.put
    if put is None:
        return Opened(Kind.GRAPH, inner.settings, inner.text, android=inner.android)

    def back(changed: Mapping[str, object]) -> bytes:
        return _written({**document, key: base64.b64encode(put(changed)).decode("ascii")})

    return Opened(Kind.GRAPH, inner.settings, put=back, android=inner.android)


def _decoded(encoded: object) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode() if isinstance(encoded, str) and encoded else None
    except (binascii.Error, ValueError):
        return None


def _row_value(row: Mapping[str, object]) -> object:
    value, kind = row.get("appConfigKeyValue"), row.get("appConfigKeyType")
    return value == "true" if kind == "booleanType" and value in {"true", "false"} else value


def _put_graph(changed: Mapping[str, object], document: Mapping[str, object]) -> bytes:
    rows = [
        {
            "appConfigKey": key,
            "appConfigKeyType": "booleanType" if isinstance(value, bool) else "stringType",
            "appConfigKeyValue": json.dumps(value) if isinstance(value, bool) else str(value),
        }
        for key, value in changed.items()
    ]
    return _written({**document, "settings": rows})
