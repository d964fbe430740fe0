"""Requests that come ahead of their answers, that ask for another protocol, or that name their host in the target."""

import json

import pytest

from genkan.httpd import MOST_WAITING
from tests.site.test_httpd import GET, LAST, answers_to, connected, settle, status


@pytest.mark.parametrize("pieces", [1, 7])
async def test_requests_that_wait_for_their_answers_are_bounded(pieces: int) -> None:
    """However many one read or several bring, few are kept; what was kept is answered before the connection ends."""
    protocol, wire = connected()
    sent = GET * 1000
    size = len(sent) // pieces + 1
    for start in range(0, len(sent), size):
        protocol.data_received(sent[start : start + size])
        assert len(protocol.pipeline) <= MOST_WAITING
    for _ in range(MOST_WAITING):
        await settle()
    assert wire.told.count(b"HTTP/1.1 200 OK") == MOST_WAITING + 1
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
    protocol, _ = connected()
    seen: list[tuple[str, list[bytes]]] = []
    original = protocol._start_asgi_task

    def start(cycle: object, app: object) -> None:
        scope = cycle.scope  # type: ignore[attr-defined]
        seen.append((scope["path"], [value for name, value in scope["headers"] if name == b"host"]))
        original(cycle, app)  # type: ignore[arg-type]

    protocol._start_asgi_task = start  # type: ignore[method-assign]
    protocol.data_received(LAST.replace(b"/second", target, 1))
    await settle()
    assert seen == [("/second", [host])]


async def test_a_target_that_is_none_is_refused() -> None:
    """What is no address at all is answered with 400."""
    told = await answers_to(LAST.replace(b"/second", b"http://[::1/second", 1))
    assert status(told) == 400
    assert json.loads(told.partition(b"\r\n\r\n")[2])["error"] == "invalid_request"
