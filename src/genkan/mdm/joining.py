"""Owns the joining of what somebody wrote in two places: nothing that was written is lost, and what contradicts itself
is left as it is.
"""

from collections.abc import Mapping

from genkan.wire.managed_entry import OAUTH_KEYS, client_id_fault, meant_by
from genkan.wire.managed_records import Findings, Place
from genkan.wire.managed_text import Members, read
from genkan.wire.urls import BaseURL, parse_base_url


def one_of_two(one: object, other: object) -> object | None:
    """Two entries for one address as one that says what both say; None where they contradict each other."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return None
    if "baseURL" not in one or _has_two_values(one) or _has_two_values(other):
        return None
    # One address, in two spellings perhaps
    return _joined(one, {**other, "baseURL": one["baseURL"]})


def _has_two_values(value: object) -> bool:
    return isinstance(value, Members) and bool(value.earlier)


def _joined(one: object, other: object) -> object | None:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one if one == other and type(one) is type(other) else None
    if _has_two_values(one) or _has_two_values(other):
        return None
    both = {key: _joined(one[key], other[key]) for key in one if key in other}
    if any(value is None and one[key] is not None for key, value in both.items()):
        return None
    return Members({**one, **other, **both})


def moved_inside(settings: Mapping[str, object], beside: Mapping[str, object]) -> dict[str, object]:
    """Settings where what stands beside `sites` is in the entry that it can only belong to; else where it was."""
    value = settings.get("sites")
    reading = read(value, Place(), Findings()) if isinstance(value, str) else None
    entries = value if reading is None else reading.value
    entry = entries[0] if isinstance(entries, list) and len(entries) == 1 else None
    if not isinstance(entry, dict) or not all(_belongs(key, given, entry, beside) for key, given in beside.items()):
        return dict(settings)
    whole = Members({**entry, **beside})
    if isinstance(entry, Members):
        whole.repeated, whole.earlier = entry.repeated, entry.earlier
    return {key: [whole] if key == "sites" else given for key, given in settings.items() if key not in beside}


def _belongs(key: str, value: object, entry: Mapping[str, object], beside: Mapping[str, object]) -> bool:
    """Whether a value is one for this key, and the entry says nothing of the kind yet."""
    meant = meant_by(key)
    if [meant_by(other) for other in beside].count(meant) > 1:
        return False
    if any(meant_by(other) in {meant, "oauth" if meant in OAUTH_KEYS else meant} for other in entry):
        return False
    if meant == "clientID":
        return isinstance(value, str) and client_id_fault(value) is None
    if meant == "baseURL":
        return isinstance(value, str) and isinstance(parse_base_url(value, allow_http=True), BaseURL)
    if meant == "oauth":
        return isinstance(value, dict)
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in {"true", "false"})
