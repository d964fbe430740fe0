"""The way in: connections are accepted one after another, count from then on, and no more are accepted than the system
has descriptors for. A handshake is somebody's like a request that is not whole.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Coroutine
from typing import Any

from genkan.httpd.connection import Connection
from genkan.httpd.shared import Shared
from genkan.httpd.shares import Arriving
from genkan.httpd.tls import GOODBYE_SECONDS, HANDSHAKE_SECONDS, TLS

BACKLOG = 2048
# Accepted in one pass of the event loop, so that those who are here already are answered in between; fewer where each
# of them takes the place of somebody else.
EACH_PASS, EACH_PASS_IF_TIGHT = 16, 2
PAUSE_SECONDS = 0.05


class Entrance:
    """One listening socket; what uvicorn asks of a server is here as well. ``asks``: for the client's certificate."""

    def __init__(self, listener: socket.socket, shared: Shared, tls: TLS | None = None, *, asks: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._shared = shared
        self._tls = tls
        self._asks = asks
        self._pause: asyncio.TimerHandle | None = None
        self._arriving: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to listen."""
        self._listener.setblocking(False)
        self._listener.listen(BACKLOG)
        self._listen()

    def close(self) -> None:
        """Nobody comes any more; a handshake that is on its way has asked nothing yet."""
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener.fileno())
        if self._pause is not None:
            self._pause.cancel()
        self._listener.close()
        for task in self._arriving:
            task.cancel()

    async def wait_closed(self) -> None:
        """Until the handshakes are over."""
        if self._arriving:
            await asyncio.wait(self._arriving, timeout=1)

    def _listen(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener.fileno(), self._look)

    def _rest(self) -> None:
        """Whoever wants in waits in the system's queue, where they cost no descriptor."""
        self._loop.remove_reader(self._listener.fileno())
        self._pause = self._loop.call_later(PAUSE_SECONDS, self._listen)

    def _look(self) -> None:
        shares = self._shared.shares
        for _ in range(EACH_PASS_IF_TIGHT if shares.is_tight else EACH_PASS):
            if shares.is_crowded:
                return self._rest()
            try:
                accepted, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return None
            except OSError:
                # No descriptor or no memory: other programs took what was left.
                return self._rest()
            self._let_in(accepted, address[0])
        return None

    def _let_in(self, accepted: socket.socket, address: str) -> None:
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            self._begin(self._come(accepted, Connection(self._shared)))
        elif self._shared.shares.make_room():
            arriving = Arriving(address, self._shared.shares)
            arriving.begin(self._begin(self._shake_hands(accepted, arriving, self._tls.context)))
        else:
            accepted.close()

    def _begin(self, arrival: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(arrival)
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        return task

    async def _shake_hands(self, accepted: socket.socket, arriving: Arriving, tls: ssl.SSLContext) -> None:
        if not arriving.is_wanted:
            accepted.close()
            return
        arriving.has_begun = True
        connection = Connection(self._shared, asks=self._asks, arriving=arriving)
        times = {"ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": GOODBYE_SECONDS}
        try:
            await self._come(accepted, connection, ssl=tls, **times)
        finally:
            arriving.end()

    async def _come(self, accepted: socket.socket, connection: Connection, **how: Any) -> None:
        # Whoever is out there can cause this, as often as they like; TLS counts how handshakes end.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                await self._loop.connect_accepted_socket(lambda: connection, accepted, **how)
            finally:
                self._let_go(accepted)

    def _let_go(self, accepted: socket.socket) -> None:
        """uvloop's transport owns the descriptor and closes it, without a word to the socket's object, which would
        close it a second time, whoever has its number then.
        """
        if isinstance(self._loop, asyncio.BaseEventLoop):
            return
        with contextlib.suppress(OSError):
            accepted.detach()
