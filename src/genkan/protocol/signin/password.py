"""Password sign-in as a decision: which hash to verify, and what the answer means. Computing it is an effect
(outside).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Guesses, Method, Standing, Way
from genkan.protocol.signin import lockout
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.session import Browser, NewSession


class LaneFull(Exception):
    """More passwords wait to be hashed than may: infrastructure is short, nothing was decided."""


@dataclass(frozen=True, slots=True)
class PasswordFacts:
    """What one try depends on; ``account`` and ``hash`` are None for a name nobody has."""

    account: Account | None
    hash: str | None = field(repr=False)
    guesses: Mapping[bytes, Guesses]


@dataclass(frozen=True, slots=True)
class Failed:
    """One answer for every failure (unknown, wrong, disabled, over budget); ``change`` counts the try, and is empty
    where the budget was used up already.
    """

    refused: Refused
    change: Change


def hash_to_verify(facts: PasswordFacts, decoy: str) -> str:
    """Exactly one hash is computed on every path: the account's own, or a decoy that no password fits."""
    return facts.hash or decoy


def sign_in(
    facts: PasswordFacts, asked: lockout.Tries, right: bool, ways: Way, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Failed:
    """Open a session, or count a failure. A full budget refuses whatever the password is; ``ways``: as of the gate."""
    account = facts.account
    good = right and facts.hash is not None and account is not None and account.standing is Standing.ACTIVE
    if not good or account is None or lockout.exhausted(asked, facts.guesses, env.now):
        return Failed(Refused(Reason.SIGN_IN_FAILED), lockout.counted(asked, facts.guesses, account, env))
    opened = enter(account, Method.PWD, ways, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return Failed(opened, Change(()))
    forgiven = lockout.forgiven(asked, facts.guesses)
    if forgiven is None:
        return opened
    change = Change((*opened.change.steps, forgiven), opened.change.events)
    return NewSession(opened.cookie, opened.session, change)
