"""Owns the check of a file for an MDM: what it is, which sites are in it, what is wrong, and the mended file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genkan.mdm import joining, mend, policies
from genkan.mdm.build import Artefact, build
from genkan.mdm.forms import TAKES, form_of
from genkan.mdm.opened import TOP, Kind, Opened, printable
from genkan.mdm.opening import open_file
from genkan.mdm.targets import GUIDES, Target
from genkan.mdm.variables import check_variables
from genkan.mdm.words import WORDS
from genkan.wire import managed
from genkan.wire.managed import Finding, Managed, SiteEntry
from genkan.wire.managed_entry import ENTRY_KEYS, OAUTH_KEYS, SECRETS, fold
from genkan.wire.managed_records import Findings, Place
from genkan.wire.managed_text import read


@dataclass(frozen=True, slots=True)
class Report:
    """What a check came to. `sites` are those that a phone can use."""

    kind: Kind
    managed: Managed
    android: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found, the wrapping first."""
        return self.managed.findings

    @property
    def sites(self) -> tuple[SiteEntry, ...]:
        """The sites that a phone can use."""
        return self.managed.sites

    @property
    def broken(self) -> bool:
        """Whether a phone shows an error."""
        return self.managed.broken

    @property
    def right(self) -> bool:
        """Whether nothing at all is to be said, but what is true of every value on Android."""
        return all(finding.name == "android-oauth" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Mended:
    """A file put right as far as it can be without asking: `left` is what a person has to decide.

    `octets` are None where nothing can be made of the file. `done` is what was put right.
    """

    octets: bytes | None
    done: tuple[Finding, ...]
    left: tuple[Finding, ...]


def check(octets: bytes, *, allow_http: bool = False, target: Target | None = None) -> Report:
    """Recognise a file and find what is wrong with it, for the MDM `target` where one is said. Never raises."""
    _, report = _checked(octets, allow_http=allow_http, target=target)
    return report


def _checked(octets: bytes, *, allow_http: bool, target: Target | None) -> tuple[Opened, Report]:
    findings = Findings(WORDS)
    opened = open_file(octets, findings)
    read_on = _read_on(opened, findings, allow_http=allow_http)
    entries = _entries(opened)
    if opened.android:
        _check_android(entries, findings)
    _check_form(opened, target, findings)
    check_variables(entries, "" if opened.settings is None else "/sites", target, findings)
    usable = not any(map(_is_fatal, findings.found))
    read_through = Managed(read_on.sites if usable else (), read_on.skip_info, tuple(findings.found))
    return opened, Report(opened.kind, read_through, opened.android)


def _read_on(opened: Opened, findings: Findings, *, allow_http: bool) -> Managed:
    """The entries, with what is found in them."""
    if opened.settings is not None:
        _check_settings(opened, findings)
        inner = managed.parse_value(opened.settings, allow_http=allow_http) if "sites" in opened.settings else None
    else:
        inner = managed.parse(opened.text, allow_http=allow_http) if opened.text is not None else None
    read_on = inner or Managed(())
    is_said = any(earlier.name == "sites-type" for earlier in findings.found)
    for finding in read_on.findings:
        # An array that is no text is told once, in the words of the file's own form.
        if not (is_said and finding.name in {"array-in-dictionary", "not-array", "bare-object"}):
            findings.take(finding)
    return read_on


def _check_form(opened: Opened, target: Target | None, findings: Findings) -> None:
    """Find a form that the MDM does not take, and one that no phone takes."""
    if opened.kind is Kind.UNKNOWN:
        return
    if target is not None:
        forms = TAKES[target].forms
        if form_of(opened) not in forms:
            findings.add(TOP, f"form-{forms[0]}", mdm=GUIDES[target].name)
    elif opened.kind is Kind.PROFILE:
        findings.add(TOP, "profile-for-macs")


# Errors beside the value, with which it is delivered all the same.
_BESIDE = frozenset({"key-secret", "flag-in-quotes", "flag-type"})


def _is_fatal(finding: Finding) -> bool:
    """Whether a phone is given nothing, however good the entries are."""
    return finding.severity == "error" and finding.entry is None and finding.name not in _BESIDE


def _check_settings(opened: Opened, findings: Findings) -> None:
    for key in opened.settings or {}:
        name = _stranger(key)
        if name is not None:
            findings.add(TOP.at(key[:80]), name, key=printable(key))


def _stranger(key: str) -> str | None:
    """What a key beside `sites` is, if it is a mistake."""
    if fold(key) in SECRETS:
        return "key-secret"
    if key in policies.KEYS:
        return "cloud-policy"
    inside = {fold(name) for name in (*ENTRY_KEYS, *OAUTH_KEYS)} - {"skipinfo", "title"}
    return "beside-sites" if fold(key) in inside else None


def _entries(opened: Opened) -> list[object]:
    """The entries as they are written, the broken ones too, so that each is at its place."""
    written = opened.text if opened.settings is None else opened.settings.get("sites")
    reading = read(written, Place(), Findings()) if isinstance(written, str) else None
    value = written if reading is None else reading.value
    return value if isinstance(value, list) else []


def _check_android(entries: Sequence[object], findings: Findings) -> None:
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(entry.get("oauth"), dict):
            findings.add(Place(index, f"/sites/{index}/oauth"), "android-oauth")


def fix(octets: bytes, *, allow_http: bool = False, target: Target | None = None) -> Mended:
    """Put right what can be put right without asking anybody, in the form that the file has, or in that of the MDM."""
    opened, before = _checked(octets, allow_http=allow_http, target=target)
    if not before.findings:
        return Mended(octets, (), ())
    written = None if _says_two_things(opened, before) else _written(opened)
    if written is None:
        return Mended(None, (), before.findings)
    written = _in_the_form_of(target, written, allow_http=allow_http)
    after = check(written, allow_http=allow_http, target=target)
    left = {(finding.name, finding.problem) for finding in after.findings}
    done = tuple(finding for finding in before.findings if (finding.name, finding.problem) not in left)
    return Mended(written, done, after.findings)


def _says_two_things(opened: Opened, report: Report) -> bool:
    """Whether writing it again would choose one of two values; the lists in XML are written in place and keep both."""
    if opened.kind in {Kind.PLIST, Kind.PROFILE}:
        return False
    return any(finding.name == "key-twice" and finding.entry is None for finding in report.findings)


def _in_the_form_of(target: Target | None, written: bytes, *, allow_http: bool) -> bytes:
    """The same sites as the MDM takes them, where nothing else is in the file that would be lost."""
    opened, report = _checked(written, allow_http=allow_http, target=None)
    if target is None or not report.sites or report.broken or form_of(opened) in TAKES[target].forms:
        return written
    if opened.settings is not None and set(opened.settings) != {"sites"}:
        return written
    built = build(target, report.sites, allow_http=allow_http)
    return built.text.encode() if isinstance(built, Artefact) else written


def _written(opened: Opened) -> bytes | None:
    if opened.settings is not None and opened.put is not None:
        settings = {key: value for key, value in opened.settings.items() if _stranger(key) != "key-secret"}
        beside = {key: value for key, value in settings.items() if _stranger(key) == "beside-sites"}
        try:
            return opened.put(mend.mended_settings(joining.moved_inside(settings, beside)))
        except (ValueError, RecursionError, OverflowError, TypeError):
            # A binary list may hold what no other form has a word for.
            return None
    text = mend.mended_text(opened.text) if opened.text is not None else None
    return None if text is None else f"{text}\n".encode("utf-8", "replace")


def document(report: Report) -> dict[str, object]:
    """A report for programs: what is contract for `--json`."""
    findings = [
        {
            "entry": finding.entry,
            "pointer": finding.pointer,
            "severity": finding.severity,
            "problem": finding.problem,
            "fix": finding.fix,
            "gets": str(finding.gets),
        }
        for finding in report.findings
    ]
    return {"findings": findings, "sites": sites_of(report.sites), "format": report.kind.value}


def sites_of(sites: tuple[SiteEntry, ...]) -> list[Mapping[str, object]]:
    """The sites as they stand in the array."""
    return [managed.as_entry(site) for site in sites]
