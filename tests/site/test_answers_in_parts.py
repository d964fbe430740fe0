"""Answers that are made while they are sent: how they are framed, broken off, and held back."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from genkan.httpd.connection import Connection
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from tests.site.connecting import FAULTS, GET, Wire, connected, settle

Parts = Callable[[], AsyncGenerator[bytes, None]]


async def three() -> AsyncGenerator[bytes, None]:
    """A part that is nothing must not end the body."""
    for part in (b"one ", b"", b"two"):
        yield part


def speaking(parts: Parts) -> tuple[Connection, Wire]:
    """A connection to a site that answers in parts."""

    async def site(arrival: Arrival) -> Answer:
        return Answer(200, (), parts=parts())

    return connected(site)


async def test_parts_are_chunks() -> None:
    """RFC 9112 7.1: each with its length, nothing of the last; the connection lives on."""
    connection, wire = speaking(three)
    for _ in range(2):
        connection.data_received(GET)
        await settle()
    head, _, body = wire.told.partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body.startswith(b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 200 OK")
    assert not wire.closed
    connection.connection_lost(None)


@pytest.mark.parametrize(
    ("asked", "body"),
    [(b"GET / HTTP/1.0\r\n\r\n", b"one two"), (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"")],
    ids=["HTTP/1.0", "HEAD"],
)
async def test_who_cannot_read_chunks_gets_none(asked: bytes, body: bytes) -> None:
    """RFC 9112 6.3: for HTTP/1.0 the end of the connection ends the body; HEAD has none."""
    connection, wire = speaking(three)
    connection.data_received(asked)
    await settle()
    head, _, told = wire.told.partition(b"\r\n\r\n")
    # RFC 9110 8.6: HEAD is told what GET would be told, never a length that would be another.
    assert (told, b"chunked" in head, b"content-length" in head) == (body, asked.startswith(b"HEAD"), False)
    assert wire.closed == asked.startswith(b"GET")
    connection.connection_lost(None)


async def test_what_fails_on_the_way_is_broken_off() -> None:
    """RFC 9112 8: without its last chunk nobody takes it for whole; the log is told."""

    async def failing() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise RuntimeError("lost")

    connection, wire = speaking(failing)
    connection.data_received(GET)
    await settle()
    assert (wire.told.endswith(b"3\r\none\r\n"), wire.closed) == (True, True)
    assert [str(fault) for _, fault in FAULTS] == ["lost"]
    connection.connection_lost(None)


@pytest.mark.parametrize("leaves", [False, True])
async def test_no_part_is_made_that_nobody_takes(leaves: bool) -> None:
    """While the other end does not read, the next part waits; when it goes away, the rest is never made."""
    made: list[int] = []
    ended: list[bool] = []

    async def many() -> AsyncGenerator[bytes, None]:
        try:
            for number in range(5):
                made.append(number)
                yield b"part"
        finally:
            ended.append(True)

    connection, wire = speaking(many)
    connection.data_received(GET)
    connection.pause_writing()
    await settle()
    assert made == [0]
    if leaves:
        wire.close()
        connection.connection_lost(None)
    else:
        connection.resume_writing()
    await settle()
    assert (made, ended) == ([0] if leaves else [0, 1, 2, 3, 4], [True])
    if not leaves:
        connection.connection_lost(None)


async def test_an_answer_that_is_cancelled_is_broken_off() -> None:
    """Whatever cancels it, the rest of the site or the end of the server: nobody waits for what will not come."""

    async def cancelled() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise asyncio.CancelledError

    connection, wire = speaking(cancelled)
    connection.data_received(GET)
    await settle()
    assert (wire.told.endswith(b"3\r\none\r\n"), wire.closed) == (True, True)
    connection.connection_lost(None)
