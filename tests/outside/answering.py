"""A small HTTP server on loopback that answers what a test says and remembers what it was asked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


@dataclass
class Answering:
    """``port`` listens; ``heads`` and ``bodies`` are the requests so far."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


def http(body: bytes, content_type: str = "application/octet-stream", status: str = "200 OK", extra: str = "") -> bytes:
    """A whole answer; ``extra`` is more header lines."""
    fields = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}Connection: close\r\n"
    return f"HTTP/1.1 {status}\r\n{fields}\r\n".encode() + body


@contextlib.asynccontextmanager
async def answering(
    answer: Callable[[str, bytes], bytes | None], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Answering]:
    """Serve until the block ends; ``answer(head, body)`` gives the raw answer, None stays silent until then."""
    seen = Answering()
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            body = await reader.readexactly(_length(head))
            seen.heads.append(head)
            seen.bodies.append(body)
            told = answer(head, body)
            if told is None:
                await over.wait()
            else:
                writer.write(told)
                await writer.drain()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        over.set()
        server.close()
        await server.wait_closed()


def _length(head: str) -> int:
    for line in head.lower().splitlines():
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0
