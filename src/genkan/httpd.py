"""The HTTP server: uvicorn with httptools, told to send each answer in one piece, to say when it answers, and to
leave in order.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


class WholeAnswers:
    """A transport that keeps an answer's head until its body comes: one segment and one system call an answer, not two.

    A head that no body follows in the same turn of the loop (HEAD) goes out at the turn's end.
    """

    __slots__ = ("_head", "_loop", "_timer", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._head = b""
        self._timer: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        """Send, or keep for what follows."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            self._timer = self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close after what is kept."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            head, self._head = self._head, b""
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """uvicorn's httptools protocol over such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", WholeAnswers(transport)))


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
