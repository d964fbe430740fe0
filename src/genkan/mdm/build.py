"""Owns the building: sites in, the right artefact for one MDM out. Nothing is built that a check would find wrong."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from genkan.mdm import mend
from genkan.mdm.forms import TAKES, Form
from genkan.mdm.open_plist import HEAD, escaped, lines
from genkan.mdm.open_xml import attribute_value
from genkan.mdm.opened import ANDROID_PACKAGE
from genkan.mdm.targets import GUIDES, Guide, Target
from genkan.wire import managed
from genkan.wire.managed import Finding, SiteEntry

APP_STORE_ID = "1405353949"
_DELIVERED = "com.apple.configuration.managed"
_MAC_PAYLOAD = "com.apple.ManagedClient.preferences"


@dataclass(frozen=True, slots=True)
class Artefact:
    """What was built. `beside` are further files of the same set-up, by name."""

    target: Target
    filename: str
    media_type: str
    text: str
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def guide(self) -> Guide:
        """Where to paste it."""
        return GUIDES[self.target]


@dataclass(frozen=True, slots=True)
class NotBuilt:
    """Why nothing was built: the sites are not in order, or the app's bundle id is needed and was not given."""

    findings: tuple[Finding, ...] = ()
    needs_bundle_id: bool = False


def build(
    target: Target, sites: Sequence[SiteEntry], *, bundle_id: str = "", allow_http: bool = False
) -> Artefact | NotBuilt:
    """Build for one MDM. `bundle_id` is the app's on iOS, which is published nowhere."""
    read_back = managed.parse_value([managed.as_entry(site) for site in sites], allow_http=allow_http)
    if read_back.broken:
        return NotBuilt(read_back.findings)
    if target in NEEDS_BUNDLE_ID and not bundle_id:
        return NotBuilt(needs_bundle_id=True)
    filename, media_type, builder = _OWN.get(target) or _WRITERS[TAKES[target].forms[0]]
    value = mend.dumps([managed.as_entry(site) for site in sites])
    text, beside = builder(value, bundle_id)
    return Artefact(target, filename, media_type, text, beside)


NEEDS_BUNDLE_ID = frozenset({Target.MOBILECONFIG, Target.APPCONFIG})
_Built = tuple[str, tuple[tuple[str, str], ...]]


def _value(value: str, _: str) -> _Built:
    return f"{value}\n", ()


def _rows(value: str, _: str) -> _Built:
    return f"Key: sites\nType: String\nValue: {value}\n", ()


def _dict(value: str, _: str) -> _Built:
    return "\n".join([*lines({"sites": value}), ""]), ()


def _plist(settings: Mapping[str, object]) -> str:
    return "\n".join([*HEAD, *lines(settings), "</plist>", ""])


def _file(value: str, _: str) -> _Built:
    return _plist({"sites": value}), ()


def _profile(value: str, bundle_id: str) -> _Built:
    """A profile for Macs. The same settings make the same identifiers, so that a new one replaces the old one."""
    preferences = {bundle_id: {"Forced": [{"mcx_preference_settings": {_DELIVERED: {"sites": value}}}]}}
    name = f"{bundle_id}.sites"
    payload = {
        "PayloadType": _MAC_PAYLOAD,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{name}.preferences",
        "PayloadUUID": identifier(f"{name}.preferences {value}"),
        "PayloadContent": preferences,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": name,
        "PayloadUUID": identifier(f"{name} {value}"),
        "PayloadDisplayName": "Sites of the mobile app",
        "PayloadDescription": "Gives the app its sites.",
        "PayloadContent": [payload],
    }
    return _plist(profile), ()


def identifier(name: str) -> str:
    """An identifier that follows from a name (RFC 9562 5.8: the version for what nobody else defines)."""
    digest = bytearray(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex().upper()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _declarative(value: str, _: str) -> _Built:
    """The data that the asset refers to, without the wrapper of Apple's example; both declarations beside it."""
    data = _plist({"sites": value})
    octets = data.encode()
    name = "com.example.jira.sites"
    token = hashlib.sha256(octets).hexdigest()
    reference = {
        "DataURL": "https://mdm.example.com/jira-sites.plist",
        "ContentType": "application/x-plist",
        "Size": len(octets),
        "Hash-SHA-256": token,
    }
    asset = {
        "Type": "com.apple.asset.data",
        "Identifier": f"{name}.data",
        "ServerToken": token[:16],
        "Payload": {"Reference": reference},
    }
    app = {
        "Type": "com.apple.configuration.app.managed",
        "Identifier": name,
        "ServerToken": token[:16],
        "Payload": {
            "AppStoreID": APP_STORE_ID,
            "LegacyAppConfigAssetReference": f"{name}.data",
            "AppConfig": {"DataAssetReference": f"{name}.data"},
        },
    }
    return data, (("jira-sites.asset.json", _json(asset)), ("jira-sites.app.json", _json(app)))


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _android(value: str, _: str) -> _Built:
    properties = [{"key": "sites", "valueString": value}]
    return _json(
        {
            "kind": "androidenterprise#managedConfiguration",
            "productId": f"app:{ANDROID_PACKAGE}",
            "managedProperty": properties,
        }
    ), ()


def _restrictions(value: str, _: str) -> _Built:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<restrictions xmlns:android="http://schemas.android.com/apk/res/android">\n'
        "  <restriction\n"
        '    android:key="sites"\n'
        '    android:title="Sites"\n'
        '    android:description="A JSON array with one object a site"\n'
        '    android:restrictionType="string"\n'
        f"    android:defaultValue={attribute_value(value)} />\n"
        "</restrictions>\n"
    ), ()


def _specfile(value: str, bundle_id: str) -> _Built:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<managedAppConfiguration>\n"
        "  <version>1</version>\n"
        f"  <bundleId>{escaped(bundle_id)}</bundleId>\n"
        "  <dict>\n"
        '    <string keyName="sites">\n'
        f"      <defaultValue>\n        <value>{escaped(value)}</value>\n      </defaultValue>\n"
        "    </string>\n"
        "  </dict>\n"
        '  <presentation defaultLocale="en-US">\n'
        '    <field keyName="sites" type="input">\n'
        f"      <label>{_said('Sites', 'サイト')}</label>\n"
        f"      <description>{_said('One object a site', 'サイトごとに一つのオブジェクト')}</description>\n"
        "    </field>\n"
        "  </presentation>\n"
        "</managedAppConfiguration>\n"
    ), ()


def _said(english: str, japanese: str) -> str:
    return f'<language value="en-US">{english}</language><language value="ja">{japanese}</language>'


_XML, _PLIST = "application/xml", "application/x-plist"
_WRITERS: Mapping[Form, tuple[str, str, Callable[[str, str], _Built]]] = {
    Form.DICT: ("jira-sites.xml", _XML, _dict),
    Form.PLIST: ("jira-sites.plist", _PLIST, _file),
    Form.ANDROID: ("jira-sites.json", "application/json", _android),
    Form.ROWS: ("jira-sites.txt", "text/plain", _rows),
    Form.VALUE: ("jira-sites.json", "application/json", _value),
    Form.PROFILE: ("jira-sites.mobileconfig", "application/x-apple-aspen-config", _profile),
    Form.SPECFILE: ("jira-sites.xml", _XML, _specfile),
    Form.RESTRICTIONS: ("app_restrictions.xml", _XML, _restrictions),
}
# Where there is more to it than the form.
_OWN: Mapping[Target, tuple[str, str, Callable[[str, str], _Built]]] = {
    Target.JAMF: ("jira-sites.plist", _PLIST, _dict),
    Target.DDM: ("jira-sites.plist", _PLIST, _declarative),
}
