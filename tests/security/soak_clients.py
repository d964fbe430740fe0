"""Clients of the soak: one that counts what it asks, and bare connections that end as those of bad networks do."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2

Bare = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# Seconds that a client waits for an answer: on a busy machine a password may wait for long (decision 0196), and how
# fast things are is not what is looked at.
PATIENCE = 240.0

# What no client says.
MALFORMED = (
    b"\x00\x01\x02\x03\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/3.7\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n",
    b"GET /%ff%00/../../etc HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 64,
)


@asynccontextmanager
async def connected(port: int, chance: random.Random) -> AsyncIterator[Bare]:
    """A bare connection. It ends half of the time with a reset, as when a network fell away, else in order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        if chance.random() < 0.5:
            bare: socket.socket = writer.get_extra_info("socket")
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class Client:
    """One that counts what it asks."""

    def __init__(self, base: str) -> None:
        self.http = httpx2.AsyncClient(base_url=base, timeout=PATIENCE)
        self.asked = 0

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """One request, answered."""
        self.asked += 1
        return await self.http.request(method, path, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        """GET."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx2.Response:
        """POST."""
        return await self.request("POST", path, **options)
