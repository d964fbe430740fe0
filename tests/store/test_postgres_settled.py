"""Sealing beside everything else that happens to the audit of PostgreSQL: nothing is left out, nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from genkan.protocol.audit import AuditKeys
from genkan.protocol.ring import new_ring
from genkan.store import postgres, postgres_appenders
from genkan.store.api import Store, StoreUnavailable
from genkan.store.audit_rounds import NODE, seal_step
from genkan.store.audit_walk import verify
from genkan.store.postgres_pool import Pool
from tests.postgres import QUICK, Emptied, running_postgres
from tests.store.builders import NOW, a_change, an_env, an_event

pytestmark = pytest.mark.needs("postgres")

SOON = 2.5
KEYS = AuditKeys(new_ring(an_env()), b"0123456789abcdef")
A_LINE = "INSERT INTO audit (kind, at, actor, address, reason, detail) VALUES (0, 7, 0, '', 0, 'late')"


@pytest.fixture
async def store(postgres_database: Emptied) -> AsyncIterator[Store]:
    """An empty one."""
    store = postgres.open_store(postgres_database.again(), create=False, env=an_env())
    yield store
    await store.close()


@pytest.fixture
async def other(store: Store, postgres_database: Emptied) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else's connection, in a transaction."""
    connection = await asyncpg.connect(postgres_database.url)
    await connection.execute("BEGIN")
    yield connection
    connection.terminate()


async def told(store: Store, detail: str) -> None:
    """A line, written."""
    assert await store.apply(a_change(events=(an_event(detail=detail),)))


async def test_a_vacuum_keeps_nobody_from_sealing(store: Store, other: asyncpg.Connection) -> None:
    """VACUUM and ANALYZE hold this lock for hours where the audit is big; a seal that wanted one that conflicts with it
    would make the server cancel them, each minute anew.
    """
    await told(store, "one")
    await other.execute("LOCK TABLE audit IN SHARE UPDATE EXCLUSIVE MODE")
    async with asyncio.timeout(SOON):
        segment = await seal_step(store, KEYS, NODE, NOW)
    assert segment is not None
    assert segment.count == 1
    assert await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0


async def test_a_line_on_its_way_is_sealed_in_its_place(store: Store, other: asyncpg.Connection) -> None:
    """Its number is lower than that of a line which is there already. Sealing waits for it, and nobody waits for
    sealing.
    """
    await told(store, "before")
    await other.execute(A_LINE)
    await told(store, "behind")
    sealing = asyncio.create_task(seal_step(store, KEYS, NODE, NOW))
    async with asyncio.timeout(SOON):
        for turn in range(5):
            await told(store, f"meanwhile {turn}")
            await asyncio.sleep(0.03)
        assert not sealing.done()
        await other.execute("COMMIT")
        segment = await sealing
    assert segment is not None
    assert segment.count == segment.last
    lines = await store.audit_lines(None, segment.count)
    assert [line.detail for line in lines][:3] == ["before", "late", "behind"]
    verdict = await verify(store, KEYS, NODE)
    assert (verdict.good, verdict.unsealed) == (True, 8 - segment.count)


async def test_who_does_not_end_is_not_waited_for_long(
    store: Store, other: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, nothing is sealed, and lines that are only read are there."""
    monkeypatch.setattr(postgres_appenders, "_PAUSES", (0.01, 0.01))
    await other.execute(A_LINE)
    await told(store, "behind")
    with pytest.raises(StoreUnavailable, match="does not end"):
        await seal_step(store, KEYS, NODE, NOW)
    assert await store.last_segment(NODE) is None
    assert [line.detail for line in await store.audit_lines(None, 10)] == ["behind"]
    await other.execute("ROLLBACK")
    segment = await seal_step(store, KEYS, NODE, NOW)
    assert segment is not None
    assert segment.count == 1


@pytest.fixture(scope="module")
def two_phases() -> Iterator[str]:
    """A database of a server that takes PREPARE TRANSACTION, which is off where nobody asked for it."""
    with running_postgres((*QUICK, "max_prepared_transactions=2")) as server:
        yield server.a_database("two_phases")


@pytest.fixture
async def prepared(two_phases: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Store, asyncpg.Connection]]:
    """A store there, and a connection that appends to the audit and is prepared just behind the first look."""
    monkeypatch.setattr(postgres_appenders, "_PAUSES", (0.01, 0.01))
    store, other = postgres.open_store(two_phases, create=False, env=an_env()), await asyncpg.connect(two_phases)
    await other.execute(f"BEGIN; {A_LINE}")
    look = postgres_appenders._appending

    async def prepared_behind_the_look(pool: Pool) -> set[str]:
        monkeypatch.setattr(postgres_appenders, "_appending", look)
        found = await look(pool)
        await other.execute("PREPARE TRANSACTION 'late'")
        return found

    monkeypatch.setattr(postgres_appenders, "_appending", prepared_behind_the_look)
    yield store, other
    other.terminate()
    await store.close()


async def test_who_is_prepared_to_commit_is_waited_for(prepared: tuple[Store, asyncpg.Connection]) -> None:
    """Its transaction leaves its session, perhaps while it is waited for, and its line comes whenever somebody says."""
    store, other = prepared
    await told(store, "behind")
    for _ in ("prepared meanwhile", "prepared before"):
        with pytest.raises(StoreUnavailable, match="does not end"):
            await seal_step(store, KEYS, NODE, NOW)
    await other.execute("COMMIT PREPARED 'late'")
    segment = await seal_step(store, KEYS, NODE, NOW)
    assert segment is not None
    assert segment.count == 2
