"""The ways to sign in as boxes of a form, with how old a sign-in may be: the site's policy and a link's have both."""

from collections.abc import Mapping

from genkan.protocol.env import MINUTE
from genkan.protocol.records import Way
from genkan.protocol.signin.site_policy import MOST_MAX_AGE, max_age_fault
from genkan.protocol.signin.ways import WORDS
from genkan.site.read import Form

WAY_WORDS: Mapping[Way, str] = {
    Way.PASSWORD: "Password",
    Way.PASSKEY: "Passkey",
    Way.CERTIFICATE: "Client certificate",
    Way.CORPORATE: "Organisation account",
}
AGE = "max_age"
_BOX = "way-"
_MOST_DIGITS = len(str(MOST_MAX_AGE // MINUTE))


def boxes(ways: Way) -> list[tuple[str, str, bool]]:
    """(field, label, ticked) of each way."""
    return [(_BOX + WORDS[way], words, way in ways) for way, words in WAY_WORDS.items()]


def ticked(form: Form) -> Way:
    """The ways whose boxes were ticked."""
    found = Way.NONE
    for way, word in WORDS.items():
        if form.get(_BOX + word) == "yes":
            found |= way
    return found


def minutes(max_age: int | None) -> str:
    """An age as the form shows it: whole minutes, rounded up."""
    return "" if max_age is None else str(-(-max_age // MINUTE))


def typed_age(text: str, present: int | None) -> int | None:
    """What was typed, in milliseconds; negative where it is no number. An age that is not of whole minutes stays while
    nobody touches it.
    """
    typed = text.strip()
    if typed == minutes(present):
        return present
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or len(typed) > _MOST_DIGITS:
        return -1
    return int(typed) * MINUTE


def is_good(max_age: int | None) -> bool:
    """Whether the rules take it."""
    return max_age_fault(max_age) is None
