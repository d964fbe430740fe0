"""The exemptions that are printed, in real proxies: the app's paths pass, and everything else is still asked."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from genkan.doctor.exemptions import exemption
from genkan.doctor.gateways import Front
from tests.doctor.world import INFO, SERVER
from tests.ports import free_port
from tests.proxy.kinds import KINDS
from tests.proxy.world import Application

PRINTED = {"nginx": Front.NGINX, "caddy": Front.CADDY}


class Gate(BaseHTTPRequestHandler):
    """A gateway that lets nobody in."""

    def do_GET(self) -> None:
        """No."""
        self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextlib.contextmanager
def gate() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def nginx(port: int, site: str, asks: str, lines: str) -> str:
    """The usual form: everything is asked, and the exempt paths are locations of their own."""
    return (
        f"server {{\n listen 127.0.0.1:{port};\n access_log off;\n auth_request /gate;\n"
        f" location / {{ proxy_pass http://{site}; }}\n location = /gate {{ internal; proxy_pass http://{asks}; }}\n"
        f"{lines.replace('YOUR-UPSTREAM', site)}\n}}\n"
    )


def caddy(port: int, site: str, asks: str, lines: str) -> str:
    """The usual form: two directives without a route, which Caddy puts in order by itself."""
    asked = f"{asks} {{\n  uri /gate\n }}"
    lines = lines.replace("…", asked) if lines else f" forward_auth {asked}"
    return f"http://127.0.0.1:{port} {{\n reverse_proxy {site}\n{lines}\n}}\n"


@contextlib.contextmanager
def running(kind: str, folder: Path, text: str, port: int) -> Iterator[None]:
    folder.mkdir()
    config = folder / "site.conf"
    config.write_text(text)
    command = KINDS[kind].command(folder, config)
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait(port, process, folder / "log")
            yield
        finally:
            process.terminate()


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.needs(kind)) for kind in PRINTED])
def test_the_app_passes_and_nobody_else(kind: str, tmp_path: Path) -> None:
    """Without the printed lines the gateway is asked on each path; with them not on those of the app."""
    write = {"nginx": nginx, "caddy": caddy}[kind]
    printed = str(exemption(PRINTED[kind], [INFO, SERVER])).partition("\n")[2]
    site = Application()
    answered = {}
    try:
        with gate() as asks:
            for name, lines in (("before", ""), ("after", printed)):
                port = free_port()
                with running(kind, tmp_path / name, write(port, site.address, asks, lines), port):
                    answered[name] = [
                        httpx2.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code
                        for path in (INFO, SERVER, "/secure", INFO + "/x")
                    ]
    finally:
        site.stop()
    assert answered == {"before": [401] * 4, "after": [200, 200, 401, 401]}
