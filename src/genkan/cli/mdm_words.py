"""How ``genkan mdm`` tells what it found and built: lines for people, documents for programs. Decides nothing."""

import sys
from collections.abc import Iterator, Sequence

from genkan.cli.check_words import tell
from genkan.cli.output import print_json, print_table, print_warning, say
from genkan.doctor.verdicts import Report as Proof
from genkan.mdm.build import Artefact, NotBuilt
from genkan.mdm.check import Mended, Report, document
from genkan.mdm.opened import Kind
from genkan.mdm.targets import GUIDES, Target
from genkan.mdm.variables import variables_in
from genkan.mdm.words import FORMS
from genkan.wire import managed
from genkan.wire.managed import Finding, SiteEntry
from genkan.wire.sentences import visible

# What several MDMs take, so that the variables of any may be meant.
_ANY_MDM = frozenset({Target.ROWS, Target.VALUE, Target.APPCONFIG, Target.DDM})


def tell_report(report: Report, proofs: Sequence[Proof] = (), *, as_json: bool) -> None:
    """What a check came to; `proofs` are what the sites themselves answered."""
    if as_json:
        live = {"live": [proof.document() for proof in proofs]} if proofs else {}
        return print_json({**document(report), **live})
    say(f"This is {FORMS[report.kind.value]}.")
    tell_findings(report.findings)
    for site in report.sites:
        say(f"A phone gets {_named(site)}.")
    say(_verdict(report))
    if report.kind is Kind.DICTIONARY and report.sites:
        # Right as a file, and still wrong where it is often pasted.
        say(f"An MDM that asks for the value of `sites` takes this alone: {managed.render(report.sites)}")
    for proof in proofs:
        say("")
        tell(proof)
    return None


def tell_findings(findings: Sequence[Finding]) -> None:
    """One line a finding: severity, place, problem, fix."""
    for finding in findings:
        say(f"{finding.severity}: {_place(finding)}{finding.problem} {finding.fix} {finding.gets}")


def _place(finding: Finding) -> str:
    return f"{finding.pointer}: " if finding.pointer else ""


def _named(site: SiteEntry) -> str:
    how = f"client id {site.oauth.client_id}" if site.oauth else "no `oauth`: only named"
    return f"“{site.title or site.base_url}” at {site.base_url} ({how})"


def _verdict(report: Report) -> str:
    errors = sum(finding.severity == "error" for finding in report.findings)
    if errors:
        return f"Wrong: {errors} {'error' if errors == 1 else 'errors'}. A phone shows an error."
    sites = f"{len(report.sites)} {'site' if len(report.sites) == 1 else 'sites'}"
    if not report.right:
        return f"With a catch: a phone gets {sites}, and what is said above is to be looked at first."
    return f"Right: {sites}, and nothing that a phone shows an error for."


def tell_mended(report: Report, mended: Mended, *, as_json: bool) -> None:
    """What was put right and what is left, on standard error since the file itself is on standard output."""
    if as_json:
        text = None if mended.octets is None else mended.octets.decode("utf-8", "replace")
        left = document(Report(report.kind, managed.Managed((), findings=mended.left)))["findings"]
        return print_json({**document(report), "mended": text, "left": left})
    for finding in mended.done:
        print_warning(f"put right: {_place(finding)}{finding.problem}")
        if finding.name in {"secret", "key-secret", "address-userinfo"}:
            print_warning("replace that secret on the site too: everybody who had the file could read it")
    for finding in mended.left:
        print_warning(f"left to you: {_place(finding)}{finding.problem} {finding.fix}")
    return None


def not_built(problem: NotBuilt, target: Target) -> str:
    """Why nothing was built, in one line."""
    if problem.needs_bundle_id:
        return (
            f"{target} needs the app's bundle id, which its maker publishes nowhere: look it up in your MDM's list of "
            "apps and add --bundle-id"
        )
    finding = next(finding for finding in problem.findings if finding.severity == "error")
    return f"{finding.pointer}: {finding.problem} {finding.fix}"


def warnings(sites: Sequence[SiteEntry], target: Target) -> Iterator[str]:
    """Words about sites that are right, on their way into one MDM."""
    read_back = managed.parse_value([managed.as_entry(site) for site in sites])
    for finding in read_back.findings:
        yield f"{finding.pointer}: {finding.problem} {finding.fix}"
    for site in sites:
        for variable in variables_in(site.title or ""):
            yield _of_variable(variable, target)


def _of_variable(variable: str, target: Target) -> str:
    """What becomes of a variable in a title: filled in, or shown as it stands where it is another MDM's."""
    guide = GUIDES[target]
    if variable in {known.text for known in guide.variables}:
        return f"the MDM puts a value in place of {variable} in the title"
    if target in _ANY_MDM:
        return f"some MDMs put a value in place of {variable} in the title"
    return f"{guide.name} is not known to fill in {variable}, so phones would show it as it stands"


def artefact_document(built: Artefact) -> dict[str, object]:
    """An artefact for programs."""
    return {
        "for": built.target.value,
        "filename": built.filename,
        "mediaType": built.media_type,
        "text": built.text,
        "beside": [{"filename": name, "text": text} for name, text in built.beside],
        "pasteItHere": list(built.guide.steps),
    }


def tell_guide(built: Artefact, *, beside: bool) -> None:
    """Where to paste it, on standard error, so that what was built can be piped on."""
    for line in _guide_lines(built.target):
        print(visible(line), file=sys.stderr)
    for name, text in built.beside if beside else ():
        print(f"\n{name}:\n{text}", end="", file=sys.stderr)


def _guide_lines(target: Target) -> Iterator[str]:
    guide = GUIDES[target]
    yield f"{guide.name}: paste it here"
    for number, step in enumerate(guide.steps, 1):
        yield f"  {number}. {step}"


def print_guide(target: Target) -> None:
    """Where to paste it and what may stand in a title, on standard output."""
    for line in _guide_lines(target):
        say(line)
    variables = GUIDES[target].variables
    if variables:
        say("In a title the MDM fills in:")
        print_table(("variable", "stands for", "source"), [(v.text, v.stands_for, v.source) for v in variables])
