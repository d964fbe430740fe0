"""Whether two refusals are the same one: pages are compared by their words, without what changes each time."""

from genkan.doctor.observed import Heard

_CHANGING = 3


def alike(one: Heard, other: Heard) -> bool:
    """The same status, and but for a few words (numbers to ask about, times, keys) the same page."""
    if one.status != other.status or one.redirects != other.redirects:
        return False
    mine, theirs = _words(one), _words(other)
    return len(mine - theirs) <= _CHANGING and len(theirs - mine) <= _CHANGING


def _words(answer: Heard) -> set[str]:
    """The words that are read, without markup; those with a digit and very long ones are made anew each time."""
    words = _without_tags(answer.text).split()
    return {word for word in words if len(word) < 30 and not any(character.isdigit() for character in word)}


def _without_tags(text: str) -> str:
    pieces = text.split("<")
    return " ".join([pieces[0], *(piece.partition(">")[2] for piece in pieces[1:])])
