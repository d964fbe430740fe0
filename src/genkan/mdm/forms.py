"""Owns what each MDM takes: the one table by which an artefact is built and a file is judged, with the source of each
row; and the names by which people call an MDM.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from genkan.mdm.opened import Kind, Opened
from genkan.mdm.targets import Target
from genkan.wire.managed_entry import fold


class Form(StrEnum):
    """A form that some MDM takes; ``OTHER`` is one that none takes."""

    VALUE = "value"
    ROWS = "rows"
    DICT = "dict"  # the <dict> alone, without declaration and <plist>
    PLIST = "plist"
    ANDROID = "android"
    POLICY = "android-policy"
    GRAPH = "graph"
    PROFILE = "profile"
    SPECFILE = "appconfig"
    RESTRICTIONS = "android-restrictions"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Taken:
    """`forms` are those that an MDM takes, the first the one to build. `source` is the page that says so; empty where
    we have read none, and go by what administrators report or by the form's own definition.
    """

    forms: tuple[Form, ...]
    source: str = ""


_BY_HAND = (Form.ROWS, Form.VALUE)
TAKES: Mapping[Target, Taken] = MappingProxyType(
    {
        Target.INTUNE: Taken(
            (Form.DICT, *_BY_HAND, Form.GRAPH),
            "https://learn.microsoft.com/mem/intune/apps/app-configuration-policies-use-ios",
        ),
        Target.INTUNE_ANDROID: Taken(
            (Form.ANDROID, *_BY_HAND, Form.GRAPH),
            "https://learn.microsoft.com/mem/intune/apps/app-configuration-policies-use-android",
        ),
        Target.JAMF: Taken((Form.DICT,), "https://doc.owncloud.com/ios-app/12.3/appendices/mdm.html"),
        Target.WORKSPACE_ONE: Taken(_BY_HAND),
        Target.IVANTI: Taken(
            (Form.PLIST, *_BY_HAND),
            "https://help.ivanti.com/mi/help/en_us/CORE/11.x/dmga/DMGfiles/iOS_settingsManagedAppConfig.htm",
        ),
        Target.SOTI: Taken(_BY_HAND),
        Target.KANDJI: Taken((Form.DICT,)),
        Target.MOSYLE: Taken((Form.DICT,)),
        Target.MERAKI: Taken(
            _BY_HAND, "https://documentation.meraki.com/SM/Profiles_and_Settings/Using_the_App_Settings_Payload"
        ),
        Target.ADDIGY: Taken(_BY_HAND, "https://support.addigy.com/hc/en-us/articles/20347402692499"),
        Target.SIMPLEMDM: Taken(
            _BY_HAND, "https://support.kioskgroup.com/article/1083-managed-app-configuration-for-mdm"
        ),
        Target.GOOGLE: Taken((Form.ANDROID, Form.POLICY)),
        Target.ROWS: Taken(_BY_HAND),
        Target.VALUE: Taken((Form.VALUE,)),
        Target.MOBILECONFIG: Taken((Form.PROFILE,)),
        Target.DDM: Taken((Form.PLIST,), "https://developer.apple.com/documentation/devicemanagement/appmanaged"),
        Target.APPCONFIG: Taken((Form.SPECFILE,)),
        Target.ANDROID_RESTRICTIONS: Taken((Form.RESTRICTIONS,)),
    }
)
_OF_KIND: Mapping[Kind, Form] = {
    Kind.VALUE: Form.VALUE,
    Kind.ROWS: Form.ROWS,
    Kind.PLIST: Form.PLIST,
    Kind.ANDROID: Form.ANDROID,
    Kind.ANDROID_POLICY: Form.POLICY,
    Kind.GRAPH: Form.GRAPH,
    Kind.PROFILE: Form.PROFILE,
    Kind.SPECFILE: Form.SPECFILE,
    Kind.RESTRICTIONS: Form.RESTRICTIONS,
}


def form_of(opened: Opened) -> Form:
    """The form of a file; a <dict> behind a declaration is neither a list nor the <dict> alone."""
    if opened.kind is Kind.PLIST and opened.fragment:
        return Form.DICT
    return _OF_KIND.get(opened.kind, Form.OTHER)


# Other names of MDMs, old ones among them, without case, spaces and marks.
_NAMES: Mapping[str, Target] = {
    "microsoftintune": Target.INTUNE, "intuneios": Target.INTUNE, "endpointmanager": Target.INTUNE,
    "jamfpro": Target.JAMF, "casper": Target.JAMF,
    "airwatch": Target.WORKSPACE_ONE, "workspaceoneuem": Target.WORKSPACE_ONE, "ws1": Target.WORKSPACE_ONE,
    "vmwareairwatch": Target.WORKSPACE_ONE, "omnissa": Target.WORKSPACE_ONE,
    "mobileiron": Target.IVANTI, "mobileironcore": Target.IVANTI, "mobileironcloud": Target.IVANTI,
    "epmm": Target.IVANTI, "ivantiepmm": Target.IVANTI, "ivantineurons": Target.IVANTI,
    "mobicontrol": Target.SOTI, "sotimobicontrol": Target.SOTI,
    "iru": Target.KANDJI, "kandjiiru": Target.KANDJI, "irukandji": Target.KANDJI,
    "mosylemanager": Target.MOSYLE, "mosylebusiness": Target.MOSYLE,
    "ciscomeraki": Target.MERAKI, "merakisystemsmanager": Target.MERAKI, "systemsmanager": Target.MERAKI,
    "googleplay": Target.GOOGLE, "androidenterprise": Target.GOOGLE, "android": Target.GOOGLE,
}  # fmt: skip
_OWN = {fold(target.value): target for target in Target}


def target_named(name: str) -> Target | None:
    """The MDM that somebody means, in any letter case, under its own name or another one."""
    return _OWN.get(fold(name)) or _NAMES.get(fold(name))


def other_names() -> Mapping[Target, tuple[str, ...]]:
    """The further names of each MDM, as they may be written."""
    return {target: tuple(name for name, meant in _NAMES.items() if meant is target) for target in Target}
