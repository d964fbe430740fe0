"""What is known without a look is what a look would show, whoever else writes."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from msgspec import structs

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import (
    Retried,
    Sighting,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link
from genkan.store.api import NodeReport, StoreUnavailable
from genkan.store.sqlite import SqliteStore
from genkan.store.sqlite_commands import Flush
from tests.store.builders import (
    NOW,
    a_grant,
    ended,
    redeemed,
    rotated,
)
from tests.store.claim.looks import is_sure
from tests.store.reading import the_row


async def test_what_is_sure_is_said_without_a_look_at_any_row(store: SqliteStore, grant: Grant) -> None:
    """A turn looks at the counters of the site, and at nothing else; so it does after a rotation of our own."""
    asked: list[str] = []
    assert isinstance(store._db, sqlite3.Connection)
    store._db.set_trace_callback(asked.append)
    for generation in range(3):
        await asyncio.sleep(0)
        row = await the_row(store, grant)
        assert row.generation == generation
        assert await store.apply(rotated(row, NOW + HOUR))
    store._db.set_trace_callback(None)
    assert set(asked) == {"BEGIN", "SELECT version, claim FROM site", "COMMIT"}


async def test_without_the_claim_each_row_is_looked_at(opened: Callable[[], SqliteStore], grant: Grant) -> None:
    """Only one process has it; the other one looks, however often it asks."""
    other = opened()
    await other.on_duty()
    for _ in range(2):
        assert await the_row(other, grant) == grant
        assert not await is_sure(other, grant)


async def test_another_process_breaks_the_claim_by_whatever_it_writes(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant
) -> None:
    """What it wrote is in the next turn's answer, and nothing is sure until the claim is taken again."""
    other = opened()
    for generation in range(1, 4):
        assert await other.apply(rotated(await the_row(other, grant), NOW + HOUR))
        assert not await is_sure(store, grant)
        assert (await the_row(store, grant)).generation == generation
        assert not await is_sure(store, grant)
        await store.on_duty()
        assert await the_row(store, grant) == await the_row(other, grant)
        assert await is_sure(store, grant)


async def test_a_claim_taken_again_makes_nothing_sure_that_was_read_before(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant
) -> None:
    """Broken and taken again between two requests: what was known before the break is read once more."""
    assert await opened().apply(ended(grant))
    await asyncio.sleep(0)
    await store.on_duty()
    assert not await is_sure(store, grant)
    assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP


async def test_the_claim_of_a_process_that_died_is_broken_by_the_next_write(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant
) -> None:
    """Whoever comes after it reports, and may then take it."""
    successor = opened()
    await successor.on_duty()
    assert not successor._known.is_claimed
    await successor.report(NodeReport("another", 1, NOW))
    await successor.on_duty()
    await the_row(successor, grant)
    assert await is_sure(successor, grant)
    assert not await is_sure(store, grant)


async def test_a_break_that_was_undone_is_made_again(
    opened: Callable[[], SqliteStore], store: SqliteStore, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that failed as a whole broke nothing: the next one of that process does."""
    other = opened()

    def fails(_: Flush) -> None:
        raise sqlite3.OperationalError("no")

    with monkeypatch.context() as patched:
        patched.setitem(other._writer._connection._verbs, Flush, fails)
        with pytest.raises(sqlite3.OperationalError):
            await other.flush()
    assert await is_sure(store, grant)
    assert await other.apply(ended(grant))
    assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP


async def test_a_claim_that_did_not_become_durable_is_not_held(
    store: SqliteStore, grant: Grant, opened: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may be given the same number: nothing is sure by it here."""
    other = opened()
    assert await other.apply(rotated(grant, NOW + HOUR))

    broken = sqlite3.OperationalError("disk I/O error")
    broken.sqlite_errorcode = sqlite3.SQLITE_IOERR

    def fails() -> None:
        raise broken

    with monkeypatch.context() as patched:
        patched.setattr(store._writer._connection, "commit", fails)
        await store.on_duty()
    assert not store._known.is_claimed
    await other.on_duty()
    row = await the_row(other, grant)
    await asyncio.sleep(0)
    assert await the_row(store, grant) == row
    assert not await is_sure(store, grant)


async def test_what_was_written_by_hand_is_seen_by_the_next_round(store: SqliteStore, grant: Grant) -> None:
    """Past the writer no claim is broken; whoever has it notices when it is next on duty, or writes."""
    for look in (store.on_duty, store.flush):
        await store.on_duty()
        await the_row(store, grant)
        assert await is_sure(store, grant)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
            db.execute("UPDATE grants SET retries = retries + 1")
        await look()
        assert not await is_sure(store, grant)
    assert (await the_row(store, grant)).retries == 2


async def test_duty_is_kept_where_nothing_can_be_written(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upkeep goes on, and finds out for itself."""

    def fails(*_: object) -> list[object]:
        return [StoreUnavailable("full")]

    monkeypatch.setattr(store._writer._connection, "run", fails)
    monkeypatch.setattr(store._writer._connection, "run_patiently", fails)
    assert await store.on_duty()
    assert not store._known.is_claimed


async def _wander(store: SqliteStore, grant: Grant, chance: random.Random) -> None:
    """One write of any kind, decided on what this process takes for the facts."""
    row = (await store.grant_facts(grant.id)).grant
    if row is None:
        await store.apply(redeemed(grant))
        return
    match chance.randrange(16):
        case 0:
            await store.apply(ended(row))
        case 1 | 2:
            await store.apply(Retried(structs.replace(row, retries=row.retries + 1)))
        case 3 | 4:
            store.note_sighting(Sighting(grant.id, row.generation, NOW + chance.randrange(1000)))
            await store.flush()
        case 5 | 6:
            await store.report(NodeReport("some", 1, NOW))
        case _:
            await store.apply(rotated(row, NOW + HOUR))


@pytest.mark.parametrize("seed", range(8))
async def test_any_walk_of_two_processes_is_followed(
    opened: Callable[[], SqliteStore], store: SqliteStore, account: Account, link: Link, seed: int
) -> None:
    """Writes of both, one by one and at once, and the claim taken now and then: what one knows, a third one reads."""
    chance = random.Random(seed)
    other, reader = opened(), opened()
    grants = [a_grant(account, link, now=NOW + number, device=bytes([number % 3]) * 16) for number in range(6)]
    sure = 0
    for _ in range(60):
        writers = chance.choices((store, other), weights=(4, 1), k=chance.randrange(1, 5))
        await asyncio.gather(*(_wander(one, chance.choice(grants), chance) for one in writers))
        if chance.random() < 0.5:
            await store.on_duty()
        await asyncio.sleep(0)
        for grant in grants:
            sure += await is_sure(store, grant)
            assert (await store.grant_facts(grant.id)).grant == (await reader.grant_facts(grant.id)).grant
    assert sure
