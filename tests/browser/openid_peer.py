"""A real OpenID provider beside the site: node-oidc-provider from npm, in a process of its own."""

import base64
import json
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.npm_packages import installed
from tests.ports import free_port

SECRET = "the secret that the provider gave us"
PASSWORD = "a corporate password"
START_SECONDS = 30
GLUE = Path(__file__).with_name("openid_peer.mjs")


class Peer:
    """The provider while it runs; ``issuer`` is its name, ``base`` the site that its one client is."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def sign_on_file(self, rest: str = "") -> str:
        """The site's sign-on file, which names this provider."""
        secret = self._folder / "provider-secret"
        secret.write_text(SECRET)
        file = self._folder / "sign-on.toml"
        file.write_text(
            '[[openid]]\nname = "corp"\ntitle = "Example Corp"\n'
            f'issuer = "{self.issuer}"\nclient_id = "genkan"\nclient_secret_file = "{secret}"\n{rest}\n'
        )
        return str(file)

    def start(self, base: str) -> None:
        """Run it for the site at this address."""
        env = {
            **os.environ,
            "NODE_ENV": "test",
            "PEER_HOME": str(installed()),
            "PEER_PORT": str(self.port),
            "PEER_SETTINGS": json.dumps(self._settings(base)),
        }
        log = (self._folder / "provider.log").open("wb")
        argv = [shutil.which("node") or "node", str(GLUE)]
        self._process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready", (self._folder / "provider.log").read_text()

    def _settings(self, base: str) -> dict[str, object]:
        return {"clients": [_client(base)], "people": _people(), "key": _key(), "cookieKey": secrets.token_hex(32)}

    def disable(self, person: str) -> None:
        """Take somebody out of the organisation."""
        form = {"person": person, "disabled": "yes"}
        assert httpx2.post(f"{self.issuer}/control", data=form, timeout=20).status_code == 204

    def stop(self) -> None:
        """End it and wait until it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


def _client(base: str) -> dict[str, object]:
    here = f"{base}/login/openid/corp"
    return {
        "client_id": "genkan",
        "client_secret": SECRET,
        "redirect_uris": [f"{here}/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        # Its runtime may look for localhost on IPv6 alone.
        "backchannel_logout_uri": f"{here.replace('localhost', '127.0.0.1')}/backchannel-logout",
        "backchannel_logout_session_required": True,
    }


def _people() -> dict[str, object]:
    claims = {"preferred_username": "carol", "name": "Carol Corporate", "email": "carol@example.com",
              "email_verified": True, "groups": ["staff"]}  # fmt: skip
    return {"carol-id": {"password": PASSWORD, "claims": claims}}


def _key() -> dict[str, str]:
    """An RSA key as JWK."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
    public = {"n": key.public_numbers.n, "e": key.public_numbers.e}
    private = {"d": key.d, "p": key.p, "q": key.q, "dp": key.dmp1, "dq": key.dmq1, "qi": key.iqmp}
    numbers = {name: _number(value) for name, value in (public | private).items()}
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "peer", **numbers}


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode().rstrip("=")
