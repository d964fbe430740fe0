"""Both drivers against a real server: what leaves the machine, what is never kept, what failures are called."""

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from genkan.app.clients import USER_AGENT
from genkan.app.drive import AsyncDriver, Driver
from genkan.app.flows import Wanted, discover
from genkan.app.outcomes import Ready
from genkan.app.steps import Answer, Ask, Flow, Loss, Lost, NoReturn, Returned, Visit, ask, pause, visit, work
from genkan.testing import Asked, Reply, SiteDouble
from tests.app.conftest import Clock
from tests.app.desk import ECHO
from tests.tls_alerts import alerting

Run = Callable[[Flow[object]], object]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Run]:
    """A driver of either kind, as a plain call."""
    if request.param == "sync":
        driver = Driver(clock.ticks)
        yield driver.run
        driver.close()
        return

    def once(flow: Flow[object]) -> object:
        async def main() -> object:
            driver = AsyncDriver(clock.ticks)
            try:
                return await driver.run(flow)
            finally:
                await driver.close()

        return asyncio.run(main())

    yield once


def test_discovery_over_the_wire(run: Run, site: SiteDouble) -> None:
    """A whole flow runs over real HTTP in either driver."""
    found = run(discover(Wanted(site.base_url)))
    assert isinstance(found, Ready)
    assert found.site.issuer_promised is True


def test_requests_are_as_the_flow_said(run: Run, site: SiteDouble) -> None:
    """Method, headers and body arrive as asked, with the app's own user agent and nothing compressed."""
    body = b"a=1&b=2"
    headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Bearer x"))
    answer = run(ask(Ask("POST", f"{site.base_url}{ECHO}", headers, body)))
    assert isinstance(answer, Answer)
    (seen,) = site.faults.asked
    assert (seen.method, seen.form) == ("POST", {"a": "1", "b": "2"})
    assert seen.headers["user-agent"] == USER_AGENT
    assert seen.headers["authorization"] == "Bearer x"
    assert seen.headers["accept-encoding"] == "identity"


def test_redirects_are_not_followed(run: Run, site: SiteDouble) -> None:
    """Where an answer comes from is part of what it means: a redirect is an answer."""
    site.faults.answer("/a", 302, headers=((b"location", b"/b"),))
    answer = run(ask(Ask("GET", f"{site.base_url}/a")))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["location"]) == (302, "/b")
    assert [asked.path for asked in site.faults.asked] == ["/a"]


def test_no_cookie_is_kept(run: Run, site: SiteDouble) -> None:
    """A cookie that a site sets never rides along with a later request."""
    site.faults.answer("/a", 200, b"{}", times=2, headers=((b"set-cookie", b"JSESSIONID=1; Path=/"),))

    def twice() -> Flow[object]:
        yield from ask(Ask("GET", f"{site.base_url}/a"))
        return (yield from ask(Ask("GET", f"{site.base_url}/a")))

    run(twice())
    assert [("cookie" in asked.headers) for asked in site.faults.asked] == [False, False]
    assert site.faults.pending == 0


def test_a_proxy_is_not_asked_for_this_machine(run: Run, site: SiteDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would send a token for loopback across the network."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(run(ask(Ask("GET", f"{site.base_url}/a"))), Answer)


@pytest.mark.parametrize("length", [100, 101])
def test_answers_are_bounded(run: Run, site: SiteDouble, length: int) -> None:
    """An answer may have as many bytes as was said, and not one more."""
    site.faults.answer("/a", 200, b"x" * length)
    answer = run(ask(Ask("GET", f"{site.base_url}/a", limit=100)))
    if length == 100:
        assert isinstance(answer, Answer)
    else:
        assert isinstance(answer, Lost)
        assert answer.loss is Loss.UNREADABLE


def test_slow_answers_are_bounded(run: Run, site: SiteDouble, clock: Clock) -> None:
    """An answer that drips for longer than a minute is lost, by the clock that was handed in."""

    def slow(_asked: Asked) -> Reply:
        clock.forward(61)
        return Reply(200, b"{}")

    site.faults.decide("/a", slow)
    answer = run(ask(Ask("GET", f"{site.base_url}/a")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.INTERRUPTED


def test_a_long_body_has_longer(run: Run, site: SiteDouble, clock: Clock) -> None:
    """An upload may take longer than a minute, as its size says."""

    def slow(_asked: Asked) -> Reply:
        clock.forward(100)
        return Reply(200, b"{}")

    site.faults.decide("/a", slow)
    headers = (("Content-Type", "text/plain"),)
    for size, kind in ((4 << 20, Answer), (1 << 20, Lost)):
        asked = Ask("POST", f"{site.base_url}/a", headers, b"x" * size)
        assert isinstance(run(ask(asked)), kind)


def test_compressed_answers_are_refused(run: Run, site: SiteDouble) -> None:
    """What was not asked for is not unpacked: a small answer could become a huge one."""
    site.faults.answer("/a", 200, b"\x1f\x8b", headers=((b"content-encoding", b"gzip"),))
    answer = run(ask(Ask("GET", f"{site.base_url}/a")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.UNREADABLE


def test_a_cut_connection_is_an_interruption(run: Run, site: SiteDouble) -> None:
    """The site may have acted: that is told apart from never having been reached."""
    site.faults.lose_answer("/a")
    answer = run(ask(Ask("GET", f"{site.base_url}/a")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.INTERRUPTED


def test_nobody_there(run: Run) -> None:
    """A refused connection was never reached, and the sentence names the host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    answer = run(ask(Ask("GET", f"http://{address}/")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.UNREACHABLE
    assert address in answer.sentence


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "ftp://x/", "http://[::1/", "http://a b/"])
def test_addresses_that_cannot_be_asked(run: Run, url: str) -> None:
    """No address makes a driver raise."""
    assert isinstance(run(ask(Ask("GET", url))), Lost)


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A server that only shakes hands."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as wrapped:
                    wrapped.settimeout(10)
                    with suppress(OSError):
                        wrapped.do_handshake()
                    # Read on until the other side closes: closing on unread bytes would tear the alert away.
                    with suppress(OSError):
                        while os.read(wrapped.fileno(), 65536):
                            pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_an_untrusted_certificate_is_named(run: Run) -> None:
    """A certificate that this machine does not trust is a set-up fault, not a bad network."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with tls_server(context) as port:
        answer = run(ask(Ask("GET", f"https://127.0.0.1:{port}/")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.CERTIFICATE


def test_https_where_http_is_spoken_is_named(run: Run, site: SiteDouble) -> None:
    """A server that answers a handshake in plain text: the sentence names the scheme as what to check."""
    answer = run(ask(Ask("GET", site.base_url.replace("http:", "https:"))))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.NOT_TLS
    assert "does not speak https" in answer.sentence


def wanting_certificates(
    folder: Path, monkeypatch: pytest.MonkeyPatch, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    """A server's side that wants a client certificate, under an authority that this machine trusts for now."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "root.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "root.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = highest
    return context


def test_a_demanded_client_certificate_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that wants a client certificate where the app has none is told apart."""
    context = wanting_certificates(tmp_path, monkeypatch)
    with tls_server(context) as port:
        answer = run(ask(Ask("GET", f"https://127.0.0.1:{port}/")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.CLIENT_CERTIFICATE


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bad_certificate_means_that_one_is_missing(
    run: Run, highest: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Servers written in Go say bad_certificate where none was shown: the same fault, by either version of TLS."""
    context = wanting_certificates(tmp_path, monkeypatch, highest)
    with alerting(context, tmp_path) as port:
        answer = run(ask(Ask("GET", f"https://127.0.0.1:{port}/")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.CLIENT_CERTIFICATE, answer


def test_a_handshake_failure_names_both_causes(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OpenSSL says handshake_failure below TLS 1.3, as it does where no cipher fits: both are named."""
    context = wanting_certificates(tmp_path, monkeypatch, ssl.TLSVersion.TLSv1_2)
    with tls_server(context) as port:
        answer = run(ask(Ask("GET", f"https://127.0.0.1:{port}/")))
    assert isinstance(answer, Lost)
    assert answer.loss is Loss.HANDSHAKE, answer
    assert "client certificate" in answer.sentence
    assert "ciphers" in answer.sentence


def test_what_work_raises_reaches_the_flow(run: Run) -> None:
    """A failing call raises inside the flow that asked for it, which may go on."""

    def fail() -> object:
        raise KeyError("gone")

    def flow() -> Flow[object]:
        try:
            yield from work(fail)
        except KeyError:
            yield from pause(1)
            return "went on"
        return "did not raise"

    assert run(flow()) == "went on"


def test_without_a_door_nobody_is_sent_anywhere(run: Run) -> None:
    """A flow that wants a browser where there is none gets a sentence."""
    assert isinstance(run(visit(Visit("https://x", "s"))), NoReturn)


class WaitingDoor:
    """A door whose visitor comes when told."""

    redirect_uri = "app:/cb"

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()
        self.closed = 0

    def visit(self, asked: Visit) -> Returned | NoReturn:
        self.entered.set()
        self.leave.wait(10)
        return Returned("app:/cb?code=x")

    def close(self) -> None:
        self.closed += 1
        self.leave.set()


async def test_the_browser_hop_leaves_the_loop_free(clock: Clock) -> None:
    """While a person signs in, the tasks of the program go on."""
    door = WaitingDoor()
    task = asyncio.create_task(AsyncDriver(clock.ticks).run(visit(Visit("https://x", "s")), door))
    await until(door.entered.is_set)
    door.leave.set()
    assert await task == Returned("app:/cb?code=x")


async def test_cancelling_the_browser_hop_closes_the_door(clock: Clock) -> None:
    """A sign-in that is broken off leaves no listener behind."""
    door = WaitingDoor()
    task = asyncio.create_task(AsyncDriver(clock.ticks).run(visit(Visit("https://x", "s")), door))
    await until(door.entered.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert door.closed == 1


def test_a_loop_that_is_gone_is_not_told(clock: Clock) -> None:
    """A person who comes back after the program's loop has ended disturbs nobody."""
    door = WaitingDoor()
    door.close = lambda: None  # type: ignore[method-assign]

    async def main() -> None:
        task = asyncio.create_task(AsyncDriver(clock.ticks).run(visit(Visit("https://x", "s")), door))
        await until(door.entered.is_set)
        task.cancel()

    asyncio.run(main())
    hops = [thread for thread in threading.enumerate() if thread.name == "browser hop"]
    door.leave.set()
    for hop in hops:
        hop.join(10)
    assert hops


async def test_a_door_that_fails_is_heard_of(clock: Clock) -> None:
    """What a user agent raises reaches the task that signs in."""

    class Broken(WaitingDoor):
        def visit(self, asked: Visit) -> Returned | NoReturn:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await AsyncDriver(clock.ticks).run(visit(Visit("https://x", "s")), Broken())


@pytest.mark.parametrize("times", [1, 3])
async def test_cancelling_waits_for_work_to_end(clock: Clock, times: int) -> None:
    """However often it is done, a write in a thread ends before the lock is given back, so it never lands too late."""
    steps: list[str] = []
    started, go_on = threading.Event(), threading.Event()

    def write() -> None:
        started.set()
        go_on.wait(10)
        steps.append("written")

    def flow() -> Generator[object, object, None]:
        try:
            yield from work(write)
        finally:
            steps.append("given back")

    task = asyncio.create_task(AsyncDriver(clock.ticks).run(flow()))  # type: ignore[arg-type]
    await until(started.is_set)
    for _ in range(times):
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert steps == []
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == ["written", "given back"]


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail("did not happen")
