"""Who waits for a connection of the pool: in which order, for how long, and what becomes of what they were handed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from genkan.store import postgres_pool
from genkan.store.api import StoreUnavailable
from genkan.store.patience import PATIENCE, Patience
from genkan.store.postgres_pool import Pool


class Server:
    """Answers a statement when a test says so. ``asked`` wait for an answer; ``order`` is of all there were."""

    def __init__(self) -> None:
        self.asked: dict[str, asyncio.Future[list[Any]]] = {}
        self.order: list[str] = []
        self.connections: list[Connection] = []

    async def connect(self, _: str) -> "Connection":
        """One more."""
        self.connections.append(Connection(self))
        return self.connections[-1]

    def answer(self, statement: str) -> None:
        """Its rows."""
        self.asked.pop(statement).set_result([statement])


class Connection:
    """What the pool uses of one."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._closed = False

    async def fetch(self, sql: str) -> list[Any]:
        self._server.order.append(sql)
        self._server.asked[sql] = asyncio.get_running_loop().create_future()
        return await self._server.asked[sql]

    def is_closed(self) -> bool:
        return self._closed

    def terminate(self) -> None:
        self._closed = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(postgres_pool, "connect", made.connect)
    return made


async def settle(until: Callable[[], bool] = lambda: False) -> None:
    for _ in range(20):
        if until():
            return
        await asyncio.sleep(0)


async def asking(pool: Pool, *statements: str) -> list["asyncio.Task[list[Any]]"]:
    """Each asks, in this order."""
    tasks = []
    for statement in statements:
        tasks.append(asyncio.create_task(pool.fetch(statement)))
        await settle()
    return tasks


async def test_first_come_first_served(server: Server) -> None:
    """Whoever asks just when a connection is given back comes behind those who wait, and so does who had it last."""
    pool = Pool("", 1)

    async def again() -> None:
        await pool.fetch("holder")
        await pool.fetch("holder again")

    holder = asyncio.create_task(again())
    await settle()
    tasks = await asking(pool, "first", "second")
    server.answer("holder")
    for statement in ("first", "second", "holder again"):
        await settle(lambda: statement in server.asked)  # noqa: B023 - run before the next turn
        assert list(server.asked) == [statement]
        server.answer(statement)
    await asyncio.gather(holder, *tasks)
    assert server.order == ["holder", "first", "second", "holder again"]
    assert (pool.figures.open, pool.figures.idle, pool.figures.waiting) == (1, 1, 0)


async def test_all_reads_of_a_request_wait_for_five_seconds_together(server: Server) -> None:
    """Each of them alone would wait less."""
    pool, loop = Pool("", 1), asyncio.get_running_loop()
    begun = loop.time()
    PATIENCE.set(Patience(0.3))
    first, reading = await asking(pool, "first", "reading")
    loop.call_later(0.2, server.answer, "first")
    await first
    await settle(lambda: "reading" in server.asked)
    server.answer("reading")
    assert await reading == ["reading"]
    second, late = await asking(pool, "second", "late")
    with pytest.raises(StoreUnavailable):
        await late
    assert 0.29 <= loop.time() - begun < 3
    assert pool.figures.waiting == 0
    server.answer("second")
    await second


async def test_who_has_no_patience_left_takes_what_is_free(server: Server) -> None:
    """It is only waiting that ends."""
    pool = Pool("", 1)
    PATIENCE.set(Patience(0))
    (task,) = await asking(pool, "at once")
    server.answer("at once")
    assert await task == ["at once"]


@pytest.mark.parametrize("lost", [False, True])
async def test_what_somebody_was_handed_who_is_gone_is_the_next_ones(server: Server, lost: bool) -> None:
    """A client that goes in that very moment takes neither the connection nor its place away."""
    pool = Pool("", 1)
    holder, first, second = await asking(pool, "holder", "first", "second")
    if lost:
        server.asked.pop("holder").set_exception(ConnectionResetError())
    else:
        server.answer("holder")
    await settle(lambda: pool.figures.waiting == 1)
    first.cancel()
    await settle()
    assert first.cancelled()
    if lost:
        # The holder asks once more, behind those who wait.
        server.answer("second")
        await settle()
        server.answer("holder")
    else:
        server.answer("second")
    assert await second == ["second"]
    assert await holder == ["holder"]
    assert (pool.figures.open, pool.figures.idle, pool.figures.waiting) == (1, 1, 0)
    assert len(server.connections) == 1 + lost


async def test_a_place_is_opened_by_the_first_alone(server: Server) -> None:
    """Of two that wait for one that is lost one opens another; never more than there may be."""
    pool = Pool("", 1)
    holder, first, second = await asking(pool, "holder", "first", "second")
    holder.cancel()
    await settle()
    assert (list(server.asked), pool.figures.open, len(server.connections)) == (["holder", "first"], 1, 2)
    server.answer("first")
    await settle()
    server.answer("second")
    assert (await first, await second) == (["first"], ["second"])
    assert pool.figures.open == 1
