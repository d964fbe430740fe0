"""The site as an ASGI application, for other servers than ours and for whoever puts middleware around it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import aclosing
from itertools import count
from typing import Any

from genkan.site.answer import NO_CONTENT, Answer
from genkan.site.arrival import BODILESS, MOST_BODY_BYTES, Arrival
from genkan.site.peer import Headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Asgi:
    """HTTP only; what starts and ends with a server is composed elsewhere. ``boot`` begins the numbers of requests."""

    def __init__(self, respond: Callable[[Arrival], Awaitable[Answer]], boot: str = "0") -> None:
        self._respond = respond
        self._numbers: Iterator[str] = (f"{boot}-{number:x}" for number in count(1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        try:
            body = b"" if scope["method"] in BODILESS else await _body(receive)
        except _CutOff:
            return
        arrival = Arrival(
            scope["method"],
            scope["path"],
            scope["query_string"],
            Headers(scope["headers"]),
            body or b"",
            (scope.get("client") or ("", 0))[0],
            scope["scheme"],
            scope.get("http_version", "1.1"),
            next(self._numbers),
            too_large=body is None,
        )
        reply = await self._respond(arrival)
        headers = [*reply.headers, (b"x-request-id", arrival.number.encode())]
        if reply.parts is None and reply.status != NO_CONTENT:
            headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if reply.parts is not None and arrival.method != "HEAD":
            await _send_parts(send, receive, reply.parts)
        else:
            await send({"type": "http.response.body", "body": b"" if arrival.method == "HEAD" else reply.body})


async def _send_parts(send: Send, receive: Receive, parts: AsyncGenerator[bytes, None]) -> None:
    """Part after part, and none that nobody waits for any more. What fails on the way breaks the answer off, so that
    it is not taken for a whole one.
    """
    gone = asyncio.ensure_future(_client_left(receive))
    try:
        async with aclosing(parts):
            async for part in parts:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _CutOff(Exception):
    """Nobody is there any more to be answered."""


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None once it is too long. Raises _CutOff."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _CutOff
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > MOST_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return body
