"""genkan mdm: managed app configuration: built for an MDM, checked, explained. What it knows is ``genkan.mdm``'s."""

import sys
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli import mdm_input, mdm_live, mdm_words
from genkan.cli.clipboard import copy
from genkan.cli.output import print_json, print_warning, say
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, at_site, told
from genkan.mdm import check as checking
from genkan.mdm.build import Artefact, NotBuilt
from genkan.mdm.build import build as build_for
from genkan.mdm.explain import explain as explain_value
from genkan.mdm.forms import target_named
from genkan.mdm.schema import schema_text
from genkan.mdm.targets import Target
from genkan.wire.managed import SiteEntry

app = cyclopts.App(name="mdm")

For = Annotated[
    str, Parameter(name="--for", help=f"The MDM or the form: {', '.join(target.value for target in Target)}.")
]
Site = Annotated[list[str] | None, Parameter(name="--site", negative="", help="A site's address; may be repeated.")]
ClientId = Annotated[
    list[str] | None,
    Parameter(name="--client-id", negative="", help="Its client id; as often as --site, in that order, or not at all."),
]
Title = Annotated[
    list[str] | None,
    Parameter(name="--title", negative="", help="Its title; as often as --site, in that order, or not at all."),
]
Record = Annotated[
    Path | None, Parameter(name="--record", help="A file with the sites: TOML with [[sites]], or the JSON array.")
]
Here = Annotated[bool, Parameter(negative="", help="The site on this machine, as it is set up now.")]
Share = Annotated[
    bool,
    Parameter(negative="", help="cacheSessionInMobileBrowser: sign in with the cookies of the phone's own browser."),
]
SkipInfo = Annotated[bool, Parameter(negative="", help="skipInfo: the app does not ask for the server's info.")]
BundleId = Annotated[str, Parameter(help="The app's bundle id on iOS, for mobileconfig and appconfig.")]
Output = Annotated[Path | None, Parameter(help="Write to this file.")]
Copy = Annotated[bool, Parameter(negative="", help="Copy it to the clipboard too.")]
HelpText = Annotated[bool, Parameter(negative="", help="Print where to paste it instead, with the variables to use.")]
Source = Annotated[
    str, Parameter(allow_leading_hyphen=True, help="A file, an address (https://…), or - for what is piped in.")
]
InsecureHTTP = Annotated[bool, Parameter(negative="", help="Plain http is a warning, not an error.")]


@app.command
@told
def build(
    *,
    for_: For,
    site: Site = None,
    client_id: ClientId = None,
    title: Title = None,
    record: Record = None,
    here: Here = False,
    share_browser_session: Share = False,
    skip_info: SkipInfo = False,
    bundle_id: BundleId = "",
    output: Output = None,
    copy: Copy = False,
    help_text: HelpText = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> int | None:
    """Build the configuration for one MDM: the artefact on standard output, where to paste it on standard error.

    Example: genkan mdm build --for jamf --site https://jira.example.com --client-id 38843a89f2b02a471000bc022e4b9de8
    """
    target = _target(for_)
    if help_text:
        mdm_words.print_guide(target)
        return None
    given = mdm_input.Given(site or [], client_id or [], title or [], share_browser_session, skip_info)
    sites = _sites(given, record, here, data_dir)
    built = build_for(target, sites, bundle_id=bundle_id)
    if isinstance(built, NotBuilt):
        raise Stop(mdm_words.not_built(built, target), SET_UP)
    _warn(sites, target)
    return _hand_over(built, output=output, copied=copy, as_json=json)


def _target(name: str) -> Target:
    target = target_named(name)
    if target is None:
        raise Stop(f"--for {name!r}: write one of {', '.join(target.value for target in Target)}", SET_UP)
    return target


def _sites(given: mdm_input.Given, record: Path | None, here: bool, data_dir: str | None) -> tuple[SiteEntry, ...]:
    if [bool(given.sites), record is not None, here].count(True) != 1:
        raise Stop("name the sites in one way: --site with --client-id, --record FILE, or --here", SET_UP)
    if here:
        return (at_site(data_dir, lambda bench: mdm_input.site_here(bench, given)),)
    return mdm_input.recorded(record) if record is not None else mdm_input.typed(given)


def _warn(sites: tuple[SiteEntry, ...], target: Target) -> None:
    """What is right and yet worth a word."""
    for warning in mdm_words.warnings(sites, target):
        print_warning(warning)


def _hand_over(built: Artefact, *, output: Path | None, copied: bool, as_json: bool) -> int | None:
    if as_json:
        print_json(mdm_words.artefact_document(built))
    elif output is None:
        print(built.text, end="")
    if output is not None:
        written = mdm_input.write_beside(output, built)
        print_warning(f"wrote {', '.join(map(str, written))}")
    if not as_json:
        mdm_words.tell_guide(built, beside=output is None)
    if not copied:
        return None
    problem = copy(built.text)
    print_warning(problem or "copied to the clipboard")
    return NO if problem else None


@app.command
@told
def check(
    source: Source,
    /,
    *,
    fix: Annotated[bool, Parameter(negative="", help="Print the mended file, in the form that it has.")] = False,
    output: Annotated[Path | None, Parameter(help="With --fix: write the mended file here.")] = None,
    live: Annotated[bool, Parameter(negative="", help="Also prove each site, as a phone would meet it.")] = False,
    ca_file: Annotated[
        Path | None, Parameter(help="With --live: a PEM file with authorities that MDM puts on the phones.")
    ] = None,
    for_: Annotated[
        str, Parameter(name="--for", help="The MDM that is to take it: its form is checked too, and --fix writes it.")
    ] = "",
    insecure_http: InsecureHTTP = False,
    json: AsJson = False,
) -> int:
    """Say what is wrong with a configuration, whatever form it has; status 1 where a phone would show an error.

    Example: genkan mdm check jira-sites.plist --fix
    """
    if (output is not None and not fix) or (ca_file is not None and not live) or (fix and live):
        raise Stop("--output goes with --fix, --ca-file with --live, and --fix and --live one after the other", SET_UP)
    octets = mdm_input.octets_of(source)
    target = _target(for_) if for_ else None
    report = checking.check(octets, allow_http=insecure_http, target=target)
    if not fix:
        proofs = mdm_live.proofs(report, ca_file) if live else ()
        mdm_words.tell_report(report, proofs, as_json=json)
        return NO if report.broken or any(not proof.ready for proof in proofs) else 0
    mended = checking.fix(octets, allow_http=insecure_http, target=target)
    return _hand_back(mended, report, output=output, as_json=json)


def _hand_back(mended: checking.Mended, report: checking.Report, *, output: Path | None, as_json: bool) -> int:
    if output is not None and mended.octets is not None:
        mdm_input.write(output, mended.octets)
    mdm_words.tell_mended(report, mended, as_json=as_json)
    if mended.octets is not None and output is None and not as_json:
        sys.stdout.flush()
        sys.stdout.buffer.write(mended.octets)
    return NO if mended.octets is None or any(finding.severity == "error" for finding in mended.left) else 0


@app.command
@told
def explain(source: Source, /, *, insecure_http: InsecureHTTP = False, json: AsJson = False) -> int:
    """Say in words what a phone with this configuration does, step by step, and what one without it does.

    Example: genkan mdm explain jira-sites.plist
    """
    report = checking.check(mdm_input.octets_of(source), allow_http=insecure_http)
    parts = explain_value(report.managed, android=report.android)
    if json:
        print_json({"steps": [{"about": str(part.heading), "steps": [*map(str, part.steps)]} for part in parts]})
        return NO if report.broken else 0
    for part in parts:
        say(f"{part.heading}:")
        for number, step in enumerate(part.steps, 1):
            say(f"  {number}. {step}")
    mdm_words.tell_findings(report.findings)
    return NO if report.broken else 0


@app.command
@told
def schema() -> None:
    """Print the JSON Schema of the value, for an editor or a pipeline that checks it.

    Example: genkan mdm schema
    """
    print(schema_text(), end="")
