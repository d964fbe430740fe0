"""Letting in a second device of the same person: a ticket in a QR code, made by a browser that is signed in, and a
number that the device shows and the person types on the first one. Whoever else reads the picture is shown another.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from genkan.protocol.env import CLOCK_LEEWAY, MINUTE, Env
from genkan.protocol.facts import SessionFacts
from genkan.protocol.outcomes import Change, Event, EventKind, Refused, Spend
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method, Way
from genkan.protocol.sealing import Purpose, Sealer
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.session import Browser, NewSession, is_live
from genkan.protocol.signin_steps import WhileSignedIn

LIFE = 5 * MINUTE
DIGITS = 6


class Ticket(msgspec.Struct, array_like=True, frozen=True):
    """``session`` is the id of the browser session that lets the device in; ``secret`` makes the number."""

    session: bytes
    secret: bytes
    made_at: int

    def __repr__(self) -> str:
        return "<Ticket of a second device>"

    def number(self, device: bytes) -> str:
        """What the device with this mark shows. Only who can read the sealed ticket could reckon it."""
        told = hmac.digest(self.secret, b"number " + device, "sha256")
        return str(int.from_bytes(told[:8], "big") % 10**DIGITS).zfill(DIGITS)

    def mark(self, step: str) -> bytes:
        """The digest of one step that is taken once."""
        return hashlib.sha256(b"genkan second device " + step.encode() + self.secret).digest()

    def is_in_time(self, env: Env) -> bool:
        """The picture is good for minutes."""
        return -CLOCK_LEEWAY <= env.now - self.made_at <= LIFE

    def spend(self, step: str) -> Spend:
        """The step, once."""
        return Spend(self.mark(step), self.made_at + LIFE + CLOCK_LEEWAY)


@dataclass(frozen=True, slots=True)
class Issued:
    """The ticket in the open and as it stands in the address."""

    ticket: Ticket
    sealed: str = field(repr=False)


def issue(session: bytes, sealer: Sealer, env: Env) -> Issued:
    """A new ticket; issuing it writes nothing."""
    ticket = Ticket(session, env.draw(32), env.now)
    return Issued(ticket, sealer.seal_value(Purpose.DEVICE, ticket, env))


def open_ticket(text: str, sealer: Sealer, env: Env) -> Ticket | None:
    """Read it back while it is good."""
    ticket = sealer.open_value(Purpose.DEVICE, text, Ticket)
    return ticket if ticket is not None and ticket.is_in_time(env) else None


def typed(text: str) -> str:
    """The number as it was typed, spaces left out; empty where it is none."""
    digits = "".join(text.split())
    return digits if digits.isascii() and digits.isdigit() and len(digits) == DIGITS else ""


def confirm(ticket: Ticket, number: str) -> Change:
    """The person has typed the number of their device. Once a ticket: who mistypes makes a new one."""
    return Change((ticket.spend("confirmed"), ticket.spend(f"confirmed {number} ")))


def confirmed_mark(ticket: Ticket, device: bytes) -> bytes:
    """What is spent when the number of this very device was typed."""
    return ticket.mark(f"confirmed {ticket.number(device)} ")


def let_in(
    ticket: Ticket, first: SessionFacts | None, confirmed: bool, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    """A session for the second device, once: while the first one is signed in, and its person typed this one's number.

    It counts like one by a one-time link: it is for making a passkey on the device. What the first one was signed in by
    is its own, too: a revoked certificate and a sign-out at the provider end both.
    """
    if first is None or first.session.id != ticket.session or not is_live(first, env, lifetimes) or not confirmed:
        return Refused(Reason.DEVICE_NOT_LET_IN)
    account = first.account
    opened = enter(account, Method.RECOVERY, Way.NONE, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return Refused(Reason.DEVICE_NOT_LET_IN)
    by = first.session
    session = structs.replace(
        opened.session, certificate=by.certificate, source=by.source, upstream_sid=by.upstream_sid
    )
    event = Event(EventKind.DEVICE_LET_IN, env.now, account.actor, account.id, address=browser.address)
    # What ends the first session meanwhile must not miss the second one.
    return opened.with_session(session).after((WhileSignedIn(by.id), ticket.spend("used")), (event,))
