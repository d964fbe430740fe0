"""Reads about people: pages by name and filter, what somebody has, who else administers, and how much is used."""

from dataclasses import replace
from itertools import product

import pytest

from genkan.protocol import accounts
from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import (
    EraseTraces,
    GiveConsent,
    NeedAdministrator,
    OpenSession,
    PutAccount,
    RaiseStop,
    SetPassword,
    Sighting,
    Subject,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Consent, Grant, Link, Standing
from genkan.store import sqlite_people
from genkan.store.api import PeoplePage, PeopleQuery, PhoneQuery, Store, Usage
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_session,
    added,
    an_account,
    an_env,
    decided,
    ended,
    redeemed,
    rotated,
)

ADMIN, SYSTEM_ADMIN = Permission.ADMIN, Permission.SYSTEM_ADMIN


@pytest.fixture
async def crowd(store: Store) -> list[Account]:
    """Twelve people by name; every third disabled, every fourth an administrator, one deleted."""
    people = [
        an_account(f"{'anna' if n < 8 else 'bert'}{n:02}",
                   standing=Standing.ACTIVE if n % 3 else Standing.DISABLED,
                   permission=Permission.WRITE if n % 4 else ADMIN)
        for n in range(12)
    ]  # fmt: skip
    gone = an_account("annagone")
    assert await store.apply(added(*people, gone))
    assert await store.apply(decided(accounts.set_standing(gone, Standing.DELETED, "root", an_env())))
    return people


async def all_pages(store: Store, query: PeopleQuery) -> tuple[list[str], int]:
    """The names, and how many pages they came on."""
    names, pages, page = [], 0, PeoplePage((), query.after)
    while page.next is not None:
        page = await store.people(replace(query, after=page.next))
        assert len(page.accounts) <= query.limit
        names += [account.name for account in page.accounts]
        pages += 1
    return names, pages


@pytest.mark.parametrize("walk", [2, 5, 10_000])
async def test_people_come_in_pages_by_name(
    store: Store, crowd: list[Account], monkeypatch: pytest.MonkeyPatch, walk: int
) -> None:
    """Every filter alone and together: each account once, in order, however few names a page looks at."""
    monkeypatch.setattr(sqlite_people, "MOST_NAMES", walk)
    standings, permissions = (None, Standing.ACTIVE, Standing.DISABLED), (None, ADMIN, SYSTEM_ADMIN)
    prefixes, limits = ("", "anna", "anna0", "bert11", "carl"), (1, 4, 100)
    for prefix, standing, permission, limit in product(prefixes, standings, permissions, limits):
        wanted = [
            account.name for account in crowd
            if account.name.startswith(prefix) and standing in (None, account.standing)
            and permission in (None, account.permission)
        ]  # fmt: skip
        found, _ = await all_pages(store, PeopleQuery(prefix, standing, permission, limit=limit))
        assert found == wanted


async def test_a_page_looks_at_few_names(store: Store, crowd: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody fits, each page goes on from where it stopped looking, and none is there to be shown."""
    monkeypatch.setattr(sqlite_people, "MOST_NAMES", 4)
    names, pages = await all_pages(store, PeopleQuery(permission=SYSTEM_ADMIN))
    assert (names, pages) == ([], 3)


async def test_tombstones_come_only_when_asked_for(store: Store, crowd: list[Account]) -> None:
    """By id, in pages, and never among the living."""
    more = [an_account(f"gone{n}") for n in range(3)]
    assert await store.apply(added(*more))
    for account in more:
        assert await store.apply(decided(accounts.set_standing(account, Standing.DELETED, "root", an_env())))
    found, _ = await all_pages(store, PeopleQuery(standing=Standing.DELETED, limit=2))
    assert sorted(found) == ["annagone", "gone0", "gone1", "gone2"]


async def test_when_a_password_was_set(store: Store, account: Account) -> None:
    """Never its hash; None where there is none, or nobody."""
    assert await store.password_set_at(account.id) is None
    assert await store.apply(a_change(SetPassword(account.id, "hash", NOW + 5)))
    assert await store.password_set_at(account.id) == NOW + 5
    assert await store.apply(a_change(SetPassword(account.id, None, NOW + 6)))
    assert await store.password_set_at(account.id) is None
    assert await store.password_set_at(1) is None


@pytest.mark.parametrize(
    ("other", "password", "counts"),
    [
        ({"permission": SYSTEM_ADMIN}, True, True),
        ({"permission": SYSTEM_ADMIN}, False, False),
        ({"permission": SYSTEM_ADMIN, "standing": Standing.DISABLED}, True, False),
        ({"permission": ADMIN}, True, False),
        ({}, True, False),
    ],
)
async def test_who_else_administers(store: Store, other: dict[str, object], password: bool, counts: bool) -> None:
    """Somebody who is active, has a password and at least the same right; the step that asks the same agrees."""
    root = an_account(permission=SYSTEM_ADMIN)
    second = replace(an_account(), **other)  # type: ignore[arg-type]
    assert await store.apply(added(root, second))
    assert await store.apply(a_change(SetPassword(root.id, "hash", NOW)))
    if password:
        assert await store.apply(a_change(SetPassword(second.id, "hash", NOW)))
    assert await store.has_other_administrator(root, HERE, NOW) is counts
    disabled = replace(root, standing=Standing.DISABLED, version=2)
    assert await store.apply(a_change(PutAccount(disabled), NeedAdministrator(SYSTEM_ADMIN, NOW, HERE))) is counts
    found = await store.account(root.id)
    assert found is not None
    assert found.standing is (Standing.DISABLED if counts else Standing.ACTIVE)


async def test_browser_sessions_are_listed_newest_first(store: Store, account: Account) -> None:
    """Only the person's own."""
    stranger = an_account()
    assert await store.apply(added(stranger))
    sessions = [a_session(account, now=NOW + n * HOUR) for n in range(3)]
    opened = [OpenSession(session, None) for session in (*sessions, a_session(stranger))]
    assert await store.apply(a_change(*opened))
    assert await store.sessions(account.id) == sessions[::-1]
    assert await store.sessions(1) == []


async def test_usage_counts_what_lives(store: Store, account: Account, link: Link) -> None:
    """Live sign-ins by person and by link; ended, expired and stopped ones do not count, their use does."""
    other = an_account()
    assert await store.apply(added(other))
    grants = [a_grant(person, link, now=NOW + n) for n, person in enumerate((account, account, account, other))]
    for grant in grants:
        assert await store.apply(redeemed(grant))
    by_person, by_link = PhoneQuery(account_id=account.id), PhoneQuery(link_id=link.id)
    assert await store.usage(by_person, NOW) == Usage(3, 0, complete=True)
    assert await store.usage(by_link, NOW) == Usage(4, 0, complete=True)
    assert await store.apply(rotated(grants[0], NOW + HOUR))
    store.note_sighting(Sighting(grants[1].id, 0, NOW + 2 * HOUR))
    await store.flush()
    assert await store.apply(ended(grants[1]))
    assert await store.usage(by_person, NOW) == Usage(2, NOW + 2 * HOUR, complete=True)
    assert await store.usage(by_person, NOW + 90 * DAY + 2) == Usage(1, NOW + 2 * HOUR, complete=True)
    stop = RaiseStop(Subject.ACCOUNT, account.id, EndReason.ACCOUNT_DISABLED, NOW)
    assert await store.apply(a_change(stop))
    assert await store.usage(by_link, NOW) == Usage(1, NOW + 2 * HOUR, complete=True)
    assert await store.usage(PhoneQuery(link_id=1), NOW) == Usage(0, 0, complete=True)


async def test_usage_does_not_count_for_ever(
    store: Store, account: Account, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its bound it says that there may be more."""
    monkeypatch.setattr(sqlite_people, "MOST_SIGN_INS", 2)
    for n in range(3):
        assert await store.apply(redeemed(a_grant(account, link, now=NOW + n)))
    assert await store.usage(PhoneQuery(link_id=link.id), NOW) == Usage(2, 0, complete=False)
    assert await store.usage(PhoneQuery(link_id=link.id), NOW, most=1) == Usage(1, 0, complete=False)


async def test_what_sign_ins_tell_of_a_person_is_erased(store: Store, account: Account, link: Link) -> None:
    """Device, browser and address go from every row, sessions and consents altogether; other people keep theirs."""
    other = an_account()
    assert await store.apply(added(other))
    mine, theirs = a_grant(account, link, device=b"d" * 16), a_grant(other, link, device=b"e" * 16)
    assert await store.apply(redeemed(mine))
    assert await store.apply(redeemed(theirs))
    kept = a_session(other)
    given = [GiveConsent(Consent(person.id, link.id, 0, Permission.READ, NOW)) for person in (account, other)]
    assert await store.apply(a_change(*given, OpenSession(a_session(account), None), OpenSession(kept, None)))
    assert await store.apply(a_change(EraseTraces(account.id)))
    row = await store.phone(mine.id)
    assert row is not None
    assert (row.grant.device, row.grant.user_agent, row.grant.address, row.grant.network) == (None, "", "", "")
    assert row.grant.generation == mine.generation
    assert (await store.sessions(account.id), await store.consents(account.id)) == ([], [])
    untouched = await store.phone(theirs.id)
    assert untouched is not None
    assert untouched.grant == theirs
    assert await store.sessions(other.id) == [kept]
    assert len(await store.consents(other.id)) == 1
    assert not await store.apply(a_change(EraseTraces(1)))


async def test_storage_says_what_waits(store: Store, account: Account, grant: Grant) -> None:
    """The engine, its schema, and the stops that have not reached their rows."""
    before = await store.storage()
    assert (before.unsettled, before.unsettled_since) == (0, 0)
    assert before.engine in ("sqlite", "postgresql")
    assert before.schema >= 1
    assert await store.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.ACCOUNT_DISABLED, NOW + 1)))
    after = await store.storage()
    assert (after.schema, after.unsettled, after.unsettled_since) == (before.schema, 1, NOW + 1)
    assert all(number is None or number >= 0 for number in (after.size, after.log_size, after.free))
    while await store.settle(100):
        continue
    assert (await store.storage()).unsettled == 0


async def test_phones_come_oldest_first_as_well(store: Store, account: Account, link: Link) -> None:
    """The same rows the other way round, in pages."""
    grants = [a_grant(account, link, now=NOW + n) for n in range(5)]
    for grant in grants:
        assert await store.apply(redeemed(grant))
    for query in (PhoneQuery(), PhoneQuery(account_id=account.id), PhoneQuery(link_id=link.id), PhoneQuery(link_id=1)):
        up = replace(query, oldest_first=True, limit=2)
        found: list[bytes] = []
        page = await store.phones(up)
        while page:
            found += [row.grant.id for row in page]
            page = await store.phones(replace(up, before=page[-1].grant.id))
        assert found == [row.grant.id for row in reversed(await store.phones(query))]
