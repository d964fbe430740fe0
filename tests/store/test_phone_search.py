"""The search through all phones: every filter and order, in pages that look at a bounded number of sign-ins."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from msgspec import structs

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change, RaiseStop, Sighting, Subject
from genkan.protocol.phones import PhoneRow, PhoneState, judge
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link, LinkKind
from genkan.store.api import PhoneMark, PhoneOrder, PhonePage, PhoneSearch, Store
from genkan.store.rounds import settle_all
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    added,
    an_account,
    an_env,
    ended,
    redeemed,
    rotated,
)  # fmt: skip

LATER = NOW + 20 * DAY


class Crowd:
    """Three people and three links with sign-ins of every kind, oldest first, as they were made."""

    def __init__(self, people: list[Account], links: list[Link], grants: list[Grant]) -> None:
        self.people, self.links, self.grants = people, links, grants


@pytest.fixture
async def crowd(store: Store) -> Crowd:
    """Some signed out one by one, some by a stop, some expired, some used since; a person without any."""
    people = [an_account("bert"), an_account("anna"), an_account("annika")]
    native = LinkKind.NATIVE
    links = [a_link("two", kind=native), a_link("One", kind=native), a_link("reports", absolute_lifetime=15 * DAY)]
    assert await store.apply(added(*people, an_account("annemarie"), *links))
    grants = [a_grant(people[n % 3], links[n // 3 % 3], now=NOW + n * DAY // 2) for n in range(36)]
    grants[::7] = [structs.replace(grant, refresh_expires_at=grant.created_at + DAY) for grant in grants[::7]]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    reasons = (EndReason.REPLAYED, EndReason.SIGNED_OUT_BY_ADMIN)
    for number, grant in enumerate(grants[1::5]):
        assert await store.apply(ended(grant, reasons[number % 2], LATER))
    assert await store.apply(rotated(grants[2], LATER - DAY))
    store.note_sighting(Sighting(grants[3].id, 0, LATER - DAY))
    await store.flush()
    return Crowd(people, links, grants)


async def pages(store: Store, search: PhoneSearch) -> AsyncIterator[PhonePage]:
    """All pages, one after the other."""
    while True:
        page = await store.search_phones(search)
        assert len(page.rows) <= search.limit
        yield page
        if page.next is None:
            return
        search = replace(search, start=page.next)


async def ids(store: Store, **asked: Any) -> list[bytes]:
    """What all pages list together."""
    search = PhoneSearch(LATER, **asked)
    return [row.grant.id for page in [page async for page in pages(store, search)] for row in page.rows]


async def rows(store: Store, crowd: Crowd) -> list[PhoneRow]:
    """Every sign-in as the store has it now, oldest first."""
    found = [await store.phone(grant.id) for grant in crowd.grants]
    return [row for row in found if row]


STATES = (None, *PhoneState)
ORDERS = (PhoneOrder.NEWEST, PhoneOrder.OLDEST)


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("limit", [3, 100])
async def test_a_search_finds_what_fits_in_order(store: Store, crowd: Crowd, limit: int, settled: bool) -> None:
    """Kind, state, person, link and not seen since, alone and together, in both orders of time: each phone once, judged
    as of now, whether or not a stop has reached its rows.
    """
    stop = RaiseStop(Subject.ACCOUNT, crowd.people[1].id, EndReason.PASSWORD_CHANGED, NOW + 16 * DAY)
    assert await store.apply(a_change(stop))
    if settled:
        await settle_all(store)
    phones = [judge(row, an_env(LATER)) for row in await rows(store, crowd)]
    filters = product(STATES, (None, *LinkKind), (None, 0), (None, 1), (None, NOW + 5 * DAY))
    for (state, kind, person, link, unseen), order in product(filters, ORDERS):
        wanted = [
            phone.row.grant.id
            for phone in phones
            if state in (None, phone.state)
            and kind in (None, phone.row.link.kind)
            and (person is None or phone.row.account.id == crowd.people[person].id)
            and (link is None or phone.row.link.id == crowd.links[link].id)
            and (unseen is None or max(phone.row.grant.rotated_at, phone.row.grant.last_seen) < unseen)
        ]
        found = await ids(
            store, state=state, kind=kind, order=order, limit=limit, unseen_since=unseen,
            account_id=None if person is None else crowd.people[person].id,
            link_id=None if link is None else crowd.links[link].id,
        )  # fmt: skip
        assert found == (wanted if order is PhoneOrder.OLDEST else wanted[::-1]), (state, kind, person, link, unseen)


@pytest.mark.parametrize("settled", [True, False])
async def test_a_reason_is_looked_for(store: Store, crowd: Crowd, settled: bool) -> None:
    """Those that ended for it, also by a stop that has not reached their rows; one that nobody had finds none."""
    stop = RaiseStop(Subject.LINK, crowd.links[1].id, EndReason.LINK_SIGNED_OUT, LATER)
    assert await store.apply(a_change(stop))
    if settled:
        await settle_all(store)
    for reason in (EndReason.REPLAYED, EndReason.LINK_SIGNED_OUT, EndReason.KEY_REVOKED):
        wanted = [
            phone.row.grant.id
            for row in await rows(store, crowd)
            if (phone := judge(row, an_env(LATER))).reason == reason
        ]
        assert await ids(store, reason=reason, limit=2) == wanted[::-1]
    assert await ids(store, reason=EndReason.REPLAYED) != []


@pytest.mark.parametrize("limit", [1, 4, 100])
@pytest.mark.parametrize(("start", "names"), [("", ["anna", "annika", "bert"]), ("ann", ["anna", "annika"]), ("x", [])])
async def test_people_come_by_name(store: Store, crowd: Crowd, start: str, names: list[str], limit: int) -> None:
    """Grouped by person, the newest of each first, all people or those whose names begin so."""
    found = await rows(store, crowd)
    wanted = [
        row.grant.id
        for name in names
        for row in reversed(found)
        if row.account.folded == name and row.link.kind is LinkKind.NATIVE
    ]
    assert await ids(store, person=start, order=PhoneOrder.PERSON, kind=LinkKind.NATIVE, limit=limit) == wanted


@pytest.mark.parametrize("limit", [1, 4, 100])
async def test_links_come_by_name(store: Store, crowd: Crowd, limit: int) -> None:
    """Grouped by link whatever the case of its name, the newest of each first."""
    found = await rows(store, crowd)
    wanted = [row.grant.id for name in ("One", "reports", "two") for row in reversed(found) if row.link.name == name]
    assert await ids(store, order=PhoneOrder.LINK, limit=limit) == wanted


async def test_a_page_stands_while_rows_come_and_go(store: Store, crowd: Crowd) -> None:
    """The next page goes on behind the last phone, though newer ones came and the person has another name by now."""
    search = PhoneSearch(LATER, order=PhoneOrder.PERSON, limit=5)
    first = await store.search_phones(search)
    assert await store.apply(redeemed(a_grant(crowd.people[1], crowd.links[0], now=LATER)))
    second = await store.search_phones(replace(search, start=first.next))
    listed = [row.grant.id for row in first.rows + second.rows]
    anna = [grant.id for grant in reversed(crowd.grants) if grant.account_id == crowd.people[1].id]
    assert listed == anna[:10]


async def test_nobody_and_nothing_are_found_for_unknown_ids(store: Store, crowd: Crowd) -> None:
    """An id that nobody has matches nothing; a mark whose sign-in is gone still says where to go on."""
    assert await ids(store, account_id=1) == await ids(store, link_id=1) == []
    gone = bytearray(crowd.grants[20].id)
    gone[-1] ^= 1
    found = await ids(store, start=PhoneMark(bytes(gone)))
    assert set(found) - {crowd.grants[20].id} == {grant.id for grant in crowd.grants[:20]}


async def test_the_audit_of_one_sign_in(store: Store, crowd: Crowd) -> None:
    """All that was told of it by its id, oldest first, and nothing of any other."""
    grant = crowd.grants[1]
    lines = await store.audit_of_grant(grant.id)
    assert [(line.kind, line.reason) for line in lines] == [("grant.signed_in", ""), ("grant.ended", "replayed")]
    assert len(await store.audit_of_grant(grant.id, limit=1)) == 1
    assert await store.audit_of_grant(b"?" * 16) == []


async def test_a_stop_of_everyone_counts_for_every_filter_at_once(store: Store, crowd: Crowd) -> None:
    """Nobody is signed in and nothing is merely expired from that very write on."""
    stop = RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, LATER)
    assert await store.apply(Change((stop,)))
    assert await ids(store, state=PhoneState.SIGNED_IN) == await ids(store, state=PhoneState.EXPIRED) == []
    assert len(await ids(store, state=PhoneState.SIGNED_OUT)) == len(crowd.grants)
