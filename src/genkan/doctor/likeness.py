"""Whether two answers are the same refusal; how their pages are compared is the vocabulary's."""

from genkan.doctor.observed import Heard
from genkan.wire.refusal_pages import same_words


def alike(one: Heard, other: Heard) -> bool:
    """The same status, and but for a few words the same page."""
    if one.status != other.status or one.redirects != other.redirects:
        return False
    return same_words(one.text, other.text)
