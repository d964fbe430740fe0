"""A sentence with places for values: kept apart, so that it can be said in another language than English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """``words`` are English, with places as in ``%(name)s`` where there are values; ``str()`` says it in English."""

    words: str
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.filled(self.words)

    def filled(self, words: str) -> str:
        """The same words in another language, with these values in their places."""
        return words % dict(self.values) if self.values else words


def sentence(words: str, values: Mapping[str, object] | None = None) -> Sentence:
    """A sentence with the values as text."""
    return Sentence(words, tuple((name, str(value)) for name, value in (values or {}).items()))
