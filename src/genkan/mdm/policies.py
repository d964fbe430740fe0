"""Owns what is known of device security policies beside `sites`, each with its source; claims nothing that is nowhere
published.
"""

from dataclasses import dataclass
from typing import Literal

SOURCE = "https://support.atlassian.com/security-and-access-policies/docs/what-are-the-appconfig-settings-for-mdm/"
EXAMPLE = "https://support.atlassian.com/security-and-access-policies/docs/create-an-appconfig-json-string-for-ios/"
# The vendor's page of the Data Center app says that it takes policies from this version on; it prints no key.
DATA_CENTER_SINCE = "iOS 1.29.0"


@dataclass(frozen=True, slots=True)
class Policy:
    """A key that the vendor documents for its cloud apps; `values` are those that are documented."""

    key: str
    type: Literal["String", "Integer", "Boolean"]
    platforms: tuple[Literal["iOS", "Android"], ...]
    about: str
    values: tuple[str, ...]
    source: str


POLICIES = (
    Policy(
        "atlassian.devicePolicyLoginAccount",
        "String",
        ("iOS", "Android"),
        "Only this account can sign in; all others are signed out.",
        (),
        SOURCE,
    ),
    Policy(
        "atlassian.devicePolicyClipboardRestriction",
        "Integer",
        ("iOS",),
        "0: the clipboard is free; 1: what is copied stays in the app.",
        ("0", "1"),
        SOURCE,
    ),
    Policy(
        "atlassian.devicePolicyDataExportRestricted",
        "Boolean",
        ("iOS",),
        "Nothing is sent to backups or shared with other devices.",
        (),
        EXAMPLE,
    ),
    Policy(
        "atlassian.devicePolicyLocalAuthRequired",
        "Boolean",
        ("iOS",),
        "People prove who they are before the app opens.",
        (),
        EXAMPLE,
    ),
    Policy(
        "atlassian.devicePolicyLocalAuthTimeout",
        "Integer",
        ("iOS",),
        "After so many seconds in the background they prove it again.",
        (),
        EXAMPLE,
    ),
)
KEYS = frozenset(policy.key for policy in POLICIES)
