"""A sentence with places for values: kept apart, so that it can be said in another language than English."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, Union

Value: TypeAlias = Union[str, "Sentence"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """``words`` are English, with places as in ``%(name)s`` where there are values; ``str()`` says it in English.
    A value may be a sentence itself.
    """

    words: str
    values: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        return self.in_words_of(_english)

    def in_words_of(self, language: Callable[[str], str]) -> str:
        """The same in another language, which gives its words for English ones."""
        words = language(self.words)
        if not self.values:
            return words
        said = {name: value if isinstance(value, str) else value.in_words_of(language) for name, value in self.values}
        return words % said


def _english(words: str) -> str:
    return words


def sentence(words: str, values: Mapping[str, object] | None = None) -> Sentence:
    """A sentence with the values as text, but for those that are sentences themselves."""
    given = (values or {}).items()
    return Sentence(words, tuple((name, one if isinstance(one, Sentence) else str(one)) for name, one in given))


def visible(text: str) -> str:
    """Text that others wrote in one line: what a terminal or a log would obey is shown, not obeyed."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
