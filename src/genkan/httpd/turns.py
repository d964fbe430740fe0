"""Requests that were sent ahead of their answers take turns with everybody else's: so many in each pass of the event
loop, over all connections. A request that waited for the answer before it is never here.
"""

import asyncio
from collections import deque
from collections.abc import Callable

AHEAD_EACH_PASS = 4


class Turns:
    """Calls what is given: at once while this pass has some left, else in a later pass, in order."""

    def __init__(self, each: int = AHEAD_EACH_PASS) -> None:
        self._each = each
        self._left = each
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_wound = False

    def take(self, go: Callable[[], None]) -> None:
        """Now, or in its turn."""
        if self._left:
            self._left -= 1
            self._wind()
            go()
        else:
            self._waiting.append(go)

    def _wind(self) -> None:
        if not self._is_wound:
            self._is_wound = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._is_wound = False
        self._left = self._each
        for _ in range(min(self._each, len(self._waiting))):
            self._left -= 1
            self._wind()
            self._waiting.popleft()()
