"""Two nodes of two workers each over one PostgreSQL: what is changed on one holds on all from the next request on, and
keys are rotated under load without signing anybody out.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from genkan.outside.ring_file import read_ring
from genkan.protocol.ring import Ring
from genkan.protocol.sealing import Handle, Sealer
from tests.postgres import Server, running_postgres
from tests.security.load import Load
from tests.security.serving import COMMAND, Serving
from tests.security.test_postgres_crash import a_load

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.xdist_group("crash")]

WORKERS = 2
SECONDS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of databases."""
    with running_postgres() as server:
        yield server


class Node(Serving):
    """One of several nodes: what it is reached at here is not the base URL of the site."""

    def __init__(self, folder: Path, base: str | None, **settings: str) -> None:
        folder.mkdir()
        super().__init__(folder, **settings)
        self.base_here = f"http://127.0.0.1:{self.port}"
        if base is not None:
            self.environment["GENKAN_BASE_URL"] = base


@dataclass
class Nodes:
    """Both nodes, and connections that stay: one to every worker of each."""

    first: Node
    second: Node
    database: str
    server: Server

    @property
    def ring(self) -> Ring:
        """The ring as its file is now."""
        found = read_ring(Path(self.first.environment["GENKAN_SECRET_FILE"]))
        assert isinstance(found, Ring)
        return found

    @property
    def site_id(self) -> bytes:
        """What the site's tokens are bound to."""
        return bytes.fromhex(self.sql("SELECT encode(site_id, 'hex') FROM site"))

    def sql(self, text: str) -> str:
        """What the database says."""
        return self.server.sql(text, self.database)

    def refused(self, *words: str) -> str:
        """What a command says that has to say no."""
        done = subprocess.run(
            [*COMMAND, *words], env=self.first.environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 1, done
        return done.stderr

    @asynccontextmanager
    async def workers(self) -> AsyncIterator[list[httpx2.AsyncClient]]:
        """A client for every worker, each with a connection of its own that is kept."""
        async with AsyncExitStack() as stack:
            found: dict[str, httpx2.AsyncClient] = {}
            for node in (self.first, self.second):
                seen = len(found) + WORKERS
                async with asyncio.timeout(SECONDS):
                    while len(found) < seen:
                        client = httpx2.AsyncClient(base_url=node.base_here, timeout=10)
                        await stack.enter_async_context(client)
                        answer = await client.get("/healthz")
                        # A request's number begins with its process's.
                        found.setdefault(answer.headers["x-request-id"].partition("-")[0], client)
            yield list(found.values())


@pytest.fixture
def nodes(server: Server, tmp_path: Path) -> Iterator[Nodes]:
    """Both serve a fresh database."""
    with two_nodes(server, tmp_path) as nodes:
        yield nodes


@contextmanager
def two_nodes(server: Server, tmp_path: Path, **settings: str) -> Iterator[Nodes]:
    """Both serve a fresh database; stopped whatever happens."""
    name = f"nodes_{len(server.sql('SELECT datname FROM pg_database').split())}"
    server.a_database(name)
    shared = {
        "GENKAN_DATABASE_URL": server.url(name), "GENKAN_SECRET_FILE": str(tmp_path / "ring.json"),
        "GENKAN_WORKERS": str(WORKERS), "GENKAN_ROTATIONS_PER_SECOND": "0", **settings,
    }  # fmt: skip
    first = Node(tmp_path / "first", None, **shared)
    second = Node(tmp_path / "second", first.base, **shared)
    nodes = Nodes(first, second, name, server)
    try:
        first.start()
        second.start()
        yield nodes
    finally:
        first.kill()
        second.kill()


@dataclass
class Tokens:
    access: str
    refresh: str


async def a_phone(load: Load) -> Tokens:
    """A new sign-in."""
    document = (await load.exchange(await load.code())).json()
    return Tokens(document["access_token"], document["refresh_token"])


async def verify(client: httpx2.AsyncClient, tokens: Tokens) -> int:
    """What forward authentication says of the access token."""
    answer = await client.get("/auth/verify", headers={"authorization": f"Bearer {tokens.access}"})
    return answer.status_code


async def verify_in_time(client: httpx2.AsyncClient, tokens: Tokens) -> int:
    """The same by a client that comes again where it is told to: a ring's file is read once a second at most."""
    async with asyncio.timeout(SECONDS):
        while (status := await verify(client, tokens)) == 503:
            await asyncio.sleep(0.1)
    return status


async def test_what_one_node_stops_no_node_serves(nodes: Nodes) -> None:
    """Every worker has just served the sign-in, and knows its link; after each stop the next request to each of them
    is refused, and what is announced changes everywhere at once.
    """
    load = a_load(nodes.first)
    site = nodes.second
    async with nodes.workers() as workers:
        try:
            await load.sign_in()
            for stop in (revoked, by_phones, by_link, by_account):
                tokens = await a_phone(load)
                assert [await verify(worker, tokens) for worker in workers] == [200] * len(workers), stop.__name__
                await stop(nodes, load, tokens)
                assert [await verify(worker, tokens) for worker in workers] == [401] * len(workers), stop.__name__
                for worker in workers:
                    answer = await worker.post("/rest/oauth2/latest/token", data=load.refreshing(tokens.refresh))
                    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
            for on in (True, False):
                made = json.loads(site.command("mobile", "on" if on else "off", "--json"))
                told = [(await worker.get("/rest/nativemobile/1.1/info/login")).text for worker in workers]
                assert [made["clientID"] in text for text in told] == [on] * len(workers)
        finally:
            await load.http.aclose()


async def revoked(nodes: Nodes, load: Load, tokens: Tokens) -> None:
    """By the application itself, at the first node."""
    answer = await load.http.post("/rest/oauth2/latest/revoke", data=load.credentials | {"token": tokens.access})
    assert answer.status_code == 200


async def by_phones(nodes: Nodes, load: Load, tokens: Tokens) -> None:
    """By the command, on another machine."""
    newest = json.loads(nodes.second.command("phones", "list", "--json"))[0]
    nodes.second.command("phones", "sign-out", newest["id"])


async def by_link(nodes: Nodes, load: Load, tokens: Tokens) -> None:
    """Everybody of the link."""
    (link,) = [one for one in json.loads(nodes.second.command("link", "list", "--json")) if one["name"] == "Load"]
    nodes.second.command("link", "sign-out", str(link["id"]))


async def by_account(nodes: Nodes, load: Load, tokens: Tokens) -> None:
    """The account is disabled, and enabled again: a sign-in that has ended stays so."""
    nodes.second.command("user", "add", "root", "--admin", "--password-stdin", given="another horse battery")
    nodes.second.command("user", "disable", "alice")
    nodes.second.command("user", "enable", "alice")


async def test_keys_are_rotated_under_load(nodes: Nodes) -> None:
    """Added and activated while phones refresh at every worker: never invalid_grant, no retry needed for long, and in
    the end all stand under the new key, and the old one can go.
    """
    load = a_load(nodes.first)
    async with nodes.workers() as workers:
        try:
            await load.sign_in()
            before = nodes.ring.active.id
            phones = [await a_phone(load) for _ in range(8)]
            over, told = asyncio.Event(), list[int]()
            loads = [
                asyncio.create_task(refresh_until(over, load, phone, workers, random.Random(n), told))
                for n, phone in enumerate(phones)
            ]
            added = json.loads(await asyncio.to_thread(nodes.second.command, "keys", "add", "--json"))["id"]
            await asyncio.to_thread(nodes.first.command, "keys", "activate", added)
            wanted = len(told) + 10 * len(phones)
            async with asyncio.timeout(SECONDS):
                while len(told) < wanted or not all(key_of(nodes, phone) == int(added, 16) for phone in phones):
                    await asyncio.sleep(0.01)
            over.set()
            await asyncio.gather(*loads)
            assert set(told) <= {200, 503}
            assert nodes.ring.active.id == int(added, 16) != before
            await asyncio.to_thread(nodes.second.command, "keys", "drop", f"{before:04x}")
            assert [await verify_in_time(worker, phones[0]) for worker in workers] == [200] * len(workers)
        finally:
            await load.http.aclose()


async def refresh_until(
    over: asyncio.Event, load: Load, phone: Tokens, workers: list[httpx2.AsyncClient], chance: random.Random,
    told: list[int],
) -> None:  # fmt: skip
    """One phone's refreshes, each at another worker."""
    while not over.is_set():
        worker = chance.choice(workers)
        answer = await worker.post("/rest/oauth2/latest/token", data=load.refreshing(phone.refresh))
        told.append(answer.status_code)
        if answer.status_code == 200:
            phone.access, phone.refresh = answer.json()["access_token"], answer.json()["refresh_token"]
        else:
            assert answer.status_code == 503, answer.text
            assert "retry-after" in answer.headers
            await asyncio.sleep(0.05)


def key_of(nodes: Nodes, phone: Tokens) -> int:
    """The key under which the newest token is sealed."""
    handle = Sealer(nodes.ring, nodes.site_id).open_token(phone.refresh)
    assert isinstance(handle, Handle)
    return handle.key_id


# Workers say once a second that they live; twice that, and the parent has heard it.
BEATS_SECONDS = 2.5


def test_a_key_waits_for_every_worker_that_lives(nodes: Nodes) -> None:
    """Who has not read the new ring is named; who ended in order, or was killed two minutes ago, is not waited for."""
    end = time.monotonic() + SECONDS
    while len(names(nodes)) < 2 * WORKERS:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert nodes.first.process is not None
    parent = nodes.first.process.pid
    workers = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    stuck = workers[0]
    # The parent too, which replaces a worker that is silent.
    for stopped in (parent, stuck):
        os.kill(stopped, signal.SIGSTOP)
    try:
        added = json.loads(nodes.second.command("keys", "add", "--json"))["id"]
        said = nodes.refused("keys", "activate", added)
        assert "has not read the newest key ring" in said
        assert len([name for name in names(nodes) if name in said]) == 1
    finally:
        os.kill(stuck, signal.SIGCONT)
        time.sleep(BEATS_SECONDS)
        os.kill(parent, signal.SIGCONT)
    nodes.second.stop()
    assert len(names(nodes)) == WORKERS
    nodes.second.command("keys", "activate", added)
    # The parent first, so that it starts nobody anew, and stopped rather than killed: workers left alone end in order.
    os.kill(parent, signal.SIGSTOP)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    nodes.first.kill()
    again = json.loads(nodes.second.command("keys", "add", "--json"))["id"]
    assert len(names(nodes)) == WORKERS
    nodes.sql("UPDATE nodes SET seen_at = seen_at - 120000")
    nodes.second.command("keys", "activate", again)


def names(nodes: Nodes) -> list[str]:
    """Who reports."""
    return nodes.sql("SELECT node FROM nodes WHERE seen_at > 0 ORDER BY node").split()
