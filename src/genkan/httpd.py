"""The HTTP server: uvicorn with httptools, told to bound what it reads before the site is asked, to send each answer in
one piece, to say when it answers, and to leave in order.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Iterator
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, ClassVar, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 100
MOST_WAITING = 16
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
LINGER_SECONDS = 2.0


class WholeAnswers:
    """A transport that keeps an answer's head until its body comes: one segment and one system call an answer, not two.

    A head that no body follows (HEAD) goes out when the answer is complete.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send, or keep for what follows."""
        if self._head:
            data = self._head + data
            self._head = b""
        elif data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            return
        self._send(data)

    def close(self) -> None:
        """Close after what is kept."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what is kept."""
        if self._head:
            head, self._head = self._head, b""
            self._send(head)

    def _send(self, data: bytes) -> None:
        # Of several requests in a row only the last is told that the client is gone: the others still answer.
        if not self._transport.is_closing():
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Stage(Enum):
    """How much of the request that is being read is here."""

    HEAD = auto()
    BODY = auto()
    WHOLE = auto()


class HeadTooLarge(Exception):
    """Makes the parser stop within a read."""


class TooManyWaiting(Exception):
    """Makes the parser stop within a read: more requests came ahead of their answers than are kept."""


def _refusal(status: HTTPStatus) -> bytes:
    body = b'{"error": "invalid_request", "error_description": "%s."}' % status.phrase.encode()
    return (
        b"HTTP/1.1 %d %s\r\ncontent-type: application/json;charset=UTF-8\r\ncache-control: no-store\r\n"
        b"content-length: %d\r\nconnection: close\r\n\r\n%s"
    ) % (status, status.phrase.encode(), len(body), body)


class Protocol(HttpToolsProtocol):
    """uvicorn's httptools protocol over such a transport, with an end to what one request may send and take.

    The parser joins a header that comes in pieces anew at each piece, so a header without end costs the square of its
    length; uvicorn lets it. A request that comes in one read, as nearly all do, pays a few comparisons and no timer.
    """

    head_seconds: ClassVar[float] = HEAD_SECONDS
    body_seconds: ClassVar[float] = BODY_SECONDS
    linger_seconds: ClassVar[float] = LINGER_SECONDS

    _stage = Stage.HEAD
    _read = 0  # bytes of the present read
    _waiting = 0  # bytes of earlier reads that belong to an unfinished head or to what frames a body
    _moved = False  # the present read has brought a further part, so that it is not known how much of it waits
    _over = False  # nothing more is read
    _fault = HTTPStatus.BAD_REQUEST  # what is said when the parser stops
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", WholeAnswers(transport)))
        # A connection that never says anything is idle like one between two requests.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._stop_clock()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if self._stage is Stage.WHOLE:
            self._stage = Stage.HEAD
        self._read = len(data)
        self._moved = False
        super().data_received(data)
        if self._stage is not Stage.WHOLE and not self._over:
            self._wait_for_more()

    def on_message_begin(self) -> None:
        # What one read brings after a whole request shares its bytes with it: they count for neither.
        self._moved = self._stage is Stage.WHOLE
        self._stage = Stage.HEAD
        self._waiting = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if len(self.headers) > MOST_HEADERS or (
            self._waiting + self._read > MOST_HEAD_BYTES and self._head_bytes() > MOST_HEAD_BYTES
        ):
            self._fault = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise HeadTooLarge
        if len(self.pipeline) >= MOST_WAITING:
            # RFC 9112 9.3.2: who sends requests ahead of the answers must live with a closed connection.
            raise TooManyWaiting
        if not self.url.startswith(b"/"):
            self._take_authority()
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # RFC 9110 7.8: we ignore it; but what follows may be of another protocol already.
            self.cycle.keep_alive = False
        # RFC 9110 6.5.1: trailers are not headers. Those of a chunked body come here too, into a list nobody reads.
        self.headers = []
        self._stage = Stage.BODY
        self._moved = True
        self._stop_clock()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stage = Stage.WHOLE
        self._stop_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        cast("WholeAnswers", self.transport).flush()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """uvicorn's word for whatever the parser does not take."""
        self._refuse(self._fault)

    def _take_authority(self) -> None:
        """RFC 9112 3.2.2: the authority of a target in absolute form stands for the Host that came beside it."""
        target = httptools.parse_url(self.url)
        if target.host:
            host = b"[%s]" % target.host if b":" in target.host else target.host
            port = cast("int | None", target.port)
            authority = host if port is None else b"%s:%d" % (host, port)
            self.headers[:] = [(b"host", authority), *(pair for pair in self.headers if pair[0] != b"host")]

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _wait_for_more(self) -> None:
        self._waiting = 0 if self._moved else self._waiting + self._read
        if self._waiting > MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._deadline is None:
            self._start_clock()

    def _start_clock(self) -> None:
        seconds = self.head_seconds if self._stage is Stage.HEAD else self.body_seconds
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.flow.read_paused:
            # It is we who do not read: an earlier answer is not finished yet.
            self._start_clock()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why where an answer is awaited, and close; what was asked before is answered first."""
        self._over = True
        self._stop_clock()
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if self._stage is Stage.BODY:
            self._break_off(status)
        elif cycle is None or cycle.response_complete:
            self._close_with(status)
        else:
            cycle.keep_alive = False
            self.flow.pause_reading()

    def _break_off(self, status: HTTPStatus) -> None:
        untold = not self.cycle.response_started and not self.pipeline
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        if untold:
            self._close_with(status)
        else:
            self.transport.close()

    def _close_with(self, status: HTTPStatus) -> None:
        self.transport.write(_refusal(status))
        # RFC 9112 9.6: closing on what is still being sent would take the answer away from its reader; so what comes
        # is thrown away for a while.
        self.transport.write_eof()
        self._deadline = self.loop.call_later(self.linger_seconds, self.transport.close)


class Server(uvicorn.Server):
    """uvicorn that says when it answers, and that leaves by returning, so that the store is closed in order."""

    def __init__(self, app: Any, ready: Callable[[], None], closing: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._ready = ready
        self._closing = closing

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        # What was made at start lives as long as the process: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        self._ready()

    async def shutdown(self, sockets: Any = None) -> None:
        self._closing()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
