"""Lists: whole, in order, in pages by key, and only what was asked for."""

import asyncio
from dataclasses import replace

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change, EventKind, GiveConsent, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Consent, Grant, Link
from genkan.store.api import NodeReport, PhoneQuery, Reported, Store, Tally
from genkan.wire.scopes import Permission
from tests.store.builders import NOW, a_change, a_grant, a_link, added, an_account, an_event, ended, redeemed
from tests.store.reading import pages

People = tuple[Account, Account]
Links = tuple[Link, Link]


@pytest.fixture
async def crowd(store: Store) -> tuple[People, Links, list[Grant]]:
    """Two people and two links with twenty sign-ins, oldest first; every fifth has ended."""
    people, links = (an_account("anna"), an_account("bert")), (a_link("one"), a_link("two"))
    assert await store.apply(added(*people, *links))
    grants = [a_grant(people[n % 2], links[n // 2 % 2], now=NOW + n) for n in range(20)]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    assert all(await asyncio.gather(*(store.apply(ended(grant)) for grant in grants[::5])))
    return people, links, grants


@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("live_only", [False, True])
@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("by_account", [False, True])
async def test_phones_come_in_pages_newest_first(
    store: Store,
    crowd: tuple[People, Links, list[Grant]],
    by_account: bool,
    by_link: bool,
    live_only: bool,
    limit: int,
) -> None:
    """Every filter alone and together: each phone once, in order, no page longer than asked."""
    people, links, grants = crowd
    account_id = people[1].id if by_account else None
    link_id = links[0].id if by_link else None
    wanted = [
        grant.id
        for number, grant in reversed(list(enumerate(grants)))
        if account_id in (None, grant.account_id) and link_id in (None, grant.link_id) and (number % 5 or not live_only)
    ]
    found = [page async for page in pages(store, PhoneQuery(account_id, link_id, live_only, limit=limit))]
    assert [grant_id for page in found for grant_id in page] == wanted
    assert all(len(page) == limit for page in found[:-1])


async def test_a_phone_comes_with_its_link_and_person(store: Store, crowd: tuple[People, Links, list[Grant]]) -> None:
    """A row carries what a list shows of it, alone and in the list."""
    people, links, grants = crowd
    row = await store.phone(grants[7].id)
    assert row is not None
    assert (row.grant, row.account, row.link, row.stop_reason) == (grants[7], people[1], links[1], "")
    assert row in await store.phones(PhoneQuery())
    assert await store.phone(b"?" * 16) is None


async def test_a_page_stands_still_while_newer_phones_sign_in(
    store: Store, crowd: tuple[People, Links, list[Grant]]
) -> None:
    """The next page goes on from the last id, whatever was added in front."""
    people, links, grants = crowd
    first = await store.phones(PhoneQuery(limit=5))
    assert await store.apply(redeemed(a_grant(people[0], links[0], now=NOW + 1000)))
    second = await store.phones(PhoneQuery(before=first[-1].grant.id, limit=5))
    assert [row.grant.id for row in first + second] == [grant.id for grant in reversed(grants[10:])]


async def test_phones_of_unknown_people_and_links_are_none(store: Store, grant: Grant) -> None:
    """An id that nobody has matches nothing, not everything."""
    assert await store.phones(PhoneQuery(account_id=1)) == []
    assert await store.phones(PhoneQuery(link_id=1)) == []
    assert await store.phones(PhoneQuery(account_id=grant.account_id, link_id=1)) == []


async def test_accounts_come_in_pages_by_name(store: Store) -> None:
    """In the order of their folded names, each once."""
    people = [an_account(name) for name in ("émile", "bert", "anna", "zoë", "Carl")]
    assert await store.apply(added(*people))
    found, after = [], ""
    while page := await store.accounts(after, limit=2):
        assert len(page) <= 2
        found += page
        after = page[-1].folded
    assert found == sorted(people, key=lambda account: account.folded)


async def test_links_come_oldest_first(store: Store) -> None:
    """In the order they were made."""
    links = [a_link(created_at=NOW + number) for number in (2, 0, 1)]
    assert await store.apply(added(*links))
    assert await store.links() == sorted(links, key=lambda link: link.created_at)


async def test_consents_of_a_person(store: Store, account: Account) -> None:
    """All of that person's and nobody else's, oldest first."""
    other, links = an_account(), [a_link(), a_link()]
    assert await store.apply(added(other, *links))
    given = [Consent(account.id, link.id, 0, Permission.READ, NOW - number) for number, link in enumerate(links)]
    foreign = Consent(other.id, links[0].id, 0, Permission.READ, NOW)
    assert await store.apply(a_change(*(GiveConsent(consent) for consent in [*given, foreign])))
    assert await store.consents(account.id) == given[::-1]
    assert await store.consents(an_account().id) == []


async def test_events_come_in_pages_in_order(store: Store) -> None:
    """The audit from any point on, oldest first, each event as it was written."""
    events = [
        an_event(kind, at=NOW + number, account_id=number, link_id=number + 1, grant_id=b"%016d" % number,
                 address="203.0.113.7", reason="a reason", detail="a detail \U0001f4f1")
        for number, kind in enumerate(EventKind)
    ]  # fmt: skip
    events.append(an_event(address="a pipe"))
    assert await store.apply(Change((), tuple(events)))
    found, after = [], 0
    while page := await store.events(after, limit=7):
        assert len(page) <= 7
        found += [event for _, event in page]
        after = page[-1][0]
    assert found == events


async def test_nodes_say_what_they_loaded(store: Store) -> None:
    """The last report of each, and to each the latest clock that anyone had shown before it."""
    assert await store.report(NodeReport("a", 1, NOW)) == Reported(0, 0)
    assert await store.report(NodeReport("b", 1, NOW + 500)) == Reported(NOW, 0)
    assert await store.report(NodeReport("a", 2, NOW + 100)) == Reported(NOW + 500, 0)
    assert await store.report(NodeReport("b", 2, NOW + 200)) == Reported(NOW + 500, 0)
    assert await store.report(NodeReport("a", 2, NOW + 300)) == Reported(NOW + 200, 0)
    assert await store.nodes() == [NodeReport("a", 2, NOW + 300), NodeReport("b", 2, NOW + 200)]


async def test_a_leap_of_the_time_is_kept_for_all(store: Store) -> None:
    """More than a day since anybody told it, also where all have ended in order since; and a clock that was set back is
    believed.
    """
    await store.report(NodeReport("a", 1, NOW))
    assert await store.report(NodeReport("a", 1, 0)) == Reported(NOW, 0)
    assert await store.report(NodeReport("b", 1, NOW + DAY)) == Reported(NOW, 0)
    leap = NOW + 2 * DAY + 1
    assert await store.report(NodeReport("b", 1, leap)) == Reported(NOW + DAY, leap)
    assert await store.report(NodeReport("c", 1, leap + 1)) == Reported(leap, leap)
    for node in "abc":
        await store.report(NodeReport(node, 1, NOW))
    assert await store.report(NodeReport("a", 1, NOW + 1)) == Reported(NOW, leap)


async def test_tallies_come_newest_first(store: Store) -> None:
    """One row per minute, reason and network, bounded by what was asked for."""
    tallies = [Tally(minute, "token_broken", network, 3) for minute in (1, 2) for network in ("a", "b")]
    for tally in tallies:
        store.note_refusal(tally)
    await store.flush()
    assert await store.tallies() == [tallies[2], tallies[3], tallies[0], tallies[1]]
    assert await store.tallies(limit=1) == [tallies[2]]


async def test_a_list_of_live_phones_leaves_out_stopped_ones(
    store: Store, crowd: tuple[People, Links, list[Grant]]
) -> None:
    """A stop counts for lists at once, per person and per link."""
    people, links, _ = crowd
    assert await store.apply(
        a_change(
            RaiseStop(Subject.ACCOUNT, people[0].id, EndReason.PASSWORD_CHANGED, NOW),
            RaiseStop(Subject.LINK, links[0].id, EndReason.LINK_SIGNED_OUT, NOW),
        )
    )
    live = await store.phones(PhoneQuery(live_only=True))
    assert {(row.account.id, row.link.id) for row in live} == {(people[1].id, links[1].id)}
    reasons = {row.stop_reason for row in await store.phones(PhoneQuery(link_id=links[1].id)) if not row.grant.reason}
    assert reasons == {"", EndReason.PASSWORD_CHANGED}
    assert replace(people[0], stop=1) in [row.account for row in await store.phones(PhoneQuery())]
