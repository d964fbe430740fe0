"""Two drivers for one set of flows: threads with a blocking client, tasks with an asynchronous one.

Owns how requests leave the machine (no redirect followed, no cookie kept, time and size bounded) and what a failure of
the network is called; what an answer means is the flows' matter.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never

from genkan import __version__
from genkan.app.steps import Answer, Ask, Flow, Loss, Lost, NoReturn, Pause, Returned, Step, Visit, Work
from genkan.wire import alerts

if TYPE_CHECKING:
    # httpx2 takes a tenth of a second to import, which a session that needs no request should not pay.
    import httpx2

    from genkan.app.deadline import Deadline

T = TypeVar("T")

USER_AGENT = f"genkan-app/{__version__} AtlassianMobileApp"
CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
WHOLE_ANSWER_SECONDS = 60.0
SLOWEST_BYTES = 64 * 1024
"""A second; what is sent and what comes give an exchange so much more time: long files on slow networks are whole."""


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

        seconds = _seconds_for(asked)
        until = self._ticks() + seconds
        body = bytearray()
        try:
            with (
                deadline.within(seconds),
                client.stream(asked.method, asked.url, headers=asked.headers, content=asked.body) as response,
            ):
                for chunk in response.iter_raw():
                    body += chunk
                    until += len(chunk) / SLOWEST_BYTES
                    deadline.extend(len(chunk) / SLOWEST_BYTES)
                    if wrong := _too_much(asked, len(body), until < self._ticks()):
                        return wrong
                return _answer(asked, response.status_code, response.headers.items(), bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as trouble:
            # OSError: an alert that comes after the handshake passes the asynchronous backend as it is.
            return _lost(trouble, asked)

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

        seconds = _seconds_for(asked)
        until = self._ticks() + seconds
        body = bytearray()
        try:
            async with (
                asyncio.timeout(seconds) as limit,
                client.stream(asked.method, asked.url, headers=asked.headers, content=asked.body) as response,
            ):
                async for chunk in response.aiter_raw():
                    body += chunk
                    until += len(chunk) / SLOWEST_BYTES
                    limit.reschedule((limit.when() or 0) + len(chunk) / SLOWEST_BYTES)
                    if wrong := _too_much(asked, len(body), until < self._ticks()):
                        return wrong
                return _answer(asked, response.status_code, response.headers.items(), bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as trouble:
            # OSError: an alert that comes after the handshake passes the asynchronous backend as it is.
            return _lost(trouble, asked)

    def _opened(self) -> "httpx2.AsyncClient":
        if self._client is None:
            import httpx2  # noqa: PLC0415 - see above

            self._client = httpx2.AsyncClient(**_rules(), transport=self._transport, mounts=_direct_async())
        return self._client


async def _uninterrupted(call: Callable[[], object]) -> object:
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


def _seconds_for(asked: Ask) -> float:
    return WHOLE_ANSWER_SECONDS + len(asked.body or b"") / SLOWEST_BYTES


def _answer(asked: Ask, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Answer | Lost:
    named = {name.lower(): value for name, value in headers}
    if named.get("content-encoding", "identity") != "identity":
        return Lost(Loss.UNREADABLE, f"{_host(asked.url)} sent a compressed answer although none was asked for.")
    return Answer(status, named, body)


def _too_much(asked: Ask, size: int, late: bool) -> Lost | None:
    if size > asked.limit:
        return Lost(Loss.UNREADABLE, f"The answer of {_host(asked.url)} is longer than {asked.limit} bytes.")
    if late:
        return Lost(Loss.INTERRUPTED, f"The answer of {_host(asked.url)} did not end in time.")
    return None


def _lost(trouble: Exception, asked: Ask) -> Lost:
    """Name a failure of the network; ``trouble`` itself is dropped, for it carries the request."""
    import httpx2  # noqa: PLC0415 - see above

    host = _host(asked.url)
    words = _causes(trouble)
    if alerts.wants_client_certificate(words):
        sentence = f"{host} asks for a client certificate on this address, which the app cannot present."
        return Lost(Loss.CLIENT_CERTIFICATE, sentence)
    if alerts.may_want_client_certificate(words):
        sentence = (
            f"{host} refuses the handshake: it asks for a client certificate, which the app cannot present, or it "
            "speaks only ciphers that this machine does not take."
        )
        return Lost(Loss.HANDSHAKE, sentence)
    if "CERTIFICATE_VERIFY_FAILED" in words or "CertificateError" in words:
        sentence = f"The certificate of {host} is not trusted by this machine: install its authority first."
        return Lost(Loss.CERTIFICATE, sentence)
    if "WRONG_VERSION_NUMBER" in words or "HTTP_REQUEST" in words:
        sentence = f"{host} does not speak https: check the address, its scheme and port included."
        return Lost(Loss.NOT_TLS, sentence)
    if isinstance(trouble, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError):
        return Lost(Loss.UNREACHABLE, f"{host} cannot be reached: check the address and the network.")
    if isinstance(trouble, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return Lost(Loss.UNREADABLE, f"{asked.url!r} is not an address that can be asked.")
    return Lost(Loss.INTERRUPTED, f"The connection to {host} broke before the answer came.")


def _causes(trouble: BaseException | None) -> str:
    words = []
    while trouble is not None:
        words.append(f"{type(trouble).__name__} {trouble}")
        trouble = trouble.__cause__ or trouble.__context__
    return " | ".join(words)


def _host(url: str) -> str:
    return url.split("/", 3)[2] if url.count("/") > 1 else url
