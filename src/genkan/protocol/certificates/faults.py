"""Why a certificate signs nobody in: one name each, the sentence for its holder, and what the operator is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from genkan.wire.sentences import Sentence, sentence


class Fault(StrEnum):
    """The value is what audit, metrics and tests see."""

    HEADER = "header"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    UNKNOWN_AUTHORITY = "unknown_authority"
    FALSE_SIGNATURE = "false_signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_USAGE = "wrong_usage"
    AUTHORITY = "authority"
    WEAK = "weak"
    CHAIN = "chain"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    NAMES = "names"
    NO_ACCOUNT = "no_account"
    SEVERAL_ACCOUNTS = "several_accounts"
    ACCOUNT_OFF = "account_off"


_NO_ACCOUNT = "No account on this site belongs to your certificate. Ask your administrator to add it."

# For the holder, who proved to have the key: what the certificate itself says may be told, which accounts exist not.
SENTENCES: Mapping[Fault, str] = {
    Fault.HEADER: "Your certificate did not arrive whole. The site's reverse proxy must be set up anew.",
    Fault.TOO_LARGE: "Your certificate is too large: at most %(most)s bytes are read.",
    Fault.UNREADABLE: "Your certificate cannot be read.",
    Fault.UNKNOWN_AUTHORITY: "Your certificate was not issued by an authority that this site accepts.",
    Fault.FALSE_SIGNATURE: "Your certificate names an authority that this site accepts, but was not signed by it.",
    Fault.EXPIRED: "Your certificate expired on %(date)s. Ask for a new one.",
    Fault.NOT_YET_VALID: "Your certificate is not valid before %(date)s.",
    Fault.WRONG_USAGE: "Your certificate is not meant for signing in.",
    Fault.AUTHORITY: "This is the certificate of an authority, not of a person.",
    Fault.WEAK: "Your certificate uses a key or a signature that is too weak. Ask for a new one.",
    Fault.CHAIN: "The authorities above your certificate do not allow it to be used here.",
    Fault.REVOKED: "Your certificate was revoked on %(date)s.",
    Fault.REVOCATION_UNKNOWN: "Whether your certificate still counts cannot be found out just now. Try again later.",
    Fault.NAMES: "The names in your certificate do not say clearly whose it is.",
    Fault.NO_ACCOUNT: _NO_ACCOUNT,
    Fault.SEVERAL_ACCOUNTS: "Your certificate belongs to more than one account. Ask your administrator to mend it.",
    Fault.ACCOUNT_OFF: _NO_ACCOUNT,  # as constant as a wrong password: whether there is an account is not told
}


@dataclass(frozen=True, slots=True)
class CertificateFault:
    """No, and why. ``detail`` is half a sentence for the operator's audit and log, in visible characters."""

    fault: Fault
    detail: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @property
    def public(self) -> Sentence:
        """What the holder is told."""
        return sentence(SENTENCES[self.fault], dict(self.values))

    def __str__(self) -> str:
        return f"{self.fault}: {self.detail}" if self.detail else self.fault.value
