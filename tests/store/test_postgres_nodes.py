"""Many processes over one PostgreSQL: one audit chain that all append to, and work that one at a time does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from genkan.protocol.audit import AuditKeys
from genkan.protocol.ring import new_ring
from genkan.store import postgres
from genkan.store.api import Store
from genkan.store.audit_rounds import NODE, drop_step, seal_all
from genkan.store.audit_walk import verify
from tests.postgres import Emptied
from tests.store.builders import NOW, a_change, an_env, an_event

pytestmark = pytest.mark.needs("postgres")

NODES = 4


@pytest.fixture
async def stores(postgres_database: Emptied) -> AsyncIterator[list[Store]]:
    """Several instances over one database, as so many processes would have."""
    url = postgres_database.again()
    opened: list[Store] = [postgres.open_store(url, create=False, env=an_env()) for _ in range(NODES)]
    yield opened
    for store in opened:
        await store.close()


async def test_all_append_to_one_chain_that_holds(stores: list[Store]) -> None:
    """Changes, token writes' events and seals of four processes at once: nothing is sealed twice or left out, and
    nothing is found wrong.
    """
    keys = AuditKeys(new_ring(an_env()), (await stores[0].site()).site_id)

    async def process(number: int, store: Store) -> None:
        for turn in range(12):
            assert await store.apply(a_change(events=(an_event(detail=f"{number}-{turn}"),)))
            store.note_event(an_event(detail=f"noted {number}-{turn}"))
            await store.flush()
            await seal_all(store, keys, NODE, NOW)

    await asyncio.gather(*(process(number, store) for number, store in enumerate(stores)))
    await seal_all(stores[0], keys, NODE, NOW)
    verdict = await verify(stores[1], keys, NODE)
    assert (verdict.good, verdict.unsealed) == (True, 0)
    lines = await stores[2].audit_lines(None, 1_000)
    assert sorted(line.detail for line in lines if line.detail) == sorted(
        f"{noted}{number}-{turn}" for noted in ("", "noted ") for number in range(NODES) for turn in range(12)
    )
    dropped = await asyncio.gather(*(drop_step(store, keys, NODE, NOW + 1, NOW) for store in stores))
    sequences = [segment.sequence for segment in dropped if segment]
    assert sequences
    assert len(set(sequences)) == len(sequences)
    assert (await verify(stores[3], keys, NODE)).good


async def test_one_at_a_time_is_on_duty(stores: list[Store]) -> None:
    """Whoever asks first is, as long as its session lives; when it ends in order or not, one other is."""
    assert [await store.on_duty() for store in stores] == [True, False, False, False]
    assert [await store.on_duty() for store in stores] == [True, False, False, False]
    await stores[0].close()
    assert [await store.on_duty() for store in stores[1:]] == [True, False, False]


async def test_a_duty_can_be_given_up(stores: list[Store]) -> None:
    """By a process that lives on; another has it at once, and may give it back."""
    assert [await store.on_duty() for store in stores[:2]] == [True, False]
    await stores[0].leave_duty()
    assert [await store.on_duty() for store in reversed(stores[:2])] == [True, False]
    for store in stores:
        await store.leave_duty()
    assert await stores[0].on_duty()


async def test_who_asks_at_once_is_told_alike(stores: list[Store]) -> None:
    """Of many tasks and processes that ask at the same moment exactly one process is on duty."""
    told = await asyncio.gather(*(store.on_duty() for store in stores for _ in range(5)))
    assert [told[at : at + 5].count(True) for at in range(0, len(told), 5)].count(5) == 1
    assert told.count(True) == 5


async def test_the_database_has_a_clock(stores: list[Store]) -> None:
    """In milliseconds, and it does not stand still."""
    first, second = await stores[0].clock(), await stores[1].clock()
    assert first is not None
    assert second is not None
    assert 0 <= second - first < 60_000
