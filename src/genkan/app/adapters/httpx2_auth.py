"""A kept session as the authentication of an httpx2 client: a token at every request, renewed when it is refused."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any

import httpx2

from genkan.app.client import Connection
from genkan.app.client_async import AsyncConnection
from genkan.app.sending import is_below, see_below
from genkan.app.state import Site


class SessionAuth(httpx2.Auth):
    """``httpx2.Client(auth=SessionAuth(connection))``; raises ``AppTrouble`` where there is no token to send.

    A request, and a redirect that would take the token along, to anywhere but the session's site raises ``ValueError``
    before anything is sent. A token that the site refuses is renewed and the request sent once more, unless its body
    was a stream that is used up. A 401 that is the API's own, for the site takes the token elsewhere, is an answer.
    """

    def __init__(self, connection: Connection | AsyncConnection) -> None:
        self._connection = connection

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """For ``httpx2.Client``."""
        if not isinstance(self._connection, Connection):
            raise TypeError("a session for tasks cannot wait in a client for threads: use connect()")
        site = self._connection.site
        see_below(site, str(request.url))
        _watch(request, lambda event, info: _see_sent_below(site, event, info))
        token = self._connection.fresh_token()
        response = yield _bearing(request, token)
        # RFC 6750 3.1: 401 says that the token was not accepted, so nothing was done and asking again is safe
        refused = _may_be_sent_again(site, request, response)
        if refused and self._connection.is_refused(token, str(response.url), response.headers):
            yield _bearing(request, self._connection.fresh_token(rejected=token))

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """For ``httpx2.AsyncClient``."""
        site = self._connection.site
        see_below(site, str(request.url))

        async def watch(event: str, info: Mapping[str, Any]) -> None:
            _see_sent_below(site, event, info)

        _watch(request, watch)
        token = await self._fresh_token(None)
        response = yield _bearing(request, token)
        if _may_be_sent_again(site, request, response) and await self._is_refused(token, response):
            yield _bearing(request, await self._fresh_token(token))

    async def _fresh_token(self, rejected: str | None) -> str:
        if isinstance(self._connection, AsyncConnection):
            return await self._connection.fresh_token(rejected)
        return await asyncio.to_thread(self._connection.fresh_token, rejected)

    async def _is_refused(self, token: str, response: httpx2.Response) -> bool:
        url, headers = str(response.url), response.headers
        if isinstance(self._connection, AsyncConnection):
            return await self._connection.is_refused(token, url, headers)
        return await asyncio.to_thread(self._connection.is_refused, token, url, headers)


def _watch(request: httpx2.Request, trace: Callable[[str, Mapping[str, Any]], object]) -> None:
    """Have every request that is made of this one seen before it is sent: redirects never come by here again."""
    before: Any = request.extensions.get("trace")

    def both(event: str, info: Mapping[str, Any]) -> object:
        trace(event, info)
        return before(event, info)

    async def both_async(event: str, info: Mapping[str, Any]) -> None:
        await trace(event, info)  # type: ignore[misc]
        await before(event, info)

    chained = both_async if inspect.iscoroutinefunction(trace) else both
    request.extensions = {**request.extensions, "trace": chained if before else trace}


def _see_sent_below(site: Site, event: str, info: Mapping[str, Any]) -> None:
    if not event.endswith("send_request_headers.started"):
        return
    sent = info["request"]
    # The library takes the header off for another host only, and others may live beside the site on its own.
    if any(name.lower() == b"authorization" for name, _ in sent.headers):
        see_below(site, _text_of(sent.url))


def _text_of(url: Any) -> str:
    port = "" if url.port is None else f":{url.port}"
    return f"{url.scheme.decode()}://{url.host.decode()}{port}{url.target.decode()}"


def _bearing(request: httpx2.Request, token: str) -> httpx2.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _may_be_sent_again(site: Site, request: httpx2.Request, response: httpx2.Response) -> bool:
    try:
        # A redirect to another host goes without the token, and whoever refuses it there says nothing of the token.
        return response.status_code == 401 and is_below(site, str(response.url)) and request.content is not None
    except httpx2.RequestNotRead:
        return False
