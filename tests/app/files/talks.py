"""A connection of either kind as plain calls, and what a site does that has files to give."""

import asyncio
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from genkan.app import AsyncConnection, Connection
from genkan.app.conversation import Conversation
from genkan.app.drive import AsyncDriver, Driver
from tests.app.files.filing import JSON, Filing, Reply

FILE = "/secure/attachment/1/a.bin"
MIB = 1 << 20
BINARY = {"Content-Type": "application/octet-stream"}
HTML = {"Content-Type": "text/html"}
INVALID = {**JSON, "WWW-Authenticate": 'Bearer error="invalid_token"'}


class Talk:
    """A connection of either kind, as plain calls."""

    def __init__(self, kind: str, conversation: Conversation, ticks: Callable[[], float]) -> None:
        self.kind = kind
        self.is_async = kind == "async"
        self._talk = conversation
        self._ticks = ticks

    def by(self, ticks: Callable[[], float]) -> "Talk":
        """The same by another clock."""
        return Talk(self.kind, self._talk, ticks)

    def __call__(self, name: str, *words: Any, **more: Any) -> Any:
        if self.is_async:
            return asyncio.run(self._later(name, *words, **more))
        with Connection(self._talk, Driver(self._ticks)) as connection:
            return getattr(connection, name)(*words, **more)

    async def _later(self, name: str, *words: Any, **more: Any) -> Any:
        async with AsyncConnection(self._talk, AsyncDriver(self._ticks)) as connection:
            return await getattr(connection, name)(*words, **more)

    def taker(self, take: Callable[[bytes], object]) -> Callable[[bytes], object]:
        """What takes pieces, as this kind wants it."""

        async def later(piece: bytes) -> None:
            take(piece)

        return later if self.is_async else take


def is_untouched(got: Path) -> None:
    assert got.read_bytes() == b"earlier"
    assert list(got.parent.iterdir()) == [got]


def offers(filing: Filing, pieces: Callable[[], Iterator[bytes]], length: int, status: int = 200) -> None:
    filing.answers[FILE] = lambda _: Reply(status, headers=BINARY, pieces=pieces(), length=length)


def grown(call: Callable[[], object]) -> int:
    """The most bytes that were held at once meanwhile, beyond those before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def slowly(filing: Filing, seconds: float, *, whole: int = 3) -> threading.Event:
    """The site waits so long before its answer, and between its pieces; setting the event ends that."""
    over = threading.Event()

    def pieces() -> Iterator[bytes]:
        for _ in range(whole):
            over.wait(seconds)
            yield b"x"

    offers(filing, pieces, whole)
    return over
