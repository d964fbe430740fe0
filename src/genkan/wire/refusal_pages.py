"""Owns how the pages by which providers refuse an authorization request are told apart: by comparing their words with
those for a client that nobody registered. Judges no page by what it says: languages and versions differ.
"""

# Nobody registered it, and no registered id can look like it: providers make theirs of hexadecimal digits.
NOBODY = "genkan-check-unknown-client"

_CHANGING = 3
_LONGEST_WORD = 29


def same_words(one: str, other: str) -> bool:
    """Whether two pages say the same, but for a few words (numbers to ask about, times, keys)."""
    mine, theirs = _words(one), _words(other)
    return len(mine - theirs) <= _CHANGING and len(theirs - mine) <= _CHANGING


def _words(page: str) -> set[str]:
    """The words that are read, without markup; those with a digit and very long ones are made anew each time."""
    words = _without_tags(page).split()
    return {word for word in words if len(word) <= _LONGEST_WORD and not any(sign.isdigit() for sign in word)}


def _without_tags(text: str) -> str:
    pieces = text.split("<")
    return " ".join([pieces[0], *(piece.partition(">")[2] for piece in pieces[1:])])
