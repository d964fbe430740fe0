"""One request and its answer on the way: how long that may take, and what is held of the answer or handed on.

Owns these bounds for both drivers; opens no connection, and calls what sends and takes only where a driver lets it.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from genkan.app.files import is_file
from genkan.app.losses import host_of, late
from genkan.app.steps import Answer, Ask, Loss, Lost, OutOfTime, Sink, Source

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
WHOLE_ANSWER_SECONDS = 60.0
SLOWEST_BYTES = 64 * 1024
"""A second; what is sent and what comes give an exchange so much more time: long files on slow networks are whole."""


class Own(Exception):
    """Carries what a file of the program's own raised past what the network raises."""

    def __init__(self, trouble: Exception) -> None:
        super().__init__()
        self.trouble = trouble


class Exchange:
    """The bounds of one request, by a clock that never jumps; ``until`` is when it has to be over."""

    def __init__(self, asked: Ask, ticks: Callable[[], float]) -> None:
        self.asked = asked
        self.sink: Sink | None = None
        self._ticks = ticks
        length = asked.body.length if isinstance(asked.body, Source) else len(asked.body or b"")
        # A time that the caller names is meant as it is; our own measure grows with what gets on.
        self._a_byte = 0.0 if asked.seconds is not None else 1 / SLOWEST_BYTES
        self.until = ticks() + (asked.seconds or WHOLE_ANSWER_SECONDS) + length * self._a_byte
        self._status = 0
        self._headers: dict[str, str] = {}
        self._held = bytearray()

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self.until - self._ticks()

    def options(self) -> dict[str, Any]:
        """What the HTTP library has to know of this request, but for a body that is read while it is sent."""
        import httpx2  # noqa: PLC0415 - already loaded by the client

        body, seconds = self.asked.body, self.asked.seconds
        options: dict[str, Any] = {"headers": self.asked.headers}
        if isinstance(body, Source):
            # RFC 9112 6.2: a length that is known is told; not every server takes pieces of unknown number
            options["headers"] = (*self.asked.headers, ("Content-Length", str(body.length)))
        else:
            options["content"] = body
        if seconds is not None:
            options["timeout"] = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        return options

    def begin(self, status: int, headers: Iterable[tuple[str, str]]) -> Lost | None:
        """The answer has begun."""
        self._status = status
        self._headers = {name.lower(): value for name, value in headers}
        if self._headers.get("content-encoding", "identity") != "identity":
            host = host_of(self.asked)
            return Lost(Loss.UNREADABLE, f"{host} sent a compressed answer although none was asked for.")
        self.sink = self.asked.sink if is_file(status, self._headers) else None
        return None

    def came(self, piece: bytes) -> Lost | None:
        """Some of the body has come; it is held where no sink takes it."""
        self.until += len(piece) * self._a_byte
        if self.sink is None:
            self._held += piece
        if len(self._held) > self.asked.limit:
            longer = f"The answer of {host_of(self.asked)} is longer than {self.asked.limit} bytes."
            return Lost(Loss.UNREADABLE, longer)
        return late(self.asked) if self.left < 0 else None

    @contextmanager
    def handing_on(self) -> Iterator[None]:
        """While a sink takes a piece: by our own measure that is not the network's time."""
        began = self._ticks()
        if self.asked.seconds is not None and self.sink is not None and self.sink.within is not None:
            self.sink.within(max(self.left, 0))
        with own():
            yield
        if self.asked.seconds is None:
            self.until += self._ticks() - began

    def answer(self) -> Answer:
        """The whole of it has come."""
        return Answer(self._status, self._headers, bytes(self._held))


@contextmanager
def own() -> Iterator[None]:
    """What is raised here is the program's own and no fault of the network."""
    try:
        yield
    except OutOfTime:
        raise
    except Exception as trouble:
        raise Own(trouble) from trouble


def pieces_of(source: Source) -> Generator[bytes, None, None]:
    """What is sent of a body that is read meanwhile."""
    pieces = source.pieces()
    try:
        while True:
            with own():
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece
    finally:
        pieces.close()
