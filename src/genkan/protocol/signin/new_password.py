"""A person sets their own password: the present one proves it is they, and the browser goes on under a new session."""

from dataclasses import dataclass, field, replace

from genkan.protocol import accounts
from genkan.protocol.actors import Actor
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Method, Standing, Way
from genkan.protocol.recovery_steps import NeedPassword
from genkan.protocol.signin import lockout
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.password import Failed, PasswordFacts
from genkan.protocol.signin.session import Browser, NewSession


@dataclass(frozen=True, slots=True)
class NewPassword:
    """The hash to keep; ``sign_out``: everything that is signed in ends."""

    hash: str = field(repr=False)
    sign_out: bool


def change_own(
    facts: PasswordFacts,
    asked: lockout.Tries,
    right: bool,
    wanted: NewPassword,
    ways: Way,
    browser: Browser,
    env: Env,
    lifetimes: Lifetimes,
) -> NewSession | Failed:
    """The new password, or one more failure of the same budget that signing in spends: a browser that was left open is
    no place to guess at. ``right``: the present password fits ``facts.hash``.
    """
    account = facts.account
    good = right and facts.hash is not None and account is not None and account.standing is Standing.ACTIVE
    if not good or account is None or facts.hash is None or lockout.exhausted(asked, facts.guesses, env.now):
        counted = lockout.failed(asked, facts.guesses, env.now)
        return Failed(Refused(Reason.SIGN_IN_FAILED), Change((counted,) if counted else ()))
    forgiven = lockout.forgiven(asked, facts.guesses)
    first = (NeedPassword(account.id, facts.hash), *((forgiven,) if forgiven else ()))
    change, then = with_new_password(account, wanted, browser.address, env)
    opened = enter(then, Method.PWD, ways, browser, env, lifetimes)
    if isinstance(opened, Refused):
        return Failed(opened, Change(()))
    return opened.after((*first, *change.steps), change.events)


def set_after_recovery(
    account: Account, wanted: NewPassword, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    """A password of somebody whom a one-time link or code has let in a moment ago, and who knows no present one. The
    session stays what it was: it proves no more than before.
    """
    change, then = with_new_password(account, wanted, browser.address, env, "after a one-time code")
    opened = enter(then, Method.RECOVERY, Way.NONE, browser, env, lifetimes)
    return opened if isinstance(opened, Refused) else opened.after(change.steps, change.events)


def with_new_password(
    account: Account, wanted: NewPassword, address: str, env: Env, detail: str = ""
) -> tuple[Change, Account]:
    """The change by the person's own hand, and the account as it leaves it: the session that follows is opened for that
    one. Where another stop comes between, the counter is higher still and the session dead, as it should be.
    """
    change = accounts.set_password(account, wanted.hash, wanted.sign_out, Actor(account.actor, address), env, detail)
    return change, replace(account, stop=account.stop + 1) if wanted.sign_out else account
