"""Browser sessions and first-run set-up: new ids at every step, and links that work once."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from msgspec import structs

from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.env import Env
from genkan.protocol.outcomes import (
    AddAccount,
    CloseSession,
    EventKind,
    NeedNoAdministrator,
    OpenSession,
    Refused,
    SetPassword,
    StartSetup,
)
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method, Standing
from genkan.protocol.signin import setup
from genkan.protocol.signin.session import TOUCH_STEP, Browser, close, is_live, needs_touch, open_session, session_id
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, a_person, a_session, a_site, an_account, an_env, draws
from tests.wire.strategies import any_text

LIFETIMES = Lifetimes()
IDLE, ABSOLUTE = LIFETIMES.session_idle, LIFETIMES.session_absolute


def test_every_sign_in_has_an_id_that_nobody_could_plant() -> None:
    """Row 15: drawn anew each time, the browser's old one replaced, and only its hash kept."""
    env, before = Env(NOW, draws()), b"planted"
    seen = set()
    for method in (Method.PWD, Method.HWK | Method.USER, Method.RECOVERY):
        opened = open_session(an_account(stop=2), method, Browser("Safari", "192.0.2.7", before), env, LIFETIMES)
        assert opened.change.steps == (OpenSession(opened.session, before),)
        assert opened.session.id == session_id(opened.cookie)
        assert opened.cookie.encode() not in opened.session.id
        assert len(opened.cookie) == 64
        assert opened.cookie not in repr(opened)
        assert (opened.session.account_stop, opened.session.method) == (2, method)
        assert (opened.session.auth_time, opened.session.expires_at) == (NOW, NOW + ABSOLUTE)
        assert opened.change.events[0].kind is EventKind.SESSION_OPENED
        seen |= {opened.cookie, before}
        before = opened.session.id
    assert len(seen) == 6


def test_a_first_sign_in_replaces_nothing() -> None:
    """A browser without a session has none to die."""
    opened = open_session(an_account(), Method.PWD, Browser("", "", None), an_env(), LIFETIMES)
    assert opened.change.steps == (OpenSession(opened.session, None),)


@pytest.mark.parametrize(
    ("changes", "account", "live"),
    [
        ({}, {}, True),
        ({"last_seen": NOW - IDLE + 1}, {}, True),
        ({"last_seen": NOW - IDLE}, {}, False),
        ({"expires_at": NOW + 1}, {}, True),
        ({"expires_at": NOW}, {}, False),
        ({"account_stop": 0}, {"stop": 1}, False),
        ({}, {"standing": Standing.DISABLED}, False),
        ({}, {"standing": Standing.DELETED}, False),
        ({}, {"permission": Permission.READ}, True),
    ],
)
def test_a_session_stands_for_its_person(changes: dict[str, Any], account: dict[str, Any], live: bool) -> None:
    """Idle and absolute limits to the millisecond, standing, and the stop counter it was opened under."""
    assert is_live(a_person(an_account(**account), **changes), an_env(), LIFETIMES) is live


def test_a_session_in_use_still_ends_at_its_limit() -> None:
    """Being seen every minute does not carry it past the absolute limit."""
    facts = a_person(expires_at=NOW + ABSOLUTE)
    for now in (NOW + IDLE, NOW + ABSOLUTE - 1, NOW + ABSOLUTE):
        seen = structs.replace(facts, session=structs.replace(facts.session, last_seen=now))
        assert is_live(seen, an_env(now), LIFETIMES) == (now < NOW + ABSOLUTE)


def test_a_session_is_touched_once_a_minute() -> None:
    """Not at every request."""
    assert not needs_touch(a_session(), an_env(NOW + TOUCH_STEP - 1))
    assert needs_touch(a_session(), an_env(NOW + TOUCH_STEP))


def test_signing_out_closes_this_session() -> None:
    """One step, one event, which says where the browser was."""
    change = close(a_person(), "192.0.2.7", an_env())
    assert change.steps == (CloseSession(a_session().id),)
    assert change.events[0].kind is EventKind.SESSION_CLOSED
    assert change.events[0].address == "192.0.2.7"


@given(any_text)
def test_any_cookie_has_an_id(cookie: str) -> None:
    """Whatever a browser sends is looked up under a hash, and nothing raises."""
    assert len(session_id(cookie)) == 32
    assert session_id(cookie) != session_id(cookie + "x")


@given(any_text)
def test_a_set_up_link_is_the_one_that_was_told(text: str) -> None:
    """Any other text is dead, and nothing raises."""
    made = setup.setup_link(an_env())
    (start,) = made.change.steps
    assert isinstance(start, StartSetup)
    site = a_site(has_administrator=False, setup_digest=start.digest)
    assert setup.link_fault(site, made.token) is None
    assert setup.link_fault(site, text) == Refused(Reason.SETUP_LINK_DEAD)


def test_a_set_up_link_dies() -> None:
    """With the first administrator, and where none was made, or only others were; any of several counts."""
    made, again = setup.setup_link(an_env()), setup.setup_link(an_env(seed="next start"))
    (start,) = made.change.steps
    (restart,) = again.change.steps
    assert isinstance(start, StartSetup)
    assert isinstance(restart, StartSetup)
    dead = Refused(Reason.SETUP_LINK_DEAD)
    assert setup.link_fault(a_site(has_administrator=True, setup_digest=start.digest), made.token) == dead
    assert setup.link_fault(a_site(has_administrator=False, setup_digest=restart.digest), made.token) == dead
    assert setup.link_fault(a_site(has_administrator=False, setup_digest=None), made.token) == dead
    assert restart.digest
    assert start.digest
    both = a_site(has_administrator=False, setup_digest=restart.digest + start.digest)
    assert [setup.link_fault(both, link.token) for link in (made, again)] == [None, None]
    assert setup.link_fault(dataclasses.replace(both, has_administrator=True), made.token) == dead
    shifted = dataclasses.replace(both, setup_digest=(restart.digest + start.digest)[16:])
    assert setup.link_fault(shifted, made.token) == dead
    assert made.token not in repr(made)
    assert len(made.token) == 48


def test_the_first_administrator_is_made_once() -> None:
    """Administrator whatever was wished; the condition comes first, and the link dies in the same write."""
    wish = AccountWish("root", permission=Permission.READ, password_hash="hash")
    made = setup.first_administrator(wish, an_env())
    assert isinstance(made, NewAccount)
    assert made.account.permission is Permission.SYSTEM_ADMIN
    assert made.change.steps == (
        NeedNoAdministrator(),
        AddAccount(made.account),
        SetPassword(made.account.id, "hash", NOW),
        StartSetup(None),
    )


def test_a_bad_wish_makes_no_administrator() -> None:
    """The refusal names the field, and the link lives on."""
    refused = setup.first_administrator(AccountWish(" "), an_env())
    assert isinstance(refused, Refused)
    assert refused.detail.startswith("name")
