"""How the doctor's report is told on a terminal: what needs something in full, what is well in a line, and at the end
the one thing to change first.
"""

from genkan.cli.output import print_fields, say
from genkan.doctor.verdicts import Probe, Report, Verdict
from genkan.wire.sentences import visible

_MARKS = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.WRONG: "WRONG", Verdict.UNKNOWN: "unknown"}


def tell(report: Report) -> None:
    """The whole report."""
    say(f"{report.url}, as a phone meets it")
    say("")
    print_fields([(_MARKS[probe.verdict], probe.id, probe.answered) for probe in report.probes])
    for probe in report.probes:
        if probe.verdict in {Verdict.WRONG, Verdict.WARNING}:
            _tell_fault(probe)
    open_ones = [probe for probe in report.probes if probe.verdict is Verdict.UNKNOWN and probe.fix]
    for probe in open_ones:
        say("")
        say(f"{probe.id}: unknown. {probe.fix}")
    for note in report.notes:
        say("")
        say(str(note))
    say("")
    say(_ending(report))


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


def _ending(report: Report) -> str:
    first = report.first
    if first is not None:
        what = first.fix.split("\n")[0]
        count = sum(probe.verdict is Verdict.WRONG for probe in report.probes)
        word = "Change first" if first.verdict is Verdict.WRONG else "Nothing is wrong. Worth changing"
        more = " Then check again: some of the rest may have come of it." if count > 1 else ""
        return f"{word} ({first.id}): {visible(what)}{more}"
    if report.verdict is Verdict.UNKNOWN:
        return "Nothing is wrong; what is unknown is said above."
    return "This site is ready for the app."
