"""How the doctor says things: English sentences with places for values, which the catalogue of a language knows."""

from collections.abc import Sequence

from genkan.wire.sentences import Sentence, sentence

_AS_IT_IS = "%(text)s"


def say(words: str, /, **values: object) -> Sentence:
    """A sentence of the doctor's. The catalogue finds the words by this very name, so that they are written out."""
    return sentence(words, values)


def plain(text: str) -> Sentence:
    """What is no sentence: an address, a version, what somebody else wrote."""
    return Sentence(_AS_IT_IS, (("text", text),))


def joined(parts: Sequence[Sentence], between: str) -> Sentence:
    """Sentences one after the other."""
    values = tuple((f"part{number}", part) for number, part in enumerate(parts))
    return Sentence(between.replace("%", "%%").join(f"%({name})s" for name, _ in values), values)
