"""What goes wrong around a write: full disk, foreign locks, a poisonous value, a queue too long, a loop that ends."""

import asyncio
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genkan.protocol.outcomes import EventKind, Sighting
from genkan.protocol.records import Account, Grant, GrantState, Link
from genkan.store import sqlite_writer, sqlite_writing
from genkan.store.api import PhoneQuery, QueueFull, StoreUnavailable, Tally
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    added,
    an_account,
    an_env,
    an_event,
    ended,
    redeemed,
    rotated,
)
from tests.store.reading import the_events, the_row
from tests.workshop.tree import ROOT

UNSPEAKABLE = "a lone surrogate cannot be stored: \ud800"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "genkan.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store whose inside the test may reach."""
    store = open_store(path, create=True, env=an_env())
    yield store
    await store.close()


@pytest.fixture
def locked(path: Path, store: SqliteStore) -> Iterator[sqlite3.Connection]:
    """Another process in the middle of a write: until it rolls back, nobody else writes."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


# --- The machine ------------------------------------------------------------------------------------------------------


async def test_a_full_disk_is_told_and_passes_by_itself(
    store: SqliteStore, account: Account, link: Link, grant: Grant
) -> None:
    """Every caller is told that nothing was written; reads go on; with room again the same store writes again."""
    db = store._writer._connection.db
    assert db.execute("PRAGMA max_page_count=1").fetchone()[0] > 1
    grants = [a_grant(account, link) for _ in range(300)]
    store.note_refusal(Tally(1, "token_broken", "a", 1))
    results = await asyncio.gather(*(store.apply(redeemed(g)) for g in grants), return_exceptions=True)
    refused = [g for g, result in zip(grants, results, strict=True) if isinstance(result, StoreUnavailable)]
    assert refused
    assert await the_row(store, grant) == grant
    assert [g for g in refused if (await store.grant_facts(g.id)).grant is not None] == []
    db.execute("PRAGMA max_page_count=1000000")
    assert all(await asyncio.gather(*(store.apply(redeemed(g)) for g in refused)))
    assert len(await store.phones(PhoneQuery(limit=1000))) == len(grants) + 1
    await store.flush()
    assert await store.tallies() == [Tally(1, "token_broken", "a", 1)], "what was noted waited"


DISK_FAULT = """
import asyncio, resource, sys
from pathlib import Path
from genkan.store.api import StoreUnavailable
from genkan.store.sqlite import open_store
from tests.store.builders import *

async def main(path):
    store = open_store(path, create=True, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    written = path.with_name(path.name + "-wal").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written + 5000, limits[1]))
    faults = 0
    for _ in range(20):
        try:
            assert await store.apply(redeemed(a_grant(account, link)))
        except StoreUnavailable:
            faults += 1
    assert faults, "the disk never failed"
    assert (await store.link(link.id)) == link
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    after = [await store.apply(redeemed(a_grant(account, link))) for _ in range(20)]
    assert all(after)
    await store.close()
    print(faults)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_failing_write_is_told_and_passes_by_itself(path: Path) -> None:
    """The operating system refuses to write: told as unavailable, and the next write that can be made is made."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    command = [sys.executable, "-c", DISK_FAULT, str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        count = db.execute("SELECT COUNT(*) FROM grants").fetchone()[0]
    assert 20 <= count <= 40 - int(ended.stdout)


async def test_a_foreign_lock_is_waited_for(store: SqliteStore, grant: Grant, locked: sqlite3.Connection) -> None:
    """A command writes in another process: ours waits for it without keeping the event loop, then goes through."""
    waiting = asyncio.create_task(store.apply(rotated(grant, NOW + 1)))
    for _ in range(50):
        await asyncio.sleep(0)
        assert (await the_row(store, grant)).generation == 0, "reads go on meanwhile"
    assert not waiting.done()
    locked.execute("ROLLBACK")
    assert await waiting
    assert (await the_row(store, grant)).generation == 1


async def test_a_lock_that_never_goes_is_told(
    store: SqliteStore, grant: Grant, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while everyone who waits is told, and once the lock is gone writes go through again."""
    monkeypatch.setattr(sqlite_writing, "_PATIENT", "PRAGMA busy_timeout=50")
    writes = [store.apply(rotated(grant, NOW + 1)) for _ in range(5)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * 5
    locked.execute("ROLLBACK")
    assert await store.apply(rotated(grant, NOW + 1))


async def test_upkeep_with_nothing_to_do_takes_no_lock(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settling is asked for every second; while a command writes it must not pile up behind it."""
    monkeypatch.setattr(store._writer, "submit", pytest.fail)
    assert await store.settle(100) == 0


async def test_a_queue_that_is_full_is_told_at_once(
    store: SqliteStore, grant: Grant, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded: one write more than may wait is refused, and none of those that wait is lost for it."""
    monkeypatch.setattr(sqlite_writer, "MOST_WAITING", 20)
    first = asyncio.create_task(store.apply(rotated(grant, NOW + 1)))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(store.apply(ended(grant))) for _ in range(20)]
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await store.apply(ended(grant))
    locked.execute("ROLLBACK")
    assert await first
    assert all(await asyncio.gather(*waiting))
    assert await store.apply(ended(grant))


# --- One write among others -------------------------------------------------------------------------------------------


async def test_a_poisonous_write_harms_no_other(store: SqliteStore, account: Account, link: Link) -> None:
    """A value that cannot be stored is its own caller's error; what waited beside it is written."""
    grants = [a_grant(account, link, user_agent=UNSPEAKABLE if n % 10 == 3 else "") for n in range(50)]
    results = await asyncio.gather(*(store.apply(redeemed(g)) for g in grants), return_exceptions=True)
    told = [type(result) for result in results]
    assert told == [UnicodeEncodeError if n % 10 == 3 else bool for n in range(50)]
    there = [(await store.grant_facts(g.id)).grant is not None for g in grants]
    assert there == [n % 10 != 3 for n in range(50)]


async def test_a_poisonous_step_leaves_nothing_of_its_change(store: SqliteStore) -> None:
    """An error half way through a change undoes what came before it, and only that."""
    one, two = an_account(), an_account()
    poisonous = a_change(*added(one).steps, events=(an_event(detail=UNSPEAKABLE),))
    results = await asyncio.gather(store.apply(poisonous), store.apply(added(two)), return_exceptions=True)
    assert [type(result) for result in results] == [UnicodeEncodeError, bool]
    assert await store.accounts() == [two]


async def test_a_poisonous_note_is_dropped(store: SqliteStore, grant: Grant) -> None:
    """What cannot be written is not tried for ever, and holds up nobody."""
    store.note_event(an_event(detail=UNSPEAKABLE))
    store.note_event(an_event(EventKind.STORE_BEHIND))
    assert await store.apply(rotated(grant, NOW + 1))
    await store.flush()
    store.note_sighting(Sighting(grant.id, 1, NOW + 2))
    await store.flush()
    assert (await the_row(store, grant)).seen_generation == 1


async def test_a_caller_who_left_harms_nobody(store: SqliteStore, account: Account, link: Link) -> None:
    """Cancelled while waiting: the others get their answers, the write itself is whole or not there."""
    grants = [a_grant(account, link) for _ in range(20)]
    tasks = [asyncio.create_task(store.apply(redeemed(g))) for g in grants]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[1::2] == [True] * 10
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
    assert len(await the_events(store)) == len(await store.phones(PhoneQuery()))


# --- Beginnings and ends ----------------------------------------------------------------------------------------------


async def test_a_closed_store_says_so(path: Path) -> None:
    """Reads, writes and notes after the end: unavailable, or nothing; never a hang."""
    store = open_store(path, create=True, env=an_env())
    grant = a_grant(an_account(), a_link())
    await store.close()
    for waiting in (store.site(), store.grant_facts(grant.id), store.phones(PhoneQuery()), store.apply(ended(grant))):
        with pytest.raises(StoreUnavailable):
            await waiting
    with pytest.raises(StoreUnavailable):
        await store.flush()
    store.note_sighting(Sighting(grant.id, 0, NOW))


async def test_closing_waits_for_what_was_queued(path: Path) -> None:
    """Writes that were on their way when the store closed are written and answered."""
    store = open_store(path, create=True, env=an_env())
    people = [an_account() for _ in range(300)]
    writes = [asyncio.create_task(store.apply(added(person))) for person in people]
    await asyncio.sleep(0)
    await store.close()
    assert all(await asyncio.gather(*writes))
    again = open_store(path, create=False, env=an_env())
    assert len(await again.accounts(limit=1000)) == 300
    await again.close()


def test_a_store_outlives_an_event_loop(path: Path) -> None:
    """One loop after another may use it, also when the first ended in the middle of a write."""
    store = open_store(path, create=True, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)

    async def begin() -> None:
        assert await store.apply(added(account, link))
        store.note_refusal(Tally(1, "token_broken", "a", 1))
        left = asyncio.create_task(store.apply(redeemed(grant)))
        await asyncio.sleep(0)
        assert not left.done()

    async def go_on() -> None:
        await store.apply(redeemed(grant))
        assert (await the_row(store, grant)).state is GrantState.LIVE
        await store.flush()
        assert await store.tallies() == [Tally(1, "token_broken", "a", 1)]

    asyncio.run(begin())
    asyncio.run(go_on())
    asyncio.run(store.close())


def test_a_new_loop_waits_for_the_write_of_the_old_one(path: Path) -> None:
    """A batch that the first loop handed over ends before the second one's begins: the connection has one owner."""
    store = open_store(path, create=True, env=an_env())
    people = [an_account() for _ in range(50)]

    async def leave() -> None:
        left = [asyncio.create_task(store.apply(added(person))) for person in people[:25]]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in left)

    async def go_on() -> None:
        assert all(await asyncio.gather(*(store.apply(added(person)) for person in people[25:])))
        assert {person.id for person in people[25:]} <= {a.id for a in await store.accounts()}

    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        asyncio.run(leave())
        release = threading.Timer(0.2, other.execute, ("ROLLBACK",))
        release.start()
        asyncio.run(go_on())
        release.join()
    asyncio.run(store.close())


async def test_two_stores_in_one_process_are_two(path: Path, store: SqliteStore, grant: Grant) -> None:
    """Instances share nothing but the file: closing one does not end the other."""
    other = open_store(path, create=False, env=an_env())
    assert await other.apply(rotated(grant, NOW + 1))
    await other.close()
    assert (await the_row(store, grant)).generation == 1
    assert await store.apply(rotated(await the_row(store, grant), NOW + 2))
