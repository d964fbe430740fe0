"""A kept session as the authentication of the requests library: a token at every request, renewed when refused."""

from typing import Any
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from genkan.app.client import Connection
from genkan.app.sending import is_below, see_below


class SessionAuth(AuthBase):
    """``requests.get(url, auth=SessionAuth(connection))``; raises ``AppTrouble`` where there is no token to send.

    A request to anywhere but the session's site raises ``ValueError`` before anything is sent, and a redirect to there
    is followed without the token. A token that the site refuses is renewed and the request sent once more, unless its
    body was a stream that is used up. A 401 that is the API's own, for the site takes the token elsewhere, is an
    answer.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests before it sends."""
        see_below(self._connection.site, request.url or "")
        token = self._connection.fresh_token()
        request.headers["Authorization"] = f"Bearer {token}"

        def again(response: requests.Response, **how: Any) -> requests.Response:
            if not is_below(self._connection.site, response.request.url or ""):
                # The hook goes along with a redirect: whoever it leads to could ask for a token by refusing.
                return response
            self._keep_from_outside(response, response.request)
            # RFC 6750 3.1: 401 says that the token was not accepted, so nothing was done and asking again is safe
            if response.status_code != 401 or not isinstance(request.body, str | bytes | None):
                return response
            if not self._connection.is_refused(token, response.request.url or "", response.headers):
                return response
            return self._sent_again(response, token, how)

        request.register_hook("response", again)
        return request

    def _sent_again(self, response: requests.Response, token: str, how: dict[str, Any]) -> requests.Response:
        renewed = self._connection.fresh_token(rejected=token)
        # The connection is free for the next request only once this answer was read.
        response.content  # noqa: B018
        response.close()
        request = response.request.copy()
        request.headers["Authorization"] = f"Bearer {renewed}"
        request.hooks = {"response": []}
        second: requests.Response = response.connection.send(request, **how)
        second.history.append(response)
        second.request = request
        self._keep_from_outside(second, request, response.request)
        return second

    def _keep_from_outside(self, response: requests.Response, *requested: requests.PreparedRequest) -> None:
        """Take the token from the request that a redirect is made of, unless it leads to the site again.

        The library itself takes it off only for another host, and others may live beside the site on its own.
        """
        target = response.headers.get("location") if response.is_redirect else None
        if target is not None and not is_below(self._connection.site, urljoin(response.url, target)):
            for request in requested:
                request.headers.pop("Authorization", None)
