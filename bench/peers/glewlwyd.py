"""glewlwyd (Debian) on SQLite: set up and signed in to through its REST API, as its own pages do, which are programs in
the browser."""

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bench.browser import Browser
from bench.flow import Client, Endpoints, Person, WrongAnswer, parsed
from bench.peers.base import Call, Peer, Place, Site, Unavailable
from bench.peers.cast import CONFIDENTIAL, INTROSPECTOR, NATIVE, PEOPLE
from bench.servers import Command

VERSION = "2.7.5-3+deb12u1"
# What it is linked with and a small system lacks; taken from the same release of Debian.
LIBRARIES = (
    "glewlwyd-common", "libconfig9", "libhoel1.4", "libiddawc1.1", "libmariadb3", "libmicrohttpd12", "liboath0",
    "liborcania2.3", "librhonabwy1.1", "libulfius2.7", "libyder2.0",
)  # fmt: skip
SCHEMA = "usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
PLUGIN = "/api/oidc"
METADATA = f"{PLUGIN}/.well-known/openid-configuration"
ADMINISTRATOR = Person("admin", "password")  # as delivered
ASKING = "introspect"


class Glewlwyd(Peer):
    name = "glewlwyd"
    title = "glewlwyd, SQLite with fsync"
    durable = True

    def install(self, place: Place) -> None:
        home = _home(place)
        if (home / VERSION).exists():
            return
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise Unavailable("its packages are Debian's")
        shutil.rmtree(home, ignore_errors=True)
        (home / "packages").mkdir(parents=True)
        _run(["apt-get", "download", f"glewlwyd={VERSION}", *LIBRARIES], home / "packages")
        for package in (home / "packages").glob("*.deb"):
            _run(["dpkg-deb", "-x", str(package), str(home)], home)
        (home / VERSION).touch()

    def versions(self) -> Mapping[str, str]:
        return {"glewlwyd": VERSION}

    def prepare(self, place: Place) -> None:
        with closing(sqlite3.connect(place.folder / "glewlwyd.sqlite")) as connection:
            connection.executescript((_home(place) / SCHEMA).read_text())

    def command(self, place: Place) -> Command:
        home = _home(place)
        modules = home / "usr/lib/glewlwyd"
        settings = {
            "PORT": str(place.port),
            "BIND_ADDRESS": "127.0.0.1",
            "EXTERNAL_URL": place.base,
            "COOKIE_SECURE": "0",  # TLS ends at a proxy, which the benchmark leaves out
            "SESSION_KEY": "GLEWLWYD2_SESSION_ID",
            "SESSION_EXPIRATION": str(14 * 86400),
            "LOGIN_URL": "login.html",
            "LOGIN_API_ENABLED": "1",
            "API_PREFIX": "api",
            "ADMIN_SCOPE": "g_admin",
            "PROFILE_SCOPE": "g_profile",
            "HASH_ALGORITHM": "SHA512",
            "LOG_MODE": "console",
            "LOG_LEVEL": "ERROR",
            "DATABASE_TYPE": "sqlite3",
            "DATABASE_SQLITE3_PATH": str(place.folder / "glewlwyd.sqlite"),
            "STATIC_FILES_PATH": str(home / "usr/share/glewlwyd/webapp"),
            "USER_MODULE_PATH": str(modules / "user"),
            "USER_MIDDLEWARE_MODULE_PATH": str(modules / "user_middleware"),
            "CLIENT_MODULE_PATH": str(modules / "client"),
            "AUTH_SCHEME_MODULE_PATH": str(modules / "scheme"),
            "PLUGIN_MODULE_PATH": str(modules / "plugin"),
        }
        env = {f"GLWD_{name}": value for name, value in settings.items()}
        env["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, sorted((home / "usr/lib").glob("*-linux-gnu"))))
        return Command([str(home / "usr/bin/glewlwyd"), "-e"], "/config", env)

    def site(self, place: Place) -> Site:
        administrator = Browser(place.base)
        _ask(administrator, "POST", "/api/auth/", _named(ADMINISTRATOR))
        for name in (CONFIDENTIAL.scope, ASKING):
            scope = {"name": name, "display_name": name, "description": name, "scheme": {}}
            needs = {"password_required": name == CONFIDENTIAL.scope, "password_max_age": 0}
            _ask(administrator, "POST", "/api/scope/", {**scope, **needs})
        plugin = {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "enabled": True}
        _ask(administrator, "POST", "/api/mod/plugin/", {**plugin, "parameters": _parameters(place.base)})
        _add_clients(administrator)
        for person in PEOPLE:
            known = {"name": person.name, "email": f"{person.name}@example.com", "enabled": True}
            scopes = {"scope": [CONFIDENTIAL.scope, "g_profile"]}
            _ask(administrator, "POST", "/api/user/", {**_named(person), **known, **scopes})
        administrator.close()
        return Site(
            # Its sign-in page comes back with g_continue; without it, it is shown to those who are signed in, too.
            ends=Endpoints(f"{PLUGIN}/auth?g_continue=", f"{PLUGIN}/token", f"{PLUGIN}/introspect", _asking(place)),
            native=NATIVE,
            confidential=CONFIDENTIAL,
            people=PEOPLE,
            bearer=Call(f"{PLUGIN}/userinfo", members={"name": PEOPLE[0].name}),
            metadata=Call(METADATA, members={"issuer": f"{place.base}{PLUGIN}"}),
            enter=_enter,
        )


def _home(place: Place) -> Path:
    return place.cache / "glewlwyd"


def _run(argv: list[str], folder: Path) -> None:
    said = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if said.returncode:
        raise Unavailable(f"{' '.join(argv[:2])} failed: {said.stderr.strip()[-300:]}")


def _named(person: Person) -> dict[str, object]:
    return {"username": person.name, "password": person.password}


def _parameters(base: str) -> dict[str, object]:
    """Its OpenID Connect plugin (the one for plain OAuth is deprecated, and does not rotate): codes with PKCE, rotating
    refresh tokens, introspection; plain OAuth scopes get no ID token."""
    return {
        "iss": f"{base}{PLUGIN}",
        "jwt-type": "sha",
        "jwt-key-size": "256",
        "key": secrets.token_hex(32),
        "access-token-duration": 3600,
        "refresh-token-duration": 90 * 86400,
        "code-duration": 60,
        "refresh-token-rolling": False,
        "refresh-token-one-use": "always",
        "allow-non-oidc": True,
        "auth-type-code-enabled": True,
        "auth-type-code-revoke-replayed": True,
        "auth-type-client-enabled": True,
        "auth-type-refresh-enabled": True,
        "auth-type-token-enabled": False,
        "auth-type-id-token-enabled": False,
        "auth-type-none-enabled": False,
        "auth-type-password-enabled": False,
        "auth-type-device-enabled": False,
        "pkce-allowed": True,
        "pkce-required": True,
        "pkce-method-plain-allowed": False,
        "introspection-revocation-allowed": True,
        "introspection-revocation-auth-scope": [ASKING],
        "introspection-revocation-allow-target-client": True,
        "name-claim": "mandatory",
        "subject-type": "public",
        "scope": [],
    }


def _add_clients(administrator: Browser) -> None:
    for client, method in ((NATIVE, "none"), (CONFIDENTIAL, "client_secret_post")):
        public = {"redirect_uri": [client.redirect], "authorization_type": ["code", "refresh_token"], "scope": []}
        _add_client(administrator, client.id, client.secret, {**public, "token_endpoint_auth_method": [method]})
    asking = {"authorization_type": ["client_credentials"], "scope": [ASKING], "redirect_uri": []}
    _add_client(administrator, *INTROSPECTOR, {**asking, "token_endpoint_auth_method": ["client_secret_basic"]})


def _add_client(administrator: Browser, name: str, secret: str | None, more: Mapping[str, object]) -> None:
    kind = {"confidential": True, "client_secret": secret} if secret else {"confidential": False}
    _ask(administrator, "POST", "/api/client/", {"client_id": name, "name": name, "enabled": True, **kind, **more})


def _asking(place: Place) -> str:
    """The Authorization header of who may introspect every client's tokens: here that takes a token of its own."""
    browser = Browser(place.base)
    basic = Endpoints("", "", "", INTROSPECTOR).authorization
    form = {"grant_type": "client_credentials", "scope": ASKING}
    got = parsed(browser.post(f"{PLUGIN}/token", form, {"Authorization": basic}))
    browser.close()
    if not isinstance(got, Mapping):
        raise WrongAnswer("no token for introspection")
    return f"Bearer {got['access_token']}"


def _enter(browser: Browser, client: Client, person: Person) -> None:
    """What its sign-in page sends: the password, then the consent, which is remembered."""
    _ask(browser, "POST", "/api/auth/", _named(person))
    _ask(browser, "PUT", f"/api/auth/grant/{client.id}", {"scope": client.scope})


def _ask(browser: Browser, method: str, path: str, document: Mapping[str, object]) -> None:
    answer = browser.send(method, path, document)
    if answer.status != 200:
        raise WrongAnswer(f"{method} {path} answered {answer.status}: {answer.body[:200]}")


PEERS = (Glewlwyd(),)
