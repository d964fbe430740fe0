"""Independent providers from package registries, each in a process of its own: node-oidc-provider, Authlib on Flask.

Those from npm are kept outside the tree for the next run, and a test is skipped, with the reason, where they cannot be
had; those for Python are among the locked packages of development.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from genkan.testing.person import Person, forms_of
from tests.browser.openid_peer import PASSWORD, Peer

ANSWER = "http://127.0.0.1:49152/answer"
"""Where the browser is sent back to; nobody listens, since the test is the browser."""


class Visitor(Person):
    """A person at a provider that is not ours: signs in on its page, then says yes to whatever it asks."""

    def _press(self, page: httpx2.Response) -> httpx2.Response | None:
        for action, fields in forms_of(page.text):
            there = urljoin(str(page.url), action)
            if "password" not in fields:
                return self.browser.post(there, {**fields, "decision": self.decision})
            password = next(self._passwords, None)
            if password is not None:
                return self.browser.post(there, {**fields, "username": self.name, "password": password})
        return None


class NativePeer(Peer):
    """node-oidc-provider whose one client is a native app without a secret."""

    def _settings(self, base: str) -> dict[str, object]:
        client = {
            "client_id": "native-app",
            "token_endpoint_auth_method": "none",
            "application_type": "native",
            "redirect_uris": ["http://127.0.0.1/answer"],
            "grant_types": ["authorization_code", "refresh_token"],
        }
        return {**super()._settings(base), "clients": [client], "native": True}


@contextlib.contextmanager
def node_provider(folder: Path) -> Iterator[str]:
    """node-oidc-provider; its address."""
    peer = NativePeer(folder)
    try:
        peer.start("")
        yield peer.issuer
    finally:
        peer.stop()


@contextlib.contextmanager
def authlib_provider(folder: Path, secret: str) -> Iterator[str]:
    """Authlib in the shape of a Jira Data Center; its address."""
    settings = folder / "authlib.json"
    link = {"client_id": secrets.token_hex(16), "client_secret": secret, "password": PASSWORD}
    settings.write_text(json.dumps({**link, "redirect": "http://127.0.0.1/answer"}))
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    program = [sys.executable, "-P", str(Path(__file__).with_name("authlib_peer.py")), str(settings)]
    with (
        (folder / "authlib.log").open("wb") as log,
        subprocess.Popen(
            program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, (folder / "authlib.log").read_text()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stdin.close()
            process.wait(20)


def client_id_of(folder: Path) -> str:
    """The client that the provider of this folder knows."""
    return str(json.loads((folder / "authlib.json").read_text())["client_id"])
