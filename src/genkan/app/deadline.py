"""A bound for a whole exchange over blocking sockets: no single read, write or handshake may outlive it.

Owns the network backend that an HTTP client of threads gets; imports its library, so it is loaded with the client.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from socket import socket
from ssl import SSLContext
from typing import Any
from weakref import WeakSet

import httpcore2
import httpx2

PIECE = 64 * 1024


class Deadline:
    """The moment by which what the calling thread has begun must be over; each thread has its own."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._own = threading.local()
        self._streams: WeakSet[_Stream] = WeakSet()

    def see(self, stream: "_Stream") -> "_Stream":
        """Remember a connection that keeps to it."""
        self._streams.add(stream)
        return stream

    def let_go(self) -> None:
        """Close the descriptors of its connections and send nothing: they are another process's."""
        for stream in list(self._streams):
            held = stream.get_extra_info("socket")
            if isinstance(held, socket):
                held.close()

    @contextmanager
    def held(self, until: float) -> Iterator[None]:
        """Until the end of this block, this thread's exchange has to be over by then."""
        self.move(until)
        try:
            yield
        finally:
            self._own.until = None

    def move(self, until: float) -> None:
        """Within such a block: its exchange has to be over by then instead."""
        self._own.until = until

    def left(self, timeout: float | None) -> float | None:
        """How long one step may take that would be given ``timeout``; raises where nothing is left."""
        until = getattr(self._own, "until", None)
        if until is None:
            return timeout
        left: float = until - self._ticks()
        if left <= 0:
            raise httpcore2.ReadTimeout("the whole exchange took too long")
        return left if timeout is None else min(timeout, left)


def bound(client: httpx2.Client, deadline: Deadline) -> bool:
    """Have every connection of a client, proxies' included, keep to a deadline. False where its library hides them.

    Then each step is still bounded, and the size of an answer, and whoever reads it looks at the time (0202).
    """
    found = [_pool_of(transport) for transport in _transports_of(client)]
    for pool in found:
        if pool is not None:
            pool._network_backend = _Backend(deadline)  # noqa: SLF001 - no public way leads there: decision 0202
    return all(pool is not None for pool in found)


def _transports_of(client: httpx2.Client) -> list[object]:
    """Those that open connections; one that opens none is a test's own."""
    mounts: Mapping[object, object] = getattr(client, "_mounts", {})
    every = [getattr(client, "_transport", None), *mounts.values()]
    return [transport for transport in every if isinstance(transport, httpx2.HTTPTransport)]


def _pool_of(transport: object) -> httpcore2.ConnectionPool | None:
    pool = getattr(transport, "_pool", None)
    return pool if isinstance(pool, httpcore2.ConnectionPool) and hasattr(pool, "_network_backend") else None


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._real = httpcore2.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._deadline.left(timeout)
        real = self._real.connect_tcp(host, port, left, local_address, socket_options)
        return self._deadline.see(_Stream(real, self._deadline))


class _Stream(httpcore2.NetworkStream):
    def __init__(self, real: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._real = real
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._real.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: a body that the other side takes slowly is bounded, too.
        for start in range(0, len(buffer), PIECE):
            self._real.write(buffer[start : start + PIECE], self._deadline.left(timeout))

    def close(self) -> None:
        self._real.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._deadline.left(timeout)
        real = self._real.start_tls(ssl_context, server_hostname, left)
        return self._deadline.see(_Stream(real, self._deadline))

    def get_extra_info(self, info: str) -> Any:
        return self._real.get_extra_info(info)
