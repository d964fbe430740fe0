"""Owns the records of a managed app configuration: sites, findings, and their places; reads no text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from genkan.wire.managed_words import ALL, GETS, GETS_BY_NAME, Severity
from genkan.wire.sentences import Sentence, sentence

Kind = Literal["string", "number", "boolean", "null", "array", "object"]


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
    """One fault: `entry` counts from 0, `pointer` is an RFC 6901 JSON pointer into the value, `name` is the fault's.

    `error`: phones cannot be relied on to use it. `ignored`: a phone passes over this part. `warning`: it works, with
    a catch.
    """

    entry: int | None
    pointer: str
    severity: Severity
    what: Sentence
    instead: Sentence
    name: str

    @property
    def problem(self) -> str:
        """What is wrong, in English."""
        return str(self.what)

    @property
    def fix(self) -> str:
        """What to write instead, in English."""
        return str(self.instead)

    @property
    def gets(self) -> Sentence:
        """What a phone gets there."""
        reach = "-entry" if self.severity == "error" and self.entry is not None else ""
        return sentence(GETS_BY_NAME.get(self.name) or GETS[self.severity + reach])

    def value(self, name: str) -> str:
        """A value out of the sentences: `write` is what to write where that can be known; empty where there is none."""
        return str(dict((*self.what.values, *self.instead.values)).get(name, ""))


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
    """Collects the findings of one reading; `words` says what is said of each."""

    def __init__(self, words: Mapping[str, tuple[Severity, str, str]] = ALL) -> None:
        self.found: list[Finding] = []
        self._words = words
        self._errors = 0

    @property
    def errors(self) -> int:
        """How many errors there are so far."""
        return self._errors

    def add(self, place: "Place", name: str, **values: object) -> None:
        """Note the fault of this name at its place."""
        severity, problem, fix = self._words[name]
        self._errors += severity == "error"
        what, instead = _with(problem, values), _with(fix, values)
        self.found.append(Finding(place.entry, place.pointer, severity, what, instead, name))

    def take(self, finding: Finding) -> None:
        """Note one that was found elsewhere."""
        self._errors += finding.severity == "error"
        self.found.append(finding)


def _with(words: str, values: dict[str, object]) -> Sentence:
    return sentence(words, {name: value for name, value in values.items() if f"%({name})s" in words})


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


def kind_of(value: object) -> Kind:
    """What JSON calls the type of a decoded value."""
    if value is None:
        return "null"
    names: dict[type, Kind] = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")
