"""Who gives way when connections run out, and whose turn it is when requests were sent ahead."""

import asyncio
import errno
import socket
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.httpd.connection import Connection
from genkan.httpd.server import SecuredListener, Server
from genkan.httpd.shared import Shared
from genkan.httpd.shares import Ranking, Shares
from genkan.httpd.tls import TLS
from genkan.httpd.turns import AHEAD_EACH_PASS
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.site.measure import ServerFigures
from genkan.site.reader import LANGUAGES
from tests.site.connecting import GET, POST, Wire, echo, log
from tests.site.tls_world import House, ask
from tests.site.world import SiteUnderTest


@dataclass(eq=False)
class Guest:
    """A connection as the shares know it."""

    address: str
    idle_since: float | None = None
    is_answered: bool = False
    held: int = 0
    gone: bool = False

    def give_way(self) -> None:
        """It is told to go."""
        self.gone = True


def nobody(_: str) -> bool:
    """No address is a proxy's."""
    return False


def entered(shares: Shares, *guests: Guest) -> None:
    for guest in guests:
        shares.enter(guest)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 5), st.booleans())))
def test_the_longest_row_is_known_whatever_comes_and_goes(steps: list[tuple[str, int, bool]]) -> None:
    """Against counting anew."""
    ranking, there = Ranking(), set[tuple[str, int]]()
    guests = {(key, number): Guest(key) for key in "abcd" for number in range(6)}
    for key, number, comes in steps:
        (ranking.add if comes else ranking.remove)(key, guests[key, number])
        (there.add if comes else there.discard)((key, number))
        counts = Counter(key for key, _ in there)
        assert ranking.longest == max(counts.values(), default=0)
        greediest = ranking.greediest()
        assert (greediest is None) == (not there)
        assert greediest is None or counts[greediest] == ranking.longest


@pytest.mark.parametrize(
    ("greedy", "modest"),
    [("203.0.113.7", "203.0.113.8"), ("203.0.113.7", "198.51.100.1"), ("2001:db8::1", "2001:db8:0:1::1")],
)
def test_the_source_that_has_most_gives_way_and_nobody_else(greedy: str, modest: str) -> None:
    """Also to a neighbour within the same wider prefix; what is being answered stays."""
    shares = Shares(5, figures := ServerFigures(), nobody)
    honest, first, second, third = Guest(modest), Guest(greedy, is_answered=True), Guest(greedy), Guest(greedy)
    entered(shares, honest, first, second, third, Guest(greedy))
    assert shares.make_room()
    assert [one.gone for one in (honest, first, second, third)] == [False, False, True, False]
    assert figures.shed == {"share": 1}


def test_many_addresses_of_one_network_are_one_greedy_source() -> None:
    """Two addresses with two each beside two hundred of a /24 with one each: the /24 has most."""
    shares = Shares(204, ServerFigures(), nobody)
    others = [Guest(f"198.51.{number}.1", 1.0) for number in (1, 1, 2, 2)]
    crowd = [Guest(f"203.0.113.{number}", 1.0) for number in range(200)]
    doubled = Guest("203.0.113.5", 2.0)
    entered(shares, *others, *crowd[1:], doubled)
    entered(shares, Guest("192.0.2.1", 9.0))
    assert shares.make_room()
    assert not any(one.gone for one in others)
    assert sum(one.gone for one in (*crowd, doubled)) == 1


def test_a_trusted_proxy_has_no_share_to_exceed() -> None:
    """Everybody comes from there: only what is idle makes room, and where nothing is, the newest is turned away."""
    shares = Shares(3, figures := ServerFigures(), lambda address: address == "10.0.0.1")
    guests = [Guest("10.0.0.1") for _ in range(3)]
    entered(shares, *guests)
    assert not shares.make_room()
    guests[1].idle_since = 1.0
    assert shares.make_room()
    assert [one.gone for one in guests] == [False, True, False]
    assert (figures.shed, figures.replaced) == ({"connections": 1}, 1)


def test_unfinished_requests_of_one_source_give_way_to_each_other() -> None:
    """Half of all connections may be unfinished; beyond it the oldest of the greediest source goes."""
    shares = Shares(100, ServerFigures(), nobody)
    honest, greedy = Guest("198.51.100.1"), [Guest("203.0.113.7") for _ in range(50)]
    entered(shares, honest, *greedy)
    for one in (honest, *greedy):
        shares.begin(one)
    assert [one.gone for one in (honest, *greedy)] == [False, True, *[False] * 49]


def test_who_holds_most_of_the_memory_goes_first() -> None:
    """Not whoever asks for a little more."""
    shares = Shares(100, figures := ServerFigures(), nobody)
    honest, greedy = Guest("198.51.100.1"), [Guest("203.0.113.7", held=400 + number) for number in range(2)]
    entered(shares, honest, *greedy)
    for one in (honest, *greedy):
        shares.begin(one)
    assert all(shares.hold(one, one.held, 1000) is None for one in greedy)
    assert shares.hold(honest, 250, 1000) is greedy[1]
    assert figures.shed == {"unfinished": 1}


async def test_answers_that_nobody_reads_take_so_much_memory_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who of all leaves most of them goes; who reads again is none of them any more."""
    monkeypatch.setattr("genkan.httpd.connection.MOST_UNREAD_BYTES", 1000)
    shared = Shared(echo, log)
    made = [connection_of(shared) for _ in range(4)]
    for (connection, _), (address, size) in zip(
        made, (("198.51.100.1", 300), ("203.0.113.7", 300), ("203.0.113.7", 300), ("192.0.2.1", 300)), strict=True
    ):
        connection._client = address
        connection._transport.unsent = size  # type: ignore[attr-defined]
        connection.pause_writing()
    assert [wire.aborted for _, wire in made] == [False, True, False, False]
    made[2][0].resume_writing()
    made[2][0].pause_writing()
    assert [wire.aborted for _, wire in made] == [False, True, False, False]
    assert shared.figures.shed == {"unread": 1}
    for connection, _ in made:
        connection.connection_lost(None)
    assert shared.shares._unread.total == 0


async def test_requests_sent_ahead_take_turns_with_the_others() -> None:
    """Forty connections with sixteen requests each: who comes then is answered after a few of them, not after all."""
    order: list[str] = []

    async def site(arrival: Arrival) -> Answer:
        order.append(arrival.path)
        return await echo(arrival)

    shared = Shared(site, log)
    made = []
    for _ in range(40):
        connection, wire = connection_of(shared)
        made.append(connection)
        connection.data_received(GET * 16)
    await asyncio.sleep(0)
    newest, wire = connection_of(shared)
    newest.data_received(POST)
    while b"200" not in wire.told:
        await asyncio.sleep(0)
    ahead = order.index("/first")
    for _ in range(400):
        await asyncio.sleep(0)
    assert len(order) == 40 * 16 + 1
    assert ahead <= 40 + 5 * AHEAD_EACH_PASS
    for connection in (*made, newest):
        connection.connection_lost(None)


def connection_of(shared: Shared) -> tuple[Connection, Wire]:
    """A connection without a network."""
    connection, wire = Connection(shared), Wire()
    connection.connection_made(wire)
    return connection, wire


async def test_silent_handshakes_count_and_give_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the network: sixty that say nothing where twenty may be; who speaks TLS is answered each time."""
    monkeypatch.setattr("genkan.httpd.server.gc.freeze", lambda: None)
    house, ready = House(tmp_path / "house"), asyncio.Event()
    shared = Shared(echo, log, most_connections=20)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = Server(shared, ready.set, lambda: None, (SecuredListener(listener, TLS(house.files), asks=False),))
        running = asyncio.create_task(server.serve([]))
        await ready.wait()
        silent = []
        for number in range(60):
            one = socket.create_connection(("127.0.0.1", port), source_address=("127.7.7.7", 0))
            silent.append(one)
            if number % 10 == 9:
                assert b"200 OK" in await ask(port, house.trusting())
                assert shared.figures.connections <= 20 + 16
        assert 10 <= shared.figures.connections <= 20
        assert shared.figures.shed["share"] >= 40
        for one in silent:
            one.close()
        while shared.figures.connections:
            await asyncio.sleep(0.01)
        server.should_exit = True
        await running


async def test_accepting_rests_while_too_many_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants in then waits in the system's queue, and is let in when there is room."""
    monkeypatch.setattr("genkan.httpd.server.gc.freeze", lambda: None)
    shared, ready = Shared(echo, log, most_connections=4), asyncio.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server(shared, ready.set, lambda: None)
        running = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        shared.figures.connections += 100
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(GET)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        shared.figures.connections -= 100
        assert await asyncio.wait_for(reader.read(9), 5) == b"HTTP/1.1 "
        writer.close()
        server.should_exit = True
        await running


async def test_a_page_that_is_asked_for_the_first_time_needs_no_file(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that pages are made of is in memory from the start, in every language."""

    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("builtins.open", none_left)
    monkeypatch.setattr("io.open", none_left)
    for language in LANGUAGES:
        page = await site.client.get(f"{site.base}/login", headers={"accept-language": language})
        assert page.status_code == 200
