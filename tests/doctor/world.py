"""Servers on loopback for the doctor to look at: a scriptable front before our own site or before an imitated Jira,
certificates of every kind, and resolvers that say what a test wants.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from genkan import clock
from genkan.doctor.examine import Means, examine, target_of
from genkan.doctor.observed import Target
from genkan.doctor.reach import Clocks
from genkan.doctor.verdicts import Probe, Report, Verdict

APP = "jira-server://oauth-callback"
CLIENT_ID = "38843a89f2b02a471000bc022e4b9de8"
INFO = "/rest/nativemobile/1.1/info/login"
INFO_OLD = "/rest/nativemobile/1.0/info/login"
SERVER = "/rest/api/2/serverInfo"
TOKEN = "/rest/oauth2/latest/token"
AUTHORIZE = "/rest/oauth2/latest/authorize"
CLIENTS = "/rest/oauth2/1.0/client"
ADMIN_TOKEN = "the-administrators-token"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a front sees it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def plus(self, *headers: tuple[str, str]) -> "Told":
        """The same with more headers."""
        return replace(self, headers=(*self.headers, *headers))

    def without(self, *names: str) -> "Told":
        """The same without some."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in names))

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    def bytes(self) -> bytes:
        """As it goes over the line."""
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers)]
        if not any(name.lower() == "content-length" for name, _ in self.headers):
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1") + self.body


def page(text: str, status: int = 200) -> Told:
    return Told(status, (("content-type", "text/html; charset=utf-8"),), text.encode())


def document(value: object, status: int = 200) -> Told:
    return Told(status, (("content-type", "application/json;charset=UTF-8"),), json.dumps(value).encode())


def sent_to(location: str, status: int = 302, *headers: tuple[str, str]) -> Told:
    return Told(status, (("location", location), *headers))


Answering = Callable[[Asked], Awaitable[Told]]
# Sees the request and how the site would answer; gives what is answered, or bytes that are no HTTP, or None to hang.
Tamper = Callable[[Asked, Answering], Awaitable[Told | bytes | None]]


async def untouched(asked: Asked, site: Answering) -> Told:
    """A front that passes everything on."""
    return await site(asked)


@dataclass
class Front:
    """A server that passes requests on to a site in this process, tampering as it is told. ``heard`` keeps them all."""

    site: Answering
    tamper: Tamper = untouched
    heard: list[Asked] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                asked = await _read(reader)
                self.heard.append(asked)
                answer = await self.tamper(asked, self.site)
                if answer is None:
                    await reader.read()
                else:
                    writer.write(answer if isinstance(answer, bytes) else answer.bytes())
                    await writer.drain()
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)


@contextlib.asynccontextmanager
async def opened(front: Front, context: ssl.SSLContext | None = None) -> AsyncIterator[Front]:
    """The front, listening on a free port of loopback."""
    tasks: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(front.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(take, "127.0.0.1", front.port, ssl=context, limit=1 << 20)
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A transport that was told to close does so in the loop's next turns.
        for _ in range(3):
            await asyncio.sleep(0)


def in_process(app: Any, origin: str) -> Answering:
    """A web application of this process as a site at ``origin``."""

    async def answer(asked: Asked) -> Told:
        transport = httpx2.ASGITransport(app=app)
        headers = {name: value for name, value in asked.headers.items() if name not in ("connection", "content-length")}
        async with httpx2.AsyncClient(transport=transport, base_url=origin) as client:
            came = await client.request(asked.method, origin + asked.target, headers=headers, content=asked.body)
        kept = [(n, v) for n, v in came.headers.multi_items() if n.lower() not in ("content-length", "connection")]
        return Told(came.status_code, tuple(kept), came.content)

    return answer


@dataclass
class Jira:
    """An imitated Jira Data Center: what it answers by its version and those of its plugins, as far as it is known.

    ``mobile`` or ``oauth`` None: the plugin is not there.
    """

    base: str = ""
    version: str = "10.1.0"
    mobile: str | None = "5.1.2"
    oauth: str | None = "4.1.0"
    switch: bool = True
    client_id: str = CLIENT_ID
    redirect: str = APP
    scope: str = "WRITE"
    enabled: bool = True
    tokens: list[str] = field(default_factory=list)
    elsewhere: str = ""
    front: Told | None = None

    async def __call__(self, asked: Asked) -> Told:
        if self.front is not None:
            return self.front
        path = asked.path.removeprefix(urlsplit(self.base).path)
        for beginning, answer in self._routes():
            if path.startswith(beginning):
                return answer(asked)
        return page("<title>Oops, you've found a dead link.</title> Not found", 404)

    def _routes(self) -> Sequence[tuple[str, Callable[[Asked], Told]]]:
        routes: list[tuple[str, Callable[[Asked], Told]]] = [(SERVER, self._server_info)]
        if self.mobile is not None:
            routes.append((INFO_OLD, lambda _: document({"loginOptions": [{"type": "LOGIN_FORM"}]})))
            if self._new_mobile:
                routes.append((INFO, self._info))
        if self.oauth is not None:
            routes += [(AUTHORIZE, self._authorize), (TOKEN, self._token), (CLIENTS, lambda _: Told(401))]
        routes += [
            ("/rest/authconfig", lambda _: document({"results": [{"type": "LOGIN_FORM"}]})),
            ("/rest/plugins/1.0/", self._plugins),
            ("/login.jsp", lambda _: page("<form>Log in</form>").plus(("set-cookie", "JSESSIONID=1; Path=/; HttpOnly"
                                          + ("; Secure" if self.base.startswith("https") else "")))),
            ("/secure", lambda _: page("Dashboard")),
        ]  # fmt: skip
        return [*routes, ("/", self._start)]

    @property
    def _new_mobile(self) -> bool:
        numbers = tuple(map(int, (self.mobile or "0").split(".")))
        return numbers >= ((4, 2, 0) if self.version.startswith("9.") else (5, 1, 2))

    def _start(self, asked: Asked) -> Told:
        if asked.path.removeprefix(urlsplit(self.base).path) == "/":
            return sent_to(self.base + "/secure/Dashboard.jspa")
        return page("<title>Oops, you've found a dead link.</title> Not found", 404)

    def _server_info(self, _: Asked) -> Told:
        numbers = [int(number) for number in self.version.split(".")]
        return document({"baseUrl": self.base, "version": self.version, "versionNumbers": numbers,
                         "deploymentType": "Server", "serverTitle": "Jira",
                         "serverTime": datetime.now(UTC).isoformat(timespec="milliseconds")})  # fmt: skip

    def _info(self, _: Asked) -> Told:
        if not self.switch:
            return document({"oauth": {"enabled": False}, "loginOptions": [{"type": "LOGIN_FORM"}]})
        return document({"oauth": {"enabled": True, "clientID": self.client_id, "redirectURI": self.redirect}})

    def _authorize(self, asked: Asked) -> Told:
        query = asked.query
        if query.get("client_id") != self.client_id:
            return page("<h1>Unknown client</h1> This application is not registered with Jira.", 400)
        if query.get("redirect_uri") != self.redirect:
            return page("<h1>Invalid redirect</h1> The address given differs from what an administrator wrote.", 400)
        if query.get("code_challenge_method") != "S256":
            return self._back(query, "invalid_request")
        order = ["READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"]
        if order.index(query.get("scope", self.scope)) > order.index(self.scope):
            return self._back(query, "invalid_scope")
        return sent_to(f"{self.base}/login.jsp?{urlencode({'os_destination': asked.target})}")

    def _back(self, query: dict[str, str], error: str) -> Told:
        return sent_to(f"{self.redirect}?{urlencode({'error': error, 'state': query.get('state', '')})}")

    def _token(self, asked: Asked) -> Told:
        return document({"error": "invalid_client"}, 401) if asked.method == "POST" else Told(405)

    def _plugins(self, asked: Asked) -> Told:
        self.tokens.append(asked.headers.get("authorization", ""))
        if self.elsewhere:
            return sent_to(self.elsewhere)
        if asked.headers.get("authorization") != f"Bearer {ADMIN_TOKEN}":
            return Told(401)
        known = {"com.atlassian.oauth2.oauth2-provider-plugin": self.oauth,
                 "com.atlassian.jira.mobile.jira-mobile-rest": self.mobile}  # fmt: skip
        key = asked.path.rpartition("/")[2].removesuffix("-key")
        if not key:
            return document({"plugins": [{"key": k, "version": v} for k, v in known.items() if v]})
        version = known.get(key)
        return document({"key": key, "version": version, "enabled": self.enabled}) if version else Told(404)


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that always says this."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolver


def means(**changes: Any) -> Means:
    """What the doctor reaches out with in a test: this machine's clock, every name on loopback."""
    return replace(Means(Clocks(clock.now_ms, clock.ticks), resolving("127.0.0.1")), **changes)


def target(base: str, **options: Any) -> Target:
    found = target_of(base, **options)
    assert isinstance(found, Target), found
    return found


async def looked(base: str, *, has_token: bool = False, reaching: Means | None = None, **options: Any) -> Report:
    """The doctor's report of a site."""
    reaching = reaching or means()
    wanted = replace(
        target(base, **options), has_token=bool(reaching.token), has_authorities=bool(reaching.authorities)
    )
    return await examine(wanted, reaching)


def probe(report: Report, probe_id: str) -> Probe:
    return next(one for one in report.probes if one.id == probe_id)


def faults(report: Report) -> dict[str, str]:
    """The probes that are not ok, with their verdicts."""
    return {one.id: one.verdict.value for one in report.probes if one.verdict is not Verdict.OK}


def written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file
