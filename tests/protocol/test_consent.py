"""Remembered consent: for whom it may be remembered, how far it reaches, and what withdrawing it does."""

from typing import Any

import pytest

from genkan.protocol import phones
from genkan.protocol.authorize import ErrorRedirect
from genkan.protocol.interaction import AskConsent, Decision, HubFacts, Issue, next_step, remember_consent
from genkan.protocol.outcomes import (
    Change,
    EndGrantsUnder,
    EventKind,
    GiveConsent,
    Redeemed,
    Refused,
    WithdrawConsent,
)
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Consent, ConsentMode, Link, LinkKind
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    APP,
    NOW,
    WEB,
    a_link,
    a_person,
    a_site,
    a_web_interaction,
    a_web_link,
    an_account,
    an_env,
    an_interaction,
)
from tests.protocol.world import World


def remembering(**changes: Any) -> Link:
    return a_web_link(**{"consent": ConsentMode.REMEMBER, **changes})


def a_consent(scope: Permission | None = Permission.WRITE, mark: int = 0) -> Consent:
    return Consent(an_account().id, a_web_link().id, mark, scope, NOW)


def step(link: Link, consent: Consent | None, **asked: Any) -> Any:
    return next_step(a_web_interaction(**asked), HubFacts(link, a_person(), consent, None, a_site()), None, an_env())


def test_a_remembered_consent_spares_the_question() -> None:
    """The code is issued at once, under the mark of that consent."""
    issued = step(remembering(), a_consent(mark=9))
    assert isinstance(issued, Issue)
    assert issued.code.consent_mark == 9


@pytest.mark.parametrize("given", [None, *Permission])
@pytest.mark.parametrize("scope", Permission)
def test_a_consent_reaches_as_far_as_it_was_given(given: Permission | None, scope: Permission) -> None:
    """More than was allowed is asked for; a withdrawn consent allows nothing."""
    link = remembering(permission=Permission.SYSTEM_ADMIN)
    issued = isinstance(step(link, a_consent(given), scope=scope), Issue)
    assert issued == (given is not None and scope <= given)


@pytest.mark.parametrize(
    ("link", "asked"),
    [
        (a_web_link(), {}),
        (remembering(kind=LinkKind.NATIVE), {}),
        (remembering(), {"prompts": ("consent",)}),
        (remembering(redirects=(WEB, "http://localhost/cb")), {"redirect_uri": "http://localhost:8080/cb"}),
        (remembering(redirects=(WEB, APP)), {"redirect_uri": APP}),
        (remembering(redirects=(WEB, "http://wiki.example.com/cb")), {"redirect_uri": "http://wiki.example.com/cb"}),
    ],
    ids=["always", "native", "prompt=consent", "loopback", "private-use scheme", "plain http"],
)
def test_who_is_asked_every_time(link: Link, asked: dict[str, Any]) -> None:
    """RFC 8252 8.6: where another program could take the answer, a consent given before counts for nothing."""
    plain = an_interaction(link_id=link.id, **{"redirect_uri": WEB, **asked})
    found = next_step(
        plain, HubFacts(link, a_person(), a_consent(Permission.SYSTEM_ADMIN), None, a_site()), None, an_env()
    )
    assert isinstance(found, AskConsent)


def test_a_first_consent_keeps_the_mark_of_none() -> None:
    """A code issued just before it is written must still be good: absence counts as 0."""
    change = remember_consent(AskConsent(remembering(), Permission.WRITE, an_account()), None, an_env())
    assert isinstance(change, Change)
    assert change.steps == (GiveConsent(a_consent()),)
    assert change.events[0].kind is EventKind.CONSENT_GIVEN


@pytest.mark.parametrize("known", [None, a_consent(None, 7), a_consent(Permission.READ, 7)])
def test_what_is_remembered_is_what_was_allowed(known: Consent | None) -> None:
    """Nothing, a withdrawn and a narrower consent are replaced, under the mark they had."""
    change = remember_consent(AskConsent(remembering(), Permission.WRITE, an_account()), known, an_env())
    assert isinstance(change, Change)
    assert change.steps == (GiveConsent(a_consent(mark=7 if known else 0)),)


@pytest.mark.parametrize(
    ("link", "known"),
    [
        (a_web_link(), None),
        (a_link(consent=ConsentMode.REMEMBER), None),
        (remembering(), a_consent(Permission.WRITE)),
        (remembering(), a_consent(Permission.ADMIN)),
    ],
    ids=["always", "native", "the same", "a wider one"],
)
def test_nothing_is_written_where_nothing_is_remembered(link: Link, known: Consent | None) -> None:
    """Links that ask always keep no consent, and a consent is never narrowed by a smaller one."""
    assert remember_consent(AskConsent(link, Permission.WRITE, an_account()), known, an_env()) is None


def test_withdrawing_ends_the_sign_ins_in_the_same_change() -> None:
    """The mark is drawn anew, the grants end with the reason, and the audit is told."""
    change = phones.withdraw_consent(an_account(), a_web_link(), "alice", an_env())
    withdrawn, ended = change.steps
    assert isinstance(withdrawn, WithdrawConsent)
    assert withdrawn.mark > 0
    assert ended == EndGrantsUnder(an_account().id, a_web_link().id, EndReason.CONSENT_WITHDRAWN, NOW)
    assert change.events[0].kind is EventKind.CONSENT_WITHDRAWN


@pytest.mark.parametrize("remembered", [True, False])
def test_codes_die_with_the_consent_they_were_issued_under(remembered: bool) -> None:
    """Withdrawn between issue and redemption: refused, and so after it is given again; a new code is good."""
    world = World()
    account = world.add_account("alice")
    world.links[22] = remembering() if remembered else a_web_link()
    asked = AskConsent(world.links[22], Permission.WRITE, account)
    for mark_of_before in range(2):
        given = remember_consent(asked, world.consents.get((account.id, 22)), world.env)
        assert (given is not None) == remembered, mark_of_before
        if given is not None:
            world.change(given)
        old = world.code(account.id, 22)
        world.change(phones.withdraw_consent(account, world.links[22], "alice", world.env))
        assert world.exchange(old, 22) == Refused(Reason.CODE_CONSENT_WITHDRAWN)
        again = remember_consent(asked, world.consents.get((account.id, 22)), world.env)
        if again is not None:
            world.change(again)
        assert world.exchange(old, 22) == Refused(Reason.CODE_CONSENT_WITHDRAWN)
        assert isinstance(world.exchange(world.code(account.id, 22), 22), Redeemed)
        world.change(phones.withdraw_consent(account, world.links[22], "alice", world.env))


def test_a_consent_given_before_does_not_outweigh_deny() -> None:
    """Whoever is shown the page and denies is obeyed."""
    facts = HubFacts(remembering(), a_person(), a_consent(), None, a_site())
    denied = next_step(a_web_interaction(), facts, Decision.DENY, an_env())
    assert denied == ErrorRedirect(Refused(Reason.CONSENT_DENIED), WEB, "xyz")
