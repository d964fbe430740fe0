"""What a probe came to: a verdict with what was asked, what came back, why it matters and the fix. Reaches nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from genkan.wire.sentences import Sentence


class Verdict(StrEnum):
    """How one probe came out."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that was looked at. ``remedy`` is None where there is nothing to change. ``blocks``: it is unknown, and
    the app could not sign in without it.
    """

    id: str
    verdict: Verdict
    question: Sentence
    reply: Sentence
    reason: Sentence
    remedy: Sentence | None = None
    blocks: bool = False

    @property
    def asked(self) -> str:
        """What was asked, in English."""
        return str(self.question)

    @property
    def answered(self) -> str:
        """What came back, in English."""
        return str(self.reply)

    @property
    def why(self) -> str:
        """Why it matters, in English."""
        return str(self.reason)

    @property
    def fix(self) -> str:
        """What to change, in English; empty where there is nothing."""
        return "" if self.remedy is None else str(self.remedy)

    def document(self) -> dict[str, object]:
        """The probe as programs read it."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "asked": self.asked,
            "answered": self.answered,
            "why": self.why,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All probes of one site, in the order in which one fault explains the next; ``notes`` say how it was looked."""

    url: str
    probes: tuple[Probe, ...]
    notes: tuple[Sentence, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of all; what is unknown is better than what is known to be doubtful, unless the app needs it."""
        found = worst(probe.verdict for probe in self.probes)
        return found if found is Verdict.WRONG or self.ready else Verdict.UNKNOWN

    @property
    def ready(self) -> bool:
        """Whether nothing is wrong, and everything is known that the app could not sign in without."""
        return not any(probe.verdict is Verdict.WRONG or probe.blocks for probe in self.probes)

    @property
    def first(self) -> Probe | None:
        """The one thing to change first: the first probe that is wrong, else the first with a doubt."""
        return first_to_change(self.probes)

    def document(self) -> dict[str, object]:
        """The report as programs read it; the notes are for people."""
        probes = [probe.document() for probe in self.probes]
        return {"url": self.url, "verdict": self.verdict.value, "probes": probes}


_WORST_FIRST = (Verdict.WRONG, Verdict.WARNING, Verdict.UNKNOWN, Verdict.OK)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; of none, ok."""
    given = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in given), Verdict.OK)


def first_to_change(probes: Sequence[Probe]) -> Probe | None:
    """The first that is wrong, else the first that the app needs and nobody knows, else the first warning; None where
    there is nothing to change.
    """
    wrong = (probe for probe in probes if probe.verdict is Verdict.WRONG)
    blocking = (probe for probe in probes if probe.blocks and probe.remedy is not None)
    warnings = (probe for probe in probes if probe.verdict is Verdict.WARNING)
    return next((probe for group in (wrong, blocking, warnings) for probe in group), None)
