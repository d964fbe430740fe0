"""Why a provider's answer does not count: the reason for the person, and one half-sentence for the operator."""

from dataclasses import dataclass

from genkan.protocol.reasons import Reason


@dataclass(frozen=True, slots=True)
class Fault:
    """``why`` names the check; it holds nothing that the provider sent but names of claims and error codes.
    ``names_unknown_key``: the provider may have new keys.
    """

    reason: Reason
    why: str
    names_unknown_key: bool = False


def invalid(why: str) -> Fault:
    """The answer cannot be trusted."""
    return Fault(Reason.SIGN_ON_INVALID, why)
