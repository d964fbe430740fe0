"""The form of the doctor's table: a rule for each thing that is looked at, and its rows, of which the first that holds
counts. Reaches nothing; what is said is written in the rows, with places for values that are filled in here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from genkan.doctor.observed import Heard, Q, Seen, Silence, Silent
from genkan.doctor.telling import BY_SILENCE, in_words, put
from genkan.doctor.verdicts import Probe, Verdict
from genkan.wire.sentences import Sentence, sentence

Condition: TypeAlias = Callable[[Seen], bool]
# A sentence with places, or what makes one of what was seen; its docstring stands in the reference.
Words: TypeAlias = Sentence | Callable[[Seen], Sentence]
Values: TypeAlias = Mapping[str, Callable[[Seen], object]]


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict where the condition holds, with what is said then and what to change."""

    verdict: Verdict
    when: Condition
    answered: Words
    fix: Words | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked at; ``values`` fills the places of its sentences."""

    id: str
    asked: Words
    why: Words
    rows: tuple[Row, ...]
    values: Values = field(default_factory=dict)

    def judge(self, seen: Seen) -> Probe:
        """What it came to: the last row of every rule holds always."""
        row = next(row for row in self.rows if row.when(seen))
        asked, answered, why = (self._filled(words, seen) for words in (self.asked, row.answered, self.why))
        return put(self.id, row.verdict, asked, answered, why, None if row.fix is None else self._filled(row.fix, seen))

    def _filled(self, words: Words, seen: Seen) -> Sentence:
        if not isinstance(words, Sentence):
            return words(seen)
        if words.values:
            return words
        return sentence(words.words, {name: self.values[name](seen) for name in places(words.words)})


class _Names(dict[str, str]):
    """Notes what is asked for."""

    def __missing__(self, name: str) -> str:
        self[name] = ""
        return ""


def places(words: str) -> Iterator[str]:
    """The names of the places in a sentence; one without any may hold a bare percent sign."""
    names = _Names()
    if "%(" in words:
        _ = words % names
    return iter(names)


def always(_: Seen) -> bool:
    """For the last row."""
    return True


def ok(when: Condition, answered: Words) -> Row:
    """Nothing to change."""
    return Row(Verdict.OK, when, answered)


def warning(when: Condition, answered: Words, fix: Words) -> Row:
    """It works, with a catch."""
    return Row(Verdict.WARNING, when, answered, fix)


def wrong(when: Condition, answered: Words, fix: Words) -> Row:
    """The app fails on it, and something that came says so."""
    return Row(Verdict.WRONG, when, answered, fix)


def unknown(when: Condition, answered: Words, fix: Words | None = None) -> Row:
    """It cannot be told; ``fix`` says where to look."""
    return Row(Verdict.UNKNOWN, when, answered, fix)


def is_silent(question: Q) -> Condition:
    """Whether this question has no answer."""
    return lambda seen: isinstance(seen.first(question), Silent)


def no_answer(question: Q, fix: Words | None = None, *, where: Condition = always) -> tuple[Row, ...]:
    """The rows for silence, whose reason another rule names; ``fix`` where it was asked, ``where`` narrows both."""

    def kind(seen: Seen) -> Sentence:
        """Why there is no answer."""
        return BY_SILENCE[_silent(seen, question).silence]

    def is_unasked(seen: Seen) -> bool:
        answer = seen.first(question)
        return isinstance(answer, Silent) and answer.silence is Silence.NOT_ASKED and where(seen)

    def is_open(seen: Seen) -> bool:
        return isinstance(seen.first(question), Silent) and where(seen)

    return unknown(is_unasked, kind), unknown(is_open, kind, fix)


def silence(question: Q) -> Words:
    """Why there is no answer, in full."""

    def said(seen: Seen) -> Sentence:
        """Why there is no answer."""
        return in_words(_silent(seen, question))

    return said


def _silent(seen: Seen, question: Q) -> Silent:
    answer = seen.first(question)
    return answer if isinstance(answer, Silent) else Silent("", Silence.NOT_ASKED)


def status(seen: Seen, question: Q) -> int:
    """The status of the first answer, 0 where there is none."""
    heard = seen.heard(question)
    return heard.status if heard is not None else 0


def heard(seen: Seen, question: Q) -> Heard:
    """The first answer of a question that has one. Raises LookupError."""
    answer = seen.heard(question)
    if answer is None:
        raise LookupError(question)
    return answer


def brief(question: Q) -> Callable[[Seen], object]:
    """Status, and what kind of thing came or where it leads."""
    return lambda seen: heard(seen, question).briefly
