"""node-oidc-provider (npm), with an adapter in memory, one on durable SQLite, one on PostgreSQL; its glue is in
`oidc_provider_js/`."""

import base64
import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from bench.flow import Client, Endpoints
from bench.peers.base import Call, Peer, Place, Site, Unavailable, npm_install
from bench.peers.cast import CONFIDENTIAL, INTROSPECTOR, NATIVE, PEOPLE
from bench.servers import Command

GLUE = Path(__file__).with_name("oidc_provider_js")
VERSIONS = {"oidc-provider": "9.13.3"}
SQLITE_VERSIONS = {**VERSIONS, "better-sqlite3": "12.11.1"}
POSTGRES_VERSIONS = {**VERSIONS, "pg": "8.23.1"}

OPENID = Client(CONFIDENTIAL.id, CONFIDENTIAL.redirect, "openid WRITE", CONFIDENTIAL.secret)


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode().rstrip("=")


def _signing_key() -> dict[str, str]:
    """An RSA key as JWK: RS256 is what clients of OpenID expect by default."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
    public = {"n": key.public_numbers.n, "e": key.public_numbers.e}
    private = {"d": key.d, "p": key.p, "q": key.q, "dp": key.dmp1, "dq": key.dmq1, "qi": key.iqmp}
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench"} | {
        name: _number(value) for name, value in (public | private).items()
    }


def _clients() -> list[dict[str, object]]:
    grants = ["authorization_code", "refresh_token"]
    return [
        {
            "client_id": NATIVE.id,
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "redirect_uris": [NATIVE.redirect],
            "grant_types": grants,
        },
        {
            "client_id": CONFIDENTIAL.id,
            "client_secret": CONFIDENTIAL.secret,
            "token_endpoint_auth_method": "client_secret_post",
            "redirect_uris": [CONFIDENTIAL.redirect],
            "grant_types": grants,
        },
        {
            "client_id": INTROSPECTOR[0],
            "client_secret": INTROSPECTOR[1],
            "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": [],
            "response_types": [],
            "grant_types": [],
        },
    ]


class OidcProvider(Peer):
    def __init__(self, name: str, title: str, adapter: str, versions: dict[str, str]) -> None:
        self.name = name
        self.title = title
        self.durable = adapter != "memory"
        self.postgres = adapter == "postgres"
        self._adapter = adapter
        self._versions = versions

    def install(self, place: Place) -> None:
        npm_install(place.cache, self._versions)
        binding = place.cache / "npm/node_modules/better-sqlite3/build/Release/better_sqlite3.node"
        if "better-sqlite3" in self._versions and not binding.exists():
            raise Unavailable("better-sqlite3 was not compiled; it needs a C++ compiler and the headers of node")

    def versions(self) -> dict[str, str]:
        return self._versions

    def command(self, place: Place) -> Command:
        settings = {
            "clients": _clients(),
            "people": {person.name: person.password for person in PEOPLE},
            "key": _signing_key(),
            "cookieKey": secrets.token_urlsafe(32),
        }
        env = {
            "NODE_ENV": "production",
            "PEER_HOME": str(place.cache / "npm"),
            "PEER_ADAPTER": self._adapter,
            "PEER_DATABASE": place.database.url if place.database else str(place.folder / "peer.sqlite"),
            "PEER_PORT": str(place.port),
            "PEER_SETTINGS": json.dumps(settings),
        }
        return Command(["node", str(GLUE / "server.mjs")], "/.well-known/openid-configuration", env)

    def site(self, place: Place) -> Site:
        return Site(
            ends=Endpoints("/auth", "/token", "/token/introspection", INTROSPECTOR),
            native=NATIVE,
            confidential=CONFIDENTIAL,
            people=PEOPLE,
            bearer=Call("/me", members={"email": "person0@example.com"}),
            bearer_client=OPENID,
            metadata=Call("/.well-known/openid-configuration", members={"issuer": place.base}),
        )


PEERS = (
    OidcProvider("oidc-provider-memory", "node-oidc-provider, in memory", "memory", VERSIONS),
    OidcProvider("oidc-provider-sqlite", "node-oidc-provider, SQLite with fsync", "sqlite", SQLITE_VERSIONS),
    OidcProvider("oidc-provider-postgres", "node-oidc-provider, PostgreSQL with fsync", "postgres", POSTGRES_VERSIONS),
)
