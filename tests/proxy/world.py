"""A real reverse proxy with exactly the printed configuration, between a real `genkan serve`, a small web application
and a client.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import trustme

from genkan.clock import system_env
from genkan.ops.proxy import PROXIES, Layout
from genkan.outside.passwords import hash_now
from genkan.protocol.accounts import AccountWish, NewAccount, create
from genkan.protocol.links import turn_mobile_on
from genkan.protocol.outcomes import Change
from genkan.settings import Settings
from genkan.store.sqlite import open_store
from genkan.wire import pkce
from genkan.wire.scopes import Permission
from tests.ports import free_port
from tests.proxy.kinds import KINDS, printed_into
from tests.site.world import forms_of

PASSWORD = "a stone, a lantern, a gate"
SECRET = "the-secret-of-the-proxy-in-this-test"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
START_SECONDS = 30


class Application:
    """A web application that answers with what it heard."""

    def __init__(self) -> None:
        self.asked = 0
        counting = self

        class Echo(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Every method is answered alike."""
                counting.asked += 1
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                heard = {
                    "method": self.command,
                    "target": self.path,
                    "headers": self.headers.items(),
                    "body": len(body),
                }
                told = json.dumps(heard).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(told)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told)

            do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - the names that the base class calls

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@dataclass
class Front:
    """One proxy with what it stands before. ``edit`` changes the printed text, for showing what a line is for;
    ``guards``: the application is named to it; ``former``: where the site was, ``{origin}`` for the present one;
    ``more``: settings, with ``{port}`` for the proxy's.
    """

    kind: str
    folder: Path
    path: str = ""
    tls: bool = False
    layout: Layout = field(default_factory=Layout)
    edit: Callable[[str], str] = str
    with_site: bool = True
    guards: bool = True
    former: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "data").mkdir(parents=True)
        self.application = Application()
        self.app_upstream = self.application.address if self.guards else ""
        self.authority_of_certificates = trustme.CA()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._passing = ""
        host, port = ("localhost" if self.tls else "127.0.0.1"), free_port()
        self.base = f"http{'s' if self.tls else ''}://{host}:{port}{self.path}"
        self.origin = self.base.removesuffix(self.path) if self.path else self.base
        (self.folder / "proxy-secret").write_text(SECRET + "\n")
        self.former = tuple(address.format(origin=self.origin) for address in self.former)
        if "certificate_url" in self.more:
            self.more["certificate_url"] = self.more["certificate_url"].format(port=port)
        self.settings = Settings(
            former_base_urls=self.former,
            base_url=self.base,
            data_dir=str(self.folder / "data"),
            port=free_port(),
            trusted_proxies=("127.0.0.1",),
            proxy_secret_file=str(self.folder / "proxy-secret"),
            **self.more,
        )

    def start(self) -> "Front":
        """Seed the site, start it and the proxy, and wait until both answer."""
        if self.with_site:
            self.client_id = asyncio.run(_seed(self.settings))
            self._start(self._site_command(), "site")
        config = self._write_config()
        self._start(KINDS[self.kind].command(self.folder, config), self.kind)
        with self.browser() as client:
            self._wait(lambda: client.get(f"{self.base}/healthz").status_code in ((200,) if self.with_site else (502,)))
        return self

    def stop(self) -> None:
        """Leave nothing running."""
        self.application.stop()
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def browser(self, **options: Any) -> httpx2.Client:
        """A client of its own that knows the test's certificate authority."""
        context = ssl.create_default_context()
        self.authority_of_certificates.configure_trust(context)
        return httpx2.Client(verify=context, timeout=20, trust_env=False, **options)

    def written(self) -> str:
        """All that proxy and site have written into files, the store and the configuration apart."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix == ".log"]
        return "\n".join(path.read_text("utf-8", "replace") for path in files)

    def refusals(self, at_least: int = 0) -> Counter[str]:
        """How many requests the site has refused, by network; waits until as many as this have been written."""
        database = self.settings.database_path.as_uri() + "?mode=ro"
        found: Counter[str] = Counter()

        def counted() -> bool:
            found.clear()
            with contextlib.closing(sqlite3.connect(database, uri=True)) as store:
                for network, count in store.execute("SELECT network, count FROM tallies"):
                    found[network] += count
            return found.total() >= at_least

        self._wait(counted)
        return found

    def token(self, scope: str = "WRITE", name: str = "alice") -> dict[str, Any]:
        """The app's own token answer, by the whole flow through the proxy."""
        with self.browser() as client:
            page = _walk(client, client.get(f"{self.base}/rest/oauth2/latest/authorize", params=self._asked(scope)))
            page = _walk(client, _fill(client, page, "/login", {"username": name, "password": PASSWORD}))
            answer = _fill(client, page, "/consent", {"decision": "allow"})
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
            exchange = {
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self.client_id,
                "redirect_uri": "jira-server://oauth-callback",
                "code_verifier": VERIFIER,
            }
            told = client.post(f"{self.base}/rest/oauth2/latest/token", data=exchange)
            assert told.status_code == 200, told.text
            return dict(told.json())

    def passing_token(self) -> str:
        """An access token for all the tests that only need to pass."""
        if not self._passing:
            self._passing = self.token()["access_token"]
        return self._passing

    def sign_in(self, client: httpx2.Client, page: str, name: str = "alice") -> httpx2.Response:
        """Fill the sign-in page at this address; the answer to it."""
        return _fill(client, client.get(page), "/login", {"username": name, "password": PASSWORD})

    def app(self, method: str, token: str = "", path: str = "app/list?page=2", **options: Any) -> httpx2.Response:
        """Call the guarded application through the proxy."""
        headers = [*options.pop("headers", [])]
        if token:
            headers.append(("authorization", f"Bearer {token}"))
        with self.browser() as client:
            return client.request(method, f"{self.origin}/{path}", headers=headers, **options)

    def _asked(self, scope: str) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "redirect_uri": "jira-server://oauth-callback",
            "response_type": "code",
            "scope": scope,
            "state": "st",
            "code_challenge": pkce.challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }

    def _site_command(self) -> list[str]:
        return [str(Path(sys.executable).with_name("genkan")), "serve"]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
        return {
            **kept,
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "xdg"),
            "XDG_CONFIG_HOME": str(self.folder / "xdg"),
            "GENKAN_BASE_URL": self.base,
            "GENKAN_FORMER_BASE_URLS": ",".join(self.former),
            "GENKAN_DATA_DIR": self.settings.data_dir,
            "GENKAN_PORT": str(self.settings.port),
            "GENKAN_TRUSTED_PROXIES": "127.0.0.1",
            "GENKAN_PROXY_SECRET_FILE": self.settings.proxy_secret_file,
            "GENKAN_PASSWORD_THREADS": "1",
            **{f"GENKAN_{name.upper()}": _written(value) for name, value in self.more.items()},
        }

    def _write_config(self) -> Path:
        chosen = replace(
            self.layout,
            bind="127.0.0.1",
            log_file=KINDS[self.kind].log_file or str(self.folder / "access.log"),
            app_upstream=self.app_upstream,
            folder=str(self.folder),
            **self._certificates(),
        )
        proxy = PROXIES[self.kind]
        return printed_into(self.folder, proxy, self.edit(proxy.config(self.settings, chosen)))

    def _certificates(self) -> dict[str, Any]:
        if not self.tls:
            return {}
        issued = self.authority_of_certificates.issue_cert("localhost", "certs.localhost")
        issued.private_key_pem.write_to_path(self.folder / "key.pem")
        for blob in issued.cert_chain_pems:
            blob.write_to_path(self.folder / "chain.pem", append=True)
        chain, key = str(self.folder / "chain.pem"), str(self.folder / "key.pem")
        own = {"origin_certificate": chain, "origin_certificate_key": key} if self.settings.certificate_url else {}
        return {"certificate": chain, "certificate_key": key, **own}

    def _start(self, command: list[str], name: str) -> None:
        with (self.folder / f"{name}-output.log").open("wb") as log:
            process = subprocess.Popen(command, env=self._environment(), cwd=self.folder, stdout=log, stderr=log)
        self._processes.append(process)

    def _wait(self, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and all(process.poll() is None for process in self._processes):
            try:
                if answers():
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.written())


def _written(value: object) -> str:
    """A setting as a variable has it."""
    return ",".join(value) if isinstance(value, tuple) else str(value)


async def _seed(settings: Settings) -> str:
    """Alice, Zoë and the app's link, whose client id is returned."""
    store = open_store(settings.database_path, create=True, env=system_env())
    try:
        password = hash_now(PASSWORD)
        people = (
            AccountWish("alice", "Alice A.", "alice@example.com", Permission.WRITE, ("dev", "staff"), password),
            AccountWish("zoë", "Zoë 100%", "", Permission.WRITE, (), password),
        )
        for wish in people:
            made = create(wish, "test", system_env())
            assert isinstance(made, NewAccount)
            assert await store.apply(made.change)
        change = turn_mobile_on(await store.site(), None, "test", system_env())
        assert isinstance(change, Change)
        assert await store.apply(change)
        link = await store.link((await store.site()).mobile_link_id or 0)
        assert link is not None
        return link.client_id
    finally:
        await store.close()


def _walk(client: httpx2.Client, answer: httpx2.Response) -> httpx2.Response:
    """Follow redirects until a page."""
    while answer.status_code in (302, 303):
        answer = client.get(urljoin(str(answer.url), answer.headers["location"]))
    assert answer.status_code == 200, answer.text
    return answer


def _fill(client: httpx2.Client, page: httpx2.Response, action_end: str, typed: dict[str, str]) -> httpx2.Response:
    """Send the form whose action ends so, with its hidden fields and what was typed."""
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith(action_end))
    return client.post(urljoin(str(page.url), action), data={**fields, **typed})
