"""Between the site and the origin that asks for certificates: the ticket that leads there, and the hand-over back.

Both are sealed and bound to a nonce that one browser keeps for the site; neither says where to go but within the site.
"""

import hashlib
import hmac

import msgspec

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.env import CLOCK_LEEWAY, MINUTE, SECOND, Env
from genkan.protocol.outcomes import Refused, Spend
from genkan.protocol.reasons import Reason
from genkan.protocol.sealing import Purpose, Sealer

# How long somebody may look for the right certificate, and how long a redirect may take.
TICKET_LIFE, HAND_OVER_LIFE = 10 * MINUTE, 30 * SECOND
NONCE_BYTES = 16
MISSING, LATE = "missing", "late"


class Ticket(msgspec.Struct, array_like=True, frozen=True):
    """What the sign-in page carried on, and whose browser it is. ``nonce`` is the SHA-256 of what the cookie holds."""

    nonce: bytes
    carried: dict[str, str]
    made_at: int


class HandOver(msgspec.Struct, array_like=True, frozen=True):
    """What became of it: the account and the fingerprint of its certificate, or a fault (``MISSING``: none came;
    ``LATE``: the ticket was too old, and nothing was looked at).
    """

    ticket: Ticket
    made_at: int
    account_id: int = 0
    fingerprint: bytes = b""
    fault: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @property
    def refused(self) -> CertificateFault | Refused | None:
        """Why the certificate signs nobody in; None where it does, and where there was none."""
        if not self.fault or self.fault == MISSING:
            return None
        if self.fault == LATE:
            return Refused(Reason.CERTIFICATE_LATE)
        return CertificateFault(Fault(self.fault), "", self.values)


def digest_of(nonce: str) -> bytes:
    """What a ticket knows of the cookie."""
    return hashlib.sha256(b"genkan certificate " + nonce.encode("utf-8", "surrogatepass")).digest()


def seal_ticket(ticket: Ticket, sealer: Sealer, env: Env) -> str:
    """As it stands in the address of the certificate origin."""
    return sealer.seal_value(Purpose.CERTIFICATE_TICKET, ticket, env)


def open_ticket(text: str, sealer: Sealer) -> Ticket | None:
    """The ticket, None where it is none of ours."""
    return sealer.open_value(Purpose.CERTIFICATE_TICKET, text, Ticket)


def is_late(ticket: Ticket, env: Env) -> bool:
    """Whether it is good for nothing any more but to go on with what it carries."""
    return not -CLOCK_LEEWAY <= env.now - ticket.made_at <= TICKET_LIFE


def seal_hand_over(hand_over: HandOver, sealer: Sealer, env: Env) -> str:
    """As it stands in the address that leads back to the site."""
    return sealer.seal_value(Purpose.CERTIFICATE, hand_over, env)


def take(text: str, nonce: str | None, sealer: Sealer, env: Env) -> HandOver | Refused:
    """The hand-over, where it is of this very browser and fresh; whether it was used before is ``spending``'s."""
    taken = sealer.open_value(Purpose.CERTIFICATE, text, HandOver)
    if taken is None or nonce is None or not hmac.compare_digest(taken.ticket.nonce, digest_of(nonce)):
        return Refused(Reason.CERTIFICATE_LATE)
    if not -CLOCK_LEEWAY <= env.now - taken.made_at <= HAND_OVER_LIFE:
        return Refused(Reason.CERTIFICATE_LATE)
    return taken


def carried(text: str, sealer: Sealer) -> dict[str, str]:
    """On whose behalf and where to go on, of any hand-over that we made, however old and in whatever browser: as good
    as an address of the sign-in page, it opens nothing.
    """
    made = sealer.open_value(Purpose.CERTIFICATE, text, HandOver)
    return made.ticket.carried if made else {}


def spending(text: str, taken: HandOver) -> Spend:
    """Uses it up, in the write that it is good for. An envelope has one spelling, so its text stands for it."""
    return Spend(hashlib.sha256(text.encode()).digest(), taken.made_at + HAND_OVER_LIFE + CLOCK_LEEWAY)
