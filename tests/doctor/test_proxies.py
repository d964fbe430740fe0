"""The doctor before real proxies: what `genkan proxy` prints is healthy, and what operators add is named."""

import asyncio
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from genkan.doctor.verdicts import Report, Verdict
from tests.doctor.world import faults, looked, means, probe
from tests.proxy.conftest import EACH
from tests.proxy.kinds import KINDS
from tests.proxy.world import Front

PATH = "/front-door"
# Those that the faults below are written for.
WRITTEN_FOR = [pytest.param(kind, marks=pytest.mark.needs(kind)) for kind in ("caddy", "nginx")]


class Reconfigured(Front):
    """A proxy before one site, to be started anew with another configuration."""

    def _certificates(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        (self.folder / "chain.pem").unlink(missing_ok=True)
        ca = self.authority_of_certificates
        issued = ca.issue_cert("localhost", not_before=now - timedelta(1), not_after=now + timedelta(80))
        issued.private_key_pem.write_to_path(self.folder / "key.pem")
        for blob in issued.cert_chain_pems:
            blob.write_to_path(self.folder / "chain.pem", append=True)
        ca.cert_pem.write_to_path(self.folder / "root.pem")
        return {"certificate": str(self.folder / "chain.pem"), "certificate_key": str(self.folder / "key.pem")}

    def again(self, edit: Callable[[str], str]) -> None:
        """The same site behind the printed configuration with this change."""
        proxy = self._processes.pop()
        proxy.terminate()
        try:
            proxy.wait(20)
        except subprocess.TimeoutExpired:
            proxy.kill()
            proxy.wait(20)
        self.edit = edit
        config = self._write_config()
        self._start(KINDS[self.kind].command(self.folder, config), self.kind)
        self._wait(self._listens)

    def _listens(self) -> bool:
        parts = urlsplit(self.base)
        try:
            socket.create_connection(("127.0.0.1", parts.port or 443), timeout=5).close()
        except OSError:
            return False
        return True

    def report(self) -> Report:
        """What the doctor says."""
        return asyncio.run(looked(self.base, reaching=means(authorities=str(self.folder / "root.pem"))))


@pytest.fixture(scope="module", params=EACH)
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reconfigured]:
    """The site over TLS below a context path."""
    opened = Reconfigured(request.param, tmp_path_factory.mktemp(request.param), path=PATH, tls=True, guards=False)
    try:
        opened.start()
        yield opened
    finally:
        opened.stop()


def within(text: str, nginx: str = "", caddy: str = "") -> str:
    """The printed configuration with lines of an operator's own in the server's block."""
    if "proxy_set_header" in text:
        assert nginx
        return text.replace("    access_log", f"    {nginx}\n    access_log", 1)
    assert caddy
    # In a route Caddy keeps the order that is written.
    return text.replace("        route {", f"        route {{\n{caddy}", 1)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for before, after in pairs:
        if before in text:
            return text.replace(before, after)
    raise AssertionError(pairs)


NO_CERTIFICATE = "ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 496; }"
GATE = "https://team.cloudflareaccess.com/cdn-cgi/access/login"
INFO = f"{PATH}/rest/nativemobile/1.1/info/login"
BAD: dict[str, tuple[Callable[[str], str], str, str]] = {
    "a gateway before info/login": (
        lambda text: within(text, f"location = {INFO} {{ return 302 {GATE}; }}", f"redir {INFO} {GATE}"),
        "info-login", "Cloudflare Access",
    ),
    "the scheme is hidden": (
        lambda text: replaced(text, ("X-Forwarded-Proto $scheme", 'X-Forwarded-Proto ""'),
                              ("header_up X-Genkan-Proxy", "header_up -X-Forwarded-Proto\nheader_up X-Genkan-Proxy")),
        "proxy-headers", "X-Forwarded-Proto",
    ),
    "the host is another": (
        lambda text: replaced(text, ("Host $http_host", "Host internal.example"),
                              ("header_up X-", "header_up X-Forwarded-Host internal.example\nheader_up X-")),
        "proxy-headers", "Host",
    ),
    "a policy of the proxy's own": (
        lambda text: within(text, "add_header Content-Security-Policy \"form-action 'self'\" always;",
                            "header +Content-Security-Policy \"form-action 'self'\""),
        "return-to-app", "form-action",
    ),
    "a firewall against the app's scheme": (
        lambda text: within(text, 'if ($args ~ "jira-server") { return 403; }',
                            "@waf expression `{http.request.uri.query}.contains('jira-server')`\n    respond @waf 403"),
        "address-filter", "jira-server",
    ),
    "a password before everything": (
        lambda text: within(text, f"location = {INFO} {{ return 401; }}", f"respond {INFO} 401"),
        "info-login", INFO,
    ),
    "the mobile path is not passed on": (
        lambda text: within(text, f"location {PATH}/rest/nativemobile/ {{ return 404; }}",
                            f"respond {PATH}/rest/nativemobile/* 404"),
        "info-login", "proxy passes",
    ),
    "POST is refused": (
        lambda text: within(text, "if ($request_method = POST) { return 405; }",
                            "@post method POST\n    respond @post 405"),
        "token-endpoint", "POST",
    ),
    "long addresses are refused": (
        lambda text: within(text, 'if ($request_uri ~ "a{2000}") { return 414; }',
                            "@long expression `{http.request.uri.query}.size() > 2000`\n    respond @long 414"),
        "long-address", "8 KB",
    ),
    "the site is down": (
        lambda text: replaced(text, ("server 127.0.0.1:", "server 127.0.0.2:"),
                              ("reverse_proxy 127.0.0.1:", "reverse_proxy 127.0.0.2:")),
        "server-info", "does not reach it",
    ),
    "everything is sent to a start page": (
        lambda text: within(text, f"location {PATH}/rest/ {{ return 302 {PATH}/; }}",
                            f"redir {PATH}/rest/* {PATH}/"),
        "server-info", "context path",
    ),
    "a client certificate on every path": (
        lambda text: replaced(text, ("    access_log", f"    {NO_CERTIFICATE}\n    access_log"),
                              ("key.pem\n", "key.pem {\n client_auth {\n mode require\n }\n }\n")),
        "client-certificate", "GENKAN_CERTIFICATE_URL",
    ),
}  # fmt: skip


def test_what_is_printed_is_healthy(proxy: Reconfigured) -> None:
    """No false alarm behind the configuration that `genkan proxy` prints."""
    proxy.again(str)
    report = proxy.report()
    assert faults(report) == {}
    assert report.verdict is Verdict.OK


@pytest.mark.parametrize("broken", BAD)
@pytest.mark.parametrize("proxy", WRITTEN_FOR, indirect=True)
def test_what_an_operator_added_is_named(broken: str, proxy: Reconfigured) -> None:
    """The fault is named first, with the change that mends it; without it the set-up passes again."""
    edit, where, phrase = BAD[broken]
    proxy.again(edit)
    report = proxy.report()
    assert report.first is not None
    assert report.first.id == where, faults(report)
    assert report.verdict is Verdict.WRONG
    assert phrase in f"{report.first.answered} {report.first.fix}", report.first


@pytest.mark.parametrize("proxy", WRITTEN_FOR, indirect=True)
def test_the_chain_of_the_proxy_is_not_known(proxy: Reconfigured, tmp_path: Path) -> None:
    """Without the authority's file the chain is the one thing to change, and the rest is seen all the same."""
    proxy.again(str)
    report = asyncio.run(looked(proxy.base))
    assert [one.id for one in report.probes if one.verdict is Verdict.WRONG] == ["certificate"]
    assert probe(report, "client").verdict is Verdict.OK
