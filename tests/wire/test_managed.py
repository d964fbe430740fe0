"""The MDM value `sites`: every fault found at its place, nothing found where nothing is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import managed
from genkan.wire.managed import Managed, OAuthEntry, SiteEntry
from genkan.wire.managed_tolerant import CURLED, Guessed, guess
from tests.wire.strategies import any_text, base_urls, json_values, site_addresses

VECTORS = Path(__file__).parents[1] / "vectors"
CASES: list[dict[str, Any]] = json.loads((VECTORS / "managed.json").read_text())
VENDOR = json.loads((VECTORS / "vendor.json").read_text())

client_ids = st.text(st.sampled_from("0123456789abcdef"), min_size=32, max_size=32)
titles = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)
sites = st.lists(
    st.builds(
        SiteEntry,
        st.none() | titles,
        site_addresses().filter(lambda base: ":443" not in base),
        st.none() | st.builds(OAuthEntry, client_ids, st.booleans()),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda site: site.base_url,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_fault_is_found_at_its_place(case: dict[str, Any]) -> None:
    """Entry, pointer, severity and the gist of the problem are as the vector says, with no other finding beside."""
    read = managed.parse(case["text"])
    assert [[f.entry, f.pointer, f.severity] for f in read.findings] == [wanted[:3] for wanted in case["findings"]]
    for finding, (*_, gist) in zip(read.findings, case["findings"], strict=True):
        assert gist in finding.problem
        assert finding.problem.endswith(".")
        assert finding.fix.endswith(".")
    assert len(read.sites) == case["sites"]
    assert read.broken is any(wanted[2] == "error" for wanted in case["findings"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_bytes_are_read_as_their_text(case: dict[str, Any]) -> None:
    """A file and the text in it give the same findings."""
    assert managed.parse(case["text"].encode()) == managed.parse(case["text"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_no_finding_repeats_a_secret(case: dict[str, Any]) -> None:
    """What is found is shown and logged, so a secret in the value stays out of it."""
    assert not [secret for secret in ("hunter2", "0123456789abcdef" * 4) if secret in repr(managed.parse(case["text"]))]


def test_the_vendors_samples_are_read() -> None:
    """The printed sample is right but for its placeholder; the one without `oauth` pre-populates a site."""
    sample = managed.parse(VENDOR["sites"])
    assert [(f.pointer, f.severity) for f in sample.findings] == [("/0/oauth/clientID", "error")]
    filled = managed.parse(VENDOR["sites"].replace("your_clientID", VENDOR["client_id"]))
    assert filled == Managed((SiteEntry("My Jira Site", "https://jira.example.com", OAuthEntry(VENDOR["client_id"])),))
    assert managed.parse(VENDOR["pre_populated"]).sites == (SiteEntry("My Jira Site", "https://jira.example.com"),)


def test_the_value_is_written_as_the_vendor_prints_it() -> None:
    """What we render is the vendor's sample, character for character."""
    site = SiteEntry("My Jira Site", "https://jira.example.com", OAuthEntry("your_clientID"))
    assert managed.render([site]) == VENDOR["sites"]
    assert managed.render([SiteEntry("My Jira Site", "https://jira.example.com")]) == VENDOR["pre_populated"]


@given(sites)
def test_what_is_written_is_read_without_a_finding(written: list[SiteEntry]) -> None:
    """Any sites in good order come back the same, so the studio's output always passes the check."""
    assert managed.parse(managed.render(written)) == Managed(tuple(written))


def test_the_value_is_one_line() -> None:
    """A console's text field takes it whole, and other alphabets are not escaped away."""
    value = managed.render([SiteEntry("玄関\n", "https://a.example")])
    assert "\n" not in value
    assert "玄関" in value


def test_skip_info_counts_in_both_places() -> None:
    """The flag is taken from an entry and from the configuration around the array."""
    entry = managed.parse('[{"baseURL": "https://a.example", "skipInfo": true}, {"baseURL": "https://b.example"}]')
    assert (entry.skip_info, [site.skip_info for site in entry.sites]) == (False, [True, False])
    top = managed.parse('{"sites": "[{\\"baseURL\\": \\"https://a.example\\"}]", "skipInfo": true, "policy": {}}')
    assert (top.skip_info, top.findings) == (True, ())
    wrong = managed.parse('{"sites": "[{\\"baseURL\\": \\"https://a.example\\"}]", "skipInfo": "true"}')
    assert [(f.entry, f.pointer, f.severity) for f in wrong.findings] == [(None, "/skipInfo", "error")]


def test_plain_http_may_be_allowed_by_name() -> None:
    """For a site that is run without TLS on purpose the error becomes a warning, and the site is used."""
    text = '[{"baseURL": "http://jira.example.com"}]'
    assert managed.parse(text).broken
    allowed = managed.parse(text, allow_http=True)
    assert (allowed.broken, [f.severity for f in allowed.findings], len(allowed.sites)) == (False, ["warning"], 1)


def test_the_fix_of_a_pasted_page_is_the_base_url() -> None:
    """The person is told the address to write, context path included."""
    found = managed.parse('[{"baseURL": "https://jira.example.com/jira/secure/Dashboard.jspa"}]').findings
    assert [finding.fix for finding in found] == ["Write https://jira.example.com/jira."]


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 200_000, "[1" + "0" * 5000 + "]", "[-Infinity]", '"' * 3, "\ud800", '["\\ud800"]']
)
def test_hostile_json_is_a_finding(text: str) -> None:
    """Depth, endless numbers, constants that JSON lacks and half characters end in a finding."""
    assert managed.parse(text).broken


@pytest.mark.parametrize("octets", [b"\x80", b'["\xff"]', '[{"baseURL": "caf\u00e9"}]'.encode("latin-1")])
def test_other_encodings_are_named(octets: bytes) -> None:
    """Bytes that are no UTF-8 say where they stop being so."""
    found = managed.parse(octets).findings
    assert ["not UTF-8" in finding.problem for finding in found] == [True]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_and_read_on(encoding: str) -> None:
    """What a Windows editor saves as "Unicode" is told as what it is, and what else is wrong in it too."""
    found = managed.parse('[{"baseURL": "jira.example.com"}]'.encode(encoding)).findings
    assert [finding.name for finding in found] == ["utf-16", "address-relative"]


SLIPS = {
    "[{“baseURL”: “https://a.example”}]": ["typographic-quotes"],
    "[{'baseURL': 'https://a.example'}]": ["single-quotes"],
    '[{baseURL: "https://a.example"}]': ["bare-words"],
    '[{"baseURL": "https://a.example",},]': ["comma-too-many"],
    '[{"baseURL": "https://a.example"} {"baseURL": "https://b.example"}]': ["comma-missing"],
    '[{"baseURL": "https://a.example"}] // our sites': ["comments"],
    '[{"baseURL": "https://a.example", "skipInfo": False}]': ["literals"],
    '[{"baseURL":\u00a0"https://a.example"}]': ["odd-spaces"],
    '[{"title": "a\nb", "baseURL": "https://a.example"}]': ["line-breaks"],
    '[{"title": "R\\&D", "baseURL": "https://a.example"}]': ["odd-escapes"],
    '[{"baseURL": "https://a.example"}];': ["text-behind"],
    "[{’baseURL’: “https://a.example”,}]": ["single-quotes", "typographic-quotes", "comma-too-many"],
    '[{"baseURL": "https://a.example"': ["cut-off"],
    "[{&quot;baseURL&quot;: &quot;https://a.example&quot;,}]": ["escaped-for-xml", "comma-too-many"],
    '[{\\"baseURL\\": \\"https://a.example\\",}]': ["backslashes", "comma-too-many"],
}


@pytest.mark.parametrize("text", SLIPS)
def test_each_slip_is_named(text: str) -> None:
    """What is almost JSON says which slips make it none, and no phone is said to use it."""
    read = managed.parse(text)
    assert [finding.name for finding in read.findings][: len(SLIPS[text])] == SLIPS[text]
    assert read.sites == ()


@given(sites.map(managed.render), st.sampled_from(["“", "”", "'", "’", '"']))
def test_a_guess_never_invents_a_site(text: str, quote: str) -> None:
    """A text in other quotes is guessed as what it was, or not at all."""
    guessed = guess(text.replace('"', quote))
    if isinstance(guessed, Guessed) and not (CURLED | set("'’`\\")) & set(text):
        assert managed.parse_value(_plain(guessed.value)) == managed.parse(text)


def _plain(value: object) -> object:
    """A guessed value as JSON is decoded."""
    if isinstance(value, tuple):
        return {name: _plain(item) for name, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


KEYS = [
    "title",
    "baseURL",
    "oauth",
    "skipInfo",
    "clientID",
    "cacheSessionInMobileBrowser",
    "sites",
    "clientSecret",
    "baseUrl",
]
entries = st.recursive(
    json_values | base_urls(),
    lambda inner: st.dictionaries(st.sampled_from(KEYS) | any_text, inner, max_size=5),
    max_leaves=10,
)


@given(any_text | st.binary(max_size=100) | (st.lists(entries, max_size=4) | entries).map(json.dumps))
def test_any_value_is_read(text: str | bytes) -> None:
    """Reading never raises; every finding can be written as JSON; a value without sites says why."""
    read = managed.parse(text)
    shown = [(f.entry, f.pointer, f.severity, f.problem, f.fix) for f in read.findings]
    assert json.dumps(shown, ensure_ascii=False).encode()
    assert read.sites or read.findings
    assert all(site.base_url.startswith(("https://", "http://")) for site in read.sites)
    assert not [f for f in read.findings if not f.problem.isprintable() or not f.fix.isprintable()]


@given(st.lists(entries, min_size=1, max_size=4))
def test_an_entry_has_a_site_or_a_finding(values: list[Any]) -> None:
    """No entry vanishes without a word: it is a site, or a finding names it."""
    read = managed.parse(json.dumps(values))
    named = {finding.entry for finding in read.findings}
    assert len(read.sites) + len(named) >= len(values)
