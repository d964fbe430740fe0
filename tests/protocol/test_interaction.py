"""The hub: a sealed request that cannot be changed, and a next step that is decided afresh at every visit."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from genkan.protocol.authorize import ErrorPage, ErrorRedirect, Interaction
from genkan.protocol.env import CLOCK_LEEWAY, HOUR, SECOND
from genkan.protocol.interaction import (
    AskConsent,
    AskSignIn,
    Decision,
    HubFacts,
    Issue,
    next_step,
    open_interaction,
    seal_interaction,
)
from genkan.protocol.outcomes import Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method, Standing
from genkan.protocol.sealing import Purpose, redirect_digest
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    APP,
    DIGEST,
    NOW,
    a_code,
    a_link,
    a_person,
    a_sealer,
    a_site,
    an_account,
    an_env,
    an_interaction,
)
from tests.wire.strategies import any_text

LIFETIMES = Lifetimes()
SEALER = a_sealer()


def hub_facts(**changes: Any) -> HubFacts:
    return structs.replace(HubFacts(a_link(), a_person(), None, None, a_site()), **changes)


interactions = st.builds(
    Interaction,
    link_id=st.integers(1, 2**62 - 1),
    redirect_uri=st.text(max_size=80),
    redirect_given=st.booleans(),
    scope=st.sampled_from(list(Permission)).map(int),
    state=st.none() | any_text,
    challenge=st.none() | st.binary(min_size=32, max_size=32),
    prompts=st.sampled_from([(), ("none",), ("login",), ("consent", "login")]),
    ephemeral=st.booleans(),
    started_at=st.just(NOW),
)


@given(interactions)
def test_an_interaction_comes_back_as_it_was(asked: Interaction) -> None:
    """Every field, and a state of any characters, half surrogate pairs included, survives the way through a URL."""
    sealed = seal_interaction(SEALER, asked, an_env())
    assert sealed.isascii()
    assert open_interaction(SEALER, sealed, an_env(), LIFETIMES) == asked


def test_no_character_of_an_interaction_can_be_changed() -> None:
    """Row 24: whatever field an edit would hit, the answer is to start again."""
    sealed = seal_interaction(SEALER, an_interaction(), an_env())
    raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            text = urlsafe_b64encode(changed).rstrip(b"=").decode()
            opened = open_interaction(SEALER, text, an_env(), LIFETIMES)
            assert isinstance(opened, Refused)
            assert opened.reason in {Reason.INTERACTION_BROKEN, Reason.RING_BEHIND}
    for cut in range(len(sealed)):
        assert isinstance(open_interaction(SEALER, sealed[:cut], an_env(), LIFETIMES), Refused)


FIELDS: dict[str, Any] = {
    "link_id": 22,
    "redirect_uri": "https://evil.example.com/",
    "redirect_given": False,
    "scope": Permission.SYSTEM_ADMIN,
    "state": "other",
    "challenge": None,
    "prompts": (),
    "ephemeral": True,
    "started_at": NOW + HOUR,
}


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_can_be_written_by_anybody_else(field: str) -> None:
    """Row 24: a forger who knows the layout and everything but the ring changes any one field, and is turned away."""
    forged = structs.replace(an_interaction(prompts=("login",)), **{field: FIELDS[field]})
    assert forged != an_interaction(prompts=("login",))
    stranger, copy = a_sealer("stranger"), a_sealer(site_id=bytes(16))
    assert open_interaction(SEALER, seal_interaction(stranger, forged, an_env()), an_env(), LIFETIMES) == Refused(
        Reason.RING_BEHIND
    )
    assert open_interaction(SEALER, seal_interaction(copy, forged, an_env()), an_env(), LIFETIMES) == Refused(
        Reason.INTERACTION_BROKEN
    )


def test_nothing_else_is_an_interaction() -> None:
    """Neither a code nor a page token nor any other text, and what another version sealed means: start again."""
    others = [SEALER.code(a_code(), an_env()), SEALER.code(a_code(), an_env())[7:], "", "x", "\ud800"]
    others += [SEALER.seal(purpose, b"x", an_env()) for purpose in Purpose]
    others += [SEALER.seal(Purpose.INTERACTION, plain, an_env()) for plain in (b"", b"\x90", b"\x92\xc0\xc0", b"[]")]
    others += [
        seal_interaction(SEALER, structs.replace(an_interaction(), scope=scope), an_env())
        for scope in (0, 5, -1, 1 << 63)
    ]
    for text in others:
        assert open_interaction(SEALER, text, an_env(), LIFETIMES) == Refused(Reason.INTERACTION_BROKEN)


@pytest.mark.parametrize(
    ("age", "good"), [(0, True), (HOUR, True), (HOUR + 1, False), (-CLOCK_LEEWAY, True), (-CLOCK_LEEWAY - 1, False)]
)
def test_an_interaction_waits_an_hour(age: int, good: bool) -> None:
    """To the millisecond; a node that is a little behind the one that sealed it opens it all the same."""
    asked = an_interaction(started_at=NOW - age)
    opened = open_interaction(SEALER, seal_interaction(SEALER, asked, an_env()), an_env(), LIFETIMES)
    assert opened == (asked if good else Refused(Reason.INTERACTION_EXPIRED))


def test_allowed_is_issued() -> None:
    """The code carries what was asked, who allowed it, and the counters as they stand."""
    account = an_account(stop=3)
    person = a_person(account, auth_time=NOW - SECOND, method=Method.PWD | Method.MFA)
    facts = hub_facts(link=a_link(stop=5), person=person, device=b"d" * 16)
    step = next_step(an_interaction(), facts, Decision.ALLOW, an_env())
    assert isinstance(step, Issue)
    assert (step.redirect_uri, step.state, step.ends_session) == (APP, "xyz", None)
    code = step.code
    assert (code.link_id, code.account_id, code.scope) == (a_link().id, account.id, Permission.WRITE)
    assert (code.redirect, code.redirect_given, code.challenge) == (redirect_digest(APP), True, DIGEST)
    assert (code.account_stop, code.link_stop, code.consent_mark) == (3, 5, 0)
    assert (code.auth_time, code.method, code.issued_at) == (NOW - SECOND, Method.PWD | Method.MFA, NOW)
    assert code.device == b"d" * 16


def test_each_code_has_a_grant_of_its_own() -> None:
    """Allowing twice makes two sign-ins."""
    env = an_env()
    first, second = (next_step(an_interaction(), hub_facts(), Decision.ALLOW, env) for _ in range(2))
    assert isinstance(first, Issue)
    assert isinstance(second, Issue)
    assert first.code.grant_id != second.code.grant_id


def test_a_session_for_one_sign_in_ends_with_it() -> None:
    """With an ephemeral request the browser's session is told to end; without it stays."""
    step = next_step(an_interaction(ephemeral=True), hub_facts(), Decision.ALLOW, an_env())
    assert isinstance(step, Issue)
    assert step.ends_session == a_person().session.id


@pytest.mark.parametrize("decision", [None, Decision.ALLOW, Decision.DENY])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"link": None}, Reason.UNKNOWN_CLIENT),
        ({"link": a_link(standing=Standing.DELETED)}, Reason.UNKNOWN_CLIENT),
        ({"link": a_link(standing=Standing.DISABLED)}, Reason.LINK_DISABLED),
        ({"link": a_link(redirects=("jira-server://elsewhere",))}, Reason.REDIRECT_NOT_REGISTERED),
    ],
)
def test_a_link_that_changed_meanwhile_gets_a_page(
    decision: Decision | None, changes: dict[str, Any], reason: Reason
) -> None:
    """Row 31 once more: what was registered when it was sealed may not be registered now (RFC 9700 4.1)."""
    for person in (None, a_person()):
        step = next_step(an_interaction(), hub_facts(person=person, **changes), decision, an_env())
        assert step == ErrorPage(Refused(reason))


def test_deny_is_told_to_the_application() -> None:
    """RFC 6749 4.1.2.1: access_denied with the state, signed in or not."""
    for person in (None, a_person()):
        step = next_step(an_interaction(state=""), hub_facts(person=person), Decision.DENY, an_env())
        assert step == ErrorRedirect(Refused(Reason.CONSENT_DENIED), APP, "")


@pytest.mark.parametrize("decision", [None, Decision.ALLOW])
@pytest.mark.parametrize(
    "person",
    [
        None,
        a_person(an_account(standing=Standing.DISABLED)),
        a_person(an_account(standing=Standing.DELETED)),
        a_person(an_account(stop=1), account_stop=0),
    ],
    ids=["nobody", "disabled", "deleted", "signed out everywhere"],
)
def test_who_does_not_stand_must_sign_in(decision: Decision | None, person: Any) -> None:
    """Row 7: whatever page led here and whatever was clicked, a stopped person gets no code."""
    assert next_step(an_interaction(), hub_facts(person=person), decision, an_env()) == AskSignIn(a_link())
    quiet = next_step(an_interaction(prompts=("none",)), hub_facts(person=person), decision, an_env())
    assert quiet == ErrorRedirect(Refused(Reason.LOGIN_REQUIRED), APP, "xyz")


@pytest.mark.parametrize(("signed_in", "asked_again"), [(-1, True), (0, False), (SECOND, False)])
@pytest.mark.parametrize("decision", [None, Decision.ALLOW])
def test_prompt_login_means_a_sign_in_since(signed_in: int, asked_again: bool, decision: Decision | None) -> None:
    """A session of before the request is not enough, however the person decides."""
    facts = hub_facts(person=a_person(auth_time=NOW + signed_in))
    step = next_step(an_interaction(prompts=("login",)), facts, decision, an_env(NOW + HOUR))
    assert isinstance(step, AskSignIn) == asked_again


def test_prompt_none_never_shows_a_page() -> None:
    """OpenID Connect Core 3.1.2.6: the application is told that somebody must be asked."""
    step = next_step(an_interaction(prompts=("none",)), hub_facts(), None, an_env())
    assert step == ErrorRedirect(Refused(Reason.CONSENT_REQUIRED), APP, "xyz")


def test_without_a_decision_the_person_is_asked() -> None:
    """Consent names the link, the person and what the code would carry."""
    step = next_step(an_interaction(), hub_facts(), None, an_env())
    assert step == AskConsent(a_link(), Permission.WRITE, an_account())


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("scope", Permission)
def test_a_link_that_was_narrowed_meanwhile_gets_less(permission: Permission, scope: Permission) -> None:
    """What is asked and what is issued is the smaller of the request's scope and the link's permission now."""
    facts = hub_facts(link=a_link(permission=permission))
    asked = next_step(an_interaction(scope=scope), facts, None, an_env())
    issued = next_step(an_interaction(scope=scope), facts, Decision.ALLOW, an_env())
    assert isinstance(asked, AskConsent)
    assert isinstance(issued, Issue)
    assert asked.permission is issued.code.scope is min(scope, permission)
