"""What a page says once after something was done: a word in the address, a sentence here. No words of anybody else."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

FLASH = "done"


class Flash(StrEnum):
    """What was done; the value stands in the address of the page that says so."""

    SAVED = "saved"
    ONCE_MORE = "once-more"
    GONE = "gone"


SENTENCES: Mapping[Flash, str] = MappingProxyType(
    {
        Flash.SAVED: "Saved.",
        Flash.ONCE_MORE: "Nothing was changed, because the page was open too long. Please try once more.",
        Flash.GONE: "It is not there any more.",
    }
)


def sentence(word: str) -> str:
    """What to say, nothing for a word that is none of ours."""
    return SENTENCES[Flash(word)] if word in frozenset(Flash) else ""
