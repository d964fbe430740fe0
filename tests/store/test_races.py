"""Races with real concurrency: many tasks of one store, and several instances in threads, all on the same data."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from msgspec import structs

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import (
    AddAccount,
    AddLink,
    GiveConsent,
    NeedNoAdministrator,
    PutAccount,
    PutGuesses,
    RaiseStop,
    Retried,
    Step,
    Subject,
    TurnMobile,
    WithdrawConsent,
    Writable,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Consent, Grant, GrantState, Link
from genkan.store.api import PhoneQuery, Store
from genkan.wire.scopes import Permission
from tests.store.builders import NOW, a_change, a_grant, a_link, added, an_account, ended, redeemed, rotated
from tests.store.engines import Open
from tests.store.reading import the_events, the_row

MANY = 64

Race = Callable[[Sequence[Writable]], Awaitable[list[bool]]]


@pytest.fixture(params=["one instance", "two instances", "four threads"])
def race(request: pytest.FixtureRequest, store: Store, open_another: Open) -> Race:
    """Apply all outcomes at once, spread over tasks, instances or threads; which of them were taken."""

    async def among_tasks(outcomes: Sequence[Writable]) -> list[bool]:
        stores = [store] if request.param == "one instance" else [store, await open_another()]
        applied = [stores[number % len(stores)].apply(outcome) for number, outcome in enumerate(outcomes)]
        return await asyncio.gather(*applied)

    async def among_threads(outcomes: Sequence[Writable]) -> list[bool]:
        threads = 4
        barrier = Barrier(threads)

        async def in_thread(mine: Sequence[Writable]) -> list[bool]:
            another = await open_another()
            barrier.wait()
            taken = await asyncio.gather(*(another.apply(outcome) for outcome in mine))
            await another.close()
            return taken

        with ThreadPoolExecutor(threads) as pool:
            loop = asyncio.get_running_loop()
            shares = [outcomes[number::threads] for number in range(threads)]
            running = [loop.run_in_executor(pool, asyncio.run, in_thread(share)) for share in shares]
            return [taken for share in await asyncio.gather(*running) for taken in share]

    return among_threads if request.param == "four threads" else among_tasks


async def test_one_code_makes_one_grant(store: Store, account: Account, link: Link, race: Race) -> None:
    """Of 64 redemptions of one code exactly one is taken, and exactly one event tells of it."""
    grant = a_grant(account, link)
    taken = await race([redeemed(structs.replace(grant, address=f"198.51.100.{number}")) for number in range(MANY)])
    assert sum(taken) == 1
    assert len(await store.phones(PhoneQuery())) == len(await the_events(store)) == 1


async def test_one_predecessor_has_one_successor(store: Store, grant: Grant, race: Race) -> None:
    """Of 64 rotations of the same row exactly one is taken; the row stands one generation further."""
    outcomes = [rotated(grant, NOW + HOUR + number) for number in range(MANY)]
    taken = await race(outcomes)
    assert sum(taken) == 1
    assert (await the_row(store, grant)).generation == 1
    assert await the_row(store, grant) in [outcome.grant for outcome in outcomes]


async def test_many_rows_are_rotated_at_once(store: Store, account: Account, link: Link, race: Race) -> None:
    """Rotations of different rows never disturb one another: all are taken."""
    grants = [a_grant(account, link) for _ in range(MANY)]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    outcomes = [rotated(grant, NOW + HOUR) for grant in grants]
    assert all(await race(outcomes))
    assert [await the_row(store, grant) for grant in grants] == [outcome.grant for outcome in outcomes]


async def test_an_end_is_never_lost_to_a_rotation(store: Store, account: Account, link: Link, race: Race) -> None:
    """Whichever comes first, the grant is over in the end."""
    grants = [a_grant(account, link) for _ in range(MANY // 2)]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    await race([outcome for grant in grants for outcome in (rotated(grant, NOW + HOUR), ended(grant))])
    rows = [await the_row(store, grant) for grant in grants]
    assert {row.state for row in rows} == {GrantState.ENDED}
    assert {row.reason for row in rows} == {EndReason.SIGNED_OUT_BY_APP}


async def test_every_retry_is_counted(store: Store, grant: Grant, race: Race) -> None:
    """Retries of one row are all taken and all counted."""
    assert all(await race([Retried(structs.replace(grant, retries=1)) for _ in range(MANY)]))
    assert (await the_row(store, grant)).retries == MANY


async def test_a_retry_never_revives_a_rotated_row(store: Store, grant: Grant, race: Race) -> None:
    """Of retries and one rotation, each retry that was taken came before the rotation."""
    outcomes: list[Writable] = [Retried(structs.replace(grant, retries=1)) for _ in range(MANY - 1)]
    outcomes.insert(MANY // 2, rotated(grant, NOW + HOUR))
    taken = await race(outcomes)
    row = await the_row(store, grant)
    assert (row.generation, row.retries) == (1, sum(taken) - 1)


async def test_an_event_tells_once_of_an_end(store: Store, grant: Grant, race: Race) -> None:
    """64 ends of one grant are all granted, and the audit tells of one."""
    assert all(await race([ended(grant) for _ in range(MANY)]))
    assert len(await the_events(store)) == 2


async def test_there_is_one_first_administrator(store: Store, race: Race) -> None:
    """Of many people with the set-up link one becomes administrator."""
    people = [an_account(permission=Permission.SYSTEM_ADMIN) for _ in range(MANY)]
    taken = await race([a_change(NeedNoAdministrator(), AddAccount(person)) for person in people])
    assert sum(taken) == 1
    assert len(await store.accounts()) == 1
    assert (await store.site()).has_administrator


@pytest.mark.parametrize("subject", [Subject.ACCOUNT, Subject.LINK])
async def test_a_stop_and_redemptions(store: Store, account: Account, link: Link, race: Race, subject: Subject) -> None:
    """Every code that was redeemed beside a stop is reached by it: afterwards nothing of before it is live."""
    subject_id = account.id if subject is Subject.ACCOUNT else link.id
    outcomes: list[Writable] = [redeemed(a_grant(account, link)) for _ in range(MANY - 1)]
    outcomes.insert(MANY // 2, a_change(RaiseStop(subject, subject_id, EndReason.RESTORED, NOW)))
    taken = await race(outcomes)
    assert await store.phones(PhoneQuery(live_only=True)) == []
    while await store.settle(10):
        continue
    rows = await store.phones(PhoneQuery())
    assert len(rows) == sum(taken) - 1
    assert all(row.grant.state is GrantState.ENDED for row in rows)


async def test_a_withdrawal_and_redemptions(store: Store, account: Account, link: Link, race: Race) -> None:
    """A code redeems before the consent is withdrawn, or never; what was withdrawn is not given back by the way."""
    given = GiveConsent(Consent(account.id, link.id, 0, Permission.WRITE, NOW))
    outcomes: list[Writable] = [redeemed(a_grant(account, link)) for _ in range(MANY // 2)]
    outcomes += [a_change(given) for _ in range(MANY // 2)]
    outcomes.insert(MANY // 4, a_change(WithdrawConsent(account.id, link.id, 4711, NOW)))
    taken = await race(outcomes)
    assert sum(taken) >= 1
    assert await store.consent(account.id, link.id) == Consent(account.id, link.id, 4711, None, NOW)
    assert not await store.apply(redeemed(a_grant(account, link)))


@pytest.mark.parametrize("what", ["account", "name", "client id", "switch", "guess", "phone"])
async def test_of_changes_to_one_version_one_is_taken(
    store: Store, account: Account, link: Link, race: Race, what: str
) -> None:
    """Whatever is changed from the version that was read, or taken by name, one of many gets it."""
    site = await store.site()

    def step(number: int) -> tuple[Step, ...]:
        made = a_link()
        steps: dict[str, tuple[Step, ...]] = {
            "account": (PutAccount(replace(account, display_name=str(number), version=2)),),
            "name": (AddAccount(an_account(folded="the same")),),
            "client id": (AddLink(a_link(client_id="the same")),),
            "switch": (AddLink(made), TurnMobile(True, made.id, site.version)),
            "guess": (PutGuesses(((b"1" * 16, NOW, 1),)),),
            "phone": (AddAccount(an_account(id=4711)),),
        }
        return steps[what]

    assert sum(await race([a_change(*step(number)) for number in range(MANY)])) == 1


async def test_one_phone_stays_signed_in_once(store: Store, account: Account, link: Link, race: Race) -> None:
    """Many sign-ins of one device at once: all are taken, all but one were replaced."""
    assert all(await race([redeemed(a_grant(account, link, device=b"the same phone!!")) for _ in range(MANY)]))
    rows = await store.phones(PhoneQuery())
    assert len(rows) == MANY
    assert sum(row.grant.state is GrantState.LIVE for row in rows) == 1
    assert {row.grant.reason for row in rows} == {"", EndReason.SIGNED_IN_AGAIN}


async def test_reads_go_on_beside_writes(store: Store, grant: Grant) -> None:
    """A read never sees a generation go back, and each acknowledged one at once."""
    seen: list[int] = []
    done = asyncio.Event()

    async def reader() -> None:
        while not done.is_set():
            seen.append((await the_row(store, grant)).generation)
            await asyncio.sleep(0)

    reading = asyncio.create_task(reader())
    row = grant
    for number in range(MANY):
        assert await store.apply(rotated(row, NOW + number))
        row = await the_row(store, grant)
        assert row.generation == number + 1
    done.set()
    await reading
    assert seen == sorted(seen)
    assert await store.apply(added(an_account()))
