"""Owns what a file of an MDM is once it is opened: its kind, the settings in it, and the way to write them back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from genkan.wire import characters
from genkan.wire.managed_entry import fold
from genkan.wire.managed_records import Findings, Place, kind_of

TOP = Place()
ANDROID_PACKAGE = "com.atlassian.jira.server"
Put = Callable[[Mapping[str, object]], bytes]


class Kind(StrEnum):
    """What a file was recognised as."""

    VALUE = "value"  # the JSON array alone
    DICTIONARY = "dictionary"  # the JSON object with the key `sites` in it
    PLIST = "plist"  # a property list, or the <dict> alone
    BINARY_PLIST = "binary-plist"
    PROFILE = "profile"
    ANDROID = "android"  # managed configuration, as Intune and Google's interface take it
    ANDROID_POLICY = "android-policy"
    RESTRICTIONS = "android-restrictions"
    SPECFILE = "appconfig"
    GRAPH = "graph"  # Intune's policy as its interface for programs has it
    ROWS = "rows"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opened:
    """`settings` are what the phone receives, None where nothing could be read. `text` is a bare value's own text.

    `put` writes settings back in the file's own form; None where that cannot be done.
    """

    kind: Kind
    settings: Mapping[str, object] | None = None
    text: str | None = None
    put: Put | None = field(default=None, repr=False)
    android: bool = False
    # A <dict> without a property list around it.
    fragment: bool = False


NOTHING = Opened(Kind.UNKNOWN)


def misspelt_sites(keys: Mapping[str, object]) -> str | None:
    """The key that was meant to be `sites`, where that is missing."""
    if "sites" in keys:
        return None
    return next((key for key in keys if fold(key) in {"sites", "site", "sitelist", "siteslist"}), None)


def with_sites(settings: Mapping[str, object], kind: Kind, findings: Findings) -> dict[str, object]:
    """The settings with `sites` under its right name, and a word where it was not, or was no text."""
    named = dict(settings)
    key = misspelt_sites(named)
    if key is not None:
        _add_misspelt(key, findings)
        named = {"sites" if name == key else name: value for name, value in named.items()}
    if "sites" not in named:
        findings.add(TOP, "no-sites-key")
    elif not isinstance(named["sites"], str) and kind is not Kind.DICTIONARY:
        findings.add(TOP.at("sites"), "sites-type", kind=kind_of(named["sites"]))
    return named


def _add_misspelt(key: str, findings: Findings) -> None:
    """A key that is another one; where that cannot be seen, the character by which it is."""
    odd = next((character for character in key if not character.isalnum()), None)
    if odd is not None and "".join(filter(str.isalnum, key)) == "sites":
        at = key.index(odd) + 1
        findings.add(TOP.at(key[:80]), "sites-character", odd=characters.shown_named(odd), at=at)
    else:
        findings.add(TOP.at(key[:80]), "sites-misspelt", key=printable(key))


def printable(text: str, longest: int = 40) -> str:
    """What a file has written, fit for a sentence."""
    shown = "".join(character if character.isprintable() else " " for character in text[:longest])
    return shown.strip() + ("…" if len(text) > longest else "")
