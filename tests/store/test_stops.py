"""Stops: one write ends everything under a subject, the reason is told at once, the rows follow in bounded steps."""

from dataclasses import replace

import pytest

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import OpenSession, RaiseStop, Subject
from genkan.protocol.phones import PhoneState, judge
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, GrantState, Link
from genkan.store.api import PhoneQuery, Store
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    a_session,
    added,
    an_account,
    an_env,
    ended,
    redeemed,
    rotated,
)
from tests.store.reading import the_reason, the_row

KEY = 4711


async def sign_in(store: Store, account: Account, link: Link, count: int, **changes: int) -> list[Grant]:
    grants = [a_grant(account, link, now=NOW + number, **changes) for number in range(count)]
    for grant in grants:
        assert await store.apply(redeemed(grant))
    return grants


async def settle_all(store: Store, limit: int = 100) -> int:
    """Settle until there is nothing left; how many steps it took."""
    steps = 0
    while await store.settle(limit):
        steps += 1
        assert steps < 1000
    return steps


def stop_of(subject: Subject, account: Account, link: Link, reason: EndReason, at: int = NOW) -> RaiseStop:
    subject_id = {Subject.ACCOUNT: account.id, Subject.LINK: link.id, Subject.KEY: KEY, Subject.EVERYTHING: 0}
    return RaiseStop(subject, subject_id[subject], reason, at)


@pytest.mark.parametrize("subject", list(Subject))
async def test_rows_follow_a_stop_with_its_reason(store: Store, account: Account, link: Link, subject: Subject) -> None:
    """Every row that the stop reached says so in the end: state, reason, and the moment of the stop."""
    grants = await sign_in(store, account, link, 7, key_id=KEY)
    assert await store.apply(a_change(stop_of(subject, account, link, EndReason.RESTORED, NOW + HOUR)))
    assert await settle_all(store, limit=3) > 2, "more rows than one step may look at"
    for grant in grants:
        row = await the_row(store, grant)
        assert (row.state, row.reason, row.ended_at) == (GrantState.ENDED, EndReason.RESTORED, NOW + HOUR)


@pytest.mark.parametrize("subject", list(Subject))
async def test_the_reason_is_told_before_the_rows_follow(
    store: Store, account: Account, link: Link, grant: Grant, subject: Subject
) -> None:
    """A list says why from the very next read on; once the row says it, it says it itself."""
    reason = EndReason.MOBILE_SWITCHED_OFF
    grant = (await sign_in(store, account, link, 1, key_id=KEY))[0]
    assert await store.apply(a_change(stop_of(subject, account, link, reason)))
    assert await the_reason(store, grant) == ("", reason)
    await settle_all(store)
    assert await the_reason(store, grant) == (reason, "")


@pytest.mark.parametrize("subject", [Subject.ACCOUNT, Subject.LINK, Subject.EVERYTHING])
async def test_a_stop_counts_at_once(
    store: Store, account: Account, link: Link, grant: Grant, subject: Subject
) -> None:
    """The very next read of the facts finds counters that do not match any more."""
    assert await store.apply(a_change(stop_of(subject, account, link, EndReason.RESTORED)))
    facts = await store.grant_facts(grant.id)
    assert facts.grant == grant, "its own row is reached later"
    assert facts.account is not None
    assert facts.link is not None
    assert (facts.account.stop, facts.link.stop) != (grant.account_stop, grant.link_stop)
    phone = await store.phone(grant.id)
    assert phone is not None
    assert judge(phone, an_env()).state is PhoneState.SIGNED_OUT
    assert await store.phones(PhoneQuery(live_only=True)) == []


async def test_a_stop_reaches_nobody_else(store: Store, account: Account, link: Link, grant: Grant) -> None:
    """Other people, other links, other keys, and sign-ins from after the stop stay live."""
    other_person, other_link = an_account(), a_link()
    assert await store.apply(added(other_person, other_link))
    kept = [
        *await sign_in(store, other_person, link, 2, key_id=1),
        *await sign_in(store, other_person, other_link, 2, key_id=2, previous_key_id=KEY),
    ]
    assert await store.apply(a_change(stop_of(Subject.ACCOUNT, account, link, EndReason.PASSWORD_CHANGED)))
    assert await store.apply(a_change(stop_of(Subject.KEY, account, link, EndReason.KEY_REVOKED)))
    kept += await sign_in(store, replace(account, stop=1), link, 2, key_id=3)
    await settle_all(store)
    assert [await the_row(store, each) for each in kept] == kept
    assert await the_reason(store, grant) == (EndReason.PASSWORD_CHANGED, "")


async def test_the_first_of_several_stops_is_the_reason(
    store: Store, account: Account, link: Link, grant: Grant
) -> None:
    """Stops of several kinds in a row: what is told is what ended it, before and after the rows follow."""
    stops = [
        stop_of(Subject.LINK, account, link, EndReason.LINK_SIGNED_OUT, NOW + 1),
        stop_of(Subject.ACCOUNT, account, link, EndReason.ACCOUNT_DISABLED, NOW + 2),
        stop_of(Subject.EVERYTHING, account, link, EndReason.RESTORED, NOW + 3),
        stop_of(Subject.LINK, account, link, EndReason.LINK_DELETED, NOW + 4),
    ]
    for stop in stops:
        assert await store.apply(a_change(stop))
    assert await the_reason(store, grant) == ("", EndReason.LINK_SIGNED_OUT)
    await settle_all(store, limit=1)
    row = await the_row(store, grant)
    assert (row.reason, row.ended_at) == (EndReason.LINK_SIGNED_OUT, NOW + 1)


async def test_a_row_that_ended_by_itself_keeps_its_reason(
    store: Store, account: Account, link: Link, grant: Grant
) -> None:
    """A stop does not rewrite what is over."""
    assert await store.apply(ended(grant, EndReason.REPLAYED))
    assert await store.apply(a_change(stop_of(Subject.LINK, account, link, EndReason.LINK_DELETED)))
    assert await the_reason(store, grant) == (EndReason.REPLAYED, "")
    await settle_all(store)
    assert await the_reason(store, grant) == (EndReason.REPLAYED, "")


async def test_sessions_of_a_stopped_person_go(store: Store, account: Account, link: Link) -> None:
    """Those of before the stop are deleted, those of after it and of others stay."""
    other = an_account()
    assert await store.apply(added(other))
    gone = [a_session(account) for _ in range(5)]
    kept = [a_session(account, account_stop=1), a_session(other)]
    for session in [*gone, *kept]:
        assert await store.apply(a_change(OpenSession(session, None)))
    assert await store.apply(a_change(stop_of(Subject.ACCOUNT, account, link, EndReason.PASSWORD_CHANGED)))
    await settle_all(store, limit=2)
    assert [await store.session_facts(session.id) for session in gone] == [None] * 5
    assert [session for session in kept if await store.session_facts(session.id) is None] == []


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_settling_looks_at_no_more_rows_than_it_may(
    store: Store, account: Account, link: Link, limit: int
) -> None:
    """One step ends at most ``limit`` rows, and says so; the last step says 0."""
    grants = await sign_in(store, account, link, 12)
    assert await store.apply(a_change(stop_of(Subject.LINK, account, link, EndReason.LINK_SIGNED_OUT)))
    over = 0
    while changed := await store.settle(limit):
        rows = [await the_row(store, grant) for grant in grants]
        now_over = sum(row.state is GrantState.ENDED for row in rows)
        assert now_over - over <= limit
        assert changed >= now_over - over
        over = now_over
    assert over == 12
    assert await store.settle(limit) == 0


async def test_nothing_to_settle_is_said(store: Store, grant: Grant) -> None:
    """Without a stop there is no work."""
    assert await store.settle(100) == 0


@pytest.mark.parametrize("subject", [Subject.ACCOUNT, Subject.LINK])
async def test_stopping_what_is_not_there_fails(store: Store, subject: Subject) -> None:
    """No such account or link: nothing was written."""
    assert not await store.apply(a_change(RaiseStop(subject, 4711, EndReason.RESTORED, NOW)))
    assert await store.settle(100) == 0


async def test_stopping_everything_on_an_empty_site_is_granted(store: Store) -> None:
    """Nobody is signed in afterwards, as asked."""
    assert await store.apply(a_change(RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, NOW)))


async def test_nothing_comes_under_a_revoked_key(store: Store, account: Account, link: Link, grant: Grant) -> None:
    """A refresh or a sign-in that was decided before the revocation finds that the facts moved on, settled or not."""
    revoked, other = KEY, KEY + 1
    row = (await sign_in(store, account, link, 1, key_id=other))[0]
    assert await store.apply(a_change(stop_of(Subject.KEY, account, link, EndReason.KEY_REVOKED)))
    for _ in range(2):
        assert not await store.apply(rotated(row, NOW + HOUR, key_id=revoked))
        assert not await store.apply(redeemed(a_grant(account, link, key_id=revoked)))
        await settle_all(store)
    assert await store.apply(redeemed(a_grant(account, link, key_id=other)))
    assert await store.apply(rotated(row, NOW + HOUR, key_id=other))


async def test_keys_in_use_are_those_of_live_rows(store: Store, account: Account, link: Link) -> None:
    """The present and the previous key of every row that has not ended, so that none of them is dropped."""
    assert await store.keys_in_use() == set()
    first = await sign_in(store, account, link, 1, key_id=10, previous_key_id=11)
    await sign_in(store, account, link, 1, key_id=20, previous_key_id=21)
    assert await store.keys_in_use() == {10, 11, 20, 21}
    assert await store.apply(ended(first[0]))
    assert await store.keys_in_use() == {20, 21}
