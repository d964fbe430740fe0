"""A small LDAP server on loopback that answers what a test says, byte by byte, and remembers what it was asked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from genkan.outside import ldap_ber as ber

BIND, SEARCH, EXTENDED, UNBIND = 0x60, 0x63, 0x77, 0x42
Answer = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """One request: its number, what it is, and all of its bytes."""

    number: int
    kind: int
    data: bytes

    @property
    def bound(self) -> tuple[str, str]:
        """The name and the password of a bind."""
        body = ber.Reader.of(self.data).element(ber.SEQUENCE)
        body.integer()
        inside = body.element(BIND)
        inside.integer()
        return inside.text(), inside.text(0x80)


@dataclass
class Double:
    """``port`` listens; ``asked`` is every request so far."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def binds(self) -> list[tuple[str, str]]:
        return [one.bound for one in self.asked if one.kind == BIND]


def done(asked: Asked, code: int = 0, text: str = "") -> bytes:
    """The result that ends an operation."""
    tag = {BIND: 0x61, SEARCH: 0x65, EXTENDED: 0x78}[asked.kind]
    body = ber.write(tag, ber.integer(code, ber.ENUMERATED), ber.text(""), ber.text(text))
    return ber.write(ber.SEQUENCE, ber.integer(asked.number), body)


def entry(asked: Asked, dn: str, **attributes: str) -> bytes:
    """One entry of a search."""
    listed = [
        ber.write(ber.SEQUENCE, ber.text(name), ber.write(ber.SET, ber.text(value)))
        for name, value in attributes.items()
    ]
    body = ber.write(0x64, ber.text(dn), ber.write(ber.SEQUENCE, *listed))
    return ber.write(ber.SEQUENCE, ber.integer(asked.number), body)


@contextlib.asynccontextmanager
async def double(answer: Answer) -> AsyncIterator[Double]:
    """Serve until the block ends; an answer that waits, waits no longer than that."""
    seen = Double()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        seen.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ber.Garbled, asyncio.CancelledError):
            while True:
                asked = await _request(reader)
                seen.asked.append(asked)
                if asked.kind == UNBIND:
                    break
                await answer(asked, writer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readexactly(1)
    while (rest := ber.frame_rest(head)) is None:
        head += await reader.readexactly(1)
    data = head + await reader.readexactly(rest)
    body = ber.Reader.of(data).element(ber.SEQUENCE)
    return Asked(body.integer(), body.tag, data)
