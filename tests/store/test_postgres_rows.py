"""How PostgreSQL keeps and finds rows: refreshes touch no index, and no plan depends on statistics."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from genkan.protocol.outcomes import Sighting
from genkan.store import postgres_hot, postgres_notes, postgres_tokens
from genkan.store.api import Store
from genkan.store.postgres import open_store
from genkan.store.postgres_connection import connect
from tests.postgres import Emptied, running_postgres
from tests.store.builders import NOW, a_grant, a_link, added, an_account, an_env, redeemed, rotated
from tests.store.reading import the_row

pytestmark = pytest.mark.needs("postgres")

REFRESHED = {
    "generation", "key_id", "previous_key_id", "rotated_at", "access_expires_at", "refresh_expires_at", "access_scope",
    "rotation_due", "user_agent", "network", "seen_at", "seen_generation", "last_seen", "retries",
}  # fmt: skip
ROWS = "pg_stat_get_tuples_updated('grants'::regclass), pg_stat_get_tuples_hot_updated('grants'::regclass)"


@pytest.fixture(scope="module")
def database() -> Iterator[Emptied]:
    with running_postgres() as server, closing(Emptied(server)) as database:
        yield database


@pytest.fixture
async def db(database: Emptied) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the store has them."""
    connection = await connect(database.again())
    yield connection
    await connection.close()


@pytest.fixture
async def store(database: Emptied, db: asyncpg.Connection) -> AsyncIterator[Store]:
    store = open_store(database.url, create=False, env=an_env())
    yield store
    await store.close()


async def test_no_index_names_what_a_refresh_changes(db: asyncpg.Connection) -> None:
    """Neither as a column nor in its condition; and pages have room for the next version of a row."""
    definitions = [row[0] for row in await db.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 'grants'")]
    assert len(definitions) == 6
    assert not [name for name in REFRESHED for text in definitions if name in text]
    assert "fillfactor=80" in (await db.fetchval("SELECT reloptions FROM pg_class WHERE relname = 'grants'"))


async def test_refreshes_stay_in_their_page(db: asyncpg.Connection, store: Store) -> None:
    """Rotations and sightings: most are heap-only updates, though all rows of a page move at once."""
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    grants = [a_grant(account, link) for _ in range(50)]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    for turn in range(5):
        present = [await the_row(store, grant) for grant in grants]
        assert all(await asyncio.gather(*(store.apply(rotated(row, NOW + turn)) for row in present)))
        for row in present:
            store.note_sighting(Sighting(row.id, row.generation + 1, NOW + turn))
        await store.flush()
    # The numbers come once the sessions that did it are idle for a moment, or over.
    await store.close()
    async with asyncio.timeout(30):
        while (found := await db.fetchrow(f"SELECT {ROWS}"))[0] < 500:
            await asyncio.sleep(0.05)
    updated, hot = found
    assert hot >= 0.8 * updated, (updated, hot)


HOT: dict[str, tuple[str, list[Any]]] = {
    "facts": (postgres_hot._GRANT_FACTS, [b"g" * 16]),
    "codes": (postgres_hot._CODE_FACTS, [1, 2, b"g" * 16]),
    "sessions": (postgres_hot._SESSION_FACTS, [b"s" * 32]),
    "names": (postgres_hot._ACCOUNT_BY_NAME, ["alice"]),
    "keys": (postgres_hot._API_KEY, [b"k" * 32]),
    "passwords": (postgres_hot._PASSWORD, ["alice", [b"k" * 16]]),
    "rotations": (postgres_tokens.ROTATE, postgres_tokens.ROTATE_COLUMNS.arrays([])),
    "retries": (postgres_tokens.RETRY, postgres_tokens.RETRY_COLUMNS.arrays([])),
    "ends": (postgres_tokens.END, postgres_tokens.END_COLUMNS.arrays([])),
    "redemptions": (postgres_tokens.REDEEM, postgres_tokens.REDEEM_COLUMNS.arrays([])),
    "replacements": (postgres_tokens.REPLACE, postgres_tokens.REPLACE_COLUMNS.arrays([])),
    "sightings": (postgres_notes._SIGHT, postgres_notes._SIGHT_COLUMNS.arrays([])),
}


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("which", sorted(HOT))
async def test_plans_do_not_depend_on_statistics(db: asyncpg.Connection, which: str, analysed: bool) -> None:
    """On a fresh table and on one that was analysed while it was empty: rows are found by their index, one by one."""
    if analysed:
        await db.execute("ANALYZE")
    text, values = HOT[which]
    [top] = await (await db.prepare(text)).explain(*values)
    nodes = list(walked(top["Plan"]))
    assert {kind for kind, _ in nodes}.isdisjoint({"Hash Join", "Merge Join", "Bitmap Heap Scan"})
    assert {table for kind, table in nodes if kind == "Seq Scan"} <= {"site"}  # of one row
    assert {table for kind, table in nodes if kind.startswith("Index")}


@pytest.mark.parametrize("analysed", [False, True])
async def test_a_device_is_found_by_its_mark(store: Store, db: asyncpg.Connection, analysed: bool) -> None:
    """The index is entered by account and mark: by the account alone, a person with many sign-ins would be read whole
    at each new one.
    """
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    grants = [replace(a_grant(account, link), device=number.to_bytes(16, "little")) for number in range(1, 301)]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    if analysed:
        await db.execute("ANALYZE")
    [top] = await (await db.prepare(postgres_tokens.REPLACE)).explain(*postgres_tokens.REPLACE_COLUMNS.arrays([]))
    [entered] = [node["Index Cond"] for node in nodes_of(top["Plan"]) if node.get("Index Name") == "grants_by_device"]
    assert "account = " in entered
    assert "substr(" in entered


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def walked(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each node's kind, and the table it reads."""
    for node in nodes_of(plan):
        yield node["Node Type"], node.get("Relation Name", "")
