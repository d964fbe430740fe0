"""Owns what is known of each MDM: its name, where its console takes the value, and which variables it fills in, with
the source of each. Builds nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_INTUNE = "https://learn.microsoft.com/mem/intune/apps/app-configuration-policies-use-ios"
_INTUNE_ANDROID = "https://learn.microsoft.com/mem/intune/apps/app-configuration-policies-use-android"
_JAMF = "https://gist.github.com/rtrouton/8e0e369605d0256afebd5da4afdca4f3"
_WORKSPACE_ONE = "https://gist.github.com/synic/fc7a219f229ef1df7748b8564a2fbcf1"
_EPMM = "https://help.ivanti.com/mi/help/en_US/EML/4.x.x/gdi/EmailPlusiOSGuide/Key_value_pairs_for_cust.htm"
_SOTI = "https://soti.net/mc/help/v2025.0/en/console/reference/dialogs/rules/adddevice/androidplus/enrollmentpolicyedit_androidplus_2.html"
# SOTI's own list of macros stands behind its console; these two show them in use.
_SOTI_IN_APPS = "https://resources.solitonsystems.com/manuals/server/5_0/11877.htm"
_SOTI_ELSEWHERE = "https://github.com/pieewiee/soti-swiper-homescreen"
_NEURONS = "https://gist.github.com/darko1002001/59ff5f713899ea6938acb13890767d34"


class Target(StrEnum):
    """What can be built; the values are those of ``--for``."""

    INTUNE = "intune"
    INTUNE_ANDROID = "intune-android"
    JAMF = "jamf"
    WORKSPACE_ONE = "workspace-one"
    IVANTI = "ivanti"
    SOTI = "soti"
    KANDJI = "kandji"
    MOSYLE = "mosyle"
    MERAKI = "meraki"
    ADDIGY = "addigy"
    SIMPLEMDM = "simplemdm"
    GOOGLE = "google"
    ROWS = "rows"
    VALUE = "value"
    MOBILECONFIG = "mobileconfig"
    DDM = "ddm"
    APPCONFIG = "appconfig"
    ANDROID_RESTRICTIONS = "android-restrictions"


@dataclass(frozen=True, slots=True)
class Variable:
    """What an MDM replaces by something of the phone's person, so that it may stand in a title."""

    text: str
    stands_for: str
    source: str


@dataclass(frozen=True, slots=True)
class Guide:
    """`name` is what people call it, `steps` where to paste what was built."""

    name: str
    steps: tuple[str, ...]
    variables: tuple[Variable, ...] = ()


_ROW = "Add one row with these three cells."
_STRING = "Key: sites. Type: String. Value: the array, from [ to ], on one line."
_PHONES = "Assign it to the phones and let them check in; then open the app and look for the site."

GUIDES: Mapping[Target, Guide] = MappingProxyType(
    {
        Target.INTUNE: Guide(
            "Microsoft Intune (iOS)",
            (
                "Intune admin center: Apps, App configuration policies, Add, Managed devices, iOS/iPadOS.",
                "Choose the app, then Settings: Enter XML data, and paste the whole <dict>.",
                "Or Use configuration designer, with one row: key sites, type String, value the array.",
                _PHONES,
            ),
            (
                Variable("{{userprincipalname}}", "user principal name", _INTUNE),
                Variable("{{mail}}", "e-mail address", _INTUNE),
                Variable("{{username}}", "name", _INTUNE),
                Variable("{{partialupn}}", "user principal name up to the @", _INTUNE),
                Variable("{{serialnumber}}", "serial number", _INTUNE),
            ),
        ),
        Target.INTUNE_ANDROID: Guide(
            "Microsoft Intune (Android Enterprise)",
            (
                "Intune admin center: Apps, App configuration policies, Add, Managed devices, Android Enterprise.",
                "Choose the app, then Configuration settings: Enter JSON data, and paste the whole document.",
                "The app for Android passes over `oauth`: there people sign in inside the app.",
                _PHONES,
            ),
            (
                Variable("{{userprincipalname}}", "user principal name", _INTUNE_ANDROID),
                Variable("{{mail}}", "e-mail address", _INTUNE_ANDROID),
                Variable("{{username}}", "name", _INTUNE_ANDROID),
            ),
        ),
        Target.JAMF: Guide(
            "Jamf Pro",
            (
                "Jamf Pro: Devices, Mobile Device Apps, the app, App Configuration.",
                "Paste the whole <dict> into Preferences, and save.",
                _PHONES,
            ),
            (
                Variable("$USERNAME", "user name", _JAMF),
                Variable("$FULLNAME", "name", _JAMF),
                Variable("$SERIALNUMBER", "serial number", _JAMF),
                Variable("$SITENAME", "the site in Jamf Pro", _JAMF),
            ),
        ),
        Target.WORKSPACE_ONE: Guide(
            "Workspace ONE",
            (
                "Workspace ONE: Resources, Apps, Native, Public, the app, Assign, Application Configuration.",
                _ROW,
                _STRING,
                _PHONES,
            ),
            (
                Variable("{EmailAddress}", "e-mail address", _WORKSPACE_ONE),
                Variable("{EnrollmentUser}", "user name", _WORKSPACE_ONE),
                Variable("{FirstName}", "first name", _WORKSPACE_ONE),
                Variable("{LastName}", "last name", _WORKSPACE_ONE),
            ),
        ),
        Target.IVANTI: Guide(
            "Ivanti EPMM and Neurons for MDM",
            (
                "EPMM: Policies & Configs, Configurations, Add New, Apple, iOS / tvOS, Managed App Config.",
                "Upload the file there.",
                "Neurons for MDM: Apps, App Catalog, the app, App Configurations, Managed App Configuration.",
                "Add one row there: key sites, type String, value the array.",
                _PHONES,
            ),
            (
                Variable("$EMAIL$", "e-mail address (EPMM)", _EPMM),
                Variable("$USERID$", "user name (EPMM)", _EPMM),
                Variable("${userEmailAddress}", "e-mail address (Neurons for MDM)", _NEURONS),
            ),
        ),
        Target.SOTI: Guide(
            "SOTI MobiControl",
            (
                "SOTI MobiControl: Policies, Apps, the policy, the app, Configure, Managed App Config.",
                _ROW,
                _STRING,
                _PHONES,
            ),
            (
                Variable("%ENROLLEDUSER_USERNAME%", "user name", _SOTI_IN_APPS),
                Variable("%ENROLLEDUSER_FIRST_NAME%", "first name", _SOTI),
                Variable("%ENROLLEDUSER_LAST_NAME%", "last name", _SOTI),
                Variable("%ENROLLEDUSER_EMAIL%", "e-mail address", _SOTI_ELSEWHERE),
            ),
        ),
        Target.KANDJI: Guide(
            "Kandji (Iru)",
            (
                "Kandji (Iru): Library, the app, App configuration.",
                "Paste the whole <dict> there, and save.",
                _PHONES,
            ),
        ),
        Target.MOSYLE: Guide(
            "Mosyle",
            (
                "Mosyle: Management, Install App, the app, App configuration.",
                "Paste the whole <dict> there, and save.",
                _PHONES,
            ),
        ),
        Target.MERAKI: Guide(
            "Cisco Meraki",
            (
                "Meraki: Systems Manager, Settings, the profile, App Settings, the app.",
                _ROW,
                _STRING,
                _PHONES,
            ),
        ),
        Target.ADDIGY: Guide(
            "Addigy",
            ("Addigy: Policies, Apps & Books, the app, Configuration, Add Configuration.", _ROW, _STRING, _PHONES),
        ),
        Target.SIMPLEMDM: Guide(
            "SimpleMDM",
            ("SimpleMDM: Catalog, the app, Managed Config.", _ROW, _STRING, _PHONES),
        ),
        Target.GOOGLE: Guide(
            "Google (Android Enterprise)",
            (
                "Google Play EMM API: the whole document is the body of managedconfigurationsfordevice.update.",
                "Android Management API: its value of sites goes into applications, managedConfiguration.",
                "The app for Android passes over `oauth`: there people sign in inside the app.",
                _PHONES,
            ),
        ),
        Target.ROWS: Guide(
            "Another MDM: key, type and value",
            (
                "Find App configuration, Managed configuration or AppConfig of the app in the MDM’s console.",
                _ROW,
                _STRING,
                _PHONES,
            ),
        ),
        Target.VALUE: Guide(
            "The value alone",
            ("This is the value of the key `sites`, of type String.", _PHONES),
        ),
        Target.MOBILECONFIG: Guide(
            "Configuration profile (Mac)",
            (
                "Install it on Macs on which the app runs. iPhones and iPads take app configuration from an MDM only.",
                "The profile sets what an MDM sets: com.apple.configuration.managed in the app’s own preferences.",
            ),
        ),
        Target.DDM: Guide(
            "Apple declarative management",
            (
                "Put the property list where phones can fetch it, and name its address in the asset declaration.",
                "Leave the keys at the top: inside a key `configuration`, as in Apple’s example, they are not read.",
                "Refer to the asset in LegacyAppConfigAssetReference, since the app reads its preferences.",
                "Refer to it in AppConfig too, for a version of the app that reads the new way.",
            ),
        ),
        Target.APPCONFIG: Guide(
            "AppConfig specification file",
            (
                "Upload it where the MDM takes the AppConfig community’s file; its console then shows a form.",
                _PHONES,
            ),
        ),
        Target.ANDROID_RESTRICTIONS: Guide(
            "Android app restrictions",
            (
                "For trying it: a test device policy controller reads the keys of an app from such a file.",
                "On managed phones the MDM sends the value; the app’s own file stays as it was published.",
            ),
        ),
    }
)
