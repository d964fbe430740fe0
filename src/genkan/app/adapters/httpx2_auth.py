"""A kept session as the authentication of an httpx2 client: a token at every request, renewed when it is refused."""

import asyncio
from collections.abc import AsyncGenerator, Generator

import httpx2

from genkan.app.client import Connection
from genkan.app.client_async import AsyncConnection
from genkan.app.sending import see_below


class SessionAuth(httpx2.Auth):
    """``httpx2.Client(auth=SessionAuth(connection))``; raises ``AppTrouble`` where there is no token to send.

    A request to anywhere but the session's site raises ``ValueError`` before anything is sent. A token that the site
    refuses is renewed and the request sent once more, unless its body was a stream that is used up.
    """

    def __init__(self, connection: Connection | AsyncConnection) -> None:
        self._connection = connection

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """For ``httpx2.Client``."""
        if not isinstance(self._connection, Connection):
            raise TypeError("a session for tasks cannot wait in a client for threads: use connect()")
        see_below(self._connection.site, str(request.url))
        token = self._connection.fresh_token()
        response = yield _bearing(request, token)
        # RFC 6750 3.1: 401 says that the token was not accepted, so nothing was done and asking again is safe
        if response.status_code == 401 and _can_be_sent_again(request):
            yield _bearing(request, self._connection.fresh_token(rejected=token))

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """For ``httpx2.AsyncClient``."""
        see_below(self._connection.site, str(request.url))
        token = await self._fresh_token(None)
        response = yield _bearing(request, token)
        if response.status_code == 401 and _can_be_sent_again(request):
            yield _bearing(request, await self._fresh_token(token))

    async def _fresh_token(self, rejected: str | None) -> str:
        if isinstance(self._connection, AsyncConnection):
            return await self._connection.fresh_token(rejected)
        return await asyncio.to_thread(self._connection.fresh_token, rejected)


def _bearing(request: httpx2.Request, token: str) -> httpx2.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _can_be_sent_again(request: httpx2.Request) -> bool:
    try:
        return request.content is not None
    except httpx2.RequestNotRead:
        return False
