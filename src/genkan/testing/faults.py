"""What stands between a test's app and the site: it notes what was asked, and misbehaves on order.

Owns the faults of networks, servers and gateways. An order may come from any thread; it is carried out in the site's.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.testing.asked import Asked, Deciders, Reply, Respond, seen, sent
from genkan.testing.gateway import Gateway

TOKEN = "/rest/oauth2/latest/token"
AUTHORIZE = "/rest/oauth2/latest/authorize"
REVOKE = "/rest/oauth2/latest/revoke"
INFO = "/rest/nativemobile/1.1/info/login"
MYSELF = "/rest/api/2/myself"
MOST_NOTED = 10_000


@dataclass(frozen=True, slots=True)
class _Order:
    path: str
    times: int
    before: bool = False  # the site does not get to see the request
    lost: bool = False
    seconds: float = 0
    answer: Answer | None = None


class Faults:
    """Orders are kept until they were carried out. ``path`` is matched at its end, as in ``"token"``."""

    def __init__(self, base_path: str, deciders: Deciders) -> None:
        self._base_path = base_path
        self._deciders = deciders
        self._deciding: list[tuple[str, Callable[[Asked], Reply | None]]] = []
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._gateway: Gateway | None = None
        self.asked: list[Asked] = []

    def lose_answer(self, path: str = TOKEN, times: int = 1) -> None:
        """The site acts, and its answer is lost on the way."""
        self._order(_Order(path, times, lost=True))

    def lose_request(self, path: str = TOKEN, times: int = 1) -> None:
        """The connection breaks before the site sees the request."""
        self._order(_Order(path, times, before=True, lost=True))

    def slow(self, path: str = TOKEN, seconds: float = 1.0, times: int = 1) -> None:
        """The site acts at once, and its answer takes its time."""
        self._order(_Order(path, times, seconds=seconds))

    def fail(self, path: str = TOKEN, status: int = 500, times: int = 1, retry_after: int | None = None) -> None:
        """A server error in place of the site's answer; the site does not see the request."""
        wait = () if retry_after is None else ((b"retry-after", str(retry_after).encode()),)
        self.answer(path, status, b"<h1>Something broke</h1>", "text/html", times, wait)

    def answer(
        self,
        path: str,
        status: int,
        body: bytes = b"",
        content_type: str = "application/json",
        times: int = 1,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """This answer in place of the site's, which does not see the request."""
        self._order(_Order(path, times, before=True, answer=sent(Reply(status, body, content_type, headers))))

    def decide(self, path: str, by: Callable[[Asked], Reply | None]) -> None:
        """From now on the test's own function is asked about each request first: what it gives is answered in place of
        the site's answer, and with None the request goes on. It runs in a thread, and may do something at the site.

        The newest for a path is asked first, then those before it. What it raises is raised when the site is closed.
        """
        with self._lock:
            self._deciding.insert(0, (path, by))

    def gateway(self, exempt: tuple[str, ...] = ()) -> None:
        """From now on a gateway with single sign-on sends everybody without its cookie to its own page.

        ``exempt``: paths that it lets through, as its administrator would set them. A person of ours passes it.
        """
        self._gateway = Gateway(self._base_path, exempt)

    def clear(self) -> None:
        """No fault any more, the gateway included."""
        with self._lock:
            self._orders.clear()
            self._deciding.clear()
        self._gateway = None

    @property
    def pending(self) -> int:
        """How many orders wait to be carried out: 0 proves that the app met them all."""
        with self._lock:
            return sum(order.times for order in self._orders)

    def requests(self, path: str) -> list[Asked]:
        """What was asked of a path, in order."""
        return [asked for asked in list(self.asked) if asked.path.endswith(path)]

    def around(self, respond: Respond) -> Callable[[Arrival], Awaitable[Answer]]:
        """The site behind these faults."""

        async def answer(arrival: Arrival) -> Answer:
            reply = None
            try:
                reply = await self._answer(arrival, respond)
            finally:
                self._note(arrival, reply)
            return reply

        return answer

    async def _answer(self, arrival: Arrival, respond: Respond) -> Answer:
        gateway = self._gateway
        blocked = gateway.answer(arrival) if gateway is not None else None
        if blocked is not None:
            return blocked
        order = self._take(arrival.path)
        if order is None:
            return await self._decided(arrival, respond)
        reply = order.answer if order.before else await self._decided(arrival, respond)
        if order.seconds:
            await asyncio.sleep(order.seconds)
        if order.lost or reply is None:
            # Our connection breaks off without a word when the task that answers is cancelled.
            raise asyncio.CancelledError
        return reply

    async def _decided(self, arrival: Arrival, respond: Respond) -> Answer:
        with self._lock:
            deciding = [by for path, by in self._deciding if arrival.path.endswith(path)]
        for by in deciding:
            reply = await self._deciders.ask(by, seen(arrival, self._base_path))
            if reply is not None:
                return sent(reply)
        return await respond(arrival)

    def _order(self, order: _Order) -> None:
        if order.times < 1:
            raise ValueError("a fault that happens no time is none")
        with self._lock:
            self._orders.append(order)

    def _take(self, path: str) -> _Order | None:
        with self._lock:
            for place, order in enumerate(self._orders):
                if path.endswith(order.path):
                    left = replace(order, times=order.times - 1)
                    self._orders[place : place + 1] = [left] if left.times else []
                    return order
        return None

    def _note(self, arrival: Arrival, reply: Answer | None) -> None:
        asked = seen(arrival, self._base_path, reply.status if reply else 0)
        if len(self.asked) < MOST_NOTED:
            self.asked.append(asked)
