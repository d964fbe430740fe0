"""A request as a test sees it, and an answer as a test gives it. What a test decides itself runs in a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl

from genkan.site.answer import Answer
from genkan.site.arrival import Arrival


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that reached the site, and the status that was answered: 0 where the answer or the request was lost,
    and while nothing is answered yet. ``form``, ``query``, ``headers`` and ``body`` carry secrets and are in no repr.
    """

    method: str
    path: str
    status: int
    query: dict[str, str] = field(repr=False)
    form: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the test's own. ``headers`` come after the Content-Type; the Content-Length is the server's."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        # The server sends no status that it has no phrase for: better told where it is written than as a 500.
        HTTPStatus(self.status)


Respond = Callable[[Arrival], Awaitable[Answer]]
Given = TypeVar("Given", bound=Reply | None)


def seen(arrival: Arrival, base_path: str, status: int = 0) -> Asked:
    """The request without the context path, its names in lower case."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in arrival.headers.pairs}
    path = arrival.path
    is_form = "urlencoded" in headers.get("content-type", "")
    return Asked(
        arrival.method,
        path.removeprefix(base_path) if path.startswith(base_path + "/") else path,
        status,
        dict(parse_qsl(arrival.query.decode("latin-1"), keep_blank_values=True)),
        dict(parse_qsl(arrival.body.decode("latin-1"), keep_blank_values=True)) if is_form else {},
        headers,
        arrival.body,
    )


def sent(reply: Reply) -> Answer:
    """The same as the server sends it."""
    return Answer(reply.status, ((b"content-type", reply.content_type.encode()), *reply.headers), reply.body)


class Deciders:
    """Runs what the test wrote, in a thread, so that it may wait, or do something at the site itself."""

    def __init__(self) -> None:
        self._troubles: list[BaseException] = []

    async def ask(self, decide: Callable[[Asked], Given], asked: Asked) -> Given | Reply:
        """What it gives. Where it fails the app gets a 500, and ``tell`` raises it once more."""
        try:
            return await asyncio.to_thread(decide, asked)
        except asyncio.CancelledError:
            raise
        except BaseException as trouble:  # noqa: BLE001 - the test's own, pytest.fail() among it
            self._troubles.append(trouble)
            return Reply(500, b"The test's own function failed.", "text/plain")

    def tell(self) -> None:
        """Raise the first failure: a test whose own function fails must not pass."""
        if self._troubles:
            raise self._troubles[0]
