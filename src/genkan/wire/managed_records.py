"""Owns the records of a managed app configuration: sites, findings, and their places; reads no text."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "ignored", "warning"]


@dataclass(frozen=True, slots=True)
class OAuthEntry:
    """The `oauth` object of a site."""

    client_id: str
    cache_session_in_mobile_browser: bool = False


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """One site; without `oauth` it is only pre-populated on the login screen."""

    title: str | None
    base_url: str
    oauth: OAuthEntry | None = None
    skip_info: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: `entry` counts from 0, `pointer` is an RFC 6901 JSON pointer into the value.

    `error`: phones cannot be relied on to use it. `ignored`: a phone passes over this part. `warning`: it works, with
    a catch.
    """

    entry: int | None
    pointer: str
    severity: Severity
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class Managed:
    """The sites that a phone can use, and everything found on the way."""

    sites: tuple[SiteEntry, ...]
    skip_info: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)


class Findings:
    """Collects the findings of one reading."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._errors = 0

    @property
    def errors(self) -> int:
        """How many errors there are so far."""
        return self._errors

    def add(self, severity: Severity, place: "Place", problem: str, fix: str) -> None:
        """Note one finding."""
        self._errors += severity == "error"
        self.found.append(Finding(place.entry, place.pointer, severity, problem, fix))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the value something stands."""

    entry: int | None = None
    pointer: str = ""

    def at(self, token: str | int) -> "Place":
        """One step down (RFC 6901 3: `~` and `/` are escaped)."""
        step = str(token).replace("~", "~0").replace("/", "~1")
        # JSON can spell half a surrogate pair, which no output of ours could carry
        return Place(self.entry, f"{self.pointer}/{step.encode('utf-8', 'replace').decode('utf-8')}")
