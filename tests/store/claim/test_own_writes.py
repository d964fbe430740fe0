"""What is known of a sign-in follows what this process writes, whenever it is read and whatever fails on the way."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace

import pytest
from msgspec import structs

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import (
    EventKind,
    RaiseStop,
    Retried,
    Rotated,
    Sighting,
    Subject,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    an_env,
    ended,
    redeemed,
    rotated,
)
from tests.store.claim.looks import held_up, is_sure
from tests.store.reading import the_row

Write = Callable[[SqliteStore, Grant], Awaitable[object]]


async def _noted(store: SqliteStore, grant: Grant) -> None:
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await store.flush()


WRITES: dict[str, Write] = {
    "a rotation": lambda store, grant: store.apply(rotated(grant, NOW + HOUR)),
    "a retry": lambda store, grant: store.apply(Retried(structs.replace(grant, retries=1))),
    "an end": lambda store, grant: store.apply(ended(grant)),
    "a sighting": _noted,
    "a stop": lambda store, grant: store.apply(
        a_change(RaiseStop(Subject.ACCOUNT, grant.account_id, EndReason.PASSWORD_CHANGED, NOW))
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_rows_are_looked_at_while_a_write_is_under_way(
    store: SqliteStore, grant: Grant, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read meanwhile is sure neither then nor afterwards; what the write made of it is."""
    before = await store.grant_facts(grant.id)
    with held_up(store, monkeypatch) as go:
        writing = asyncio.ensure_future(write(store, grant))
        while not store._writer._busy or store._writer._waiting:
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not await is_sure(store, grant)
        assert await store.grant_facts(grant.id) == before
        assert not await is_sure(store, grant)
        go.set()
        await writing
    after = await store.grant_facts(grant.id)
    assert after != before
    with closing(open_store(store.path, create=False, env=an_env())._db) as db:
        assert db.execute("SELECT generation, retries, state FROM grants").fetchone() == (
            after.grant and after.grant.generation,
            after.grant and after.grant.retries,
            int(bool(after.grant and after.grant.reason)),
        )


async def test_a_later_sign_in_of_the_same_device_ends_what_was_known(
    store: SqliteStore, account: Account, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tokens.md 1: the write names the new sign-in alone, and ends the earlier one; each row is looked at meanwhile."""
    first = a_grant(account, link, device=b"d" * 16)
    assert await store.apply(redeemed(first))
    await store.on_duty()
    await the_row(store, first)
    assert await is_sure(store, first)
    with held_up(store, monkeypatch) as go:
        writing = asyncio.ensure_future(store.apply(redeemed(a_grant(account, link, device=b"d" * 16))))
        while not store._writer._busy or store._writer._waiting:
            await asyncio.sleep(0)
        assert not await is_sure(store, first)
        go.set()
        assert await writing
    assert (await the_row(store, first)).reason == EndReason.SIGNED_IN_AGAIN


async def test_two_writes_of_one_row_in_one_batch_are_both_seen(store: SqliteStore, grant: Grant) -> None:
    """A rotation that is followed by the end at once is not remembered as what stands."""
    assert all(await asyncio.gather(store.apply(rotated(grant, NOW + HOUR)), store.apply(ended(grant))))
    row = await the_row(store, grant)
    assert (row.generation, row.reason) == (1, EndReason.SIGNED_OUT_BY_APP)


async def test_a_rotation_beside_a_stop_is_read_again(store: SqliteStore, account: Account, grant: Grant) -> None:
    """What changes any row makes the batch's rotations as unsure as everything else."""
    stop = a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, NOW))
    assert all(await asyncio.gather(store.apply(rotated(grant, NOW + HOUR)), store.apply(stop)))
    facts = await store.grant_facts(grant.id)
    assert facts.account == replace(account, stop=1)


async def test_the_site_of_sure_facts_is_the_site_as_it_is(
    store: SqliteStore, account: Account, link: Link, grant: Grant
) -> None:
    """tokens.md 8: the end of one sign-in may say of the whole site that writes were lost."""
    lost = a_grant(account, link)
    assert await store.apply(redeemed(lost))
    await store.grant_facts(grant.id)
    assert await is_sure(store, grant)
    told = ended(lost)
    assert await store.apply(structs.replace(told, event=structs.replace(told.event, kind=EventKind.STORE_BEHIND)))
    assert (await store.grant_facts(grant.id)).site.behind_since == NOW


async def test_a_rotation_that_was_refused_is_forgotten(store: SqliteStore, grant: Grant) -> None:
    """It was decided on what is not so any more: the next decision is on what is."""
    assert await store.apply(rotated(grant, NOW + HOUR))
    assert not await store.apply(rotated(grant, NOW + 2 * HOUR))
    assert not await is_sure(store, grant)
    assert (await the_row(store, grant)).generation == 1


async def test_a_rotation_decided_on_what_is_older_than_what_is_known_is_read(store: SqliteStore, grant: Grant) -> None:
    """A retry came between: the row has its count, which the rotation's facts have not."""
    decided_on = await the_row(store, grant)
    assert await store.apply(Retried(structs.replace(grant, retries=1)))
    assert (await the_row(store, grant)).retries == 1
    assert await store.apply(rotated(decided_on, NOW + HOUR))
    assert not await is_sure(store, grant)
    row = await the_row(store, grant)
    assert (row.generation, row.retries) == (1, 1)


async def test_a_write_that_failed_leaves_nothing_sure(
    store: SqliteStore, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what became of it: the row is read."""

    def fails(*_: object) -> list[object]:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setitem(store._writer._connection._verbs, Rotated, fails)
        with pytest.raises(sqlite3.OperationalError):
            await store.apply(rotated(grant, NOW + HOUR))
    assert not await is_sure(store, grant)
    assert await the_row(store, grant) == grant


async def test_a_log_that_is_moved_between_writes_changes_nothing(
    store: SqliteStore, grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits is told first, and the batch is over later: what is known follows what was told."""
    monkeypatch.setattr("genkan.store.sqlite_writing.CHECKPOINT_AFTER", 1)
    for generation in range(1, 4):
        assert await store.apply(rotated(await the_row(store, grant), NOW + HOUR))
        assert (await the_row(store, grant)).generation == generation
        assert await is_sure(store, grant)
    assert await store.apply(ended(grant))
    assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP
