"""How PostgreSQL keeps rows: refreshes touch no index."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import asyncpg
import pytest

from genkan.protocol.outcomes import Sighting
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
