"""What is said to people who typed something that will not do, where no reason of the table says it by itself."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry

PASSWORDS_DIFFER = "The two passwords differ."
NAME_TAKEN = "User name: somebody has this one already."


def sentence(refused: Refused) -> str:
    """A refusal for the person who typed: the field and what to write."""
    name, _, rest = refused.detail.partition(": ")
    return f"{name[:1].upper()}{name[1:]}: {rest}." if rest else entry(refused.reason).public
