"""Who waits for the password lane, whose turn it is, and for whom nothing is hashed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.httpd.connection import Connection
from genkan.outside.passwords import PasswordLane
from genkan.protocol.signin.password import LaneFull
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.site.crowd import Crowd
from genkan.site.measure import PasswordFigures
from genkan.site.received import Received
from tests.site.connecting import POST, connected, echo, settle
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


async def test_addresses_take_turns_for_the_password_lane(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many one address sends at once, two are in the lane and the others wait behind them or are told to come
    back; whoever comes from another address is next, and who waited gets a turn.
    """
    monkeypatch.setattr(site.door.crowd, "_of_one", 5)
    await site.make_account()
    steps, inside = asyncio.Semaphore(0), []

    async def held(self: PasswordLane, kept: str, password: str) -> bool:
        inside.append(password)
        await steps.acquire()
        return False

    monkeypatch.setattr(PasswordLane, "verify", held)
    trying = [asyncio.create_task(site.sign_in(f"name {number}", "wrong")) for number in range(20)]
    while sum(task.done() for task in trying) < 13:
        await asyncio.sleep(0)
    assert {task.result().status_code for task in trying if task.done()} == {503}
    assert len(inside) == 2
    figures = site.door.measures.passwords
    crowd_figures = site.door.crowd._figures
    assert (crowd_figures.waiting, crowd_figures.refused) == (5, 13)
    entered = asyncio.create_task(visit(site.door.crowd, "198.51.100.7/32"))
    await asyncio.sleep(0)
    for _ in range(2):
        steps.release()
    await asyncio.wait_for(entered, 30)
    assert len(inside) == 4
    for _ in range(20):
        steps.release()
    await asyncio.gather(*trying)
    assert len(inside) == 7
    assert (crowd_figures.waiting, figures.waiting) == (0, 0)


async def test_an_address_that_may_guess_no_more_is_not_hashed_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the name is, and with the same answer; a browser that its person signed in with before still is."""
    site = await open_site(tmp_path, TestClock(), guesses_per_address=3)
    await site.make_account()
    assert (await site.sign_in()).status_code == 303
    hashed: list[str] = []
    real = PasswordLane.verify

    async def counting(self: PasswordLane, kept: str, password: str) -> bool:
        hashed.append(password)
        return await real(self, kept, password)

    monkeypatch.setattr(PasswordLane, "verify", counting)
    async with site.browser() as strange:
        names = ("aaa", "bbb", "ccc", "ddd", "alice")
        answers = [await site.sign_in(name, f"wrong for {name}", strange) for name in names]
    assert hashed == ["wrong for aaa", "wrong for bbb", "wrong for ccc"]
    assert len({answer.status_code for answer in answers}) == 1
    await site.client.post(f"{site.base}/logout")
    assert (await site.sign_in()).status_code == 303
    assert len(hashed) == 4
    await close_site(site)


async def test_nobody_is_hashed_for_who_has_gone(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that comes after the client left is the next one's."""
    hashed: list[str] = []

    async def counting(self: PasswordLane, kept: str, password: str) -> bool:
        hashed.append(password)
        return False

    monkeypatch.setattr(PasswordLane, "verify", counting)
    await site.sign_in("alice", "first")
    monkeypatch.setattr(Received, "gone", lambda _: True)
    assert (await site.sign_in("alice", "second")).status_code == 503
    assert hashed == ["first"]


@pytest.mark.parametrize("leave", [Connection.eof_received, lambda connection: connection.connection_lost(None)])
async def test_a_request_knows_that_its_client_has_left(leave: Callable[[Connection], object]) -> None:
    """Whether it said that it sends no more or the connection broke, while the request is being answered."""
    known: list[Arrival] = []
    go_on = asyncio.Event()

    async def slow(arrival: Arrival) -> Answer:
        known.append(arrival)
        await go_on.wait()
        return await echo(arrival)

    connection, wire = connected(slow)
    connection.data_received(POST)
    await settle()
    assert not known[0].gone()
    wire.closed = leave is not Connection.eof_received  # as a real transport is by then
    leave(connection)
    assert known[0].gone()
    go_on.set()
    await settle()


async def visit(crowd: Crowd, address: str, network: str = "") -> None:
    """A turn that is over at once."""
    async with crowd.enter(address, network or address):
        pass


async def test_a_crowd_is_forgotten_when_it_goes() -> None:
    """Also where what was done inside failed, and where somebody gave up waiting."""
    crowd = Crowd(1, 1, 10, PasswordFigures())

    async def fail() -> None:
        async with crowd.enter("a", "a"):
            raise ZeroDivisionError

    async with crowd.enter("a", "a"):
        waiting = asyncio.create_task(fail())
        await asyncio.sleep(0)
        with pytest.raises(LaneFull):
            await fail()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert crowd._waiting == 0
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not crowd._rows
    await visit(crowd, "a")


async def test_a_newcomer_waits_behind_one_try_of_each_address() -> None:
    """Two addresses with a hundred tries each: a third has the turn after theirs, whoever came before it."""
    crowd, order = Crowd(1, 100, 1000, PasswordFigures()), list[str]()

    async def visit_and_tell(address: str) -> None:
        async with crowd.enter(address, address):
            order.append(address)
            await asyncio.sleep(0)

    async with crowd.enter("held", "held"):
        tasks = [asyncio.create_task(visit_and_tell(address)) for _ in range(100) for address in "ab"]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(visit_and_tell("c")))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order[:4] == ["a", "b", "c", "a"]
    assert len(order) == 201


async def test_where_all_places_are_taken_the_longest_row_gives_one_up() -> None:
    """Its last goes, so that whoever comes alone finds a place; who would only make a row as long is told so."""
    figures = PasswordFigures()
    crowd = Crowd(1, 100, 4, figures)
    async with crowd.enter("held", "held"):
        crowded = [asyncio.create_task(visit(crowd, "a")) for _ in range(4)]
        await asyncio.sleep(0)
        newcomer = asyncio.create_task(visit(crowd, "b"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [task.done() for task in crowded] == [False, False, False, True]
        with pytest.raises(LaneFull):
            await visit(crowd, "a")
    for task in (newcomer, *crowded[:3]):
        await task
    with pytest.raises(LaneFull):
        await crowded[3]
    assert (figures.waiting, figures.refused) == (0, 2)


async def test_a_network_of_many_addresses_is_one_flood() -> None:
    """Of IPv6 anybody is given a /48, which is as many addresses as there are places: whoever comes from elsewhere
    finds one, and has the next turn but one.
    """
    crowd, order = Crowd(1, 100, 50, PasswordFigures()), list[str]()

    async def visit_and_tell(address: str, network: str) -> None:
        async with crowd.enter(address, network):
            order.append(address)
            await asyncio.sleep(0)

    async with crowd.enter("held", "held"):
        tasks = [asyncio.create_task(visit_and_tell(f"2001:db8:0:{n:x}::/64", "2001:db8::/48")) for n in range(50)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(visit_and_tell("192.0.2.1/32", "192.0.2.0/24")))
        await asyncio.sleep(0)
        with pytest.raises(LaneFull):
            await visit(crowd, "2001:db8:0:ffff::/64", "2001:db8::/48")
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert order[1] == "192.0.2.1/32"
    assert [type(one) for one in done if one is not None] == [LaneFull]
    assert (crowd._free, crowd._waiting, crowd._rows) == (1, 0, {})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "go", "give up"])), max_size=60))
def test_whatever_happens_in_a_crowd_nobody_is_forgotten(steps: list[tuple[str, str]]) -> None:
    """After any order of coming, going and giving up no place is lost and nobody is left waiting."""

    async def happen() -> None:
        figures = PasswordFigures()
        crowd, inside, tasks = Crowd(2, 3, 5, figures), asyncio.Semaphore(0), list[asyncio.Task[None]]()

        async def stay(address: str) -> None:
            async with crowd.enter(address, "ab" if address in "ab" else address):
                await inside.acquire()

        for address, step in steps:
            if step == "come":
                tasks.append(asyncio.create_task(stay(address)))
            elif step == "go":
                inside.release()
            elif tasks:
                tasks[len(tasks) // 2].cancel()
            await asyncio.sleep(0)
        for _ in tasks:
            inside.release()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert (crowd._free, crowd._waiting, crowd._rows, figures.waiting) == (2, 0, {}, 0)

    asyncio.run(happen())


async def test_who_gives_up_and_has_to_give_way_at_once_leaves_no_place_behind() -> None:
    """Told both in one turn of the loop: it never had a place, so none is given back."""
    crowd = Crowd(1, 10, 1, PasswordFigures())
    async with crowd.enter("held", "held"):
        waiting = [asyncio.create_task(visit(crowd, "a"))]
        await asyncio.sleep(0)
        crowd._in_all = 2
        waiting.append(asyncio.create_task(visit(crowd, "a")))
        await asyncio.sleep(0)
        waiting.append(asyncio.create_task(visit(crowd, "b")))
        waiting[1].get_loop().call_soon(waiting[1].cancel)
        await asyncio.sleep(0)
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (crowd._free, crowd._waiting, crowd._rows) == (1, 0, {})
