"""Pruning: what has expired goes in bounded steps, what may still be asked for stays, and nothing young is touched."""

from typing import Any

import pytest
from msgspec.structs import replace

from genkan.protocol.env import DAY, HOUR, MINUTE
from genkan.protocol.outcomes import OpenSession, PutGuesses, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link
from genkan.store.api import NodeReport, PhoneQuery, Store, Tally
from tests.store.builders import NOW, a_change, a_grant, a_session, ended, redeemed
from tests.store.reading import the_reason, the_row

MONTH = 30 * DAY


async def prune_all(store: Store, now: int, limit: int = 100) -> int:
    """Prune until nothing is left to do; how many steps it took."""
    steps = 0
    while await store.prune(now, limit):
        steps += 1
        assert steps < 1000
    return steps


async def is_there(store: Store, grant: Grant) -> bool:
    return (await store.grant_facts(grant.id)).grant is not None


async def test_a_tombstone_stays_thirty_days(store: Store, account: Account, link: Link) -> None:
    """The reason must be answerable for that long, counted from the end; then the row goes."""
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    assert await store.apply(ended(grant, at=NOW + HOUR))
    await prune_all(store, NOW + HOUR + MONTH - 1)
    assert await the_reason(store, grant) == (EndReason.SIGNED_OUT_BY_APP, "")
    await prune_all(store, NOW + 2 * HOUR + MONTH)
    assert not await is_there(store, grant)


async def test_an_expired_sign_in_stays_thirty_days(store: Store, account: Account, link: Link) -> None:
    """Counted from the expiry of its refresh token, as rotations have moved it."""
    grant = a_grant(account, link, refresh_expires_at=NOW + 90 * DAY)
    assert await store.apply(redeemed(grant))
    await prune_all(store, NOW + 90 * DAY + MONTH - 1)
    assert await is_there(store, grant)
    await prune_all(store, NOW + 90 * DAY + MONTH + HOUR)
    assert not await is_there(store, grant)


async def test_a_live_sign_in_is_never_pruned(store: Store, grant: Grant) -> None:
    """However old it is."""
    assert await store.apply(
        redeemed(kept := a_grant_of(grant, now=NOW - 900 * DAY, refresh_expires_at=NOW + 90 * DAY))
    )
    await prune_all(store, NOW + 80 * DAY)
    assert await the_row(store, kept) == kept
    assert await is_there(store, grant)


def a_grant_of(grant: Grant, now: int, **changes: Any) -> Grant:
    """Another sign-in of the same person through the same link."""
    return replace(
        grant, id=now.to_bytes(6, "big") + grant.id[6:], created_at=now, rotated_at=now, auth_time=now, **changes
    )


@pytest.mark.parametrize("age", [0, 1, 12 * HOUR, DAY - 1])
async def test_nothing_goes_within_a_day_of_its_creation(store: Store, account: Account, link: Link, age: int) -> None:
    """Whatever happened to it: so a code can never be redeemed twice through a missing row."""
    long_over: dict[str, Any] = {"refresh_expires_at": NOW - 400 * DAY, "access_expires_at": NOW - 400 * DAY}
    grants = [
        a_grant(account, link, now=NOW, **long_over),
        # A row whose id is older than itself, as a code that was redeemed late makes it.
        replace(a_grant(account, link, now=NOW - HOUR), created_at=NOW, **long_over),
    ]
    for grant in grants:
        assert await store.apply(redeemed(grant))
        assert await store.apply(ended(grant, at=NOW - 400 * DAY))
    await prune_all(store, NOW + age)
    for grant in grants:
        assert await is_there(store, grant)
        assert not await store.apply(redeemed(grant))
    await prune_all(store, NOW + DAY + 2 * HOUR)
    assert [await is_there(store, grant) for grant in grants] == [False, False]


async def test_a_clock_set_back_prunes_nothing(store: Store, grant: Grant) -> None:
    """Times before the rows' own reach none of them."""
    await store.apply(ended(grant))
    for now in (0, 1, NOW - DAY):
        await prune_all(store, now)
    assert await is_there(store, grant)


@pytest.mark.parametrize("limit", [1, 4, 7])
async def test_each_step_is_bounded(store: Store, account: Account, link: Link, limit: int) -> None:
    """No step deletes more grants than it may, all go in the end, and then it says 0."""
    grants = [a_grant(account, link, now=NOW + number) for number in range(15)]
    kept = [a_grant(account, link, now=NOW + number, refresh_expires_at=NOW + 999 * DAY) for number in range(3)]
    for grant in [*grants, *kept]:
        assert await store.apply(redeemed(grant))
    for grant in grants:
        assert await store.apply(ended(grant))
    left = len(grants) + len(kept)
    while await store.prune(NOW + 100 * DAY, limit):
        now_left = len(await store.phones(PhoneQuery()))
        assert left - now_left <= limit
        left = now_left
    assert {row.grant.id for row in await store.phones(PhoneQuery())} == {grant.id for grant in kept}
    assert await store.prune(NOW + 100 * DAY, limit) == 0


async def test_a_later_walk_finds_what_expired_since(store: Store, account: Account, link: Link) -> None:
    """Walks come again: a row that was kept by one goes by a later one."""
    first, second = (a_grant(account, link, now=NOW, refresh_expires_at=NOW + days * DAY) for days in (1, 2))
    for grant in (first, second):
        assert await store.apply(redeemed(grant))
    for days, left in ((31.5, [False, True]), (32.5, [False, False])):
        await prune_all(store, NOW + int(days * DAY))
        assert [await is_there(store, grant) for grant in (first, second)] == left


async def test_sessions_go_when_they_expire(store: Store, account: Account) -> None:
    """Not a moment before."""
    sessions = [a_session(account, expires_at=NOW + number * HOUR) for number in range(5)]
    assert await store.apply(a_change(*(OpenSession(session, None) for session in sessions)))
    await prune_all(store, NOW + 2 * HOUR, limit=2)
    left = [await store.session_facts(session.id) is not None for session in sessions]
    assert left == [False, False, False, True, True]


async def test_guesses_go_a_day_after_they_drained(store: Store) -> None:
    """A bucket that still counts stays."""
    keys = [b"%016d" % number for number in range(3)]
    due = [NOW - DAY - 1, NOW - DAY + HOUR, NOW + HOUR]
    buckets = tuple((key, at, 1) for key, at in zip(keys, due, strict=True))
    assert await store.apply(a_change(PutGuesses(buckets)))
    await prune_all(store, NOW, limit=1)
    assert set((await store.password_row("nobody", keys)).guesses) == set(keys[1:])


async def test_tallies_go_after_ninety_days(store: Store) -> None:
    """Counted in minutes since the epoch."""
    for age in (91, 89, 0):
        store.note_refusal(Tally((NOW - age * DAY) // MINUTE, "token_broken", str(age), 1))
    await store.flush()
    await prune_all(store, NOW, limit=1)
    assert [tally.network for tally in await store.tallies()] == ["0", "89"]


async def test_askers_go_after_thirty_days(store: Store) -> None:
    """Counted from the last time; in small steps like everything else."""
    for age in (31, 29, 0):
        store.note_asker(f"{age} days ago", "203.0.113.0/24", NOW - age * DAY)
    await store.flush()
    await prune_all(store, NOW, limit=1)
    assert [asker.user_agent for asker in await store.askers(0)] == ["0 days ago", "29 days ago"]


async def test_the_newest_thousand_askers_stay(store: Store) -> None:
    """Strangers may ask under as many names as they like; the oldest go first."""
    for number in range(1_100):
        store.note_asker(f"name {number}", "203.0.113.0/24", NOW + number)
        if number % 150 == 0:
            await store.flush()
    await store.flush()
    await prune_all(store, NOW + 1_100)
    names = [asker.user_agent for asker in await store.askers(0, limit=2_000)]
    assert (len(names), names[0], names[-1]) == (1_000, "name 1099", "name 100")


async def test_nodes_go_when_they_have_not_reported_for_a_week(store: Store) -> None:
    """One that reports stays."""
    await store.report(NodeReport("gone", 1, NOW - 8 * DAY))
    await store.report(NodeReport("there", 1, NOW - 6 * DAY))
    await prune_all(store, NOW)
    assert [report.node for report in await store.nodes()] == ["there"]


async def test_pruning_beside_an_unsettled_stop_keeps_its_reason(store: Store, account: Account, link: Link) -> None:
    """The log of stops stays until the rows say themselves why they ended."""
    grants = [a_grant(account, link, now=NOW + number) for number in range(5)]
    for grant in grants:
        assert await store.apply(redeemed(grant))
    assert await store.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, NOW)))
    await store.settle(2)
    await prune_all(store, NOW + HOUR)
    reasons = {EndReason.PASSWORD_CHANGED.value}
    assert {reason for grant in grants for reason in await the_reason(store, grant) if reason} == reasons
    while await store.settle(2):
        continue
    await prune_all(store, NOW + 3 * HOUR)
    assert {await the_reason(store, grant) for grant in grants} == {(EndReason.PASSWORD_CHANGED, "")}


async def test_a_settled_stop_is_kept_for_a_day(store: Store, account: Account, link: Link) -> None:
    """As long as something decided before it may be on its way; then its log goes."""
    assert await store.apply(a_change(RaiseStop(Subject.KEY, 7, EndReason.KEY_REVOKED, NOW)))
    while await store.settle(100):
        continue
    await prune_all(store, NOW + DAY - 1)
    assert not await store.apply(redeemed(a_grant(account, link, key_id=7)))
    await prune_all(store, NOW + DAY)
    assert await store.apply(redeemed(a_grant(account, link, key_id=7)))


async def test_nothing_to_prune_is_said(store: Store, grant: Grant) -> None:
    """A fresh store has no work."""
    assert await prune_all(store, NOW) <= 1
