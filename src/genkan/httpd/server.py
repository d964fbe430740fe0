"""uvicorn around our connections: it updates the date, is told when it answers, and leaves in order."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, cast

import uvicorn

from genkan.httpd import signals
from genkan.httpd.connection import Connection
from genkan.httpd.entrance import Entrance
from genkan.httpd.shared import Shared
from genkan.httpd.tls import TLS

GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class SecuredListener:
    """A socket that speaks TLS. ``asks``: for the client's certificate."""

    socket: socket.socket
    tls: TLS
    asks: bool


class Server(uvicorn.Server):
    """uvicorn that says when it answers, and that leaves by returning, so that the store is closed in order."""

    def __init__(
        self,
        shared: Shared,
        ready: Callable[[], None],
        closing: Callable[[], None],
        secured: Sequence[SecuredListener] = (),
        ending: tuple[signal.Signals, ...] = signals.SOME,
        drain_seconds: float = 0.0,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                _no_asgi,
                http=asyncio.Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self.server_state = shared.state
        self._shared = shared
        self._secured = tuple(secured)
        self._ready = ready
        self._closing = closing
        self._ending = ending
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: Any = None) -> None:
        await super().startup([])
        plain = [Entrance(one, self._shared) for one in sockets or ()]
        own = [Entrance(one.socket, self._shared, one.tls, asks=one.asks) for one in self._secured]
        for entrance in (*plain, *own):
            entrance.open()
            self.servers.append(cast("asyncio.Server", entrance))
        # What was made at start lives as long as the process: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn's word for a signal. After the first SIGTERM those in front are given time to hear that we go. One of
        several processes takes no second for more: a service manager tells all of them, and their parent does as well.
        """
        if sig == signal.SIGTERM and self._shared.leaving and signals.AT_ONCE in self._ending:
            return
        if sig != signal.SIGTERM or not self._drain_seconds or self._shared.leaving:
            super().handle_exit(sig, frame)
            return
        self._shared.leaving = True
        self._closing()
        asyncio.get_running_loop().call_later(self._drain_seconds, self.leave)

    def leave(self) -> None:
        """End now, in order."""
        self.should_exit = True

    async def shutdown(self, sockets: Any = None) -> None:
        self._closing()
        await super().shutdown(sockets)
        # What is left after the grace must not outlive the store.
        left = [one for one in self.server_state.connections if isinstance(one, Connection)]
        tasks = {task for task in map(Connection.break_off, left) if task is not None} | self.server_state.tasks
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in self._ending:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def _no_asgi(scope: Any, receive: Any, send: Any) -> None:
    """uvicorn wants an application to hand to its own connections; there are none."""
