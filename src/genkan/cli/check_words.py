"""How the doctor's report is told on a terminal: first what to change, then what else needs something; every probe only
where it is asked for.
"""

from collections.abc import Sequence

from genkan.cli.output import print_fields, say
from genkan.doctor.verdicts import Probe, Report, Verdict
from genkan.wire.sentences import visible

_MARKS = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.WRONG: "WRONG", Verdict.UNKNOWN: "unknown"}
_FAULTS = frozenset({Verdict.WRONG, Verdict.WARNING})


def tell(report: Report, *, whole: bool = False) -> None:
    """The report; ``whole``: with every probe, and each fault in full."""
    say(f"{report.url}, as a phone meets it")
    say("")
    say(_summary(report))
    for note in report.notes:
        say(str(note))
    first = report.first
    others = [probe for probe in report.probes if probe != first]
    if first is not None:
        _tell_fault(first)
    if whole:
        say("")
        _tell_lines(report.probes)
        for probe in others:
            if probe.verdict in _FAULTS:
                _tell_fault(probe)
    elif listed := [probe for probe in others if probe.verdict in _FAULTS]:
        say("")
        _tell_lines(listed)
    _tell_open(others)
    if not whole:
        say("")
        say(f"{len(report.probes)} things were looked at; --all shows each of them.")


def _tell_lines(probes: Sequence[Probe]) -> None:
    print_fields([(_MARKS[probe.verdict], probe.id, probe.answered) for probe in probes])


def _tell_open(probes: Sequence[Probe]) -> None:
    """What is unknown and can be found out."""
    for probe in probes:
        if probe.verdict is Verdict.UNKNOWN and probe.fix:
            say("")
            say(f"{probe.id}: unknown. {probe.fix}")


def _tell_fault(probe: Probe) -> None:
    say("")
    say(f"{probe.id}: {_MARKS[probe.verdict]}")
    say(f"  asked     {probe.asked}")
    say(f"  answered  {probe.answered}")
    say(f"  why       {probe.why}")
    first, *rest = probe.fix.split("\n")
    say(f"  fix       {first}")
    for line in rest:
        say(f"            {line}")


def _summary(report: Report) -> str:
    first = report.first
    if first is None:
        known = report.verdict is not Verdict.UNKNOWN
        return "This site is ready for the app." if known else "Nothing is wrong; what is unknown is said below."
    what = visible(first.fix.split("\n")[0])
    count = sum(probe.verdict is Verdict.WRONG for probe in report.probes)
    more = " Then check again: some of the rest may have come of it." if count > 1 else ""
    lead = {
        Verdict.WRONG: "Change first",
        Verdict.UNKNOWN: "It is not known whether the app can sign in. Find out first",
    }.get(first.verdict, "Nothing is wrong. Worth changing")
    return f"{lead} ({first.id}): {what}{more}"
