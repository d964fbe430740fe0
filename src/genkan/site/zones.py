"""The time zones that a person may choose from, by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

# Names that are kept for old programs; each has a place that says the same.
_REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)


@cache
def time_zones() -> tuple[str, ...]:
    """UTC, then every place that this machine knows, by name."""
    return ("UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in _REGIONS))


def zone_choices(present: str) -> list[tuple[str, str]]:
    """For a list to choose from; the present one is in it whatever it is."""
    names = time_zones()
    kept = () if present in names else (present,)
    return [(name, name.replace("_", " ")) for name in (*kept, *names)]
