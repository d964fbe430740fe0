"""Two drivers for one set of flows: threads with a blocking client, tasks with an asynchronous one.

Owns how requests leave the machine (no redirect followed, no cookie kept, time and size bounded as ``exchange`` says);
what a failure of the network is called is ``losses``' matter, and what an answer means the flows'.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never

from genkan import __version__
from genkan.app.exchange import CONNECT_SECONDS, READ_SECONDS, Exchange, Own, pieces_of
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

    from genkan.app.deadline import Deadline

T = TypeVar("T")

USER_AGENT = f"genkan-app/{__version__} AtlassianMobileApp"


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
        self._transport = transport
        self._client: tuple[httpx2.Client, Deadline] | None = None
        self._lock = threading.Lock()

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
        with self._lock:
            if self._client is not None:
                self._client[0].close()
                self._client = None

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
        client, deadline = self._opened()
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

    def _opened(self) -> "tuple[httpx2.Client, Deadline]":
        with self._lock:
            if self._client is None:
                import httpx2  # noqa: PLC0415 - see above

                from genkan.app.deadline import Deadline, bound  # noqa: PLC0415 - see above

                client = httpx2.Client(**_rules(), transport=self._transport, mounts=_direct())
                self._client = client, Deadline(self._ticks)
                bound(*self._client)
            return self._client


class AsyncDriver:
    """Runs flows as tasks of one event loop."""

    def __init__(self, ticks: Callable[[], float], *, transport: "httpx2.AsyncBaseTransport | None" = None) -> None:
        self._ticks = ticks
        self._transport = transport
        self._client: httpx2.AsyncClient | None = None

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
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _perform(self, step: Step, door: Door | None) -> object:
        match step:
            case Ask():
                return await self._ask(step)
            case Work():
                return await _uninterrupted(step.call)
            case Pause():
                await asyncio.sleep(step.milliseconds / 1000)
                return None
            case Visit():
                return _no_door() if door is None else await _walk(door, step)
            case _:
                assert_never(step)

    async def _ask(self, asked: Ask) -> Answer | Lost:
        client = self._opened()
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

    def _opened(self) -> "httpx2.AsyncClient":
        if self._client is None:
            import httpx2  # noqa: PLC0415 - see above

            self._client = httpx2.AsyncClient(**_rules(), transport=self._transport, mounts=_direct_async())
        return self._client


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
        await _uninterrupted(partial(sink.take, piece))
        return
    came = sink.take(piece)
    if isawaitable(came):
        await came


async def _uninterrupted(call: Callable[[], T]) -> T:
    """Run blocking work in a thread and see it end, even when cancelled.

    A write that went on in a thread after its task was cancelled could land after the next holder's write and put an
    older generation of tokens back.
    """
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            # One cancellation ends a task as well as many.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        if not running.cancelled():
            running.exception()
        raise


async def _walk(door: Door, asked: Visit) -> Returned | NoReturn:
    """The browser hop lasts minutes, so it gets a thread of its own and a cancellation closes the door."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[Returned | NoReturn] = loop.create_future()

    def settle(brought: Returned | NoReturn | None, trouble: Exception | None) -> None:
        if came.done():
            return
        if brought is not None:
            came.set_result(brought)
        elif trouble is not None:
            came.set_exception(trouble)

    def walk() -> None:
        brought: Returned | NoReturn | None = None
        failed: Exception | None = None
        try:
            brought = door.visit(asked)
        except Exception as trouble:  # noqa: BLE001 - handed to the task that waits
            failed = trouble
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, brought, failed)

    threading.Thread(target=walk, name="browser hop", daemon=True).start()
    try:
        return await came
    except asyncio.CancelledError:
        # Closing waits for sockets and programs, which other tasks should not.
        await _uninterrupted(door.close)
        raise


def _no_door() -> NoReturn:
    return NoReturn("This program has no browser to sign in with.")


def _rules() -> dict[str, Any]:
    import httpx2  # noqa: PLC0415 - see above

    return {
        "headers": {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
        # A token stands for itself: a cookie that rode along could act for somebody else.
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        "timeout": httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        "follow_redirects": False,
    }


LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")


def _direct() -> "dict[str, httpx2.BaseTransport | None]":
    """A proxy of the environment is never asked for this machine itself."""
    return dict.fromkeys(LOOPBACK)


def _direct_async() -> "dict[str, httpx2.AsyncBaseTransport | None]":
    return dict.fromkeys(LOOPBACK)
