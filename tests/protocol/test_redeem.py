"""The code exchange: every condition alone is enough to fail, and a failure consumes nothing (tokens.md 5)."""

from itertools import combinations
from typing import Any

import pytest
from msgspec import structs

from genkan.protocol.env import CLOCK_LEEWAY, DAY, HOUR, MINUTE, SECOND
from genkan.protocol.outcomes import Ended, EventKind, Redeemed, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import GrantState, LinkKind, Method, Standing
from genkan.protocol.redeem import device_mark, redeem
from genkan.protocol.sealing import redirect_digest
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    APP,
    KEY,
    NOW,
    VERIFIER,
    WEB,
    a_code,
    a_grant,
    a_link,
    a_web_link,
    an_account,
    an_env,
    code_facts,
    redeem_asked,
)

LIFETIMES = Lifetimes()

# Security table, row 3: each single mismatch, and what it must be called. `asked`, `code` and `facts` are changed.
Mismatch = tuple[dict[str, Any], dict[str, Any], dict[str, Any], Reason]
MISMATCHES: dict[str, Mismatch] = {
    "client": ({"client": a_web_link()}, {}, {}, Reason.CODE_FOREIGN),
    "another native client": ({"client": a_link(id=12)}, {}, {}, Reason.CODE_FOREIGN),
    "redirect": ({"redirect_uri": WEB}, {}, {}, Reason.REDIRECT_MISMATCH),
    "redirect's case": ({"redirect_uri": APP.upper()}, {}, {}, Reason.REDIRECT_MISMATCH),
    "redirect's slash": ({"redirect_uri": APP + "/"}, {}, {}, Reason.REDIRECT_MISMATCH),
    "redirect left out": ({"redirect_uri": None}, {}, {}, Reason.REDIRECT_MISMATCH),
    "redirect empty": ({"redirect_uri": ""}, {}, {}, Reason.REDIRECT_MISMATCH),
    "redirect unreadable": ({"redirect_uri": "\udcff"}, {}, {}, Reason.REDIRECT_MISMATCH),
    "verifier": ({"verifier": VERIFIER[::-1]}, {}, {}, Reason.VERIFIER_WRONG),
    "verifier's case": ({"verifier": VERIFIER.swapcase()}, {}, {}, Reason.VERIFIER_WRONG),
    "verifier left out": ({"verifier": None}, {}, {}, Reason.VERIFIER_MISSING),
    "verifier empty": ({"verifier": ""}, {}, {}, Reason.VERIFIER_WRONG),
    "expired": ({}, {"issued_at": NOW - MINUTE - CLOCK_LEEWAY - 1}, {}, Reason.CODE_EXPIRED),
    "from the future": ({}, {"issued_at": NOW + CLOCK_LEEWAY + 1}, {}, Reason.CODE_FROM_FUTURE),
    "person stopped": ({}, {}, {"account": an_account(stop=1)}, Reason.CODE_STOPPED),
    "person disabled": ({}, {}, {"account": an_account(standing=Standing.DISABLED)}, Reason.CODE_STOPPED),
    "person deleted": ({}, {}, {"account": an_account(standing=Standing.DELETED)}, Reason.CODE_STOPPED),
    "person unknown": ({}, {}, {"account": None}, Reason.CODE_STOPPED),
    "certificate revoked": ({}, {}, {"revoked": True}, Reason.CODE_STOPPED),
    "link stopped": ({}, {}, {"link": a_link(stop=1)}, Reason.CODE_STOPPED),
    "link deleted": ({}, {}, {"link": a_link(standing=Standing.DELETED)}, Reason.CODE_STOPPED),
    "link unknown": ({}, {}, {"link": None}, Reason.CODE_STOPPED),
    "link disabled": ({}, {}, {"link": a_link(standing=Standing.DISABLED)}, Reason.LINK_DISABLED),
    "consent withdrawn": ({}, {}, {"consent_mark": 5}, Reason.CODE_CONSENT_WITHDRAWN),
    "consent given under another mark": ({}, {"consent_mark": 5}, {"consent_mark": 6}, Reason.CODE_CONSENT_WITHDRAWN),
}


def exchange(*mismatches: Mismatch, used: bool = False) -> Redeemed | Ended | Refused:
    """The right exchange with these mismatches, of a code that is new or was used."""
    asked: dict[str, Any] = {}
    code: dict[str, Any] = {}
    facts: dict[str, Any] = {"existing": a_grant(generation=0)} if used else {}
    for changed, sealed, found, _ in mismatches:
        asked |= changed
        code |= sealed
        facts |= found
    return redeem(redeem_asked(a_code(**code), **asked), code_facts(**facts), an_env(), LIFETIMES)


def test_the_right_exchange_makes_the_grant() -> None:
    """The grant is what the code says, stands at generation 0, and its lifetimes begin now."""
    code = a_code(issued_at=NOW - 5 * SECOND, auth_time=NOW - MINUTE, method=Method.PWD | Method.MFA)
    outcome = redeem(redeem_asked(code), code_facts(), an_env(), LIFETIMES)
    assert isinstance(outcome, Redeemed)
    grant = outcome.grant
    assert (grant.id, grant.account_id, grant.link_id) == (code.grant_id, code.account_id, code.link_id)
    assert (grant.scope, grant.access_scope) == (Permission.WRITE, Permission.WRITE)
    assert (grant.generation, grant.key_id, grant.previous_key_id, grant.seen_generation) == (0, KEY, KEY, -1)
    assert (grant.created_at, grant.auth_time, grant.method) == (NOW, NOW - MINUTE, Method.PWD | Method.MFA)
    assert (grant.access_expires_at, grant.refresh_expires_at) == (NOW + HOUR, NOW + 90 * DAY)
    assert (grant.account_stop, grant.link_stop, grant.state) == (0, 0, GrantState.LIVE)
    assert grant.redirect == redirect_digest(APP)[:8]
    assert outcome.consent_mark == code.consent_mark
    assert (outcome.event.kind, outcome.event.grant_id) == (EventKind.SIGNED_IN, code.grant_id)


@pytest.mark.parametrize("mismatch", MISMATCHES.values(), ids=MISMATCHES.keys())
def test_each_mismatch_alone_fails(mismatch: Mismatch) -> None:
    """Security table, row 3: no single right thing makes up for a wrong one; nothing is written."""
    assert exchange(mismatch) == Refused(mismatch[3])


def test_any_two_mismatches_fail() -> None:
    """Row 3: two wrongs make no right, in any pairing."""
    for pair in combinations(MISMATCHES.values(), 2):
        assert isinstance(exchange(*pair), Refused)


@pytest.mark.parametrize("mismatch", MISMATCHES.values(), ids=MISMATCHES.keys())
def test_a_second_redemption_with_a_mismatch_changes_nothing(mismatch: Mismatch) -> None:
    """Whoever found a used code in a log cannot end the sign-in with it: a wrong or late request is only refused."""
    outcome = exchange(mismatch, used=True)
    if not mismatch[2]:
        assert outcome == Refused(mismatch[3])
    else:
        assert isinstance(outcome, Refused | Ended), "denied in any case"


def test_a_right_second_redemption_ends_the_sign_in() -> None:
    """RFC 6749 4.1.2: denied, and what the first one made is over."""
    outcome = exchange(used=True)
    assert isinstance(outcome, Ended)
    assert (outcome.reason, outcome.refusal) == (EndReason.CODE_REPLAYED, Refused(Reason.CODE_REDEEMED))
    assert outcome.event.reason == "code_replayed"


@pytest.mark.parametrize("generation", [0, 1, 5000])
def test_a_second_redemption_finds_the_sign_in_wherever_it_stands(generation: int) -> None:
    """Also after it has been refreshed."""
    outcome = redeem(redeem_asked(), code_facts(existing=a_grant(generation=generation)), an_env(), LIFETIMES)
    assert isinstance(outcome, Ended)
    assert outcome.grant_id == a_grant().id


def test_a_second_redemption_of_what_has_ended_keeps_its_first_reason() -> None:
    """Ended is ended; the row says why it ended first."""
    ended = a_grant(state=GrantState.ENDED, reason=EndReason.SIGNED_OUT_BY_PERSON)
    assert redeem(redeem_asked(), code_facts(existing=ended), an_env(), LIFETIMES) == Refused(Reason.CODE_REDEEMED)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (-CLOCK_LEEWAY - 1, Reason.CODE_FROM_FUTURE),
        (-CLOCK_LEEWAY, None),
        (0, None),
        (MINUTE + CLOCK_LEEWAY, None),
        (MINUTE + CLOCK_LEEWAY + 1, Reason.CODE_EXPIRED),
        (DAY, Reason.CODE_EXPIRED),
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_a_code_lives_a_minute_with_leeway_both_ways(age: int, reason: Reason | None, used: bool) -> None:
    """Fifteen seconds for clocks that differ, to the millisecond; an expired code ends nothing either."""
    facts = code_facts(existing=a_grant() if used else None)
    outcome = redeem(redeem_asked(a_code(issued_at=NOW - age)), facts, an_env(), LIFETIMES)
    if reason is not None:
        assert outcome == Refused(reason)
    else:
        assert isinstance(outcome, Ended if used else Redeemed)


def test_the_redirect_uri_may_be_left_out_where_it_was() -> None:
    """RFC 6749 4.1.3: required only if the authorization request had one; what comes all the same must be right."""
    code = a_code(redirect_given=False)
    for sent in (None, "", APP):
        assert isinstance(redeem(redeem_asked(code, redirect_uri=sent), code_facts(), an_env(), LIFETIMES), Redeemed)
    wrong = redeem(redeem_asked(code, redirect_uri=WEB), code_facts(), an_env(), LIFETIMES)
    assert wrong == Refused(Reason.REDIRECT_MISMATCH)


def test_the_devices_own_id_goes_before_the_browsers_mark() -> None:
    """What is kept is a digest, so that the row says nothing about the device."""
    code = a_code(device=b"browser's cookie")
    without = redeem(redeem_asked(code), code_facts(), an_env(), LIFETIMES)
    with_id = redeem(redeem_asked(code, device_id="phone-1"), code_facts(), an_env(), LIFETIMES)
    assert isinstance(without, Redeemed)
    assert isinstance(with_id, Redeemed)
    assert without.grant.device == b"browser's cookie"
    assert with_id.grant.device == device_mark("phone-1") != device_mark("phone-2")
    assert b"phone" not in device_mark("phone-1")
    assert len(device_mark("\ud800")) == 16


def test_an_absolute_lifetime_caps_both_tokens() -> None:
    """A sign-in of at most ten minutes gives no access token of an hour."""
    link = a_link(absolute_lifetime=10 * MINUTE)
    outcome = redeem(redeem_asked(client=link), code_facts(link=link), an_env(), LIFETIMES)
    assert isinstance(outcome, Redeemed)
    assert outcome.grant.access_expires_at == outcome.grant.refresh_expires_at == NOW + 10 * MINUTE


def test_what_nobody_looked_at_is_made_for_the_write_to_judge() -> None:
    """The very sign-in that is made when all is as the code says; a wrong request is refused without a look."""
    asked = redeem_asked(a_code(consent_mark=3))
    assert redeem(asked, None, an_env(), LIFETIMES) == redeem(asked, code_facts(consent_mark=3), an_env(), LIFETIMES)
    wrong = redeem_asked(verifier="w" * 43)
    assert redeem(wrong, None, an_env(), LIFETIMES) == Refused(Reason.VERIFIER_WRONG)


def test_stop_counters_must_be_the_very_ones() -> None:
    """A code of after a stop is good; one of before, or of a counter never reached, is not."""
    facts = code_facts(account=an_account(stop=3), link=a_link(stop=7))
    for account_stop, link_stop in ((2, 7), (4, 7), (3, 6), (3, 8), (0, 0)):
        code = a_code(account_stop=account_stop, link_stop=link_stop)
        assert redeem(redeem_asked(code), facts, an_env(), LIFETIMES) == Refused(Reason.CODE_STOPPED)
    outcome = redeem(redeem_asked(a_code(account_stop=3, link_stop=7)), facts, an_env(), LIFETIMES)
    assert isinstance(outcome, Redeemed)
    assert (outcome.grant.account_stop, outcome.grant.link_stop) == (3, 7)


def test_a_lowered_permission_does_not_spoil_a_code() -> None:
    """Narrowing is not ending: the grant keeps its scope, and what it may do is decided at each request."""
    facts = code_facts(link=a_link(permission=Permission.READ), account=an_account(permission=Permission.READ))
    assert isinstance(redeem(redeem_asked(), facts, an_env(), LIFETIMES), Redeemed)


def test_the_verifier_stays_out_of_what_is_printed() -> None:
    """The repr of a request has no verifier."""
    assert VERIFIER not in repr(redeem_asked())
    assert VERIFIER not in repr(structs.replace(redeem_asked(), client=a_link(kind=LinkKind.NATIVE)))
