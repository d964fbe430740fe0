"""The HTTP clients of the drivers: no connection is shared with a forked child, and what keeps one from being made."""

import asyncio
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from genkan import clock as real
from genkan.app import App, Connection, MemoryVault, SetUpWrong
from genkan.app.drive import AsyncDriver, Driver
from genkan.app.steps import Answer, Ask, ask
from genkan.testing import SiteDouble
from tests.app.desk import ECHO

VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


class TellingPorts(BaseHTTPRequestHandler):
    """Answers with the port that the request came from: two requests from one port came by one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def telling_ports(context: ssl.SSLContext | None) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), TellingPorts) as server:
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join(20)


def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "root.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "root.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def port_of(answer: object) -> bytes:
    assert isinstance(answer, Answer)
    return answer.body


def in_a_child(call: Callable[[], bytes]) -> bytes:
    """What a forked child gets of it; empty where it fails, or hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            os.write(writing, call())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        came = pipe.read()
    os.waitpid(child, 0)
    return came


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_forked_child_has_connections_of_its_own(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes on one connection get each other's answers; the parent's goes on as if nobody had been born."""
    with telling_ports(trusted(tmp_path, monkeypatch) if scheme == "https" else None) as url:
        driver = Driver(real.ticks)
        first = port_of(driver.run(ask(Ask("GET", url))))
        held = driver._client._lock.acquire()
        try:
            child = in_a_child(lambda: port_of(driver.run(ask(Ask("GET", url)))))
        finally:
            driver._client._lock.release()
        assert held
        assert child not in {b"", first}
        assert port_of(driver.run(ask(Ask("GET", url)))) == first
        driver.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_of_tasks(tmp_path: Path) -> None:
    """A loop of the child's own opens connections of its own as well."""
    with telling_ports(None) as url:

        async def asked(driver: AsyncDriver) -> bytes:
            return port_of(await driver.run(ask(Ask("GET", url))))

        async def main() -> None:
            driver = AsyncDriver(real.ticks)
            first = await asked(driver)
            child = in_a_child(lambda: asyncio.new_event_loop().run_until_complete(asked(driver)))
            assert child not in {b"", first}
            assert await asked(driver) == first
            await driver.close()

        asyncio.run(main())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks://127.0.0.1:1080/"),
        ("all_proxy", "socks5://someone:a-password@127.0.0.1:1080"),
        ("HTTPS_PROXY", "http://proxy:a-password"),
        ("HTTP_PROXY", "http://[::1"),
        ("SSL_CERT_FILE", "{folder}/nonexistent"),
        ("SSL_CERT_FILE", "{folder}/empty"),
        ("SSLKEYLOGFILE", "{folder}/nonexistent/keys"),
    ],
)
@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_what_the_environment_names_and_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, kind: str
) -> None:
    """The sentence names the variable, and quotes nothing of it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    (tmp_path / "empty").touch()
    if variable == "SSLKEYLOGFILE":
        # Looked at only where the certificates are a file's.
        trusted(tmp_path, monkeypatch)
    monkeypatch.setenv(variable, value.format(folder=tmp_path))

    async def in_a_loop() -> object:
        driver = AsyncDriver(real.ticks)
        try:
            return await driver.run(ask(Ask("GET", "https://127.0.0.1:9/")))
        finally:
            await driver.close()

    if kind == "threads":
        with pytest.raises(SetUpWrong) as told:
            App(vault=MemoryVault(), examine=False).connect("https://127.0.0.1:9")
        sentence = str(told.value)
    else:
        sentence = getattr(asyncio.run(in_a_loop()), "sentence", "")
    assert f" {variable} names cannot be used: " in sentence
    assert "a-password" not in sentence


def test_a_kept_session_with_such_an_environment(
    connection: Connection, site: SiteDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the set-up that is told, not a network's sign-in page, and the session goes on once it is corrected."""
    connection.close()
    with monkeypatch.context() as patch:
        patch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
        with pytest.raises(SetUpWrong, match="ALL_PROXY"):
            connection.get(ECHO)
    assert connection.get(ECHO).ok
    assert site.base_url
