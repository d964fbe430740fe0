"""People of a directory: which account somebody is, what keeps them out, and what a sign-in brings up to date."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol import accounts, directory
from genkan.protocol.directory import ArrivalFacts, Came, Match, Person, SourceRule, arrive
from genkan.protocol.facts import IdentityFacts
from genkan.protocol.identity_steps import AddIdentity, PutIdentity, RemoveIdentity
from genkan.protocol.outcomes import AddAccount, Change, EventKind, OpenSession, PutAccount, Refused
from genkan.protocol.passkey_steps import NeedWayIn
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Account, Identity, Method, Standing
from genkan.protocol.signin.session import Browser, NewSession
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE, NOW, an_account, an_env

LIFETIMES = Lifetimes()
BROWSER = Browser("Firefox", "203.0.113.7", b"old")
CAME = Came(Method.FED, NOW - 1000, ALL_WAYS, "sid-1")


def a_person(**changes: Any) -> Person:
    """Alice, as her directory describes her."""
    return replace(Person("corp", "00u1", "alice", "Alice Example", "alice@example.com", True, None), **changes)


def a_rule(**changes: Any) -> SourceRule:
    return replace(SourceRule("corp"), **changes)


def known(account: Account, **changes: Any) -> ArrivalFacts:
    """Facts of somebody who is linked."""
    identity = replace(Identity("corp", "00u1", account.id, "alice", NOW - 9, NOW - 9, NOW - 9), **changes)
    return ArrivalFacts(IdentityFacts(identity, account))


def came(facts: ArrivalFacts, rule: SourceRule | None = None, person: Person | None = None) -> NewSession | Refused:
    return arrive(person or a_person(), CAME, facts, rule or a_rule(), BROWSER, an_env(), LIFETIMES)


def opened(outcome: NewSession | Refused) -> NewSession:
    assert isinstance(outcome, NewSession), outcome
    return outcome


def test_somebody_who_is_linked_gets_a_session_of_that_directory() -> None:
    """Method, time of the proof and the directory's session are the directory's; the old session dies."""
    account = an_account()
    done = opened(came(known(account), a_rule(sync=False)))
    assert (done.session.account_id, done.session.method) == (account.id, Method.FED)
    assert (done.session.auth_time, done.session.source, done.session.upstream_sid) == (NOW - 1000, "corp", "sid-1")
    put, opening = done.change.steps[0], done.change.steps[-1]
    assert isinstance(put, PutIdentity)
    assert put.identity.seen_at == put.identity.checked_at == NOW
    assert opening == OpenSession(done.session, b"old")


def test_a_proof_of_the_future_counts_as_made_now() -> None:
    """A directory whose clock is ahead does not make a session that is recent for longer."""
    late = arrive(
        a_person(), Came(Method.FED, NOW + 5000, ALL_WAYS), known(an_account()), a_rule(), BROWSER, an_env(), LIFETIMES
    )
    assert opened(late).session.auth_time == NOW


OUT = [
    ("not linked", ArrivalFacts(None), {}),
    ("disabled", known(an_account(standing=Standing.DISABLED)), {}),
    ("deleted", known(an_account(standing=Standing.DELETED)), {}),
    ("a matching account is disabled", ArrivalFacts(None, (an_account(standing=Standing.DISABLED),)), {}),
    ("two match", ArrivalFacts(None, (an_account(), an_account(id=2))), {"match": Match.EMAIL}),
    ("linked to somebody else", ArrivalFacts(None, (an_account(),), taken=True), {"match": Match.NAME}),
    ("administers", ArrivalFacts(None, (an_account(permission=Permission.ADMIN),)), {"match": Match.EMAIL}),
    ("the system", ArrivalFacts(None, (an_account(permission=Permission.SYSTEM_ADMIN),)), {"match": Match.NAME}),
    ("the name is taken", ArrivalFacts(None, (), taken=True), {"create": True}),
]


@pytest.mark.parametrize(("_why", "facts", "rule"), OUT, ids=[row[0] for row in OUT])
def test_whatever_keeps_somebody_out_is_one_answer(_why: str, facts: ArrivalFacts, rule: dict[str, Any]) -> None:
    """Unknown, disabled, deleted, ambiguous, given away and powerful cannot be told apart; the event tells why."""
    refused = came(facts, a_rule(**rule))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.SIGN_ON_REFUSED
    assert refused.event is not None
    assert refused.event.kind is EventKind.SIGN_ON_REFUSED
    assert refused.event.account_id is None


def test_an_operator_may_let_the_directory_have_administrators() -> None:
    """Only where the rule says so does a match reach an account that administers."""
    boss = an_account(permission=Permission.SYSTEM_ADMIN)
    done = opened(came(ArrivalFacts(None, (boss,)), a_rule(match=Match.NAME, match_administrators=True)))
    assert done.session.account_id == boss.id


def test_an_administrator_who_was_linked_comes_in() -> None:
    """What an administrator linked needs no rule."""
    boss = an_account(permission=Permission.SYSTEM_ADMIN)
    assert opened(came(known(boss))).session.account_id == boss.id


def test_a_match_links_for_good() -> None:
    """The subject, not the name, is who it is from then on; linking and session are one write."""
    account = an_account()
    done = opened(came(ArrivalFacts(None, (account,)), a_rule(match=Match.NAME)))
    (added,) = [step for step in done.change.steps if isinstance(step, AddIdentity)]
    assert (added.identity.subject, added.identity.account_id) == ("00u1", account.id)
    assert EventKind.IDENTITY_LINKED in [event.kind for event in done.change.events]


def test_somebody_new_gets_an_account_where_the_rule_says_so() -> None:
    """With the mapped name, address and groups, and never more than the rule's permission."""
    person = a_person(groups=("staff", "a,b", "  ", "x" * 200))
    done = opened(came(ArrivalFacts(None), a_rule(create=True, permission=Permission.READ), person))
    (added,) = [step.account for step in done.change.steps if isinstance(step, AddAccount)]
    assert (added.name, added.email, added.groups) == ("alice", "alice@example.com", ("staff",))
    assert added.permission is Permission.READ
    assert done.session.account_id == added.id


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\u200bb", "a\x00b", "\u202eadmin"])
def test_a_name_that_cannot_be_one_makes_no_account(name: str) -> None:
    """Names that nobody can read or that fold to nothing are refused, not mended into somebody else's."""
    assert isinstance(came(ArrivalFacts(None), a_rule(create=True), a_person(name=name)), Refused)


def test_a_subject_that_is_none_never_counts() -> None:
    """An empty, endless or unprintable subject is nobody, linked or not."""
    for subject in ("", "x" * 256, "a\nb"):
        assert isinstance(came(known(an_account()), None, a_person(subject=subject)), Refused)


def test_the_account_follows_the_directory() -> None:
    """Display name, verified address and groups are brought up to date; what the directory leaves out stays."""
    account = an_account(display_name="Old", email="old@example.com", groups=("mine",))
    done = opened(came(known(account), a_rule(), a_person(groups=("staff",))))
    (put,) = [step.account for step in done.change.steps if isinstance(step, PutAccount)]
    assert (put.display_name, put.email, put.groups) == ("Alice Example", "alice@example.com", ("staff",))
    assert (put.version, put.permission, put.name) == (account.version + 1, account.permission, account.name)
    silent = opened(came(known(account), a_rule(), a_person(display_name="", email="", groups=None)))
    assert not [step for step in silent.change.steps if isinstance(step, PutAccount)]


def test_an_unverified_or_foreign_address_is_not_taken_over() -> None:
    """Neither into the account nor for a match."""
    for person, rule in (
        (a_person(email_verified=False), a_rule(match=Match.EMAIL)),
        (a_person(), a_rule(match=Match.EMAIL, email_domains=("other.example",))),
        (a_person(email="álice@example.com", email_verified=False), a_rule(match=Match.EMAIL)),
        (a_person(email="al ice@example.com"), a_rule(match=Match.EMAIL)),
    ):
        assert directory.match_key(person, rule) == ""
        done = opened(came(known(an_account(email="kept@example.com")), rule, person))
        changed = [step.account.email for step in done.change.steps if isinstance(step, PutAccount)]
        assert all(email == "kept@example.com" for email in changed)


@given(st.text(max_size=40), st.text(max_size=40))
def test_spellings_of_one_name_find_one_account(left: str, right: str) -> None:
    """Case, Unicode form and spaces never make two people of one name, nor one of two."""
    rule = a_rule(match=Match.NAME)
    keys = [directory.match_key(a_person(name=name), rule) for name in (left, right)]
    assert (keys[0] == keys[1]) == ((accounts.fold(left) or "") == (accounts.fold(right) or ""))
    assert directory.match_key(a_person(name=left.upper()), rule) == (accounts.fold(left.upper()) or "")


@given(st.text(max_size=60))
def test_an_address_with_several_spellings_finds_nobody(local: str) -> None:
    """Only ASCII addresses are looked up, in small letters."""
    key = directory.match_key(a_person(email=f"{local}@example.com"), a_rule(match=Match.EMAIL))
    assert key == "" or (key.isascii() and key == f"{local}@example.com".lower())


def test_whatever_a_directory_writes_fits_an_account() -> None:
    """A display name full of control characters or without end is cut, and its owner comes in."""
    person = a_person(display_name="A\x00\u202e" + "b" * 1000, groups=tuple(f"g{n}" for n in range(500)))
    done = opened(came(known(an_account()), a_rule(), person))
    (put,) = [step.account for step in done.change.steps if isinstance(step, PutAccount)]
    assert len(put.display_name) <= accounts.TEXT_CHARACTERS
    assert put.display_name.isprintable()
    assert len(put.groups) == accounts.MOST_GROUPS


def test_an_administrator_links_and_unlinks() -> None:
    """By hand an account is linked whatever the rule; the last way in is not taken away."""
    account = an_account()
    linked = directory.link_by_hand(account, "corp", "00u1", "", "account:1", an_env())
    assert isinstance(linked, Change)
    (added,) = [step.identity for step in linked.steps if isinstance(step, AddIdentity)]
    assert (added.subject, added.label) == ("00u1", "00u1")
    gone = directory.unlink(added, True, HERE, "account:1", an_env())
    assert isinstance(gone, Change)
    assert gone.steps == (RemoveIdentity("corp", "00u1", account.id), NeedWayIn(account.id, NOW, HERE))
    last = directory.unlink(added, False, HERE, "account:1", an_env())
    assert last == Refused(Reason.LAST_WAY_IN)
    deleted = replace(account, standing=Standing.DELETED)
    assert isinstance(directory.link_by_hand(deleted, "corp", "00u1", "", "account:1", an_env()), Refused)
    assert isinstance(directory.link_by_hand(account, "corp", "\n", "", "account:1", an_env()), Refused)
