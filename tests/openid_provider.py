"""An OpenID provider for tests: on loopback, with keys of its own, telling whatever a test makes it tell."""

import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwk, jwt

from tests.outside.answering import Answering, answering, http

CLIENT = "genkan"
SECRET = "the secret of the tests"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
RSA = jwk.RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
NEW_RSA = jwk.RSAKey.generate_key(2048, {"kid": "rsa-2", "use": "sig"})
EC = jwk.ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
STRANGER = jwk.RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})


def signed(claims: dict[str, Any], key: jwk.Key = RSA, algorithm: str = "RS256", **header: Any) -> str:
    """A compact token."""
    return jwt.encode({"alg": algorithm, "kid": key.kid, **header}, claims, key, algorithms=[algorithm])


@dataclass
class FakeProvider:
    """``person`` are the claims of whoever signs in, ``alter`` changes an ID token's before it is signed. ``answers``
    replaces what is at a path by a whole answer. ``now`` gives its clock in milliseconds.
    """

    now: Callable[[], int]
    issuer: str = ""
    keys: list[jwk.Key] = field(default_factory=lambda: [RSA, EC])
    signing: jwk.Key = field(default_factory=lambda: RSA)
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "00u1",
            "preferred_username": "alice",
            "name": "Alice Example",
            "email": "alice@example.com",
            "email_verified": True,
        }
    )
    userinfo: dict[str, Any] | None = None
    alter: Callable[[dict[str, Any]], Any] = lambda _: None
    document: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    refresh_tokens: bool = False
    refuses: bool = False
    signed_in_at: int | None = None
    seen: Answering | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    count: int = 0

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me",
            "backchannel_logout_supported": True,
            **self.document,
        }

    def sign_in(self, address: str) -> str:
        """What its sign-in page does with a request: the address that the browser is sent back to."""
        query = dict(parse_qsl(urlsplit(address).query))
        assert query["client_id"] == CLIENT
        self.count += 1
        code = f"code-{self.count}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def id_token(self, nonce: str, access_token: str, **claims: Any) -> str:
        """An ID token as it should be, but for what the test alters."""
        seconds = self.now() // 1000
        at = seconds if self.signed_in_at is None else self.signed_in_at
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        made = {
            "iss": self.issuer, "aud": CLIENT, "iat": seconds, "exp": seconds + 300, "nonce": nonce, "auth_time": at,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(), "sid": "sid-1", **self.person, **claims,
        }  # fmt: skip
        self.alter(made)
        algorithm = "ES256" if self.signing is EC else "RS256"
        return signed(made, self.signing, algorithm)

    def logout_token(self, **claims: Any) -> str:
        """A logout token as it should be, but for what the test says."""
        seconds = self.now() // 1000
        self.count += 1
        made = {
            "iss": self.issuer, "aud": CLIENT, "iat": seconds, "exp": seconds + 120, "jti": f"jti-{self.count}",
            "events": {EVENT: {}}, "sub": "00u1", "sid": "sid-1", **claims,
        }  # fmt: skip
        return signed(
            {name: value for name, value in made.items() if value is not None}, self.signing, typ="logout+jwt"
        )

    def answer(self, head: str, body: bytes) -> bytes:
        """One request to it."""
        path = head.split(" ")[1].partition("?")[0]
        if path in self.answers:
            return self.answers[path]
        match path:
            case "/.well-known/openid-configuration":
                return told(self.metadata())
            case "/jwks":
                return told({"keys": [key.as_dict(private=False) for key in self.keys]})
            case "/token":
                return self._token(body)
            case "/me":
                return told(self.userinfo or self.person)
        return http(b"", status="404 Not Found")

    def _token(self, body: bytes) -> bytes:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.asked.append(form)
        nonce = ""
        if form["grant_type"] == "authorization_code":
            begun = self.codes.pop(form["code"], None)
            if begun is None or not _verifies(form["code_verifier"], begun["code_challenge"]):
                return refused("invalid_grant")
            nonce = begun["nonce"]
        elif self.refuses:
            return refused("invalid_grant")
        self.count += 1
        access = f"access-{self.count}"
        tokens: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": self.id_token(nonce, access),
        }
        if self.refresh_tokens:
            tokens["refresh_token"] = f"refresh-{self.count}"
        return told(tokens)


def told(document: Any) -> bytes:
    """JSON with status 200."""
    return http(json.dumps(document).encode(), "application/json")


def refused(error: str) -> bytes:
    """An OAuth error."""
    return http(json.dumps({"error": error}).encode(), "application/json", "400 Bad Request")


def _verifies(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


@contextlib.asynccontextmanager
async def serving_provider(now: Callable[[], int]) -> AsyncIterator[FakeProvider]:
    """A provider that listens until the block ends."""
    provider = FakeProvider(now)
    async with answering(provider.answer) as seen:
        provider.issuer = f"http://127.0.0.1:{seen.port}"
        provider.seen = seen
        yield provider
