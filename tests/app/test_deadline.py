"""The end of an exchange with a server that does not end it: the session's lock is held for as long."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import httpx2
import pytest

from genkan import clock as real
from genkan.app import exchange
from genkan.app.deadline import Deadline, bound
from genkan.app.drive import AsyncDriver, Driver
from genkan.app.steps import Answer, Ask, Flow, Loss, Lost, ask
from tests.app.conftest import Clock


@contextmanager
def dripping(piece: bytes, head: bytes = b"HTTP/1.1 200 OK\r\n") -> Iterator[int]:
    """A server that never ends its answer and never lets a read wait long."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(head)
                while not over.wait(0.02):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join(10)


@pytest.mark.parametrize("piece", [b"x-a: b\r\n", b"\r\nbody", b""], ids=["headers", "body", "nothing"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_answer_that_drips_is_bounded(kind: str, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole exchange has an end, its headers included: a session's lock is held for as long."""
    monkeypatch.setattr(exchange, "WHOLE_ANSWER_SECONDS", 0.3)
    came: list[object] = []

    async def in_a_loop(flow: Flow[object]) -> None:
        driver = AsyncDriver(real.ticks)
        came.append(await driver.run(flow))
        await driver.close()

    def once(port: int) -> None:
        flow = ask(Ask("GET", f"http://127.0.0.1:{port}/"))
        if kind == "async":
            asyncio.run(in_a_loop(flow))
        else:
            driver = Driver(real.ticks)
            came.append(driver.run(flow))
            driver.close()

    with dripping(piece) as port:
        thread = threading.Thread(target=once, args=(port,), daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    (answer,) = came
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.INTERRUPTED


def test_the_library_lets_itself_be_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the version of the HTTP library that is locked every connection keeps to the deadline, a proxy's too."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with httpx2.Client() as client:
        assert bound(client, Deadline(real.ticks))
    # Where it has none of what is looked for, a client still works, bounded step by step.
    with httpx2.Client() as client, monkeypatch.context() as patch:
        patch.delattr(client._transport, "_pool")
        assert not bound(client, Deadline(real.ticks))
        patch.undo()


@pytest.mark.parametrize(
    ("size", "seconds", "kind"),
    [(1 << 20, None, Answer), (1000, None, Lost), (1 << 20, 60.0, Lost), (1000, 200.0, Answer)],
)
@pytest.mark.parametrize("driver", ["sync", "async"])
def test_an_answer_that_goes_on_has_longer(
    driver: str, size: int, seconds: float | None, kind: type, clock: Clock
) -> None:
    """A download may take longer than a minute as long as it gets on; one that drips may not. A named time is fixed."""
    asked = ask(Ask("GET", "http://site.example/a", limit=16 << 20, seconds=seconds))

    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            clock.forward(10)
            yield b"x" * size

    async def later() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    async def in_a_loop() -> object:
        transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, content=later()))
        other = AsyncDriver(clock.ticks, transport=transport)
        try:
            return await other.run(asked)
        finally:
            await other.close()

    if driver == "async":
        assert isinstance(asyncio.run(in_a_loop()), kind)
        return
    one = Driver(clock.ticks, transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, content=pieces())))
    assert isinstance(one.run(asked), kind)
    one.close()
