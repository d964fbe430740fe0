"""Findings in a managed configuration as the console's pages show them: badge, place, sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from genkan.wire.managed import Finding

MOST_SHOWN = 100
MARKS = {
    "error": ("bad", "Shows an error"),
    "ignored": ("off", "Passed over"),
    "warning": ("care", "Works"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A finding as the page shows it: its badge, where it is, what is wrong, what to write."""

    kind: str
    words: str
    pointer: str
    finding: Finding


def said(findings: Sequence[Finding]) -> list[Said]:
    """Findings with their badges."""
    return [Said(*MARKS[finding.severity], finding.pointer, finding) for finding in findings]
