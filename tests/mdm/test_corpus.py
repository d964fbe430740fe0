"""The check of every file of the corpus, and of any octets at all: findings at their place, never a traceback."""

import base64
import json
import plistlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genkan.mdm.build import Artefact, build
from genkan.mdm.check import check, document, fix
from genkan.mdm.opened import Kind
from genkan.mdm.opening import MOST_OCTETS
from genkan.mdm.targets import Target
from genkan.mdm.words import WORDS
from genkan.wire.managed import OAuthEntry, SiteEntry

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "mdm" / "cases.json").read_text())
SITE = SiteEntry('R&D "Süd" <1>', "https://jira.example.com", OAuthEntry("38843a89f2b02a471000bc022e4b9de8"))


def octets_of(case: dict[str, Any]) -> bytes:
    """The file of a case."""
    text: str | None = case.get("text")
    return text.encode() if text is not None else base64.b64decode(case["base64"])


def target_of(case: dict[str, Any]) -> Target | None:
    """The MDM that a case is for, where it is for one."""
    return Target(case["for"]) if "for" in case else None


SEEDS = [octets_of(case) for case in CASES]


def by_name(case: dict[str, Any]) -> str:
    """How pytest calls a case."""
    return str(case["name"])


def test_the_corpus_is_large_and_has_every_form() -> None:
    """At least 120 files, good and broken ones of each form, and each named once."""
    assert len(CASES) >= 120
    assert len({case["name"] for case in CASES}) == len(CASES)
    good = {case["format"] for case in CASES if case["sites"] and not case["findings"]}
    broken = {case["format"] for case in CASES if any(finding[2] == "error" for finding in case["findings"])}
    assert good == {kind.value for kind in Kind} - {Kind.UNKNOWN.value}
    assert broken == {kind.value for kind in Kind}


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_each_file_has_its_findings(case: dict[str, Any]) -> None:
    """Form, entry, pointer, severity and name of every finding, and how many sites a phone gets."""
    report = check(octets_of(case), target=target_of(case))
    assert report.kind == case["format"]
    assert [[f.entry, f.pointer, f.severity, f.name] for f in report.findings] == case["findings"]
    assert len(report.sites) == case["sites"]


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_each_file_is_mended_as_far_as_it_can_be(case: dict[str, Any]) -> None:
    """What is written has exactly the findings left that are for a person, has the same form, and stays as it is."""
    target = target_of(case)
    mended = fix(octets_of(case), target=target)
    assert (None if mended.octets is None else [finding.name for finding in mended.left]) == case["left"]
    if mended.octets is None:
        assert [finding.name for finding in mended.left] == [finding[3] for finding in case["findings"]]
        return
    after = check(mended.octets, target=target)
    assert after.findings == mended.left
    # A bare address has no form yet: it gets one. Where the MDM is said its form may be another.
    assert after.kind == case["format"] or (case["format"], after.kind) == ("unknown", "value") or target is not None
    assert fix(mended.octets, target=target).octets == mended.octets or mended.left


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_no_finding_repeats_a_secret(case: dict[str, Any]) -> None:
    """Findings are shown, logged and sent on, so a secret of the file is not in them."""
    told = json.dumps(document(check(octets_of(case))))
    assert not [secret for secret in ("hunter2", "ab" * 32) if secret in told]


def test_every_finding_of_the_wrapping_is_in_the_corpus() -> None:
    """No sentence is there that no file brings about."""
    found = {finding[3] for case in CASES for finding in case["findings"]}
    too_large = {"file-too-large", "too-large", "address-too-long"}
    by_option = {"http-allowed"}
    # Plain http has words of its own here.
    # Nor is there a file on which plistlib and the rules before it are known to differ.
    assert WORDS.keys() - found - too_large - by_option == {"address-plain-http", "readers-differ"}


def test_a_file_that_is_too_large_is_not_read() -> None:
    """Work is bounded: above a limit nothing is looked at."""
    report = check(b"[" + b" " * MOST_OCTETS)
    assert [finding.name for finding in report.findings] == ["file-too-large"]


def test_what_is_beside_the_value_stays_as_it_was() -> None:
    """Mending replaces the value alone: comments, white space and other keys of the file are still there."""
    text = (
        "<?xml version='1.0'?>\n<!-- by hand -->\n<plist version='1.0'><dict>\n\t<key>other</key><integer>7</integer>\n"
        '\t<key>sites</key>   <string>[{"baseURL": "https://jira.example.com/"}]</string>\n</dict></plist>\n'
    )
    mended = fix(text.encode()).octets
    assert mended == text.replace("example.com/", "example.com").encode()


def test_a_form_within_another_is_mended_inside() -> None:
    """Intune's own document keeps its other members, and the XML in it is mended."""
    inner = base64.b64encode(b'<dict><key>sites</key><string>[{"baseURL": "https://a.example/"}]</string></dict>')
    outer = {"displayName": "Jira", "encodedSettingXml": inner.decode(), "version": 3}
    mended = json.loads(fix(json.dumps(outer).encode()).octets or b"")
    assert (mended["displayName"], mended["version"]) == ("Jira", 3)
    assert b'"https://a.example"}' in base64.b64decode(mended["encodedSettingXml"])


def test_a_list_that_refers_to_itself_ends_in_a_report() -> None:
    """A binary property list can be a graph: nobody walks through it."""
    octets = bytearray(plistlib.dumps({"sites": ["x"]}, fmt=plistlib.FMT_BINARY))
    at = octets.index(b"\xa1")
    octets[at + 1] = 2  # the array's only item is the array
    check(bytes(octets))
    fix(bytes(octets))


pieces = st.sampled_from(SEEDS)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of the corpus with a stretch cut out, put in twice, or replaced."""
    octets = draw(pieces)
    start = draw(st.integers(0, len(octets)))
    end = draw(st.integers(start, min(len(octets), start + 40)))
    middle = draw(
        st.sampled_from([b"", octets[start:end] * 2, b"<", b"&", b'"', b"\\", b"\xff", b"\0", b"]]>", b"{", b"\t"])
    )
    return octets[:start] + middle + octets[end:]


@given(st.binary(max_size=300) | damaged() | st.tuples(pieces, pieces).map(b"".join))
@example(b"\xff\xfe")
@example(b"0\x82")
@example(b"bplist00")
@example(b"<")
@example(b"sites\t")
@example(b"key:\nvalue: x\nkey: sites")
def test_any_octets_have_a_report(octets: bytes) -> None:
    """Neither the check nor the mending ever raises; who has no site is told why; all can be written as JSON."""
    report = check(octets)
    assert report.sites or report.findings
    assert json.dumps(document(report), ensure_ascii=False).encode()
    assert not [f for f in report.findings if not f.problem.isprintable() or not f.fix.isprintable()]
    mended = fix(octets)
    if mended.octets is not None:
        assert check(mended.octets).findings == mended.left


@given(st.sampled_from([*Target]), st.binary(min_size=1, max_size=3), st.integers(0, 10_000))
def test_damage_to_what_we_built_is_never_a_traceback(target: Target, noise: bytes, at: int) -> None:
    """One stretch of noise in an artefact, wherever it falls."""
    built = build(target, [SITE], bundle_id="com.example.jira")
    assert isinstance(built, Artefact)
    octets = built.text.encode()
    place = at % len(octets)
    check(octets[:place] + noise + octets[place + len(noise) :])
    fix(octets[:place] + noise + octets[place + len(noise) :])
