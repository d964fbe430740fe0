"""Two drivers for one set of flows: threads with a blocking client, tasks with an asynchronous one.

Owns how requests leave the machine, by the clients of ``clients``, with time and size bounded as ``exchange`` says;
what a failure of the network is called is ``losses``' matter, and what an answer means the flows'.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never

from genkan.app.clients import BlockingClient, TaskClient
from genkan.app.exchange import Exchange, Own, pieces_of
from genkan.app.losses import lost
from genkan.app.steps import (
    Answer,
    Ask,
    Flow,
    Lost,
    NoReturn,
    Pause,
    Returned,
    Sink,
    Source,
    Step,
    Visit,
    Work,
)

if TYPE_CHECKING:
    # httpx2 takes a tenth of a second to import, which a session that needs no request should not pay.
    import httpx2

T = TypeVar("T")


class Door(Protocol):
    """The way through the browser and back, open for one sign-in."""

    @property
    def redirect_uri(self) -> str: ...

    def visit(self, asked: Visit) -> Returned | NoReturn: ...

    def close(self) -> None: ...


class Driver:
    """Runs flows in the calling thread; may be shared between threads."""

    def __init__(self, ticks: Callable[[], float], *, transport: "httpx2.BaseTransport | None" = None) -> None:
        self._ticks = ticks
        self._client = BlockingClient(ticks, transport)

    def run(self, flow: Flow[T], door: Door | None = None) -> T:
        """Run a flow to its end; a ``Visit`` goes through ``door``."""
        try:
            step = next(flow)
            while True:
                try:
                    came = self._perform(step, door)
                except Exception as trouble:  # noqa: BLE001 - whatever a step raises belongs to the flow that asked
                    step = flow.throw(trouble)
                else:
                    step = flow.send(came)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _perform(self, step: Step, door: Door | None) -> object:
        match step:
            case Ask():
                return self._ask(step)
            case Work():
                return step.call()
            case Pause():
                threading.Event().wait(step.milliseconds / 1000)
                return None
            case Visit():
                return _no_door() if door is None else door.visit(step)
            case _:
                assert_never(step)

    def _ask(self, asked: Ask) -> Answer | Lost:
        opened = self._client.opened()
        if isinstance(opened, Lost):
            return opened
        client, deadline = opened
        import httpx2  # noqa: PLC0415 - see above; already loaded by the client

        exchange = Exchange(asked, self._ticks)
        try:
            with (
                deadline.held(exchange.until),
                _sent(asked) as more,
                client.stream(asked.method, asked.url, **exchange.options(), **more) as response,
            ):
                if wrong := exchange.begin(response.status_code, response.headers.items()):
                    return wrong
                for piece in response.iter_raw():
                    if wrong := exchange.came(piece):
                        return wrong
                    if exchange.sink is not None:
                        with exchange.handing_on():
                            exchange.sink.take(piece)
                    deadline.move(exchange.until)
                return exchange.answer()
        except Own as own:
            raise own.trouble from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as trouble:
            # OSError: an alert that comes after the handshake passes the asynchronous backend as it is.
            return lost(trouble, asked)


class AsyncDriver:
    """Runs flows as tasks of one event loop."""

    def __init__(self, ticks: Callable[[], float], *, transport: "httpx2.AsyncBaseTransport | None" = None) -> None:
        self._ticks = ticks
        self._client = TaskClient(transport)

    async def run(self, flow: Flow[T], door: Door | None = None) -> T:
        """Run a flow to its end; cancelling ends it between two steps, never inside a ``Work``."""
        try:
            step = next(flow)
            while True:
                try:
                    came = await self._perform(step, door)
                except Exception as trouble:  # noqa: BLE001 - as in Driver.run; a cancellation passes by
                    step = flow.throw(trouble)
                else:
                    step = flow.send(came)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _perform(self, step: Step, door: Door | None) -> object:
        match step:
            case Ask():
                return await self._ask(step)
            case Work():
                return await (_apart(step.call, "look") if step.aside else _uninterrupted(step.call))
            case Pause():
                await asyncio.sleep(step.milliseconds / 1000)
                return None
            case Visit():
                return _no_door() if door is None else await _walk(door, step)
            case _:
                assert_never(step)

    async def _ask(self, asked: Ask) -> Answer | Lost:
        client = self._client.opened()
        if isinstance(client, Lost):
            return client
        import httpx2  # noqa: PLC0415 - see above; already loaded by the client

        exchange = Exchange(asked, self._ticks)
        try:
            async with (
                asyncio.timeout(exchange.left) as limit,
                _sent_async(asked) as more,
                client.stream(asked.method, asked.url, **exchange.options(), **more) as response,
            ):
                if wrong := exchange.begin(response.status_code, response.headers.items()):
                    return wrong
                async for piece in response.aiter_raw():
                    if wrong := exchange.came(piece):
                        return wrong
                    if exchange.sink is not None:
                        limit.reschedule(None if asked.seconds is None else limit.when())
                        with exchange.handing_on():
                            await _taken(exchange.sink, piece)
                    limit.reschedule(asyncio.get_running_loop().time() + exchange.left)
                return exchange.answer()
        except Own as own:
            raise own.trouble from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as trouble:
            # OSError: an alert that comes after the handshake passes the asynchronous backend as it is.
            return lost(trouble, asked)


@contextmanager
def _sent(asked: Ask) -> Iterator[dict[str, Any]]:
    """The body of a request as the HTTP library takes it where it is read while it is sent."""
    if not isinstance(asked.body, Source):
        yield {}
        return
    with closing(pieces_of(asked.body)) as pieces:
        yield {"content": pieces}


@asynccontextmanager
async def _sent_async(asked: Ask) -> AsyncIterator[dict[str, Any]]:
    if not isinstance(asked.body, Source):
        yield {}
        return
    async with aclosing(_pieces_async(asked.body)) as pieces:
        yield {"content": pieces}


async def _pieces_async(source: Source) -> AsyncGenerator[bytes, None]:
    """Files are read in a thread: other tasks should not wait for a disk."""
    pieces = pieces_of(source)
    try:
        while (piece := await _uninterrupted(partial(next, pieces, None))) is not None:
            yield piece
    finally:
        pieces.close()


async def _taken(sink: Sink, piece: bytes) -> None:
    if sink.waits:
        await _uninterrupted(partial(sink.take, piece), sink.within)
        return
    came = sink.take(piece)
    if isawaitable(came):
        await came


async def _uninterrupted(call: Callable[[], T], within: Callable[[float], object] | None = None) -> T:
    """Run blocking work in a thread and see it end, even when cancelled; then ``within`` hastens what waits.

    A write that went on in a thread after its task was cancelled could land after the next holder's write and put an
    older generation of tokens back.
    """
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if within is not None:
            within(0)
        while not running.done():
            # One cancellation ends a task as well as many.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        if not running.cancelled():
            running.exception()
        raise


def _apart(call: Callable[[], T], name: str) -> asyncio.Future[T]:
    """What takes long gets a thread of its own, which nobody has to wait for."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[], None]) -> None:
        if not came.done():
            settled()

    def run() -> None:
        try:
            settled = partial(came.set_result, call())
        except Exception as trouble:  # noqa: BLE001 - handed to the task that waits
            settled = partial(came.set_exception, trouble)
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, settled)

    threading.Thread(target=run, name=name, daemon=True).start()
    return came


async def _walk(door: Door, asked: Visit) -> Returned | NoReturn:
    """The browser hop lasts minutes; a cancellation closes the door."""
    try:
        return await _apart(partial(door.visit, asked), "browser hop")
    except asyncio.CancelledError:
        # Closing waits for sockets and programs, which other tasks should not.
        await _uninterrupted(door.close)
        raise


def _no_door() -> NoReturn:
    return NoReturn("This program has no browser to sign in with.")
