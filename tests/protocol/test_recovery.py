"""One-time links: good once, in time, for the person they were made for; and changing one's own password."""

from dataclasses import replace
from itertools import product

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.facts import RecoveryFacts
from genkan.protocol.outcomes import (
    Change,
    EventKind,
    OpenSession,
    PutGuesses,
    RaiseStop,
    Refused,
    SetPassword,
)
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import ALL_WAYS, Account, Guesses, Method, Standing
from genkan.protocol.recovery_steps import DropRecovery, NeedPassword, PutRecovery, UseRecovery
from genkan.protocol.signin import lockout, recovery
from genkan.protocol.signin.new_password import NewPassword, change_own
from genkan.protocol.signin.password import Failed, PasswordFacts
from genkan.protocol.signin.recovery import NewRecovery
from genkan.protocol.signin.session import Browser, NewSession
from tests.protocol.builders import NOW, an_account, an_env

LIFETIMES = Lifetimes()
HASH, NEW = "$argon2id$own", "$argon2id$new"
BROWSER = Browser("Safari", "192.0.2.7", b"old session")
TRIES = lockout.tries("alice", "192.0.2.0/24", None)
FULL = {TRIES.keys[0]: Guesses(NOW + lockout.PER_NETWORK.size, 10)}


def made(account: Account | None = None, has_password: bool = True) -> NewRecovery:
    link = recovery.make(account or an_account(), has_password, "account:root", an_env())
    assert isinstance(link, NewRecovery)
    return link


def facts_of(account: Account | None = None) -> RecoveryFacts:
    account = account or an_account()
    return RecoveryFacts(made(account).link, account)


def used(facts: RecoveryFacts | None, now: int = NOW, sign_out: bool = True) -> NewSession | Refused:
    return recovery.redeem(facts, NewPassword(NEW, sign_out), BROWSER, an_env(now), LIFETIMES)


def test_a_link_is_kept_as_a_hash_and_told_once() -> None:
    """What is kept does not hold the token, and the audit holds neither it nor a name."""
    link = made()
    assert link.link.digest == recovery.digest_of(link.token)
    assert link.token not in repr(link)
    assert link.change.steps == (PutRecovery(link.link, an_account().permission),)
    [event] = link.change.events
    assert (event.kind, event.actor, event.account_id) == (
        EventKind.RECOVERY_LINK_MADE,
        "account:root",
        an_account().id,
    )
    assert (event.detail, event.reason) == ("", "")


@pytest.mark.parametrize(("has_password", "life"), [(True, recovery.LIFE), (False, recovery.FIRST_LIFE)])
def test_a_link_lives_a_day_and_a_first_one_a_week(has_password: bool, life: int) -> None:
    """An invitation may wait for its person; the link past a password may not."""
    link = made(has_password=has_password).link
    assert link.expires_at - link.made_at == life
    assert life in (DAY, 7 * DAY)


@pytest.mark.parametrize(
    ("standing", "reason"), [(Standing.DISABLED, Reason.INVALID_VALUE), (Standing.DELETED, Reason.NOT_FOUND)]
)
def test_a_link_is_made_for_those_who_may_sign_in(standing: Standing, reason: Reason) -> None:
    """Not for a disabled account, and not for a deleted one."""
    refused = recovery.make(an_account(standing=standing), True, "root", an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason


def test_a_link_sets_the_password_and_signs_in() -> None:
    """The link is spent first, everything else ends, and the session outlives the stop it came with."""
    facts = facts_of()
    opened = used(facts)
    assert isinstance(opened, NewSession)
    spent, password, stop, session = opened.change.steps
    assert spent == UseRecovery(facts.account.id, facts.link.digest)
    assert isinstance(password, SetPassword)
    assert password.hash == NEW
    assert isinstance(stop, RaiseStop)
    assert stop.reason is EndReason.PASSWORD_CHANGED
    assert isinstance(session, OpenSession)
    assert session.replaces == b"old session"
    assert session.session.account_stop == facts.account.stop + 1
    assert session.session.method is Method.RECOVERY
    kinds = [(event.kind, event.actor, event.detail) for event in opened.change.events]
    actor = facts.account.actor
    assert kinds == [
        (EventKind.PASSWORD_CHANGED, actor, recovery.BY_LINK), (EventKind.SESSION_OPENED, actor, "recovery"),
    ]  # fmt: skip


def test_a_link_may_leave_the_rest_signed_in() -> None:
    """Without sign-out no stop is raised, and the session stands under the counter as it is."""
    facts = facts_of()
    opened = used(facts, sign_out=False)
    assert isinstance(opened, NewSession)
    assert not [step for step in opened.change.steps if isinstance(step, RaiseStop)]
    assert opened.session.account_stop == facts.account.stop


def test_every_dead_link_gets_one_answer() -> None:
    """Unknown, late, made in the future, of a stopped, disabled or deleted account: nobody learns which."""
    facts = facts_of()
    dead = [
        used(None),
        used(facts, facts.link.expires_at),
        used(facts, NOW - 1),
        used(RecoveryFacts(facts.link, replace(facts.account, stop=facts.account.stop + 1))),
        used(RecoveryFacts(facts.link, replace(facts.account, standing=Standing.DISABLED))),
        used(RecoveryFacts(facts.link, replace(facts.account, standing=Standing.DELETED))),
    ]
    assert dead == [Refused(Reason.RECOVERY_LINK_DEAD)] * len(dead)
    assert isinstance(used(facts, facts.link.expires_at - 1), NewSession)


def test_a_link_can_be_taken_back() -> None:
    """With a line in the audit."""
    change = recovery.withdraw(an_account(), "root", an_env())
    assert change.steps == (DropRecovery(an_account().id),)
    assert [event.kind for event in change.events] == [EventKind.RECOVERY_LINK_WITHDRAWN]


def changed(
    account: Account | None, kept: str | None, right: bool, guesses: dict[bytes, Guesses], sign_out: bool = False
) -> NewSession | Failed:
    facts = PasswordFacts(account, kept, guesses)
    return change_own(facts, TRIES, right, NewPassword(NEW, sign_out), ALL_WAYS, BROWSER, an_env(), LIFETIMES)


@pytest.mark.parametrize(
    ("standing", "kept", "right", "guesses"),
    list(product([None, *Standing], [HASH, None], [True, False], [{}, FULL])),
)
def test_one_way_to_a_new_password(
    standing: Standing | None, kept: str | None, right: bool, guesses: dict[bytes, Guesses]
) -> None:
    """An active account, the right present password and room in the budget, all at once; every failure is counted."""
    account = None if standing is None else an_account(standing=standing)
    outcome = changed(account, kept, right, guesses)
    good = standing is Standing.ACTIVE and kept == HASH and right and guesses is not FULL
    assert isinstance(outcome, NewSession) == good
    if isinstance(outcome, Failed):
        assert outcome.refused == Refused(Reason.SIGN_IN_FAILED)
        assert all(isinstance(step, PutGuesses) for step in outcome.change.steps)
        assert len(outcome.change.steps) == (guesses is not FULL)


@pytest.mark.parametrize("sign_out", [True, False])
def test_a_changed_password_moves_the_session(sign_out: bool) -> None:
    """The old session id dies, the new one stands after the stop, and the write needs the hash that was proved."""
    account = an_account(stop=3)
    opened = changed(account, HASH, True, {}, sign_out)
    assert isinstance(opened, NewSession)
    assert opened.change.steps[0] == NeedPassword(account.id, HASH)
    [session] = [step for step in opened.change.steps if isinstance(step, OpenSession)]
    assert (session.replaces, session.session.account_stop) == (b"old session", 3 + sign_out)
    assert [s.reason for s in opened.change.steps if isinstance(s, RaiseStop)] == [
        EndReason.PASSWORD_CHANGED
    ] * sign_out
    assert [event.kind for event in opened.change.events] == [EventKind.PASSWORD_CHANGED, EventKind.SESSION_OPENED]
    assert HASH not in repr(opened)
    assert NEW not in repr(opened)


def test_the_right_password_forgives_earlier_failures() -> None:
    """As signing in does."""
    few = {TRIES.keys[0]: Guesses(NOW + lockout.PER_NETWORK.interval, 1)}
    opened = changed(an_account(), HASH, True, few)
    assert isinstance(opened, NewSession)
    assert PutGuesses(((TRIES.keys[0], 0, 0),)) in opened.change.steps


def test_how_an_account_s_own_budget_stands() -> None:
    """How many tries are gone, whether new browsers are refused, and when it is empty again."""
    key = lockout.backstop("alice").keys[0]
    budget = lockout.PER_ACCOUNT
    assert key in lockout.tries("alice", "192.0.2.0/24", None).keys
    assert lockout.strain("alice", {}, NOW) == lockout.Strain(0, 100, slowed=False, empty_at=NOW)
    some = {key: Guesses(NOW + 3 * budget.interval, 3)}
    assert lockout.strain("alice", some, NOW) == lockout.Strain(3, 100, False, NOW + 3 * budget.interval)
    assert lockout.strain("alice", some, NOW + 1).spent == 3
    full = {key: Guesses(NOW + budget.size, 100)}
    assert lockout.strain("alice", full, NOW).slowed
    assert not lockout.strain("alice", full, NOW + budget.interval).slowed


def test_the_budget_can_be_lifted() -> None:
    """The account's own bucket is forgotten, and the audit says who did it."""
    change = lockout.lift(an_account(), "root", an_env())
    key = lockout.backstop(an_account().folded).keys[0]
    assert isinstance(change, Change)
    assert change.steps == (PutGuesses(((key, 0, 0),)),)
    assert [(event.kind, event.actor) for event in change.events] == [(EventKind.GUESSES_FORGIVEN, "root")]
