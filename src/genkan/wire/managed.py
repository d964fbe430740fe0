"""Owns the MDM key `sites` both ways: what a phone makes of a value, and what is wrong with it; delivers nothing."""

import json
from collections.abc import Iterable
from dataclasses import replace

from genkan.wire.managed_entry import Checked, check_entry, check_flag, check_repeated
from genkan.wire.managed_records import Finding, Findings, Managed, OAuthEntry, Place, SiteEntry
from genkan.wire.managed_text import Reading, read
from genkan.wire.managed_words import Severity

__all__ = ["Finding", "Managed", "OAuthEntry", "Severity", "SiteEntry", "parse", "parse_value", "render"]

_TOP = Place()


def parse(text: str | bytes, *, allow_http: bool = False) -> Managed:
    """Read the value of `sites`, or the whole configuration dictionary with the key in it. Never raises.

    `allow_http` turns plain http outside loopback from an error into a warning.
    """
    findings = Findings()
    reading = read(text, _TOP, findings)
    return _managed(reading, findings, allow_http=allow_http)


def parse_value(value: object, *, allow_http: bool = False) -> Managed:
    """The same for a value that is decoded already."""
    return _managed(Reading(value, sound=True), Findings(), allow_http=allow_http)


def _managed(reading: Reading | None, findings: Findings, *, allow_http: bool) -> Managed:
    skip_info, place = False, _TOP
    if reading is not None and isinstance(reading.value, dict) and "sites" in reading.value:
        check_repeated(reading.value, _TOP, findings)
        skip_info, place = check_flag(reading.value, "skipInfo", _TOP, findings), _TOP.at("sites")
        reading = _inside(reading.value["sites"], reading.sound, place, findings)
    sites = () if reading is None else _entries(reading, place, findings, allow_http=allow_http)
    return Managed(sites, skip_info, tuple(findings.found))


def _inside(value: object, sound: bool, place: Place, findings: Findings) -> Reading | None:
    """The `sites` inside the dictionary that a phone receives: there it is a string with the JSON in it."""
    if isinstance(value, str):
        inner = read(value, place, findings)
        if inner is not None and isinstance(inner.value, dict) and "sites" in inner.value:
            findings.add(place, "whole-in-sites")
            return Reading(inner.value["sites"], sound=False)
        return None if inner is None else replace(inner, sound=inner.sound and sound)
    if isinstance(value, list):
        findings.add(place, "array-in-dictionary")
    return Reading(value, sound)


def _entries(reading: Reading, place: Place, findings: Findings, *, allow_http: bool) -> tuple[SiteEntry, ...]:
    value = reading.value
    if isinstance(value, dict):
        findings.add(place, "bare-object")
        check_entry(value, Place(0, place.pointer), findings, allow_http=allow_http)
        return ()
    if not isinstance(value, list):
        findings.add(place, "not-array")
        return ()
    if not value:
        findings.add(place, "no-site")
    places = (Place(index, f"{place.pointer}/{index}") for index in range(len(value)))
    checked = [check_entry(entry, at, findings, allow_http=allow_http) for at, entry in zip(places, value, strict=True)]
    sites = _distinct(checked, findings)
    return sites if reading.sound else ()


def _distinct(checked: Iterable[Checked], findings: Findings) -> tuple[SiteEntry, ...]:
    first: dict[str, Place] = {}
    sites: list[SiteEntry] = []
    for entry in checked:
        earlier = entry.place if entry.base_url is None else first.setdefault(entry.base_url, entry.place)
        if earlier is not entry.place:
            findings.add(entry.place.at("baseURL"), "same-site", again=entry.place.pointer, first=earlier.pointer)
        elif entry.site is not None:
            sites.append(entry.site)
    return tuple(sites)


def render(sites: Iterable[SiteEntry]) -> str:
    """The value of `sites`: one line of JSON, fit for a console's text field."""
    return json.dumps([as_entry(site) for site in sites], ensure_ascii=False)


def as_entry(site: SiteEntry) -> dict[str, object]:
    """One site as the object that stands in the array."""
    entry: dict[str, object] = {} if site.title is None else {"title": site.title}
    entry["baseURL"] = site.base_url
    if site.oauth is not None:
        entry["oauth"] = {
            "clientID": site.oauth.client_id,
            "cacheSessionInMobileBrowser": site.oauth.cache_session_in_mobile_browser,
        }
    if site.skip_info:
        entry["skipInfo"] = True
    return entry
