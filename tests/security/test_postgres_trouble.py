"""genkan serve over a PostgreSQL that is locked, slow, full or unreachable: 503 with Retry-After, nothing half done,
the truth in readyz, and recovery by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest

from tests.postgres import Server, running_postgres
from tests.security.load import Load, Phone
from tests.security.serving import Serving
from tests.security.test_postgres_crash import a_load

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.xdist_group("crash")]

SECONDS = 60
# What a disk that is full says, and a statement that takes longer than anybody waits.
FULL = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'"
SLOW = "PERFORM pg_sleep(20)"
WRITTEN = ("grants", "audit", "nodes")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of databases."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def site(server: Server, tmp_path: Path) -> Iterator[Serving]:
    """A site of two workers over a fresh database."""
    server.sql("DROP DATABASE IF EXISTS trouble WITH (FORCE)")
    server.a_database("trouble")
    site = Serving(
        tmp_path, GENKAN_DATABASE_URL=server.url("trouble"), GENKAN_SECRET_FILE=str(tmp_path / "ring.json"),
        GENKAN_ROTATIONS_PER_SECOND="0", GENKAN_WORKERS="2",
    )  # fmt: skip
    site.start()
    yield site
    site.kill()


@asynccontextmanager
async def locked(server: Server) -> AsyncIterator[None]:
    """Somebody holds what counts, as a careless administrator does."""
    holder = await asyncpg.connect(server.url("trouble"))
    try:
        await holder.execute(f"BEGIN; LOCK TABLE {', '.join(WRITTEN)}")
        yield
    finally:
        await holder.close()


@asynccontextmanager
async def writes_meet(server: Server, what: str) -> AsyncIterator[None]:
    """Every write of what counts comes to this."""
    await asyncio.to_thread(
        server.sql, f"CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NEW; END $$",
        "trouble",
    )  # fmt: skip
    for table in WRITTEN:
        made = f"CREATE TRIGGER meet BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION meet()"
        await asyncio.to_thread(server.sql, made, "trouble")
    try:
        yield
    finally:
        await asyncio.to_thread(server.sql, "DROP FUNCTION meet CASCADE", "trouble")


@asynccontextmanager
async def unreachable(server: Server) -> AsyncIterator[None]:
    """Nobody is let in any more, and who was in is put out."""
    shut = "UPDATE pg_database SET datallowconn = {} WHERE datname = 'trouble'"
    await asyncio.to_thread(server.sql, shut.format("FALSE"))
    await asyncio.to_thread(
        server.sql, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'trouble'"
    )
    try:
        yield
    finally:
        await asyncio.to_thread(server.sql, shut.format("TRUE"))


TROUBLES: dict[str, Callable[[Server], AbstractAsyncContextManager[None]]] = {
    "locked": locked,
    "slow": lambda server: writes_meet(server, SLOW),
    "full": lambda server: writes_meet(server, FULL),
    "unreachable": unreachable,
}


@pytest.mark.parametrize(
    "names",
    # The first two are told after seconds that the server lets pass.
    [pytest.param(("locked", "slow"), marks=pytest.mark.long), ("full", "unreachable")],
    ids=" ".join,
)
async def test_each_trouble_is_told_and_outlived(site: Serving, server: Server, names: tuple[str, ...]) -> None:
    """One after the other, each while a phone refreshes, a new one signs in and one is signed out."""
    load = a_load(site)
    # A write waits for those before it, each of which the server may give up on only after five seconds.
    load.http.timeout = httpx2.Timeout(SECONDS)
    try:
        await load.sign_in()
        for name in names:
            for _ in range(2):
                await load._new_phone()
            phone, going = load.ledger.phones[-2:]
            code = await load.code()
            async with TROUBLES[name](server):
                asked = load.refresh(phone.token), load.exchange(code), load._post("revoke", {"token": going.token})
                for answer in await asyncio.wait_for(asyncio.gather(*asked), SECONDS):
                    assert (answer.status_code, "retry-after" in answer.headers) == (503, True), name
                await until_ready_is(load, 503)
            await until_ready_is(load, 200)
            await well_again(load, phone, going, code, name)
        assert "WRONG" not in site.command("audit", "verify")
    finally:
        await load.http.aclose()


async def well_again(load: Load, phone: Phone, going: Phone, code: str, name: str) -> None:
    """Nothing was half done: the token is the one to be shown, the code is good once, who was to go is there yet."""
    shown = phone.token
    answer = await load.refresh(shown)
    assert answer.status_code == 200, name
    load.acknowledge(phone, shown, answer.json()["refresh_token"])
    assert (await load.refresh(going.token)).status_code == 200, name
    going.revoke_sent = True
    assert [(await load.exchange(code)).status_code for _ in range(2)] == [200, 400], name


async def until_ready_is(load: Load, status: int) -> None:
    """Wait until every worker says so: several answers in a row, over new connections."""
    async with asyncio.timeout(SECONDS):
        alike = 0
        while alike < 4:
            async with httpx2.AsyncClient(base_url=load.http.base_url, timeout=15) as client:
                answer = await client.get("/readyz")
            alike = alike + 1 if answer.status_code == status else 0
            await asyncio.sleep(0.05)
