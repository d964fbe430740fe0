"""What stands between the app and a site: a proxy with single sign-on, or a site from before."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx2

from tests.site.world import SiteUnderTest

SSO = "https://sso.example"
ASGI = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class Gateway:
    """Sends everybody without its cookie to its own sign-in, but for paths that contain one of ``exempt``."""

    def __init__(self, inner: Any, exempt: tuple[str, ...] = ()) -> None:
        self._inner: ASGI = inner
        self._exempt = exempt

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        if b"corporate=yes" in cookies or any(path in scope["path"] for path in self._exempt):
            await self._inner(scope, receive, send)
            return
        location = f"{SSO}/login?back={scope['path']}&session=secret".encode()
        await answer(send, 302, b"", (b"location", location))

    def browser(self, site: SiteUnderTest) -> httpx2.AsyncClient:
        """A browser of somebody who has signed in at the gateway."""
        transport = httpx2.ASGITransport(app=self)
        return httpx2.AsyncClient(transport=transport, base_url=site.base, cookies={"corporate": "yes"})


class OldSite:
    """A site from before: no mobile sign-in, and a ``serverInfo`` with its version."""

    def __init__(self, inner: Any, version: str) -> None:
        self._inner: ASGI = inner
        self._version = version

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if "/rest/nativemobile/" in scope["path"]:
            await answer(send, 404, b"<h1>404</h1>", (b"content-type", b"text/html"))
        elif scope["path"].endswith("/serverInfo"):
            info = json.dumps({"version": self._version, "deploymentType": "Server"}).encode()
            await answer(send, 200, info, (b"content-type", b"application/json"))
        else:
            await self._inner(scope, receive, send)


async def answer(send: Any, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    """One whole ASGI answer."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
