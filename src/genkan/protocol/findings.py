"""Findings on the configuration: how a site stands to a topic of RFC 9700, and what would mend it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from genkan.protocol.finding_words import ALL, Words
from genkan.protocol.records import Link


class Grade(StrEnum):
    """The verdict. ``absent``: this version does not offer it at all."""

    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"
    ABSENT = "absent"


class Remedy(StrEnum):
    """What can be done to a link at once."""

    REFUSE_PLAIN = "refuse_plain"
    REQUIRE_PKCE = "require_pkce"
    ASK_ALWAYS = "ask_always"
    LOWER = "lower"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: ``id`` leads to its words, ``values`` fill them. ``line`` is what to write into the settings;
    ``link`` is the one it is about, and what ``remedy`` would change.
    """

    id: str
    grade: Grade
    values: Mapping[str, str | int] = field(default_factory=dict)
    line: str = ""
    link: Link | None = None
    remedy: Remedy | None = None

    @property
    def words(self) -> Words:
        """Topic, sentence and advice."""
        return ALL[self.id]

    @property
    def sentence(self) -> str:
        """The finding in English."""
        return self.words.sentence % dict(self.values)


def worst(findings: Iterable[Finding]) -> Grade:
    """The grade of findings taken together; what is not offered counts for nothing."""
    grades = {finding.grade for finding in findings}
    return next((grade for grade in (Grade.BAD, Grade.WEAK, Grade.GOOD) if grade in grades), Grade.ABSENT)
