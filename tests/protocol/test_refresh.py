"""Refreshing, case by case: rotation, the same successor told again, replay (tokens.md 3)."""

from typing import Any

import pytest
from msgspec.structs import replace

from genkan.protocol.env import DAY, HOUR, SECOND
from genkan.protocol.outcomes import Ended, EventKind, Refused, Retried, Rotated
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Grant, GrantState, LinkKind, Standing
from genkan.protocol.refresh import LAST_GENERATION, refresh
from genkan.protocol.sealing import Kind, redirect_digest
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    APP,
    KEY,
    NOW,
    OTHER_KEY,
    WEB,
    a_grant,
    a_handle,
    a_link,
    a_site,
    a_web_link,
    an_account,
    an_env,
    grant_facts,
    refresh_asked,
)

LIFETIMES = Lifetimes()
LATER = an_env(NOW + 10 * SECOND)


def predecessor(grant: Grant, **changes: Any) -> dict[str, Any]:
    return {"handle": a_handle(grant, generation=grant.generation - 1, key_id=grant.previous_key_id), **changes}


def test_the_current_token_rotates() -> None:
    """The row moves on by one, its lifetimes restart, and nothing else about the sign-in changes (RFC 9700 4.14)."""
    grant = a_grant()
    outcome = refresh(refresh_asked(grant), grant_facts(grant), LATER, LIFETIMES)
    assert outcome == Rotated(
        grant,
        replace(
            grant,
            generation=3,
            rotated_at=LATER.now,
            access_expires_at=LATER.now + HOUR,
            refresh_expires_at=LATER.now + 90 * DAY,
            rotation_due=LATER.now + SECOND,
        ),
    )


def test_a_rotation_notes_from_where_and_under_which_key() -> None:
    """The successor is sealed under the active key; the shown token's key is remembered for its retry."""
    grant = a_grant()
    asked = refresh_asked(grant, active_key=OTHER_KEY, network="198.51.100.0/24", user_agent="new phone")
    outcome = refresh(asked, grant_facts(grant), LATER, LIFETIMES)
    assert isinstance(outcome, Rotated)
    assert (outcome.grant.key_id, outcome.grant.previous_key_id) == (OTHER_KEY, KEY)
    assert (outcome.grant.network, outcome.grant.user_agent) == ("198.51.100.0/24", "new phone")


@pytest.mark.parametrize("after", [0, 30 * SECOND, HOUR, 80 * DAY])
def test_a_retry_is_told_the_same_successor_while_it_was_not_seen(after: int) -> None:
    """A lost answer may be asked for again after a night in a drawer: the row stays where it is, the try is counted."""
    grant = a_grant(seen_generation=1, seen_at=NOW)
    outcome = refresh(refresh_asked(**predecessor(grant)), grant_facts(grant), an_env(NOW + after), LIFETIMES)
    assert isinstance(outcome, Retried)
    assert (outcome.grant.generation, outcome.grant.key_id) == (2, KEY)
    assert outcome.grant.retries == grant.retries + 1
    assert outcome.event is None


@pytest.mark.parametrize(
    ("age", "retried"),
    [
        (0, True),
        (30 * SECOND, True),
        (30 * SECOND + 1, False),
        (DAY, False),
        (-1, True),
        (-15 * SECOND, True),
        (-15 * SECOND - 1, False),
        (-DAY, False),
    ],
)
def test_after_the_successor_was_seen_the_window_counts(age: int, retried: bool) -> None:
    """Thirty seconds from the first sight; not one millisecond more. Before it, as far as the clocks of two nodes may
    differ; an age that is more negative is outside.
    """
    grant = a_grant(seen_generation=2, seen_at=NOW)
    outcome = refresh(refresh_asked(**predecessor(grant)), grant_facts(grant), an_env(NOW + age), LIFETIMES)
    assert isinstance(outcome, Retried if retried else Ended)


@pytest.mark.parametrize("off", [-DAY, DAY, 400 * DAY])
def test_a_clock_that_is_known_to_be_wrong_ends_nothing(off: int) -> None:
    """What only the time makes a replay, too late to refresh or too late to heal is told to come again. What is one at
    any time, or good, is so here as well.
    """
    grant, env = a_grant(generation=5, seen_generation=5, seen_at=NOW), an_env(NOW + off)
    facts = grant_facts(grant, site=a_site(restored_at=NOW, heal_until=env.now))
    before, current, ahead, old = (
        refresh(refresh_asked(clock_is_wrong=True, handle=a_handle(grant, **changes)), facts, env, LIFETIMES)
        for changes in (
            {"generation": 4, "key_id": grant.previous_key_id}, {}, {"generation": 6}, {"generation": 3},
        )
    )  # fmt: skip
    later = Refused(Reason.BUSY, "clock", retry_after=10)
    assert (before, ahead) == (later, later)
    assert current == later if off > 90 * DAY else isinstance(current, Rotated)
    assert isinstance(old, Ended)


@pytest.mark.parametrize("seen", [-1, 1, 2])
def test_a_window_of_zero_is_strict(seen: int) -> None:
    """No retry at all, seen or not, and whatever the clock shows."""
    grant = a_grant(seen_generation=seen, seen_at=NOW)
    for wrong in (False, True):
        asked = refresh_asked(clock_is_wrong=wrong, **predecessor(grant))
        outcome = refresh(asked, grant_facts(grant), an_env(), Lifetimes(retry_window=0))
        assert isinstance(outcome, Ended)
        assert outcome.reason is EndReason.REPLAYED


def test_a_clock_that_is_known_to_be_behind_shortens_no_sign_in() -> None:
    """What it rotates is over no earlier than it was; the link's own limit is one of before."""
    grant, env = a_grant(), an_env(NOW - 400 * DAY)
    outcome = refresh(refresh_asked(grant, clock_is_wrong=True), grant_facts(grant), env, LIFETIMES)
    assert isinstance(outcome, Rotated)
    assert outcome.grant.refresh_expires_at == grant.refresh_expires_at


@pytest.mark.parametrize("seen", [-1, 5])
@pytest.mark.parametrize("generation", [0, 1, 3])
def test_anything_older_is_a_replay(generation: int, seen: int) -> None:
    """Two or more behind ends the sign-in at once, inside and outside of every window (RFC 9700 4.14.2)."""
    grant = a_grant(generation=5, seen_generation=seen, seen_at=NOW)
    outcome = refresh(
        refresh_asked(handle=a_handle(grant, generation=generation)), grant_facts(grant), an_env(), LIFETIMES
    )
    assert isinstance(outcome, Ended)
    assert (outcome.grant_id, outcome.reason, outcome.at) == (grant.id, EndReason.REPLAYED, NOW)
    assert outcome.refusal == Refused(Reason.REFRESH_REPLAYED)
    assert (outcome.event.kind, outcome.event.reason) == (EventKind.GRANT_ENDED, "replayed")


@pytest.mark.parametrize(
    "changes",
    [
        {"client": a_web_link()},
        {"scope": Permission.SYSTEM_ADMIN},
        {"redirect_uri": WEB},
        {"network": "198.51.100.0/24"},
    ],
    ids=["foreign client", "scope too wide", "other redirect", "elsewhere"],
)
def test_a_replay_ends_the_sign_in_whoever_asks(changes: dict[str, Any]) -> None:
    """No other fault of the request shields the copy from ending it."""
    grant = a_grant(generation=5)
    asked = refresh_asked(handle=a_handle(grant, generation=2), **changes)
    assert isinstance(refresh(asked, grant_facts(grant), an_env(), LIFETIMES), Ended)


@pytest.mark.parametrize("generation", [0, 1, 2, 3])
def test_ended_beats_everything(generation: int) -> None:
    """An ended sign-in refuses the current token, the retry, the replay and the token ahead alike, and says why."""
    grant = a_grant(state=GrantState.ENDED, reason=EndReason.SIGNED_OUT_BY_ADMIN)
    asked = refresh_asked(handle=a_handle(grant, generation=generation))
    assert refresh(asked, grant_facts(grant), an_env(), LIFETIMES) == Refused(Reason.GRANT_ENDED, "signed_out_by_admin")


@pytest.mark.parametrize(
    ("left", "restarts"), [(HOUR, False), (HOUR // 2, False), (HOUR // 2 - 1, True), (0, True), (-DAY, True)]
)
def test_a_retry_restarts_an_access_lifetime_that_is_half_gone(left: int, restarts: bool) -> None:
    """The phone that asks again gets at least half an access lifetime."""
    grant = a_grant(access_expires_at=NOW + left)
    outcome = refresh(refresh_asked(**predecessor(grant)), grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Retried)
    assert outcome.grant.access_expires_at == NOW + (HOUR if restarts else left)
    assert outcome.grant.refresh_expires_at == grant.refresh_expires_at


@pytest.mark.parametrize(
    "changes", [{"network": "198.51.100.0/24"}, {"user_agent": "curl/8"}], ids=["network", "agent"]
)
def test_a_retry_from_elsewhere_is_told_to_the_audit(changes: dict[str, Any]) -> None:
    """Another network or user agent is an event, and the row keeps the place of the rotation."""
    grant = a_grant()
    outcome = refresh(refresh_asked(**predecessor(grant, **changes)), grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Retried)
    assert outcome.event is not None
    assert outcome.event.kind is EventKind.GRANT_RETRIED_ELSEWHERE
    assert (outcome.grant.network, outcome.grant.user_agent) == (grant.network, grant.user_agent)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, Permission.WRITE),
        (Permission.WRITE, Permission.WRITE),
        (Permission.READ, Permission.READ),
        (Permission.ADMIN, None),
        (Permission.SYSTEM_ADMIN, None),
    ],
)
def test_a_refresh_may_narrow_and_never_widen(asked: Permission | None, given: Permission | None) -> None:
    """RFC 6749 6: the scope counts for this access token alone; the sign-in's own stays."""
    grant = a_grant()
    outcome = refresh(refresh_asked(grant, scope=asked), grant_facts(grant), an_env(), LIFETIMES)
    if given is None:
        assert outcome == Refused(Reason.REFRESH_SCOPE_CHANGED)
    else:
        assert isinstance(outcome, Rotated)
        assert (outcome.grant.access_scope, outcome.grant.scope) == (given, Permission.WRITE)


def test_a_narrowed_scope_is_whole_again_at_the_next_refresh() -> None:
    """Narrower counts once: the next refresh without scope gets all that was granted."""
    grant = a_grant(access_scope=Permission.READ)
    outcome = refresh(refresh_asked(grant), grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Rotated)
    assert outcome.grant.access_scope is Permission.WRITE


@pytest.mark.parametrize("kept", [Permission.READ, Permission.WRITE])
@pytest.mark.parametrize("asked", [None, Permission.READ, Permission.WRITE])
def test_a_retry_asks_for_the_same_scope(kept: Permission, asked: Permission | None) -> None:
    """Another scope would be another successor: it is refused, and the row stays."""
    grant = a_grant(access_scope=kept)
    outcome = refresh(refresh_asked(**predecessor(grant, scope=asked)), grant_facts(grant), an_env(), LIFETIMES)
    if (asked or grant.scope) is kept:
        assert isinstance(outcome, Retried)
        assert outcome.grant.access_scope is kept
    else:
        assert outcome == Refused(Reason.REFRESH_SCOPE_CHANGED)


@pytest.mark.parametrize("make", [lambda grant: {"handle": a_handle(grant)}, predecessor], ids=["current", "retry"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client": a_web_link()}, Reason.TOKEN_FOREIGN),
        ({"client": a_link(id=99)}, Reason.TOKEN_FOREIGN),
        ({"redirect_uri": WEB}, Reason.REDIRECT_MISMATCH),
        ({"redirect_uri": APP + "/"}, Reason.REDIRECT_MISMATCH),
        ({"redirect_uri": ""}, Reason.REDIRECT_MISMATCH),
        ({"redirect_uri": "\ud800"}, Reason.REDIRECT_MISMATCH),
        ({"scope": Permission.ADMIN}, Reason.REFRESH_SCOPE_CHANGED),
    ],
)
def test_a_wrong_request_changes_nothing(make: Any, changes: dict[str, Any], reason: Reason) -> None:
    """A foreign client, another redirect URI and a wider scope are refused, for the current token and for a retry."""
    grant = a_grant()
    asked = refresh_asked(**make(grant) | changes)
    assert refresh(asked, grant_facts(grant), an_env(), LIFETIMES) == Refused(reason)


def test_the_redirect_uri_may_come_along() -> None:
    """The vendor's sample sends it: the right one is welcome."""
    grant = a_grant(redirect=redirect_digest(APP)[:8])
    assert isinstance(refresh(refresh_asked(grant, redirect_uri=APP), grant_facts(grant), an_env(), LIFETIMES), Rotated)


@pytest.mark.parametrize("age", [-1, 0, DAY])
@pytest.mark.parametrize("make", [lambda grant: {"handle": a_handle(grant)}, predecessor], ids=["current", "retry"])
def test_an_expired_sign_in_refreshes_no_more(make: Any, age: int) -> None:
    """From the very millisecond of its end on; and expiry is not a replay."""
    grant = a_grant(refresh_expires_at=NOW - age)
    outcome = refresh(refresh_asked(**make(grant)), grant_facts(grant), an_env(), LIFETIMES)
    assert (outcome == Refused(Reason.TOKEN_EXPIRED)) == (age >= 0)


@pytest.mark.parametrize("passed", [10 * DAY - 1, 10 * DAY, 11 * DAY])
def test_an_absolute_lifetime_ends_the_sign_in(passed: int) -> None:
    """A link's absolute lifetime caps both tokens, and no refresh gets past it, also when the link got it later."""
    grant, link = a_grant(), a_link(absolute_lifetime=10 * DAY)
    outcome = refresh(refresh_asked(grant), grant_facts(grant, link=link), an_env(NOW + passed), LIFETIMES)
    if passed < 10 * DAY:
        assert isinstance(outcome, Rotated)
        assert outcome.grant.refresh_expires_at == outcome.grant.access_expires_at == NOW + 10 * DAY
    else:
        assert outcome == Refused(Reason.TOKEN_EXPIRED)


def test_a_retry_never_outlives_the_sign_in() -> None:
    """Restarting the access lifetime stops where the refresh lifetime stops."""
    grant = a_grant(access_expires_at=NOW - 1, refresh_expires_at=NOW + 5 * SECOND)
    outcome = refresh(refresh_asked(**predecessor(grant)), grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Retried)
    assert outcome.grant.access_expires_at == NOW + 5 * SECOND


@pytest.mark.parametrize("make", [lambda grant: {"handle": a_handle(grant)}, predecessor], ids=["current", "retry"])
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"account": an_account(stop=1)}, Reason.GRANT_STOPPED),
        ({"account": an_account(standing=Standing.DISABLED)}, Reason.GRANT_STOPPED),
        ({"account": an_account(standing=Standing.DELETED)}, Reason.GRANT_STOPPED),
        ({"account": None}, Reason.GRANT_STOPPED),
        ({"link": a_link(stop=1)}, Reason.GRANT_STOPPED),
        ({"link": a_link(standing=Standing.DELETED)}, Reason.GRANT_STOPPED),
        ({"link": None}, Reason.GRANT_STOPPED),
        ({"link": a_link(standing=Standing.DISABLED)}, Reason.LINK_DISABLED),
    ],
)
def test_what_is_stopped_refreshes_no_more(make: Any, facts: dict[str, Any], reason: Reason) -> None:
    """Each stop and each standing, for the current token and for a retry, before any row was reached."""
    grant = a_grant()
    assert refresh(refresh_asked(**make(grant)), grant_facts(grant, **facts), an_env(), LIFETIMES) == Refused(reason)


def test_a_lowered_permission_signs_nobody_out() -> None:
    """Narrowing the link or the person is no stop: the refresh goes on."""
    grant = a_grant()
    facts = grant_facts(grant, link=a_link(permission=Permission.READ), account=an_account(permission=Permission.READ))
    assert isinstance(refresh(refresh_asked(grant), facts, an_env(), LIFETIMES), Rotated)


def test_an_access_token_is_no_refresh_token() -> None:
    """It opens under the same ring, and it is refused all the same."""
    grant = a_grant()
    for generation in range(4):
        asked = refresh_asked(handle=a_handle(grant, kind=Kind.ACCESS, generation=generation))
        assert refresh(asked, grant_facts(grant), an_env(), LIFETIMES) == Refused(Reason.TOKEN_KIND)


@pytest.mark.parametrize("kind", LinkKind)
def test_the_last_generation_ends_the_sign_in(kind: LinkKind) -> None:
    """At 2^31 - 1 the person signs in again; the generation before still rotates."""
    facts: dict[str, Any] = {"link": a_link(kind=kind)}
    last = a_grant(generation=LAST_GENERATION)
    outcome = refresh(refresh_asked(last), grant_facts(last, **facts), an_env(), LIFETIMES)
    assert isinstance(outcome, Ended)
    assert (outcome.reason, outcome.refusal) == (EndReason.EXHAUSTED, Refused(Reason.GENERATIONS_EXHAUSTED))
    before = a_grant(generation=LAST_GENERATION - 1)
    assert isinstance(refresh(refresh_asked(before), grant_facts(before, **facts), an_env(), LIFETIMES), Rotated)
    retried = refresh(refresh_asked(**predecessor(last)), grant_facts(last, **facts), an_env(), LIFETIMES)
    assert isinstance(retried, Retried)
