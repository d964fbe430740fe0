"""Too much at once: what is turned away, who still gets through, and what a server that stops does with what it has."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from genkan.httpd import connection as connections
from genkan.httpd.connection import Connection
from genkan.httpd.shared import Shared
from genkan.main import OWN_FILES, most_connections
from genkan.protocol.records import Link
from genkan.settings import Settings
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.site.keeper import Keeper
from genkan.site.peer import source_of
from genkan.store.api import NodeReport, QueueFull
from genkan.store.postgres_cold import MOST_THREADS, ColdThreads
from genkan.store.sqlite import SqliteStore
from tests.site.connecting import GET, POST, Wire, echo, log, settle, status
from tests.site.test_httpd import exchange, serving
from tests.site.world import VERIFIER, SiteUnderTest, TestClock, close_site, open_site

SECOND = 1000
MINUTE = 60 * SECOND


# Requests


async def test_what_is_more_than_can_be_answered_is_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, with when to come back. Programs and people have room of their own, and who looks after it is told."""
    site = await open_site(tmp_path, TestClock(), most_requests=3)
    go_on = asyncio.Event()
    real = site.store.site

    async def held() -> object:
        await go_on.wait()
        return await real()

    monkeypatch.setattr(site.store, "site", held)
    waiting = [asyncio.create_task(site.client.get(f"{site.base}/rest/nativemobile/1.1/info/login")) for _ in range(3)]
    while site.door.measures.server.requests["programs"] < 3:
        await asyncio.sleep(0)
    turned = await site.client.get(f"{site.base}/rest/nativemobile/1.1/info/login")
    assert (turned.status_code, turned.json()["error"]) == (503, "temporarily_unavailable")
    assert int(turned.headers["retry-after"]) >= 1
    assert (await site.client.get(f"{site.base}/no/such/path")).status_code == 503
    assert (await site.client.get(f"{site.base}/healthz")).status_code == 200
    waiting += [asyncio.create_task(site.client.get(f"{site.base}/login")) for _ in range(3)]
    while site.door.measures.server.requests["people"] < 3:
        await asyncio.sleep(0)
    page = await site.client.get(f"{site.base}/login")
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (503, "text/html")
    assert int(page.headers["retry-after"]) >= 1
    go_on.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
    assert site.door.measures.server.shed == {"programs": 2, "people": 1}
    assert site.door.measures.server.requests == {"programs": 0, "people": 0}
    await close_site(site)


# Connections


def server(most: int) -> tuple[Shared, list[tuple[Connection, Wire]]]:
    """A server with so many connections, none of which has asked anything."""
    shared = Shared(echo, log, most_connections=most)
    return shared, [joined(shared) for _ in range(most)]


def joined(shared: Shared) -> tuple[Connection, Wire]:
    """One more."""
    connection, wire = Connection(shared), Wire()
    connection.connection_made(wire)
    return connection, wire


async def test_an_idle_connection_makes_room_for_one_that_asks() -> None:
    """The one that has been idle for longest; those that are being answered or read stay."""
    shared, made = server(3)
    (first, first_wire), (second, second_wire), (third, third_wire) = made
    first.data_received(POST[:20])
    second._idle_since, third._idle_since = 2.0, 1.0
    newest, wire = joined(shared)
    assert [one.closed for one in (first_wire, second_wire, third_wire, wire)] == [False, False, True, False]
    assert (shared.figures.shed, shared.figures.replaced) == ({}, 1)
    newest.data_received(GET)
    await settle()
    assert b"200 OK" in wire.told
    for connection in (first, second, third, newest):
        connection.connection_lost(None)
    assert shared.figures.connections == 0


async def test_where_none_is_idle_the_newest_is_told_to_come_back() -> None:
    """With 503, and nothing of what it sends is read."""
    shared, made = server(2)
    for connection, _ in made:
        connection.data_received(POST[:20])
    newest, wire = joined(shared)
    newest.data_received(GET)
    await settle()
    assert (status(wire.told), wire.closed, wire.told.count(b"HTTP/1.1")) == (503, True, 1)
    assert b"\r\nretry-after: 1\r\n" in wire.told
    closed, figures = any(one.closed for _, one in made), shared.figures
    assert (closed, figures.replaced, figures.shed) == (False, 0, {"connections": 1})
    for connection in (newest, *(one for one, _ in made)):
        connection.connection_lost(None)


def test_no_more_connections_than_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that allows few files is believed, and what the site itself opens is left free."""
    for files, most in ((1024, 1024 - OWN_FILES), (10, 1), (1_000_000, 10_000), (-1, 10_000)):
        monkeypatch.setattr("genkan.main.resource.getrlimit", lambda _, files=files: (files, files))
        assert most_connections(Settings()) == most


async def test_unfinished_requests_take_so_much_memory_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many begin one; whatever becomes of them, the memory counts as free again."""
    monkeypatch.setattr(connections, "MOST_UNFINISHED_BYTES", 100_000)
    shared = Shared(echo, log)
    begun = b"POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"
    made = [joined(shared) for _ in range(10)]
    for connection, _ in made:
        connection.data_received(begun)
        connection.data_received(bytes(20_000))
    refused = [wire for _, wire in made if b"503" in wire.told]
    assert (len(refused), shared.figures.shed) == (5, {"unfinished": 5})
    assert shared.figures.held <= 100_000
    finished, wire = made[0]
    finished.data_received(bytes(40_000))
    await settle()
    assert b"200 OK" in wire.told
    for connection, _ in made:
        connection.connection_lost(None)
    assert shared.figures.held == 0


async def test_slow_clients_are_cut_off_and_counted_while_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the network: fifty that never finish a head, fifty that never finish a body, and one that asks."""
    # Longer than the others take to be there, so that all are slow at once.
    monkeypatch.setattr(Connection, "head_seconds", 1.0)
    monkeypatch.setattr(Connection, "body_seconds", 1.0)
    shared: list[Shared] = []
    made = Connection.__init__

    def keeping(self: Connection, ours: Shared, *, asks: bool = False) -> None:
        shared.append(ours)
        made(self, ours, asks=asks)

    monkeypatch.setattr(Connection, "__init__", keeping)
    async with serving(echo, monkeypatch) as port:
        slow = [asyncio.create_task(exchange(port, POST[:at])) for at in (20, -1) for _ in range(50)]
        asked = await exchange(port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert status(asked) == 200
        assert {status(answer) for answer in await asyncio.gather(*slow)} == {408}
        assert shared[0].figures.cut_off == {"head": 50, "body": 50}


async def test_a_server_that_stops_finishes_what_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty requests on their way, and a client in the middle of a head: the forty are answered, nobody else is waited
    for, and nobody new gets in.
    """
    asked, go_on, count = asyncio.Event(), asyncio.Event(), 0

    async def slow(arrival: Arrival) -> Answer:
        nonlocal count
        count += 1
        if count == 40:
            asked.set()
        await go_on.wait()
        return await echo(arrival)

    is_told = Connection.shutdown

    def shutdown(self: Connection) -> None:
        is_told(self)
        # All of them are told in one go, before anything else happens.
        asyncio.get_running_loop().call_soon(go_on.set)

    monkeypatch.setattr(Connection, "shutdown", shutdown)
    async with serving(slow, monkeypatch) as port:
        waiting = [asyncio.create_task(exchange(port, POST)) for _ in range(40)]
        await asked.wait()
        idle = asyncio.create_task(exchange(port, GET[:10]))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*waiting)
    assert [status(answer) for answer in answers] == [200] * 40
    assert all(b"connection: close" in answer for answer in answers)
    assert b"200 OK" not in await asyncio.wait_for(idle, 60)
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", port)


# The store


async def test_reads_of_the_console_wait_in_a_bounded_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database hangs, more than so many readers are told at once that it is busy."""
    monkeypatch.setattr("genkan.store.postgres_cold.MOST_WAITING", 5)
    threads, go_on = ColdThreads("postgresql://nowhere"), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(*_: object) -> int:
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return 1

    monkeypatch.setattr(threads, "_ask", hang)

    async def verb(_: object) -> int:
        return 1

    waiting = [asyncio.create_task(threads.ask(verb)) for _ in range(MOST_THREADS + 5)]
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(QueueFull):
            await threads.ask(verb)
    assert (threads.figures.waits(), threads.figures.refused) == (5, 3)
    go_on.set()
    assert await asyncio.gather(*waiting) == [1] * (MOST_THREADS + 5)
    assert threads.figures.waits() == 0
    await asyncio.to_thread(threads.close)


# Guesses, hashes, sign-ins


async def test_guesses_of_one_address_are_counted_on_all_nodes(tmp_path: Path) -> None:
    """Under any name, on whichever node; one that is right is refused too, and another address is not concerned."""
    env = TestClock()
    first = await open_site(tmp_path, env, guesses_per_address=6)
    second = await open_site(tmp_path, env, first.ring[-1], guesses_per_address=6)
    await first.make_account("alice")
    for number, site in enumerate([first, second] * 3):
        assert (await site.sign_in(f"nobody {number}", "wrong")).status_code != 303
    assert (await first.sign_in("alice")).status_code != 303
    assert (await second.sign_in("alice")).status_code != 303
    env.advance(10 * SECOND)
    assert (await second.sign_in("alice")).status_code == 303
    await close_site(second)
    await close_site(first)


async def redeem(site: SiteUnderTest, code: str, link: Link) -> httpx2.Response:
    """What the token endpoint says of a code."""
    told = {"code": code, "redirect_uri": link.redirects[0], "client_id": link.client_id, "code_verifier": VERIFIER}
    return await site.token(grant_type="authorization_code", **told)


async def test_a_code_that_comes_too_fast_stays_good(tmp_path: Path) -> None:
    """An application in a loop is slowed down before it fills the store; the code opens the door a little later."""
    site = await open_site(tmp_path, TestClock(), sign_ins_per_account=2, code_seconds=60)
    await site.make_account()
    link = await site.turn_mobile_on()
    for _ in range(2):
        await site.issue_tokens(link)
    code = await site.get_code(link)
    refused = await redeem(site, code, link)
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert int(refused.headers["retry-after"]) == 30
    site.env.advance(30 * SECOND)
    assert (await redeem(site, code, link)).status_code == 200
    assert site.store.figures().written.outcomes
    await close_site(site)


async def test_a_code_that_is_shown_twice_is_noticed_however_fast_it_goes(tmp_path: Path) -> None:
    """RFC 6749 4.1.2: no limit stands before it; and showing it again and again takes nothing from the limit."""
    site = await open_site(tmp_path, TestClock(), sign_ins_per_account=2, code_seconds=60)
    await site.make_account()
    link = await site.turn_mobile_on()
    code = await site.get_code(link)
    first = await redeem(site, code, link)
    for _ in range(3):
        assert (await redeem(site, code, link)).json()["error"] == "invalid_grant"
    access = first.json()["access_token"]
    assert (await site.myself(access)).status_code == 401
    assert (await redeem(site, await site.get_code(link), link)).status_code == 200
    again = await site.get_code(link)
    assert (await redeem(site, again, link)).status_code == 429
    assert (await redeem(site, code, link)).json()["error"] == "invalid_grant"
    await close_site(site)


def texts_of(site: SiteUnderTest) -> int:
    """How many words the store has learned."""
    assert isinstance(site.store, SqliteStore)
    with closing(sqlite3.connect(site.store.path)) as db:
        return int(db.execute("SELECT COUNT(*) FROM texts").fetchone()[0])


async def test_showing_a_used_code_again_writes_nothing(tmp_path: Path) -> None:
    """Whatever it comes with: what the write would find is looked for first."""
    site = await open_site(tmp_path, TestClock(), code_seconds=60)
    await site.make_account()
    link = await site.turn_mobile_on()
    code = await site.get_code(link)
    for _ in range(2):
        await redeem(site, code, link)
    before = site.store.figures().written.outcomes.copy(), texts_of(site)
    for number in range(20):
        site.client.headers["user-agent"] = f"never seen before {number}"
        assert (await redeem(site, code, link)).json()["error"] == "invalid_grant"
    await site.store.flush()
    assert (site.store.figures().written.outcomes, texts_of(site)) == before
    await close_site(site)


async def test_who_is_too_fast_uses_nothing_of_the_links_limit(tmp_path: Path) -> None:
    """A link's is there for everybody."""
    site = await open_site(tmp_path, TestClock(), sign_ins_per_account=1, sign_ins_per_link=3, code_seconds=60)
    await site.make_account("alice")
    await site.make_account("bob")
    link = await site.turn_mobile_on()
    await site.issue_tokens(link)
    code = await site.get_code(link)
    for _ in range(4):
        assert (await redeem(site, code, link)).status_code == 429
    site.client.cookies.clear()
    other = await site.get_code(link, "bob")
    assert (await redeem(site, other, link)).status_code == 200
    await close_site(site)


async def test_sign_ins_of_a_link_are_limited_where_that_is_wished(tmp_path: Path) -> None:
    """Whoever the people are."""
    site = await open_site(tmp_path, TestClock(), sign_ins_per_link=1)
    await site.make_account()
    link = await site.turn_mobile_on()
    await site.issue_tokens(link)
    assert (await redeem(site, await site.get_code(link), link)).status_code == 429
    await close_site(site)


async def test_the_processes_that_run_share_the_limits(tmp_path: Path) -> None:
    """Those that have reported lately; whoever ended in order, or died some minutes ago, leaves its part."""
    site = await open_site(tmp_path, TestClock(), sign_ins_per_account=2, code_seconds=60)
    await site.make_account()
    link = await site.turn_mobile_on()
    keeper = Keeper(site.door, "ours", lambda: site.env.now)
    for name, ago in (("beside", MINUTE), ("dead", 3 * MINUTE)):
        await site.store.report(NodeReport(name, 1, site.env.now - ago))
    await site.store.report(NodeReport("ended", 1, 0))
    await keeper.round()
    await site.issue_tokens(link)
    code = await site.get_code(link)
    assert (await redeem(site, code, link)).status_code == 429
    await site.store.report(NodeReport("beside", 1, 0))
    await Keeper(site.door, "ours", lambda: site.env.now).round()
    site.env.advance(30 * SECOND)
    assert (await redeem(site, code, link)).status_code == 200
    await close_site(site)


# Pure


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.77", "192.0.2.77/32"),
        ("::ffff:192.0.2.77", "192.0.2.77/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("nowhere", "unknown"),
    ],
)
def test_an_address_is_what_one_subscriber_has(address: str, source: str) -> None:
    """All of a /64 is one, however many addresses of it are used."""
    assert source_of(address) == source
