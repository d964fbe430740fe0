"""Connections without a network, and what they are asked: for the tests of the server below the site."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from genkan.httpd.connection import Connection
from genkan.httpd.shared import Shared
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival

POST = b"POST /first?a=1 HTTP/1.1\r\nHost: site.example\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello"
GET = b"GET /second HTTP/1.1\r\nHost: site.example\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


async def echo(arrival: Arrival) -> Answer:
    """Answers with the path, how many headers came, and the body; or that the body was too long."""
    if arrival.too_large:
        return Answer(413, ())
    count = len({name for name, _ in arrival.headers.pairs})
    return Answer(200, (), b" ".join([arrival.path.encode(), str(count).encode(), arrival.body]))


@dataclass
class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    writes: list[bytes] = field(default_factory=list)
    ended: bool = False
    closed: bool = False
    aborted: bool = False
    unsent: int = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known of it."""
        return default

    def write(self, data: Any) -> None:
        """Keep it; after the end there is nobody to write to."""
        assert not self.ended
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def write_eof(self) -> None:
        """Say that nothing more is written."""
        self.ended = True

    def can_write_eof(self) -> bool:
        """As on TCP."""
        return True

    def close(self) -> None:
        """Close it."""
        self.ended = self.closed = True

    def abort(self) -> None:
        """Break it off."""
        self.aborted = True
        self.close()

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """As above."""

    def get_write_buffer_size(self) -> int:
        """What the other end has not read."""
        return self.unsent

    @property
    def told(self) -> bytes:
        """All that was written."""
        return b"".join(self.writes)


FAULTS: list[tuple[str, Exception]] = []


def log(level: str, event: str, **fields: Any) -> None:
    """Keep what the log would be told of failures."""
    if level == "error":
        FAULTS.append((fields["request_id"], fields["exc_info"]))


def connected(site: Any = echo, keep_alive: float = 75) -> tuple[Connection, Wire]:
    """A connection without a network; FAULTS is empty again."""
    FAULTS.clear()
    connection, wire = Connection(Shared(site, log, keep_alive_seconds=keep_alive)), Wire()
    connection.connection_made(wire)
    return connection, wire


async def settle() -> None:
    """Let every request that is being answered be answered, as far as it can be."""
    for _ in range(20):
        await asyncio.sleep(0)


async def answers_to(*pieces: bytes) -> bytes:
    """What one connection answers to these reads."""
    protocol, wire = connected()
    for piece in pieces:
        if wire.ended:
            break
        protocol.data_received(piece)
        await settle()
    protocol.connection_lost(None)
    return wire.told


def head(*, value: int = 0, headers: int = 1, method: bytes = b"GET") -> bytes:
    """A complete head with this many headers and one value of this length."""
    more = b"".join(b"X-%d: v\r\n" % n for n in range(headers - 1))
    return method + b" / HTTP/1.1\r\nX-A: " + b"a" * value + b"\r\n" + more + b"\r\n"


def status(answer: bytes) -> int:
    """The status of the first answer."""
    return int(answer.split(b" ", 2)[1])
