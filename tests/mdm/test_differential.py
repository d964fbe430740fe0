"""The verdict is compared with readers that are not ours: plistlib with expat, json, and libplist."""

import json
import plistlib
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from genkan.mdm.check import Report, check, fix, sites_of
from genkan.mdm.opened import Kind
from genkan.wire.urls import BaseURL, parse_base_url
from tests.mdm.mutations import mutated

READ = {Kind.VALUE, Kind.DICTIONARY, Kind.PLIST, Kind.ANDROID}


class Refused(Exception):
    """Another reader does not take it, or readers are known to differ."""


class Once(dict[str, Any]):
    """A dictionary that takes each key once."""

    def __setitem__(self, key: str, value: object) -> None:
        if key in self:
            raise Refused(key)
        super().__setitem__(key, value)


def once(pairs: Iterable[tuple[str, Any]]) -> Once:
    """An object of JSON with its members, each there once."""
    members = Once()
    for key, value in pairs:
        members[key] = value
    return members


def no_constant(name: str) -> object:
    """NaN and Infinity are Python's own (RFC 8259 6)."""
    raise Refused(name)


def json_of(text: str | bytes) -> Any:
    """What json reads."""
    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
    except (ValueError, RecursionError) as fault:
        raise Refused(str(fault)) from fault


def plist_of(octets: bytes) -> Any:
    """What plistlib reads."""
    try:
        return plistlib.loads(octets, fmt=plistlib.FMT_XML, dict_type=Once)
    except Exception as fault:
        raise Refused(repr(fault)) from fault


def delivered(octets: bytes, kind: Kind) -> Any:
    """The entries that a phone's own readers find in a file."""
    if kind is Kind.VALUE:
        return json_of(octets)
    if kind is Kind.PLIST:
        settings = plist_of(octets)
    elif kind is Kind.ANDROID:
        settings = {
            row["key"]: row["valueString"] for row in json_of(octets)["managedProperty"] if "valueString" in row
        }
    else:
        settings = json_of(octets)
    value = settings["sites"] if isinstance(settings, dict) else None
    return json_of(value) if isinstance(value, str) else value


def in_our_words(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as ``sites_of`` tells it, made of what another reader found."""
    base = parse_base_url(entry["baseURL"], allow_http=True)
    assert isinstance(base, BaseURL)
    told: dict[str, Any] = {"baseURL": base.text}
    if "oauth" in entry:
        cached = entry["oauth"].get("cacheSessionInMobileBrowser", False)
        told["oauth"] = {"clientID": entry["oauth"]["clientID"], "cacheSessionInMobileBrowser": cached}
    if entry.get("skipInfo"):
        told["skipInfo"] = True
    return told


def assert_delivered(octets: bytes, report: Report) -> None:
    """Other readers take the file, and find the sites that we say a phone gets."""
    entries = delivered(octets, report.kind)
    # Of two entries for one site the later one is passed over, and told so.
    found = {entry["baseURL"]: entry for entry in map(in_our_words, reversed(entries))}
    said = [{key: value for key, value in entry.items() if key != "title"} for entry in sites_of(report.sites)]
    assert said == [*reversed(found.values())]
    by_address = {parse_base_url(entry["baseURL"], allow_http=True): entry for entry in reversed(entries)}
    for site in report.sites:
        title = by_address[parse_base_url(site.base_url, allow_http=True)].get("title")
        assert site.title is None or str(title).strip().startswith(site.title.split()[0])


def judge(seeds: range) -> tuple[Counter[str], list[bytes]]:
    """Every seed judged; how often each verdict came, and the lists that are called right."""
    verdicts, lists = Counter[str](), list[bytes]()
    for seed in seeds:
        octets = mutated(seed)
        report, mended = check(octets), fix(octets)
        verdicts["right" if report.right else "usable" if not report.broken else "wrong"] += 1
        if not report.broken:
            assert report.kind in {*READ, Kind.ROWS}, (seed, report.kind)
            if report.kind in READ:
                assert_delivered(octets, report)
        if report.right and report.kind is Kind.PLIST:
            lists.append(octets)
        if report.broken and mended.octets is not None and not any(one.severity == "error" for one in mended.left):
            again = check(mended.octets)
            verdicts["mended"] += 1
            assert again.findings == mended.left
            if again.kind in READ:
                assert_delivered(mended.octets, again)
                lists += [mended.octets] if again.kind is Kind.PLIST else []
    return verdicts, lists


def assert_told_apart(verdicts: Counter[str], seeds: range) -> None:
    """Neither all right nor all wrong, and much of it mended: the comparison is about something."""
    assert verdicts["right"] > len(seeds) // 20
    assert verdicts["wrong"] > len(seeds) // 3
    assert verdicts["mended"] > len(seeds) // 20


def assert_libplist_takes(lists: list[bytes], folder: Path) -> None:
    """libplist, which shares nothing with plistlib, finds the same text under `sites`."""
    for octets in lists:
        is_fragment = octets.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<dict")
        document = b'<plist version="1.0">' + octets + b"</plist>" if is_fragment else octets
        (folder / "list.xml").write_bytes(document)
        words = ["plistutil", "-i", str(folder / "list.xml"), "-o", str(folder / "list.bin")]
        done = subprocess.run(words, capture_output=True, check=False, timeout=30)
        assert done.returncode == 0, (octets, done.stderr)
        read = plistlib.loads((folder / "list.bin").read_bytes(), fmt=plistlib.FMT_BINARY)
        assert read["sites"] == plist_of(octets)["sites"], octets


@pytest.mark.needs("plistutil")
def test_what_other_readers_refuse_is_never_right(tmp_path: Path) -> None:
    """A thousand mutated values: what is not called wrong is read by json and plistlib as we say, and by libplist; what
    is mended is read by them as what we say a phone gets.
    """
    seeds = range(1_000)
    verdicts, lists = judge(seeds)
    assert_told_apart(verdicts, seeds)
    assert_libplist_takes(lists[:60], tmp_path)


@pytest.mark.long
@pytest.mark.needs("plistutil")
@pytest.mark.parametrize("part", range(5))
def test_ten_thousand_mutated_values_are_judged_as_others_read_them(part: int, tmp_path: Path) -> None:
    """The same with ten thousand others."""
    seeds = range(10_000 + part * 2_000, 12_000 + part * 2_000)
    verdicts, lists = judge(seeds)
    assert_told_apart(verdicts, seeds)
    assert_libplist_takes(lists, tmp_path)
