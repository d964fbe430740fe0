"""One-time links by which a person sets a password, or makes a passkey, without knowing an old one: made by an
administrator, good once.
"""

import hashlib
from dataclasses import dataclass, field, replace

from genkan.protocol import accounts
from genkan.protocol.actors import Actor, address_of
from genkan.protocol.env import DAY, Env
from genkan.protocol.facts import RecoveryFacts
from genkan.protocol.outcomes import Change, Event, EventKind, RaiseStop, Refused, SetPassword, Step, Subject
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Method, RecoveryLink, Standing, Way
from genkan.protocol.recovery_steps import DropRecovery, PutRecovery, UseRecovery
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.new_password import NewPassword, with_new_password
from genkan.protocol.signin.passkey import NewPasskey
from genkan.protocol.signin.session import Browser, NewSession
from genkan.wire.scopes import Permission

LIFE = DAY
# Nothing can be lost yet with an account that nobody has signed in to, and its person may be away for some days.
FIRST_LIFE = 7 * DAY
BY_LINK = "by one-time link"


@dataclass(frozen=True, slots=True)
class NewRecovery:
    """The token, told once, and the write that makes it good."""

    token: str = field(repr=False)
    link: RecoveryLink
    change: Change


def make(account: Account, has_password: bool, actor: str, env: Env, maker: int | None = None) -> NewRecovery | Refused:
    """A new one-time link; an earlier one of the same person is dead. ``maker``: the account whose right it falls with,
    None for the machine's.
    """
    if account.standing is Standing.DELETED:
        return Refused(Reason.NOT_FOUND)
    if account.standing is Standing.DISABLED:
        return Refused(Reason.INVALID_VALUE, "state: enable the account first")
    token = env.draw(24).hex()
    life = LIFE if has_password else FIRST_LIFE
    link = RecoveryLink(account.id, digest_of(token), account.stop, env.now, env.now + life)
    event = Event(EventKind.RECOVERY_LINK_MADE, env.now, actor, account_id=account.id, address=address_of(actor))
    return NewRecovery(token, link, Change((PutRecovery(link, account.permission, maker),), (event,)))


def break_glass(account: Account, actor: str, env: Env) -> NewRecovery | Refused:
    """The way in on the box for a site that takes no passwords: system administrator again, and a one-time link."""
    let_in = accounts.recover(account, None, actor, env)
    if isinstance(let_in, Refused):
        return let_in
    then = replace(
        account, standing=Standing.ACTIVE, permission=Permission.SYSTEM_ADMIN, stop=account.stop + 1
    )  # fmt: skip
    made = make(then, True, actor, env)
    if isinstance(made, Refused):
        return made
    change = Change((*let_in.steps, *made.change.steps), (*let_in.events, *made.change.events))
    return NewRecovery(made.token, made.link, change)


def withdraw(account: Account, actor: str, env: Env) -> Change:
    """Take the one-time link back."""
    event = Event(EventKind.RECOVERY_LINK_WITHDRAWN, env.now, actor, account_id=account.id, address=address_of(actor))
    return Change((DropRecovery(account.id),), (event,))


def digest_of(token: str) -> bytes:
    """How a token is kept and found."""
    return hashlib.sha256(b"genkan recovery " + token.encode("utf-8", "surrogatepass")).digest()


def is_good(link: RecoveryLink, account: Account, env: Env) -> bool:
    """Whether the link would be taken now."""
    in_time = link.made_at <= env.now < link.expires_at
    return in_time and account.standing is Standing.ACTIVE and account.stop == link.account_stop


def link_fault(facts: RecoveryFacts | None, env: Env) -> Refused | None:
    """Why a link does not count; one answer for all that can be wrong with it."""
    good = facts is not None and is_good(facts.link, facts.account, env)
    return None if good else Refused(Reason.RECOVERY_LINK_DEAD)


def redeem(
    facts: RecoveryFacts | None, wanted: NewPassword, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    """Set the password and sign this browser in; unless told otherwise everything else that is signed in ends."""
    fault = link_fault(facts, env)
    if fault is not None or facts is None:
        return fault or Refused(Reason.RECOVERY_LINK_DEAD)
    spent = UseRecovery(facts.account.id, facts.link.digest)
    change, then = with_new_password(facts.account, wanted, browser.address, env, BY_LINK)
    opened = enter(then, Method.RECOVERY, Way.NONE, browser, env, lifetimes)
    return opened if isinstance(opened, Refused) else opened.after((spent, *change.steps), change.events)


def redeem_once(facts: RecoveryFacts | None, browser: Browser, env: Env, lifetimes: Lifetimes) -> NewSession | Refused:
    """Only sign this browser in: where the site takes neither passwords nor passkeys, or where somebody comes to change
    what it takes.
    """
    fault = link_fault(facts, env)
    if fault is not None or facts is None:
        return fault or Refused(Reason.RECOVERY_LINK_DEAD)
    opened = enter(facts.account, Method.RECOVERY, Way.NONE, browser, env, lifetimes)
    spent = UseRecovery(facts.account.id, facts.link.digest)
    return opened if isinstance(opened, Refused) else opened.after((spent,))


def redeem_with_passkey(
    facts: RecoveryFacts | None,
    made: NewPasskey,
    had_password: bool,
    sign_out: bool,
    ways: Way,
    browser: Browser,
    env: Env,
    lifetimes: Lifetimes,
) -> NewSession | Refused:
    """The same with a passkey in place of the password: the old password, which somebody may know, goes with it.
    ``ways``: as of the gate; where it takes no passkeys the person would be shut out by it.
    """
    fault = link_fault(facts, env)
    if fault is not None or facts is None or made.passkey.account_id != facts.account.id:
        return fault or Refused(Reason.RECOVERY_LINK_DEAD)
    account, actor = facts.account, Actor(facts.account.actor, browser.address)
    steps: tuple[Step, ...] = (UseRecovery(account.id, facts.link.digest), SetPassword(account.id, None, env.now))
    events: tuple[Event, ...] = (made.event,)
    if had_password:
        events += (
            Event(EventKind.PASSWORD_CHANGED, env.now, actor, account_id=account.id, address=browser.address,
                  detail=BY_LINK),
        )  # fmt: skip
    if sign_out:
        steps += (RaiseStop(Subject.ACCOUNT, account.id, EndReason.PERSON_SIGNED_OUT_EVERYWHERE, env.now),)
    then = replace(account, stop=account.stop + 1) if sign_out else account
    opened = enter(then, made.method, ways, browser, env, lifetimes)
    return opened if isinstance(opened, Refused) else opened.after((*steps, *made.steps), events)
