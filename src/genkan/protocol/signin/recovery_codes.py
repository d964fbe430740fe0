"""One-time recovery codes: ten for a drawer, made by the person, each good once. Long enough that nobody guesses one,
and counted in the same budget as passwords all the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from genkan.protocol.actors import address_of
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Event, EventKind, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Guesses, Method, Way
from genkan.protocol.signin import lockout
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.password import Failed
from genkan.protocol.signin.session import Browser, NewSession
from genkan.protocol.signin_steps import PutRecoveryCodes, UseRecoveryCode

CODES = 10
# 80 bits: at the budget's hundred tries an hour nobody finds one, however long the site stands.
BYTES = 10
CHARACTERS = 16
# Without letters that are read as digits; those are read as the digits they look like.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_READ = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})
LONGEST_TYPED = 100


@dataclass(frozen=True, slots=True)
class NewCodes:
    """The codes, told once, and the write that makes them good."""

    codes: tuple[str, ...] = field(repr=False)
    change: Change


def make(account: Account, actor: str, env: Env) -> NewCodes:
    """Ten new codes; all earlier ones are dead."""
    drawn = tuple(_written(env.draw(BYTES)) for _ in range(CODES))
    digests = tuple(digest_of(account.id, code) for code in drawn)
    event = Event(EventKind.RECOVERY_CODES_MADE, env.now, actor, account_id=account.id, address=address_of(actor))
    return NewCodes(drawn, Change((PutRecoveryCodes(account.id, digests, env.now),), (event,)))


def take_away(account: Account, actor: str, env: Env) -> Change:
    """No code of this person opens anything any more."""
    event = Event(EventKind.RECOVERY_CODES_TAKEN, env.now, actor, account_id=account.id, address=address_of(actor))
    return Change((PutRecoveryCodes(account.id, (), env.now),), (event,))


def digest_of(account_id: int, typed: str) -> bytes:
    """How a code is kept and found: by what it says, however it is typed. Whatever is typed has a digest."""
    said = typed[:LONGEST_TYPED].lower().translate(_READ)
    text = f"genkan recovery code {account_id:016x} {said}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def sign_in(
    account: Account | None,
    code: bytes | None,
    asked: lockout.Tries,
    known: Mapping[bytes, Guesses],
    browser: Browser,
    env: Env,
    lifetimes: Lifetimes,
) -> NewSession | Failed:
    """Open a session by a code, or one answer for every failure. ``code`` is the digest of one that the account has and
    did not use, None for anything else.
    """
    if account is None or code is None or lockout.exhausted(asked, known, env.now):
        return Failed(Refused(Reason.RECOVERY_CODE_REFUSED), lockout.counted(asked, known, account, env))
    opened = enter(account, Method.RECOVERY, Way.NONE, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return Failed(Refused(Reason.RECOVERY_CODE_REFUSED), lockout.counted(asked, known, account, env))
    forgiven = lockout.forgiven(asked, known)
    used = UseRecoveryCode(account.id, code, env.now)
    event = Event(EventKind.RECOVERY_CODE_USED, env.now, account.actor, account.id, address=browser.address)
    return opened.after((used, *((forgiven,) if forgiven else ())), (event,))


def _written(drawn: bytes) -> str:
    """Four groups of four: 80 bits, five a character."""
    number = int.from_bytes(drawn, "big")
    text = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(CHARACTERS)))
    return "-".join(text[at : at + 4] for at in range(0, CHARACTERS, 4))
