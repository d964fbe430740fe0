"""What each route costs: processor time of this process from the request to the answer, in units of ``info/login``.

python -m tests.site.costing     # writes the table that `make docs` makes a page of
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple, cast

from genkan.httpd.connection import Connection
from genkan.httpd.shared import Shared
from genkan.site.app import route_table
from genkan.site.dispatch import Dispatcher
from genkan.site.routes import Guard, Rule
from genkan.wire.scopes import Permission
from tests.site.connecting import Wire
from tests.site.world import SiteUnderTest, TestClock, close_site, forms_of, open_site
from tools.cost_page import CLASSES, TABLE

UNIT = "/rest/nativemobile/1.1/info/login"
WARM, TIMES = 2, 5
FORM = ("Content-Type: application/x-www-form-urlencoded", "Origin: https://site.example")
FORGED = "gnk_rt_" + "A" * 52
# What the routes that anybody posts to are sent; every other form is empty.
BODIES = {
    "/rest/oauth2/latest/token": f"grant_type=refresh_token&refresh_token={FORGED}&client_id=" + "0" * 32,
    "/rest/oauth2/latest/revoke": f"token={FORGED}&client_id=" + "0" * 32,
    "/rest/oauth2/latest/introspect": f"token={FORGED}&client_id=" + "0" * 32,
}
VALUES = {"digest": "0" * 16, "name": "site.css", "provider": "corp"}


class Asked(NamedTuple):
    """One route as it is asked: its template and method."""

    path: str
    method: str


def asked_of(rules: tuple[Rule, ...]) -> list[tuple[Asked, Rule]]:
    """Every route that is reached at the site's own origin."""
    return [(Asked(rule.path, method), rule) for rule in rules for method in rule.methods
            if rule.guard is not Guard.CERTIFICATE]  # fmt: skip


def request(asked: Asked, cookies: str = "", body: str | None = None) -> bytes:
    """Its bytes, with made-up values for what is variable."""
    parts = [VALUES.get(part[1:-1], "1") if part.startswith("{") else part for part in asked.path.split("/")]
    lines = [f"{asked.method} {'/'.join(parts)} HTTP/1.1", "Host: site.example"]
    lines += [f"Cookie: {cookies}"] if cookies else []
    text = BODIES.get(asked.path, "") if body is None else body
    if asked.method not in ("GET", "DELETE"):
        lines += [*FORM, f"Content-Length: {len(text)}"]
        return "\r\n".join([*lines, "", text]).encode()
    return "\r\n".join([*lines, "", ""]).encode()


class Line(Wire):
    """A transport that says when something was written, to a connection that came by TLS as far as it knows."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._written = asyncio.Event()
        self._connection = Connection(shared)
        self._connection.connection_made(self)
        self._connection._scheme = "https"

    def write(self, data: Any) -> None:
        """Keep nothing of it."""
        self._written.set()

    async def ask(self, one: bytes) -> None:
        """Until it is answered."""
        self._connection.data_received(one)
        while self._connection._asked is not None:
            await self._written.wait()
            self._written.clear()

    def hang_up(self) -> None:
        """Nobody is there any more."""
        self._connection.connection_lost(None)


async def seconds_of(app: Dispatcher, one: bytes, times: int = TIMES) -> float:
    """The least of several tries, when everything has been loaded: from the first byte read to the last one written."""
    least, shared = float("inf"), Shared(app.respond, lambda *_, **__: None)
    for number in range(WARM + times):
        line = Line(shared)
        began = time.process_time()
        await line.ask(one)
        took = time.process_time() - began
        line.hang_up()
        least = least if number < WARM else min(least, took)
    return least


async def unit_of(site: SiteUnderTest) -> float:
    """Seconds of ``info/login``."""
    return await seconds_of(cast("Dispatcher", site.app), request(Asked(UNIT, "GET")), 200)


async def a_wrong_password(site: SiteUnderTest) -> bytes:
    """The sign-in page's form, filled with what is wrong."""
    page = await site.client.get(f"{site.base}/login")
    _, fields = next(found for found in forms_of(page.text) if found[0].endswith("/login"))
    body = "&".join(f"{name}={value}" for name, value in {**fields, "username": "alice", "password": "no"}.items())
    cookies = "; ".join(f"{name}={value}" for name, value in site.client.cookies.items())
    return request(Asked("/login", "POST"), cookies, body)


async def table_of(site: SiteUnderTest) -> dict[str, list[str]]:
    """The class of each route for somebody who is nobody, and for an administrator, by method and path."""
    app, unit, rows = cast("Dispatcher", site.app), await unit_of(site), dict[str, list[str]]()
    tried = await a_wrong_password(site)
    await site.make_account("root", permission=Permission.SYSTEM_ADMIN)
    browser = site.browser()
    await site.sign_in("root", browser=browser)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for asked, rule in asked_of(route_table(site.base)):
        one = tried if asked == ("/login", "POST") else request(asked)
        anonymous = await seconds_of(app, one) / unit
        own = await seconds_of(app, request(asked, cookies)) / unit if asked.method == "GET" else 0.0
        rows[f"{asked.method} {rule.path}"] = [_class(anonymous), _class(own) if own else ""]
    return rows


def _class(ratio: float) -> str:
    return next((name for name, most in CLASSES.items() if ratio <= most), "more")


async def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as folder:
        site = await open_site(Path(folder) / "site", TestClock())
        try:
            await site.make_account()
            await site.turn_mobile_on()
            rows = await table_of(site)
        finally:
            await close_site(site)
    TABLE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
