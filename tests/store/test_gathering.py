"""Which writes become one batch, and how long the first of them waits for the others."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genkan.store import sqlite_writer
from genkan.store.contended import SCHEDULED, Contended
from genkan.store.sqlite import SqliteStore, open_store
from genkan.store.sqlite_commands import Close
from genkan.store.sqlite_writer import MOST_GATHERING_SECONDS, MOST_IN_BATCH, QUIET_PASSES
from tests.store.builders import added, an_account, an_env
from tests.store.claim.looks import held_up


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    """One whose loop has its processor for itself, as far as it can see, and all the time that it wants."""
    monkeypatch.setattr(Contended, "look", lambda _: False)
    monkeypatch.setattr(sqlite_writer, "MOST_GATHERING_SECONDS", 60.0)
    opened = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    yield opened
    await opened.close()


def a_write(store: SqliteStore) -> "asyncio.Task[bool]":
    """Under way."""
    return asyncio.ensure_future(store.apply(added(an_account())))


async def passes(count: int) -> None:
    """So many passes of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


async def passes_until_begun(store: SqliteStore, each_s: float = 0.0) -> int:
    """How many passes of the loop there were until a batch began."""
    count = 0
    while not store._writer.figures.commands:
        time.sleep(each_s)  # noqa: ASYNC251 - what the loop does besides
        await asyncio.sleep(0)
        count += 1
    return count


@pytest.mark.parametrize(("crowded", "batches"), [(False, 1), (True, 2)])
async def test_a_batch_waits_for_more_only_where_the_processor_is_its_own(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, crowded: bool, batches: int
) -> None:
    """Two writes, the second one a few passes of the loop after the first."""
    monkeypatch.setattr(Contended, "look", lambda _: crowded)
    first = a_write(store)
    await passes(QUIET_PASSES // 2)
    assert await store.apply(added(an_account()))
    assert await first
    assert sum(store.figures().lanes[0].batches) == batches


async def test_a_batch_begins_after_eight_passes_without_more(store: SqliteStore) -> None:
    """One of the passes that are counted here submits the write, and each further write is waited for anew."""
    alone = a_write(store)
    assert QUIET_PASSES <= await passes_until_begun(store) <= QUIET_PASSES + 2
    assert await alone


async def test_writes_that_come_one_after_another_become_one(store: SqliteStore) -> None:
    """Each comes before the one ahead of it has waited long enough."""
    writes = []
    for _ in range(5):
        writes.append(a_write(store))
        await passes(QUIET_PASSES // 2)
    assert all(await asyncio.gather(*writes))
    assert sum(store.figures().lanes[0].batches) == 1


async def test_those_that_come_while_others_are_written_wait_for_more_too(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual case under load: a batch follows the one before it."""
    with held_up(store, monkeypatch) as go:
        writes = [a_write(store)]
        await passes_until_begun(store)
        writes.append(a_write(store))
        await asyncio.sleep(0)
        go.set()
        await writes[0]
    await passes(2)
    writes.append(a_write(store))
    assert all(await asyncio.gather(*writes))
    assert sum(store.figures().lanes[0].batches) == 2


async def test_a_busy_loop_bounds_the_wait_by_time(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the loop has much else to do, eight passes take long, and further writes would make them more."""
    monkeypatch.setattr(sqlite_writer, "MOST_GATHERING_SECONDS", MOST_GATHERING_SECONDS)
    writes = [a_write(store)]
    await asyncio.sleep(0)
    begun = asyncio.ensure_future(passes_until_begun(store, MOST_GATHERING_SECONDS / 4))
    while not begun.done():
        writes.append(a_write(store))
        await asyncio.sleep(0)
    assert begun.result() <= 6
    assert all(await asyncio.gather(*writes))


async def test_a_full_batch_waits_for_no_more(store: SqliteStore) -> None:
    """There is room for no other."""
    writes = [a_write(store) for _ in range(MOST_IN_BATCH)]
    assert await passes_until_begun(store) < QUIET_PASSES // 2
    assert all(await asyncio.gather(*writes))


async def test_the_processor_is_looked_at_now_and_then(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is a call of the system; passes are many."""
    looks: list[Contended] = []

    def look(contended: Contended) -> bool:
        looks.append(contended)
        return False

    monkeypatch.setattr(Contended, "look", look)
    monkeypatch.setattr(sqlite_writer, "LOOK_EVERY", 3 * QUIET_PASSES)
    for _ in range(7):
        assert await store.apply(added(an_account()))
    assert 2 <= len(looks) <= 4


def looked_at() -> int:
    """How many files of that kind the process holds."""
    return sum("schedstat" in str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.exists())


@pytest.mark.skipif(not SCHEDULED.exists(), reason="this system counts no waiting for the processor")
async def test_a_store_lets_go_of_the_file_that_it_looks_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process opens many stores in its life."""
    monkeypatch.setattr(sqlite_writer, "MOST_GATHERING_SECONDS", 60.0)
    before = looked_at()
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    await store.flush()
    assert looked_at() == before + 1
    await store.close()
    assert looked_at() == before


@pytest.mark.parametrize("busy", [False, True], ids=["at rest", "while another write is under way"])
def test_a_close_that_nobody_waits_for_ends_all_the_same(tmp_path: Path, busy: bool) -> None:
    """Who interrupts a command while it closes is not kept: the thread that writes needs the loop to end."""

    before = looked_at()
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())

    async def interrupted() -> None:
        await store.flush()
        if busy:
            a_write(store)
            await asyncio.sleep(0)
        closing = asyncio.ensure_future(store.close())
        await passes(1 if busy else 3)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing

    # In a thread of its own, which would hang for ever.
    running = threading.Thread(target=asyncio.run, args=(interrupted(),), daemon=True)
    running.start()
    running.join(30)
    assert not running.is_alive()
    writer, over = store._writer, asyncio.new_event_loop()
    over.close()
    writer._handed.put((over, [(None, Close())], None))
    writer._thread.join(30)
    assert not writer._thread.is_alive()
    assert looked_at() == before
