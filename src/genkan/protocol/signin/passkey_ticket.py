"""Challenges of passkeys: sealed into what the page is given, so that issuing one writes nothing, and good for one
ceremony of one browser within minutes.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from genkan.protocol.env import CLOCK_LEEWAY, MINUTE, Env
from genkan.protocol.outcomes import Refused, Spend
from genkan.protocol.reasons import Reason
from genkan.protocol.sealing import Purpose, Sealer

LIFE = 5 * MINUTE
CHALLENGE_BYTES = 32


class Use(StrEnum):
    """What a challenge may be answered for; nothing answered for one counts for another."""

    SIGN_IN = "sign in"
    CONFIRM = "confirm"
    ADD = "add"
    SET_UP = "set up"
    RECOVER = "recover"


class Ticket(msgspec.Struct, array_like=True, frozen=True):
    """A challenge and what it was issued for: a browser, an RP ID and, where there is one, an account."""

    use: str
    challenge: bytes
    rp_id: str
    binding: bytes
    account_id: int
    made_at: int

    def __repr__(self) -> str:
        return f"<Ticket to {self.use}>"


@dataclass(frozen=True, slots=True)
class Issued:
    """The ticket in the open, for the options, and sealed, for the way back."""

    ticket: Ticket
    sealed: str = field(repr=False)


def issue(use: Use, rp_id: str, binding: bytes, account_id: int, sealer: Sealer, env: Env) -> Issued:
    """A new challenge. ``account_id`` 0: whoever has the passkey."""
    # WebAuthn 13.4.3: at least 16 random bytes, from the server.
    ticket = Ticket(use, env.draw(CHALLENGE_BYTES), rp_id, binding, account_id, env.now)
    return Issued(ticket, sealer.seal_value(Purpose.PASSKEY, ticket, env))


def open_ticket(sealed: str, use: Use, binding: bytes, sealer: Sealer, env: Env) -> Ticket | Refused:
    """The ticket that comes back with an answer; one refusal for all that can be wrong with it."""
    ticket = sealer.open_value(Purpose.PASSKEY, sealed, Ticket)
    if ticket is None:
        return Refused(Reason.PASSKEY_LATE)
    in_time = -CLOCK_LEEWAY <= env.now - ticket.made_at < LIFE
    ours = ticket.use == use and hmac.compare_digest(ticket.binding, binding)
    return ticket if in_time and ours else Refused(Reason.PASSKEY_LATE)


def spend(ticket: Ticket) -> Spend:
    """Use the challenge up; in one write with what it was answered for."""
    digest = hashlib.sha256(b"genkan passkey " + ticket.challenge).digest()
    return Spend(digest, ticket.made_at + LIFE + CLOCK_LEEWAY)
