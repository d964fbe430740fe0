"""Which index every statement enters on PostgreSQL, and bounded by which columns: the same ones for ever, whatever the
planner was told of the tables, and whenever.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest

from genkan.store.postgres_connection import connect
from tests.postgres import Server, running_postgres
from tests.store.expected_plans import EXPECTED
from tests.store.plans import CUSTOM, GENERIC, grow, plans

pytestmark = pytest.mark.needs("postgres")

ROWS = 3_000
Step = Callable[[asyncpg.Connection], Awaitable[object]]


async def _analyse(db: asyncpg.Connection) -> None:
    await db.execute("ANALYZE")


async def _one_each(db: asyncpg.Connection) -> None:
    await grow(db, 1, 1)


async def _grow(db: asyncpg.Connection) -> None:
    await grow(db, 2, ROWS)


async def _vacuum(db: asyncpg.Connection) -> None:
    await db.execute("VACUUM ANALYZE")


STATES: dict[str, tuple[Step, ...]] = {
    "never analysed": (),
    "grown, never analysed": (_one_each, _grow),
    "analysed while empty": (_analyse,),
    "analysed while empty, and grown": (_analyse, _one_each, _grow),
    "analysed with a row in each table": (_one_each, _analyse),
    "analysed with a row in each table, and grown": (_one_each, _analyse, _grow),
    "grown and analysed": (_one_each, _grow, _analyse),
    "grown and vacuumed": (_one_each, _grow, _vacuum),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=STATES)
async def db(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the store has them, to a database of its own: none has statistics of a test before."""
    url = server.a_database(f"state_{list(STATES).index(request.param)}")
    connection = await connect(url)
    assert await connection.fetchval("SELECT count(*) FROM pg_stats WHERE schemaname = 'public'") == 0
    for step in STATES[request.param]:
        await step(connection)
    yield connection
    await connection.close()


async def test_every_statement_enters_its_index_in_every_state(db: asyncpg.Connection) -> None:
    """As prepared statements keep them, made without knowing any value, and as made for the values."""
    for mode in (GENERIC, CUSTOM):
        found = await plans(db, mode)
        assert {name: plan for name, plan in found.items() if plan != EXPECTED.get(name, "")} == {}, mode
        assert EXPECTED.keys() <= found.keys()


async def test_plans_are_looked_at_with_and_without_values(server: Server) -> None:
    """The one is made for a parameter, the other for a number; else both of the test above would be the same."""
    connection = await connect(server.a_database("modes"))
    await connection.execute("PREPARE one AS SELECT 1 FROM accounts WHERE id = $1")
    told = []
    for mode in (GENERIC, CUSTOM):
        await connection.execute(f"SET plan_cache_mode = {mode}")
        told.append("\n".join(row[0] for row in await connection.fetch("EXPLAIN EXECUTE one(4711)")))
    await connection.close()
    assert ["$1" in text for text in told] == [True, False]
    assert ["4711" in text for text in told] == [False, True]
