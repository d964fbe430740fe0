"""How long whoever writes waits until it is durable: then they are told that nobody knows, and may try again."""

import asyncio
from collections import deque
from typing import Any

from genkan.store.api import StoreUnavailable

# Where nobody said how long: the most that may be set.
WRITE_SECONDS = 8.0
# One look at all that wait, instead of a timer for each.
EACH_SECONDS = 0.25


class Deadlines:
    """Of the writes of one event loop. What is told here may become durable later, as after any lost answer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._asked: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def watch(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> None:
        """From now on it has so many seconds."""
        if loop is not self._loop:
            # Of a loop that ended nobody waits any more.
            self._asked.clear()
            self._loop = loop
        if not self._asked:
            loop.call_later(EACH_SECONDS, self._look, loop)
        self._asked.append((loop.time(), future))

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return
        asked, latest = self._asked, loop.time() - self._seconds + EACH_SECONDS
        while asked and (asked[0][1].done() or asked[0][0] <= latest):
            future = asked.popleft()[1]
            if not future.done():
                future.set_exception(StoreUnavailable(f"not durable within {self._seconds:g} seconds"))
        if asked:
            loop.call_later(EACH_SECONDS, self._look, loop)
