"""People who leave: what each answer of a directory does to each kind of account, and who comes back by themselves."""

from dataclasses import replace
from typing import Any

import pytest

from genkan.protocol.directory import ArrivalFacts, Came, Person, SourceRule, arrive, is_held
from genkan.protocol.env import HOUR
from genkan.protocol.facts import IdentityFacts
from genkan.protocol.identity_steps import PutIdentity, RemoveIdentity
from genkan.protocol.offboarding import Checked, Presence, judge
from genkan.protocol.outcomes import Change, EventKind, PutAccount, RaiseStop, Refused, Subject
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import ALL_WAYS, Account, Identity, Method, Standing
from genkan.protocol.signin.session import Browser, NewSession
from tests.protocol.builders import NOW, an_account, an_env

RULE = SourceRule("corp")
DAY = 24 * HOUR


def facts(account: Account, **changes: Any) -> IdentityFacts:
    return IdentityFacts(
        replace(Identity("corp", "00u1", account.id, "a", NOW - DAY, NOW - DAY, NOW - DAY), **changes), account
    )


def held(account: Account | None = None) -> IdentityFacts:
    """Somebody who was disabled until the directory knows them again."""
    was = account or an_account()
    return facts(replace(was, standing=Standing.DISABLED, version=9), held=9)


def kinds(change: Change) -> list[EventKind]:
    return [event.kind for event in change.events]


def applied(change: Change, before: IdentityFacts) -> IdentityFacts:
    """The facts after a change, as a store would keep them."""
    account, identity = before.account, before.identity
    for step in change.steps:
        if isinstance(step, PutAccount):
            assert step.account.version == account.version + 1
            account = replace(step.account, stop=account.stop)
        elif isinstance(step, RaiseStop):
            account = replace(account, stop=account.stop + 1)
        elif isinstance(step, PutIdentity):
            assert step.seen == identity
            identity = step.identity
    return IdentityFacts(identity, account)


@pytest.mark.parametrize("presence", [Presence.DISABLED, Presence.GONE])
def test_disabled_or_gone_is_the_stop_event_directory(presence: Presence) -> None:
    """Account and stop counter move in one write, with a line in the audit that names the directory."""
    before = facts(an_account())
    change = judge(Checked(presence), before, False, RULE, an_env())
    stops = [step for step in change.steps if isinstance(step, RaiseStop)]
    assert stops == [RaiseStop(Subject.ACCOUNT, before.account.id, EndReason.DIRECTORY, NOW)]
    after = applied(change, before)
    assert after.account.standing is Standing.DISABLED
    assert kinds(change) == [EventKind.ACCOUNT_DISABLED]
    assert not is_held(after)


def test_gone_from_one_of_two_directories_unlinks() -> None:
    """Whom another directory still has loses this link alone."""
    before = facts(an_account())
    change = judge(Checked(Presence.GONE), before, True, RULE, an_env())
    assert change.steps == (RemoveIdentity("corp", "00u1", before.account.id),)
    both = judge(Checked(Presence.DISABLED), before, True, RULE, an_env())
    assert applied(both, before).account.standing is Standing.DISABLED


def test_who_is_there_stays() -> None:
    """A check writes when it was made and forgets that earlier ones failed, nothing else."""
    before = facts(an_account(), missed_since=NOW - HOUR)
    change = judge(Checked(Presence.PRESENT, "new"), before, False, RULE, an_env())
    after = applied(change, before)
    assert (after.account, change.events) == (before.account, ())
    assert (after.identity.checked_at, after.identity.missed_since, after.identity.sealed) == (NOW, None, "new")


def test_an_unreachable_directory_keeps_its_people_for_a_day() -> None:
    """Not a minute less, then they are held with the stop event; for ever where the setting is 0."""
    before = facts(an_account())
    first = applied(judge(Checked(Presence.UNREACHABLE), before, False, RULE, an_env()), before)
    assert (first.account, first.identity.missed_since) == (before.account, NOW)
    almost = applied(judge(Checked(Presence.UNREACHABLE), first, False, RULE, an_env(NOW + DAY - 1)), first)
    assert almost.account.standing is Standing.ACTIVE
    assert almost.identity.missed_since == NOW
    over = judge(Checked(Presence.UNREACHABLE), almost, False, RULE, an_env(NOW + DAY))
    assert is_held(applied(over, almost))
    assert kinds(over) == [EventKind.ACCOUNT_HELD]
    assert [step.reason for step in over.steps if isinstance(step, RaiseStop)] == [EndReason.DIRECTORY]
    ever = judge(Checked(Presence.UNREACHABLE), almost, False, replace(RULE, kept=0), an_env(NOW + 999 * DAY))
    assert applied(ever, almost).account.standing is Standing.ACTIVE


def test_who_was_held_comes_back_when_the_directory_answers() -> None:
    """The account is enabled again; what was signed out stays signed out."""
    before = held()
    change = judge(Checked(Presence.PRESENT), before, False, RULE, an_env())
    after = applied(change, before)
    assert (after.account.standing, after.account.stop) == (Standing.ACTIVE, before.account.stop)
    assert after.identity.held is None
    assert kinds(change) == [EventKind.ACCOUNT_ENABLED]


def test_who_was_held_comes_back_by_signing_in_there() -> None:
    """A fresh proof frees in the same write; nobody else's disabling is undone by it."""
    before = held()
    person, came = Person("corp", "00u1", "alice"), Came(Method.FED, NOW, ALL_WAYS)
    browser = Browser("", "203.0.113.7", None)
    done = arrive(person, came, ArrivalFacts(before), RULE, browser, an_env(), Lifetimes())
    assert isinstance(done, NewSession)
    assert EventKind.ACCOUNT_ENABLED in [event.kind for event in done.change.events]
    touched = IdentityFacts(before.identity, replace(before.account, version=10))
    assert isinstance(arrive(person, came, ArrivalFacts(touched), RULE, browser, an_env(), Lifetimes()), Refused)


@pytest.mark.parametrize("presence", list(Presence))
def test_what_an_administrator_disabled_stays_disabled(presence: Presence) -> None:
    """No answer of a directory enables an account that a person disabled, also where it had been held before."""
    for before in (
        facts(an_account(standing=Standing.DISABLED)),
        facts(an_account(standing=Standing.DISABLED, version=11), held=9),
        facts(an_account(standing=Standing.DELETED)),
    ):
        change = judge(Checked(presence), before, False, RULE, an_env(NOW + 9 * DAY))
        assert applied(change, before).account == before.account
        assert change.events == ()


def test_held_and_then_gone_does_not_come_back() -> None:
    """Once the directory says that somebody is gone, a later answer does not free them."""
    before = held()
    gone = applied(judge(Checked(Presence.GONE), before, False, RULE, an_env()), before)
    back = judge(Checked(Presence.PRESENT), gone, False, RULE, an_env())
    assert applied(back, gone).account.standing is Standing.DISABLED


def test_a_lapsed_proof_holds_at_once() -> None:
    """Where only a new sign-in can say that somebody is there, they are held until they do, and only once."""
    before = facts(an_account())
    change = judge(Checked(Presence.LAPSED, ""), before, False, RULE, an_env())
    after = applied(change, before)
    assert is_held(after)
    again = judge(Checked(Presence.LAPSED), after, False, RULE, an_env())
    assert (again.events, applied(again, after).account) == ((), after.account)
    assert is_held(applied(again, after))
