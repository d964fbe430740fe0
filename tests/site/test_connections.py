"""Requests that come ahead of their answers, that ask for another protocol, or that name their host in the target."""

import asyncio
import json

import pytest

from genkan.httpd.connection import MOST_WAITING, Connection
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from tests.site.connecting import FAULTS, GET, LAST, POST, answers_to, connected, settle, status


@pytest.mark.parametrize("pieces", [1, 7])
async def test_requests_that_wait_for_their_answers_are_bounded(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many one read or several bring, few are kept; what was kept is answered before the connection ends."""
    monkeypatch.setattr(Connection, "linger_seconds", 0.0)
    protocol, wire = connected()
    sent = GET * 1000
    size = len(sent) // pieces + 1
    for start in range(0, len(sent), size):
        protocol.data_received(sent[start : start + size])
        assert len(protocol.waiting) <= MOST_WAITING
    for _ in range(MOST_WAITING):
        await settle()
    assert wire.told.count(b"HTTP/1.1 200 OK") == MOST_WAITING + 1
    await asyncio.sleep(0.01)
    assert wire.closed


async def test_nothing_is_written_to_who_has_hung_up() -> None:
    """Of requests in a row the first may still be answered after the client went away: that is no error."""
    protocol, wire = connected()
    protocol.data_received(GET * 3)
    wire.close()
    protocol.connection_lost(None)
    await settle()
    assert wire.told == b""


async def test_an_upgrade_is_ignored_and_ends_the_connection() -> None:
    """RFC 9110 7.8: the request is answered; nobody waits for an answer to what follows, for the connection closes."""
    asked = GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    told = await answers_to(asked + GET)
    assert (status(told), told.count(b"HTTP/1.1"), b"connection: close" in told) == (200, 1, True)


@pytest.mark.parametrize(
    "framed", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
async def test_a_wish_for_another_protocol_takes_no_body_away(framed: bytes) -> None:
    """RFC 9110 7.8: some clients wish for HTTP/2 with every request. The body is read, and what follows it, too."""
    asked = b"POST /p?q HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-A: b\r\n" + framed
    told = await answers_to(asked + GET)
    assert (told.count(b"200 OK"), b"/p 4 hello" in told, b"/second" in told) == (2, True, True)
    for at in range(1, len(asked)):
        assert await answers_to(asked[:at], asked[at:] + GET) == told
    long = asked.replace(b"Length: 5", b"Length: 70000").replace(b"\r\n5\r\n", b"\r\n11170\r\n")
    assert status(await answers_to(long, b"b" * 70_000)) == 413


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"http://other.example/second", b"other.example"),
        (b"http://other.example:81/second", b"other.example:81"),
        (b"http://[::1]:81/second", b"[::1]:81"),
        (b"/second", b"site.example"),
    ],
)
async def test_the_authority_in_the_target_is_the_host(target: bytes, host: bytes) -> None:
    """RFC 9112 3.2.2: an absolute target's authority replaces the Host that came beside it."""
    seen: list[tuple[str, list[bytes]]] = []

    async def site(arrival: Arrival) -> Answer:
        seen.append((arrival.path, arrival.headers.every(b"host")))
        return Answer(200, ())

    connection, _ = connected(site)
    connection.data_received(LAST.replace(b"/second", target, 1))
    await settle()
    assert seen == [("/second", [host])]


async def test_a_target_that_is_none_is_refused() -> None:
    """What is no address at all is answered with 400."""
    told = await answers_to(LAST.replace(b"/second", b"http://[::1/second", 1))
    assert status(told) == 400
    assert json.loads(told.partition(b"\r\n\r\n")[2])["error"] == "invalid_request"


@pytest.mark.parametrize("target", [b"/\xff", b"site.example:443"])
@pytest.mark.parametrize("announced", [5, 100_000])
async def test_a_target_without_a_path_is_refused(target: bytes, announced: int) -> None:
    """Whether its body is awaited or not."""
    asked = b"OPTIONS %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nhello" % (target, announced)
    assert status(await answers_to(asked)) == 400


async def test_who_waits_to_be_told_to_go_on_is_told_so_once() -> None:
    """RFC 9110 10.1.1: before the body, in an answer of its own; not where the body is here, or will not be read."""
    asked = b"POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    connection, wire = connected()
    connection.data_received(asked % 5)
    assert wire.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    for byte in b"hello":
        connection.data_received(bytes([byte]))
    await settle()
    assert (len(wire.writes), status(wire.writes[1])) == (2, 200)
    connection.connection_lost(None)
    assert status(await answers_to(asked % 5 + b"hello")) == 200
    assert status(await answers_to(asked % 100_000)) == 413


async def test_answers_wait_for_a_client_that_does_not_read() -> None:
    """What it asked meanwhile is answered when it reads again."""
    connection, wire = connected()
    connection.data_received(GET * 3)
    connection.pause_writing()
    await settle()
    assert len(wire.writes) == 1
    connection.resume_writing()
    await settle()
    assert len(wire.writes) == 3
    connection.connection_lost(None)


async def test_at_the_end_of_the_server_what_was_asked_is_answered() -> None:
    """And the answer says that the connection closes; an idle one closes at once."""
    answering = asyncio.Event()

    async def slow(arrival: Arrival) -> Answer:
        await answering.wait()
        return Answer(200, ())

    connection, wire = connected(slow)
    idle, silence = connected(slow)
    connection.data_received(GET * 2)
    await settle()
    for one in (connection, idle):
        one.shutdown()
    assert (silence.closed, wire.closed) == (True, False)
    answering.set()
    await settle()
    first, second = wire.writes
    assert (b"connection: close" in first, b"connection: close" in second, wire.closed) == (False, True, True)
    for one in (connection, idle):
        one.connection_lost(None)


async def test_a_site_that_fails_is_answered_for() -> None:
    """With 500, the log is told, and the connection lives on."""

    async def broken(arrival: Arrival) -> Answer:
        raise RuntimeError(arrival.path)

    connection, wire = connected(broken)
    for _ in range(2):
        connection.data_received(GET)
        await settle()
    assert ([status(told) for told in wire.writes], wire.closed) == ([500, 500], False)
    assert b"second" not in wire.told
    assert [(number, str(fault)) for number, fault in FAULTS] == [("0-1", "/second"), ("0-2", "/second")]
    connection.connection_lost(None)


async def test_an_answer_with_a_line_break_in_a_header_is_never_sent() -> None:
    """RFC 9112 11.1: whoever could write one would write answers of their own. The log names no value."""
    for header in ((b"location", b"/\r\nset-cookie: a=b"), (b"x-a", b"a\nb"), (b"x-a\r", b"b"), (b"a", b"\r\n\r\n")):

        async def site(arrival: Arrival, header: tuple[bytes, bytes] = header) -> Answer:
            return Answer(302, (header,))

        connection, wire = connected(site)
        connection.data_received(GET)
        await settle()
        assert (status(wire.told), wire.told.count(b"\r\n\r\n"), b"a=b" in wire.told) == (500, 1, False)
        assert [str(fault) for _, fault in FAULTS] == ["a line break in a header"]
        connection.connection_lost(None)


@pytest.mark.parametrize("reads", [1, 3])
async def test_who_does_not_read_is_not_answered_on(reads: int) -> None:
    """Nor in turn: every request that comes while answers pile up waits, and no more is read than may wait."""
    connection, wire = connected()
    connection.pause_writing()
    for _ in range(reads):
        connection.data_received(GET)
        await settle()
    assert (wire.told, len(connection.waiting)) == (b"", reads)
    connection.resume_writing()
    await settle()
    assert wire.told.count(b"200 OK") == reads
    connection.connection_lost(None)


@pytest.mark.parametrize("asked", [GET, LAST], ids=["kept", "closed"])
async def test_who_never_reads_is_left(asked: bytes) -> None:
    """What waits for it does not wait for ever, at the end of a connection neither; who reads on is waited for, and
    who reads a byte now and then is not.
    """
    connection, wire = connected()
    connection.data_received(asked)
    await settle()
    closed = wire.closed
    connection._idle_since = None
    for wire.unsent in (100_000, 80_000, 60_000, 43_616, 0, 9000):
        connection._perhaps_idle()
        assert not wire.aborted
    wire.unsent = 8000
    connection._perhaps_idle()
    assert (wire.aborted, closed) == (True, asked == LAST)
    assert connection._shared.figures.cut_off == {"answer": 1}
    connection.connection_lost(None)


async def test_a_client_that_has_said_all_is_answered() -> None:
    """One that shuts its sending side down still reads; where nothing is asked there is nothing to stay for."""
    connection, wire = connected()
    connection.data_received(GET * 2)
    assert connection.eof_received()
    await settle()
    assert (wire.told.count(b"200 OK"), wire.told.count(b"connection: close"), wire.closed) == (2, 1, True)
    connection.connection_lost(None)
    for begun in (b"", GET[:9]):
        quiet, _ = connected()
        quiet.data_received(begun)
        assert not quiet.eof_received()
        quiet.connection_lost(None)


async def test_at_the_end_of_the_server_a_body_on_its_way_is_awaited() -> None:
    """Many clients send head and body apart: who is cut in between would not know what became of the request."""
    connection, wire = connected()
    connection.data_received(POST[:-2])
    connection.shutdown()
    assert not wire.closed
    connection.data_received(POST[-2:] + GET)
    await settle()
    assert (wire.told.count(b"200 OK"), b"connection: close" in wire.told, wire.closed) == (1, True, True)
    connection.connection_lost(None)


async def test_who_waits_to_go_on_behind_another_request_is_told_so_in_its_turn() -> None:
    """RFC 9110 10.1.1: after the answer before it; HTTP/1.0 knows no such word."""
    waiting = b"POST /p HTTP/1.%d\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    connection, wire = connected()
    connection.data_received(GET + waiting % 1)
    assert not wire.told
    await settle()
    assert [status(told) for told in wire.writes] == [200, 100]
    connection.connection_lost(None)
    assert await answers_to(waiting % 0) == b""


async def test_a_length_may_begin_with_zeros() -> None:
    """However many: it is read as the parser reads it, and what is too much is too much."""
    asked = b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: %b%d\r\n\r\nhello"
    told = await answers_to((asked % (b"0" * 5000, 5))[:-1], b"o")
    assert (status(told), told.endswith(b"hello")) == (200, True)
    assert status(await answers_to(asked % (b"0" * 5000, 100_000))) == 413


@pytest.mark.parametrize(
    "asked",
    [b"GET /\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
    ids=["none", "0.9", "2.0"],
)
async def test_other_versions_are_refused(asked: bytes) -> None:
    """RFC 9110 15.6.6: the answer would not be in the version that was asked for."""
    assert status(await answers_to(asked)) == 505


async def test_two_hosts_stay_two_whatever_the_target_says() -> None:
    """RFC 9112 3.2: so that the site refuses them."""
    seen: list[list[bytes]] = []

    async def site(arrival: Arrival) -> Answer:
        seen.append(arrival.headers.every(b"host"))
        return Answer(200, ())

    connection, _ = connected(site)
    connection.data_received(b"GET http://b/ HTTP/1.1\r\nHost: a\r\nHost: c\r\n\r\n")
    await settle()
    assert seen == [[b"a", b"c"]]
    connection.connection_lost(None)


async def test_a_server_that_goes_ends_connections_with_their_answers() -> None:
    """RFC 9112 9.6: each answer says so, but not ahead of requests that are there already; what comes later is not
    begun.
    """
    for pieces, answered in (
        ([GET], 1),
        ([POST + GET], 2),
        ([GET + POST[:-1], POST[-1:]], 2),
        ([GET + GET[:4], GET[4:]], 2),
    ):
        protocol, wire = connected()
        protocol._shared.leaving = True
        for piece in pieces:
            protocol.data_received(piece)
            await settle()
        assert (wire.told.count(b" 200 OK"), wire.told.count(b"connection: close"), wire.closed) == (answered, 1, True)
        protocol.data_received(GET)
        await settle()
        assert wire.told.count(b" 200 OK") == answered
        protocol.connection_lost(None)
