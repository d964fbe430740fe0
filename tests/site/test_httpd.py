"""The server below the site: what one connection may send and take, and how answers leave."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest

from genkan.httpd.connection import Connection
from genkan.httpd.reading import MOST_HEAD_BYTES, MOST_HEADERS, Stage
from genkan.httpd.server import Server
from genkan.httpd.shared import Shared, Site
from genkan.site.answer import Answer
from genkan.site.arrival import MOST_BODY_BYTES, Arrival
from tests.site.connecting import GET, LAST, POST, answers_to, connected, echo, head, log, settle, status


@contextlib.asynccontextmanager
async def serving(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a real server on loopback."""
    ready = asyncio.Event()
    server = Server(Shared(site, log), ready.set, lambda: None)
    # The collector's memory of this process is the other tests' too.
    monkeypatch.setattr("genkan.httpd.server.gc.freeze", lambda: None)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        yield listener.getsockname()[1]
        server.should_exit = True
        await running


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A real server that echoes."""
    # A machine that is busy for long takes no answer away.
    monkeypatch.setattr(Connection, "linger_seconds", 60.0)
    async with serving(echo, monkeypatch) as number:
        yield number


async def exchange(port: int, data: bytes) -> bytes:
    """Send this over a connection of its own and read until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    return answer


async def test_a_header_without_end_is_refused_over_the_network(port: int) -> None:
    """RFC 6585 5, RFC 9112 9.6: 431 reaches the client though it is still sending; the server lives on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX-A: ")
    for _ in range(100):
        writer.write(b"a" * 10_000)
        await writer.drain()
    async with asyncio.timeout(60):
        assert status(await reader.read()) == 431
    writer.close()
    assert b"200 OK" in await exchange(port, LAST)


async def test_a_whole_head_that_is_too_large_is_answered_431(port: int) -> None:
    """With a document that a client can read, and the connection closed."""
    answer = await exchange(port, head(value=70_000))
    fields, body = answer.split(b"\r\n\r\n")
    assert fields.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"\r\nconnection: close" in fields
    assert b"\r\ncontent-length: %d\r\n" % len(body) in fields
    assert json.loads(body)["error"] == "invalid_request"


@pytest.mark.parametrize("target", [b"/#", b"/a?scope=READ#", b"/a#?scope=READ", b"/?a#&b=2", b"http://a/x#", b"*#"])
async def test_a_target_with_a_fragment_is_refused(port: int, target: bytes) -> None:
    """RFC 9112 3.2: what a proxy saw behind the mark would be missing here. Escaped it is a character like others."""
    for method in (b"GET", b"POST", b"OPTIONS"):
        assert status(await exchange(port, b"%b %b HTTP/1.1\r\nHost: a\r\n\r\n" % (method, target))) == 400
    escaped = b"GET /a%23?b=%23 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert status(await exchange(port, escaped)) == 200


async def test_head_is_answered_over_the_network_without_a_body(port: int) -> None:
    """The head arrives though no body pushes it out."""
    answer = await exchange(port, b"HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 5\r\n" in answer


async def test_two_requests_in_one_segment_are_answered_in_order(port: int) -> None:
    """And the connection is kept for both."""
    answer = await exchange(port, POST + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert 0 < answer.index(b"/first 3 hello") < answer.index(b"/second 2 ")


@pytest.mark.parametrize("late", [b"GET / HTTP/1.1\r\nX-A: ", b"\r\n", POST[:-1]], ids=["head", "blank", "body"])
async def test_what_does_not_come_in_time_is_answered_408(
    port: int, late: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 15.5.9: head and body have their time, counted from their first byte."""
    monkeypatch.setattr(Connection, "head_seconds", 0.02)
    monkeypatch.setattr(Connection, "body_seconds", 0.02)
    answer = await exchange(port, late)
    assert status(answer) == 408
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_connection_that_says_nothing_is_closed() -> None:
    """As one that is idle between two requests is; one that speaks is not."""
    quiet, silence = connected(keep_alive=0)
    speaking, wire = connected(keep_alive=0)
    speaking.data_received(GET[:5])
    await asyncio.sleep(0.01)
    assert (silence.closed, wire.closed) == (True, False)
    for protocol in (quiet, speaking):
        protocol.connection_lost(None)


@pytest.mark.parametrize("piece", [1, 1000, 65_536])
async def test_a_header_without_end_is_read_so_far_and_no_further(piece: int) -> None:
    """64 KiB and what one read brings beyond; then nothing is fed to the parser any more."""
    protocol, wire = connected()
    protocol.data_received(b"GET / HTTP/1.1\r\nX-A: ")
    taken = 0
    while not wire.ended:
        protocol.data_received(b"a" * piece)
        taken += piece
        assert taken <= MOST_HEAD_BYTES + piece
    assert status(wire.told) == 431
    protocol._parser = None  # type: ignore[assignment] # whatever is fed now fails
    protocol.data_received(b"a" * piece)
    protocol.connection_lost(None)
    assert len(wire.writes) == 1


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (head(value=60_000), 200),
        (head(value=MOST_HEAD_BYTES), 431),
        (head(value=200_000), 431),
        (head(headers=MOST_HEADERS), 200),
        (head(headers=MOST_HEADERS + 1), 431),
        (b"GET /" + b"p" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"\0\0", 400),
    ],
    ids=["60 kB", "64 KiB", "200 kB", "100 headers", "101 headers", "70 kB path", "not HTTP"],
)
async def test_the_head_is_bounded(request_head: bytes, expected: int) -> None:
    """In one read, in two, after another request, and behind another one in one read."""
    half = len(request_head) // 2
    assert status(await answers_to(request_head)) == expected
    assert status(await answers_to(request_head[:half], request_head[half:])) == expected
    assert status((await answers_to(GET, request_head)).split(b"/second 1 ")[1]) == expected
    behind = (await answers_to(GET + request_head)).split(b"/second 1 ")
    # What was asked before is answered; then there is another answer or the end.
    assert (status(behind[1]) if behind[1] else expected) == expected
    assert bool(behind[1]) == (expected == 200)


async def test_who_does_not_hang_up_after_a_refusal_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while in which what still comes is thrown away."""
    monkeypatch.setattr(Connection, "linger_seconds", 0.0)
    protocol, wire = connected()
    protocol.data_received(head(value=70_000))
    assert (wire.ended, wire.closed) == (True, False)
    protocol.data_received(GET)
    await asyncio.sleep(0.01)
    assert (wire.closed, wire.told.count(b"HTTP/1.1")) == (True, 1)
    protocol.connection_lost(None)


async def test_the_end_of_the_server_does_not_prolong_a_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was refused and does not hang up is hung up on all the same."""
    monkeypatch.setattr(Connection, "linger_seconds", 0.0)
    protocol, wire = connected()
    protocol.data_received(head(value=70_000))
    protocol.shutdown()
    await asyncio.sleep(0.01)
    assert wire.closed
    protocol.connection_lost(None)


async def test_the_site_is_not_asked_before_the_request_is_whole() -> None:
    """A body that does not come in time is refused, and the site never hears of the request."""
    asked: list[Arrival] = []

    async def site(arrival: Arrival) -> Answer:
        asked.append(arrival)
        return Answer(200, ())

    connection, wire = connected(site)
    connection.data_received(POST[:-1])
    await settle()
    connection._too_late()
    await settle()
    assert (asked, status(wire.told), len(wire.writes)) == ([], 408, 1)
    connection.connection_lost(None)


async def test_counts_begin_anew_with_each_request() -> None:
    """Many heads that are large together, whole or in pieces, are each within bounds."""
    large = head(value=30_000)
    for pieces in ([large] * 6, [large[:20_000], large[20_000:]] * 6):
        assert (await answers_to(*pieces)).count(b"200 OK") == 6
    joined = large * 6
    assert (await answers_to(*(joined[n : n + 50_000] for n in range(0, len(joined), 50_000)))).count(b"200 OK") == 6


async def test_a_body_does_not_count_as_head() -> None:
    """Neither a long one in many reads nor the head that follows it in the same read."""
    long = b"POST / HTTP/1.1\r\nContent-Length: 65000\r\n\r\n" + b"b" * 65_000
    answer = await answers_to(*(long[n : n + 6_000] for n in range(0, len(long), 6_000)))
    assert (status(answer), answer.count(b"b" * 65_000)) == (200, 1)
    tail = b"b" * 40_000
    asked = b"POST / HTTP/1.1\r\nContent-Length: 40000\r\n\r\n" + tail + head(value=30_000)
    assert (await answers_to(asked[:-10], asked[-10:])).count(b"200 OK") == 2


async def test_a_body_is_read_so_far_and_no_further() -> None:
    """RFC 9110 15.5.14: announced as too long it is not read at all, and one that grows too long ends there; the site
    says what it has against it, and what still comes is thrown away.
    """
    length = MOST_BODY_BYTES + 1
    announced = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % length
    for pieces in ((announced,), (announced + b"b" * length,), (chunked, b"b" * 40_000, b"b" * 40_000)):
        connection, wire = connected()
        for piece in pieces:
            connection.data_received(piece)
        await settle()
        connection.data_received(GET)
        await settle()
        assert (status(wire.told), len(wire.writes), wire.ended) == (413, 1, True)
        assert connection._body_bytes <= MOST_BODY_BYTES + max(map(len, pieces))
        connection.connection_lost(None)
    fits = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % MOST_BODY_BYTES
    assert status(await answers_to(fits, b"b" * MOST_BODY_BYTES)) == 200


async def test_trailers_are_bounded_and_are_not_headers() -> None:
    """RFC 9110 6.5.1: a trailer never passes for a header, and one without end is refused like a header."""
    chunked = b"POST /t HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
    answer = await answers_to(chunked + b"Authorization: Bearer x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
    assert answer.endswith(b"/t 1 hi")
    endless = await answers_to(chunked + b"X-A: ", *[b"a" * 10_000] * 20)
    assert (status(endless), endless.count(b"HTTP/1.1")) == (431, 1)


async def test_the_answer_does_not_depend_on_where_the_request_is_split() -> None:
    """Two reads split at every position, and one read for every byte."""
    both = POST + GET
    whole = await answers_to(both)
    assert whole.count(b"HTTP/1.1 200 OK") == 2
    for at in range(1, len(both)):
        assert await answers_to(both[:at], both[at:]) == whole
    assert await answers_to(*(both[n : n + 1] for n in range(len(both)))) == whole


async def test_an_answer_is_one_write() -> None:
    """Head and body leave together; so does the head that has no body."""
    for asked in (GET, POST, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"):
        protocol, wire = connected()
        protocol.data_received(asked)
        await settle()
        assert len(wire.writes) == 1
        protocol.connection_lost(None)


async def test_a_request_in_one_read_starts_no_clock() -> None:
    """Nor does one leave a clock behind that came in pieces."""
    protocol, _ = connected()
    protocol.data_received(POST)
    assert (protocol._deadline, protocol._stage) == (None, Stage.WHOLE)
    for n in range(len(POST)):
        protocol.data_received(POST[n : n + 1])
    assert (protocol._deadline, protocol._stage) == (None, Stage.WHOLE)
    protocol.data_received(b"\r\n")
    # Blank lines may come before a request (RFC 9112 2.2), and are its beginning: they do not keep a connection.
    assert protocol._deadline is not None
    protocol.data_received(POST[:-1])
    waiting = protocol._deadline
    assert waiting is not None
    protocol.connection_lost(None)
    assert waiting.cancelled()


async def test_a_clock_is_not_wound_up_by_more_bytes() -> None:
    """One clock for the head from its first byte, one for the body from its own; the next request has its own."""
    protocol, _ = connected()
    clocks = []
    for n in range(len(POST) - 1):
        protocol.data_received(POST[n : n + 1])
        clocks.append(protocol._deadline)
    of_body = clocks[POST.index(b"\r\n\r\n") + 3 :]
    of_head = clocks[: POST.index(b"\r\n\r\n") + 3]
    assert len(set(map(id, of_head))) == len(set(map(id, of_body))) == 1
    assert of_head[0] is not None
    assert of_head[0].cancelled()
    protocol.data_received(POST[-1:] + GET[:5])
    assert protocol._deadline not in (None, of_head[0], of_body[0])
    protocol.connection_lost(None)


async def test_time_does_not_run_while_the_server_does_not_read() -> None:
    """A client that waits for an earlier answer is not late."""
    answering = asyncio.Event()

    async def slow(arrival: Arrival) -> Answer:
        await answering.wait()
        return await echo(arrival)

    connection, wire = connected(slow)
    connection.data_received(GET + GET + POST[:-1])
    connection._too_late()
    await settle()
    assert not wire.told
    assert connection._deadline is not None
    answering.set()
    await settle()
    assert wire.told.count(b"200 OK") == 2
    connection._too_late()
    assert (wire.ended, status(wire.writes[-1])) == (True, 408)
    connection.connection_lost(None)


async def test_what_was_asked_before_a_bad_request_is_answered_first() -> None:
    """In one read: the good one's answer, then the end; never a refusal in its place."""
    for bad in (head(value=70_000), b"\0\0\r\n\r\n"):
        protocol, wire = connected()
        protocol.data_received(GET + bad)
        assert wire.writes == []
        await settle()
        assert (wire.ended, status(wire.told), wire.told.count(b"HTTP/1.1")) == (True, 200, 1)
        protocol.connection_lost(None)


async def test_what_outlasts_the_grace_is_ended_before_the_server_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is closed next: nobody may still be deciding anything."""
    ended: list[bool] = []
    asked = asyncio.Event()

    async def endless(arrival: Arrival) -> Answer:
        try:
            asked.set()
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        raise AssertionError

    monkeypatch.setattr("genkan.httpd.server.GRACE_SECONDS", 0)
    async with serving(endless, monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asked.wait()
    assert ended == [True]
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_shuts_its_side_down_is_answered_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end is not taken for its going away, though it comes before the answer."""
    ended = asyncio.Event()
    is_awaited = Connection.eof_received

    def eof_received(self: Connection) -> bool:
        ended.set()
        return is_awaited(self)

    async def slow(arrival: Arrival) -> Answer:
        await ended.wait()
        return await echo(arrival)

    monkeypatch.setattr(Connection, "eof_received", eof_received)
    async with serving(slow, monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        writer.write_eof()
        async with asyncio.timeout(60):
            answer = await reader.read()
        assert (status(answer), b"connection: close" in answer) == (200, True)
        writer.close()
