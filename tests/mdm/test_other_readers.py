"""What is written is read by programs that are not ours: libplist, libxml2 with a grammar, the reader of Android."""

import json
import plistlib
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from genkan.mdm.build import Artefact, build
from genkan.mdm.check import fix
from genkan.mdm.opened import Kind
from genkan.mdm.targets import Target
from genkan.wire.managed import OAuthEntry, SiteEntry
from tests.mdm.test_corpus import CASES, by_name, octets_of

GRAMMARS = Path(__file__).parents[1] / "vectors" / "mdm"
BUNDLE = "com.example.jira"
HARD = SiteEntry('R&D "Süd" <1> \\ 玄関 ]]>', "https://jira.example.com/desk", OAuthEntry("ab" * 16, True))
LISTS = (Target.IVANTI, Target.DDM, Target.MOBILECONFIG)
FRAGMENTS = (Target.INTUNE, Target.JAMF, Target.KANDJI, Target.MOSYLE)
MENDED_LISTS = [case for case in CASES if case["format"] in {Kind.PLIST, Kind.PROFILE} and case["left"] is not None]


def written(target: Target, folder: Path) -> Path:
    """The artefact in a file; a fragment with what a console puts around it."""
    made = build(target, [HARD], bundle_id=BUNDLE)
    assert isinstance(made, Artefact)
    text = f'<plist version="1.0">{made.text}</plist>' if target in FRAGMENTS else made.text
    file = folder / made.filename
    file.write_text(text, "utf-8")
    return file


def run(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    """A program that has to say yes."""
    return subprocess.run([*map(str, words)], capture_output=True, check=True, timeout=30)


@pytest.mark.needs("plistutil")
@pytest.mark.parametrize("target", [*LISTS, *FRAGMENTS])
def test_libplist_reads_our_property_lists(target: Target, tmp_path: Path) -> None:
    """Read by libplist and written as a binary list, it holds the very same settings."""
    file = written(target, tmp_path)
    binary = tmp_path / "list.bin"
    run("plistutil", "-i", file, "-o", binary)
    assert plistlib.loads(binary.read_bytes()) == plistlib.loads(file.read_bytes())


@pytest.mark.needs("xmllint")
@pytest.mark.parametrize("target", [*LISTS, *FRAGMENTS])
def test_our_property_lists_hold_to_the_grammar(target: Target, tmp_path: Path) -> None:
    """Every element is one of a property list's, in its place, and no key lacks its value."""
    run("xmllint", "--noout", "--nonet", "--dtdvalid", GRAMMARS / "plist.dtd", written(target, tmp_path))


@pytest.mark.needs("xmllint")
@pytest.mark.parametrize("case", MENDED_LISTS, ids=by_name)
def test_mended_property_lists_are_well_formed(case: dict[str, object], tmp_path: Path) -> None:
    """What is put back into somebody's file leaves it one that others read."""
    file = tmp_path / "list.xml"
    file.write_bytes(fix(octets_of(case)).octets or b"")
    run("xmllint", "--noout", "--nonet", file)


@pytest.mark.needs("xmllint")
def test_the_specification_file_holds_to_its_grammar(tmp_path: Path) -> None:
    """Version, bundle id, typed keys with defaults, and words for the console's form."""
    run("xmllint", "--noout", "--relaxng", GRAMMARS / "specfile.rng", written(Target.APPCONFIG, tmp_path))


@pytest.mark.needs("xmllint")
def test_the_restrictions_are_well_formed(tmp_path: Path) -> None:
    """A resource that Android's tools would take as XML."""
    run("xmllint", "--noout", "--nonet", written(Target.ANDROID_RESTRICTIONS, tmp_path))


def test_android_gets_the_value_from_its_resource(tmp_path: Path) -> None:
    """The compiler of resources takes one backslash of two away; what is left is the JSON."""
    (restriction,) = ElementTree.parse(written(Target.ANDROID_RESTRICTIONS, tmp_path)).getroot()
    attributes = {name.rpartition("}")[2]: value for name, value in restriction.attrib.items()}
    assert (attributes["key"], attributes["restrictionType"]) == ("sites", "string")
    compiled = attributes["defaultValue"].replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    assert json.loads(compiled)[0]["title"] == HARD.title
