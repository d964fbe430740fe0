"""Refreshing under changing keys, clocks, stores and clients in a loop (tokens.md 3, 7, 8)."""

from typing import Any

import pytest

from genkan.protocol.env import DAY, SECOND
from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Ended, EventKind, Refused, Retried, Rotated
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import GrantState, Standing
from genkan.protocol.refresh import LAST_GENERATION, refresh
from genkan.protocol.sealing import new_grant_id
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    KEY,
    NOW,
    OTHER_KEY,
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
HEALING = a_site(heal_until=NOW + DAY)


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_revoked_key_ends_what_its_row_stands_under(generation: int) -> None:
    """Also a retry by a predecessor that was sealed under a good key is refused for good."""
    grant = a_grant(key_id=OTHER_KEY, previous_key_id=KEY)
    asked = refresh_asked(
        handle=a_handle(grant, generation=generation, key_id=KEY),
        known_keys=frozenset({KEY}),
        retired_keys=frozenset({OTHER_KEY}),
    )
    expected = Refused(Reason.GRANT_ENDED, EndReason.KEY_REVOKED)
    assert refresh(asked, grant_facts(grant), an_env(), LIFETIMES) == expected


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_node_behind_its_ring_signs_nobody_out(generation: int) -> None:
    """The row was rotated by a node with a newer ring: come back in a second, never invalid_grant."""
    grant = a_grant(key_id=OTHER_KEY, previous_key_id=KEY)
    asked = refresh_asked(handle=a_handle(grant, generation=generation, key_id=KEY), known_keys=frozenset({KEY}))
    assert refresh(asked, grant_facts(grant), an_env(), LIFETIMES) == Refused(Reason.RING_BEHIND, retry_after=1)


def test_a_retry_across_a_rotation_of_keys_is_told_the_same_successor() -> None:
    """The predecessor is under the key before, the successor stays under the row's own."""
    grant = a_grant(key_id=OTHER_KEY, previous_key_id=KEY)
    asked = refresh_asked(handle=a_handle(grant, generation=1, key_id=KEY), active_key=0x7777)
    outcome = refresh(asked, grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Retried)
    assert (outcome.grant.key_id, outcome.grant.generation) == (OTHER_KEY, 2)


@pytest.mark.parametrize("generation", [1, 2])
def test_a_second_history_of_a_row_is_a_replay(generation: int) -> None:
    """A genuine token of the right generation under another key than the row's own has another holder."""
    grant = a_grant(key_id=KEY, previous_key_id=KEY)
    asked = refresh_asked(handle=a_handle(grant, generation=generation, key_id=OTHER_KEY))
    outcome = refresh(asked, grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Ended)
    assert outcome.reason is EndReason.REPLAYED


def rotations(times: list[int], lifetimes: Lifetimes = LIFETIMES) -> list[int | None]:
    """Refresh at each of these times with the current token: the seconds to wait, or None where it rotated."""
    grant, waits = a_grant(), list[int | None]()
    for at in times:
        outcome = refresh(refresh_asked(grant), grant_facts(grant), an_env(at), lifetimes)
        if isinstance(outcome, Rotated):
            grant = outcome.grant
            waits.append(None)
        else:
            assert isinstance(outcome, Refused)
            assert outcome.reason is Reason.ROTATING_TOO_FAST
            waits.append(outcome.retry_after)
    return waits


def test_a_burst_of_ten_and_then_one_a_second() -> None:
    """Ten at once pass, the eleventh waits a second, and so does each after it."""
    assert rotations([NOW] * 12) == [None] * 10 + [1, 1]
    assert rotations([NOW] * 10 + [NOW + 999, NOW + 1000, NOW + 1000, NOW + 2000]) == [None] * 10 + [1, None, 1, None]


def test_one_rotation_a_second_goes_on_for_ever() -> None:
    """A client within the limit never meets it."""
    assert rotations([NOW + second * SECOND for second in range(60)]) == [None] * 60


def test_a_burst_fills_up_again() -> None:
    """After ten quiet seconds ten more pass."""
    assert rotations([NOW] * 10 + [NOW + 10 * SECOND] * 11) == [None] * 20 + [1]


def test_the_limit_can_be_switched_off() -> None:
    """An interval of zero limits nothing."""
    assert rotations([NOW] * 50, Lifetimes(rotation_interval=0)) == [None] * 50


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    """A row that was rotated under a clock far ahead refreshes at once under the right one."""
    ahead = [NOW + 30 * DAY] * 10
    assert rotations([*ahead, NOW, NOW + 1]) == [None] * 12
    assert rotations([*[NOW + 5 * SECOND] * 10, NOW]) == [None] * 10 + [6], "nodes a little apart keep one limit"


def test_the_wait_is_told_in_whole_seconds_that_suffice() -> None:
    """A client that waits as long as it is told is never refused again for having waited too little."""
    assert rotations([*[NOW] * 10, NOW - 1, NOW + 1999]) == [None] * 10 + [2, None]
    assert rotations([*[NOW] * 10, NOW + 1, NOW + 1001]) == [None] * 10 + [1, None]


def test_a_retry_is_not_held_up_by_the_limit() -> None:
    """Telling the same successor again rotates nothing."""
    grant = a_grant(rotation_due=NOW + 11 * SECOND)
    asked = refresh_asked(handle=a_handle(grant, generation=1))
    assert isinstance(refresh(asked, grant_facts(grant), an_env(), LIFETIMES), Retried)


@pytest.mark.parametrize("ahead", [3, 4, 1000])
def test_a_token_ahead_of_its_row_is_never_a_replay(ahead: int) -> None:
    """It proves that the store lost writes: refused, the row untouched, said aloud, and worth another try."""
    grant = a_grant()
    outcome = refresh(refresh_asked(handle=a_handle(grant, generation=ahead)), grant_facts(grant), an_env(), LIFETIMES)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.retry_after) == (Reason.STORE_BEHIND, 60)
    assert outcome.event is not None
    assert outcome.event.kind is EventKind.STORE_BEHIND


@pytest.mark.parametrize(
    ("rotated_at", "reason"),
    [(NOW - 2 * DAY, Reason.TOKEN_UNKNOWN), (NOW - DAY, Reason.TOKEN_UNKNOWN), (NOW - SECOND, Reason.STORE_BEHIND)],
)
def test_who_comes_when_healing_is_over_signs_in_again(rotated_at: int, reason: Reason) -> None:
    """What was lost before the restore was decided on; a row that moved since then has lost something else. Either is
    said aloud: a row that has not moved does not tell when it was lost.
    """
    grant = a_grant(rotated_at=rotated_at)
    site = a_site(restored_at=NOW - DAY, heal_until=NOW)
    asked = refresh_asked(handle=a_handle(grant, generation=3))
    outcome = refresh(asked, grant_facts(grant, site=site), an_env(), LIFETIMES)
    assert isinstance(outcome, Refused)
    kind = EventKind.GRANT_NOT_HEALED if reason is Reason.TOKEN_UNKNOWN else EventKind.STORE_BEHIND
    assert outcome.event is not None
    assert (outcome.reason, outcome.event.kind, outcome.event.grant_id) == (reason, kind, grant.id)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"account": an_account(stop=1)}, Reason.GRANT_STOPPED),
        ({"link": a_link(standing=Standing.DELETED)}, Reason.GRANT_STOPPED),
    ],
)
def test_what_a_restore_signed_out_is_no_loss(facts: dict[str, Any], reason: Reason) -> None:
    """restore --sign-out-all raises the stop: whoever was ahead is told why it is over, and nothing is said aloud."""
    grant = a_grant(rotated_at=NOW - 2 * DAY)
    asked = refresh_asked(handle=a_handle(grant, generation=3))
    outcome = refresh(asked, grant_facts(grant, site=a_site(restored_at=NOW - DAY), **facts), an_env(), LIFETIMES)
    assert outcome == Refused(reason)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (0, Reason.STORE_BEHIND),
        (DAY - 1, Reason.STORE_BEHIND),
        (DAY, Reason.TOKEN_UNKNOWN),
        (400 * DAY, Reason.TOKEN_UNKNOWN),
        (-5 * SECOND, Reason.STORE_BEHIND),
        (-DAY, Reason.STORE_BEHIND),
    ],
)
def test_a_young_token_without_a_row_proves_a_loss(age: int, reason: Reason) -> None:
    """Rows stay a day whatever happens; an id from a node whose clock is ahead is younger still."""
    grant_id = new_grant_id(an_env(NOW - age))
    asked = refresh_asked(handle=a_handle(a_grant(id=grant_id)))
    outcome = refresh(asked, GrantFacts(a_site(), None, None, None), an_env(), LIFETIMES)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert (outcome.event is not None) == (reason is Reason.STORE_BEHIND)


@pytest.mark.parametrize("ahead", [3, 7])
def test_healing_moves_the_row_past_the_token(ahead: int) -> None:
    """A token at n > g moves the row to n + 1 and is its predecessor: a lost answer can be asked for again."""
    grant = a_grant(seen_generation=2, seen_at=NOW)
    asked = refresh_asked(handle=a_handle(grant, generation=ahead, key_id=OTHER_KEY))
    outcome = refresh(asked, grant_facts(grant, site=HEALING), an_env(), LIFETIMES)
    assert isinstance(outcome, Rotated)
    assert (outcome.seen, outcome.grant.generation) == (grant, ahead + 1)
    assert (outcome.grant.key_id, outcome.grant.previous_key_id) == (KEY, OTHER_KEY)
    assert outcome.event is not None
    assert outcome.event.kind is EventKind.GRANT_HEALED
    again = refresh(asked, grant_facts(outcome.grant, site=HEALING), an_env(), LIFETIMES)
    assert isinstance(again, Retried)
    assert again.grant.generation == ahead + 1


def test_healing_ends_when_it_was_to_end() -> None:
    """At the very millisecond."""
    grant = a_grant()
    asked = refresh_asked(handle=a_handle(grant, generation=3))
    for now, healed in ((NOW + DAY - 1, True), (NOW + DAY, False)):
        outcome = refresh(asked, grant_facts(grant, site=HEALING), an_env(now), LIFETIMES)
        assert isinstance(outcome, Rotated) == healed


@pytest.mark.parametrize(
    ("row", "facts", "changes"),
    [
        ({"state": GrantState.ENDED}, {}, {}),
        ({}, {"account": an_account(stop=1)}, {}),
        ({}, {"link": a_link(stop=1)}, {}),
        ({}, {"link": a_link(standing=Standing.DISABLED)}, {}),
        ({}, {}, {"client": a_web_link()}),
        ({}, {}, {"scope": Permission.ADMIN}),
        ({"refresh_expires_at": NOW}, {}, {}),
        ({}, {}, {"known_keys": frozenset({OTHER_KEY}), "retired_keys": frozenset({KEY})}),
    ],
    ids=["ended", "person stopped", "link stopped", "disabled", "foreign", "scope", "expired", "key revoked"],
)
def test_healing_heals_nothing_that_is_over(
    row: dict[str, Any], facts: dict[str, Any], changes: dict[str, Any]
) -> None:
    """Every other refusal holds while a site heals."""
    grant = a_grant(**row)
    asked = refresh_asked(**{"handle": a_handle(grant, generation=5), **changes})
    outcome = refresh(asked, grant_facts(grant, site=HEALING, **facts), an_env(), LIFETIMES)
    assert isinstance(outcome, Refused)


def test_healing_never_passes_the_last_generation() -> None:
    """There is no generation after 2^31 - 1, healed or not."""
    assert LAST_GENERATION == 2**31 - 1
    grant = a_grant()
    asked = refresh_asked(handle=a_handle(grant, generation=LAST_GENERATION))
    outcome = refresh(asked, grant_facts(grant, site=HEALING), an_env(), LIFETIMES)
    assert isinstance(outcome, Ended)
    assert outcome.reason is EndReason.EXHAUSTED


def test_healing_forgives_no_replay() -> None:
    """What is behind the healed row ends it as ever."""
    grant = a_grant(generation=8)
    asked = refresh_asked(handle=a_handle(grant, generation=5))
    assert isinstance(refresh(asked, grant_facts(grant, site=HEALING), an_env(), LIFETIMES), Ended)
