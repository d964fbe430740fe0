"""Texts on PostgreSQL: what no row names goes in bounded steps, what anybody may still name never does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import OpenSession
from genkan.store import postgres, postgres_sweep
from genkan.store.api import NodeReport
from genkan.store.postgres import PostgresStore
from tests.postgres import Emptied
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    a_session,
    added,
    an_account,
    an_env,
    an_event,
    redeemed,
)

pytestmark = pytest.mark.needs("postgres")

LIMIT = 5


@dataclass
class Two:
    """Two processes over one database."""

    first: PostgresStore
    second: PostgresStore
    open_one: Callable[[], PostgresStore]

    async def sweep(self, now: int = NOW) -> int:
        """Upkeep of the first until nothing is left to do; how many steps it took."""
        steps = 0
        while await self.first.prune(now, LIMIT):
            steps += 1
            assert steps < 1_000
        return steps

    async def report(self) -> None:
        """What every process does each minute."""
        for number, store in enumerate((self.first, self.second)):
            await store.report(NodeReport(str(number), 1, NOW))

    async def texts(self) -> set[str]:
        """All that are kept."""
        return {row[0] for row in await self.first._pool.fetch("SELECT text FROM texts")}


@pytest.fixture
async def two(postgres_database: Emptied, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    """Where few texts are swept, too."""
    monkeypatch.setattr(postgres_sweep, "FEWEST_TEXTS", 0)
    url = postgres_database.again()

    def open_one() -> PostgresStore:
        return postgres.open_store(url, create=False, env=an_env())

    two = Two(open_one(), open_one(), open_one)
    yield two
    await two.second.close()
    await two.first.close()


async def told(store: PostgresStore, *texts: str) -> None:
    """Lines of the audit that name these, by the lane of tokens."""
    for text in texts:
        store.note_event(an_event(actor=text))
    await store.flush()


async def forgotten(two: Two) -> None:
    """All lines go: nothing names their texts any more."""
    await two.first._pool.fetch("DELETE FROM audit")


async def test_what_nobody_names_goes(two: Two) -> None:
    """In steps, once a day, and only after every process has forgotten its number; the same text comes back as new."""
    await told(two.first, *(f"old {n}" for n in range(12)))
    await told(two.second, "kept")
    await two.first._pool.fetch("DELETE FROM audit WHERE actor <> (SELECT id FROM texts WHERE text = 'kept')")
    await two.sweep()
    # The second process knows numbers of before the sweep, and has not reported since.
    assert "old 3" in await two.texts()
    await two.report()
    assert await two.sweep() > 3
    assert {text for text in await two.texts() if text.startswith(("old", "kept"))} == {"kept"}
    await told(two.second, "old 3", "kept")
    await told(two.first, "old 3")
    assert {event.actor for _, event in await two.second.events()} == {"kept", "old 3"}
    await forgotten(two)
    assert await two.sweep(NOW + DAY - 1) <= 1
    await two.sweep(NOW + DAY)
    await two.report()
    await two.sweep(NOW + DAY)
    assert "old 3" not in await two.texts()


async def test_what_is_wanted_while_it_is_doubted_stays(two: Two) -> None:
    """Whoever looks a text up in the middle of a sweep keeps it, by either lane; in the same breath others go."""
    await told(two.first, "by tokens", "by changes", "by nobody")
    await forgotten(two)
    await two.sweep()
    await two.report()
    # Doubted, and nobody knows any number of before: now two of them are wanted again, before the rows are walked.
    await told(two.second, "by tokens")
    assert await two.second.apply(a_change(events=(an_event(actor="by changes"),)))
    await two.sweep()
    assert await two.texts() & {"by tokens", "by changes", "by nobody"} == {"by tokens", "by changes"}
    assert [event.actor for _, event in await two.first.events()] == ["by tokens", "by changes"]


async def test_every_row_that_names_one_keeps_it(two: Two) -> None:
    """Of sign-ins the user agent, the network and the reason; of browser sessions, stops and lines theirs."""
    account, link = an_account(), a_link()
    grant = a_grant(account, link, user_agent="phone/1", network="192.0.2.0/24")
    assert await two.first.apply(added(account, link))
    assert await two.first.apply(redeemed(grant))
    assert await two.second.apply(a_change(OpenSession(a_session(account, user_agent="browser/1"), None)))
    await told(two.second, "by nobody")
    await forgotten(two)
    await two.sweep()
    await two.report()
    await two.sweep()
    left = await two.texts()
    assert left >= {"phone/1", "192.0.2.0/24", "browser/1"}
    assert "by nobody" not in left


async def test_a_process_that_hangs_holds_it_up_and_one_that_ended_does_not(two: Two) -> None:
    """Numbers in the memory of a process that says nothing may be written at any time, until its session is gone."""
    silent = two.open_one()
    await told(silent, "old")
    await forgotten(two)
    for _ in range(3):
        await two.sweep()
        await two.report()
    assert "old" in await two.texts()
    await told(silent, "old")
    assert [event.actor for _, event in await two.first.events()] == ["old"]
    await forgotten(two)
    await silent.close()
    await two.sweep()
    assert "old" not in await two.texts()


async def test_a_lost_session_knows_nothing(two: Two) -> None:
    """Its lock went with it: what it knew is looked up anew by both lanes."""
    await told(two.second, "old")
    assert await two.second.apply(a_change(events=(an_event(actor="changed"),)))
    for connection in (two.second._tokens._connection, two.second._steps._db._connection):
        assert connection is not None
        await two.first._pool.fetch("SELECT pg_terminate_backend($1)", connection.get_server_pid())
    await forgotten(two)
    await two.sweep()
    await two.report()
    await two.sweep()
    assert not await two.texts() & {"old", "changed"}
    await told(two.second, "old")
    assert await two.second.apply(a_change(events=(an_event(actor="changed"),)))
    assert [event.actor for _, event in await two.first.events()] == ["old", "changed"]


async def test_nothing_dangles_while_all_write_and_one_sweeps(two: Two) -> None:
    """Two processes name and forget the same few texts as fast as they can, through every phase of many sweeps."""
    over = asyncio.Event()

    async def writes(store: PostgresStore, by: Callable[[str], Awaitable[object]]) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            await by(f"text {turn % 7}")

    def noted(store: PostgresStore) -> Callable[[str], Awaitable[object]]:
        return lambda text: told(store, text)

    def changed(store: PostgresStore) -> Callable[[str], Awaitable[object]]:
        return lambda text: store.apply(a_change(events=(an_event(actor=text),)))

    running = [
        asyncio.create_task(writes(store, by(store))) for store in (two.first, two.second) for by in (noted, changed)
    ]
    for day in range(8):
        await forgotten(two)
        for _ in range(2):
            await two.sweep(NOW + day * DAY)
            await two.report()
    over.set()
    await asyncio.gather(*running)
    dangling = await two.first._pool.fetch(
        "SELECT a.id FROM audit a LEFT JOIN texts t ON t.id = a.actor WHERE t.id IS NULL AND a.actor <> 0"
    )
    assert not dangling
