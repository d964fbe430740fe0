"""A lane of writes: what waits is taken along in one batch, and while it runs the next one gathers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from genkan.store.api import QueueFull, StoreUnavailable
from genkan.store.deadlines import WRITE_SECONDS, Deadlines
from genkan.store.figures import LaneFigures

MOST_WAITING = 10_000

Run = Callable[[list[Any]], Awaitable[Sequence[Any]]]


class Lane:
    """Takes commands from one event loop and answers each with its result, or raises the exception it got as one."""

    def __init__(self, run: Run, most: int, name: str, seconds: float = WRITE_SECONDS) -> None:
        self._deadlines = Deadlines(seconds)
        self._run = run
        self._most = most
        self._waiting: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self.figures = LaneFigures(name, MOST_WAITING, lambda: len(self._waiting))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def submit(self, command: Any) -> asyncio.Future[Any]:
        """Queue a command; the future is done once it is durable."""
        if len(self._waiting) >= MOST_WAITING:
            self.figures.refused += 1
            raise QueueFull("too many writes wait")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Of a loop that ended nobody waits any more.
            self._waiting.clear()
            self._loop, self._task = loop, None
        future = loop.create_future()
        self._waiting.append((future, command))
        self._deadlines.watch(loop, future)
        if self._task is None:
            self._task = loop.create_task(self._work())
        return future

    async def rest(self) -> None:
        """Wait until nothing waits."""
        if self._task is not None and self._loop is asyncio.get_running_loop():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._task)

    async def _work(self) -> None:
        try:
            while self._waiting:
                jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
                # Who was told that it is not done shall not find it done later, where that can be helped.
                jobs = [job for job in jobs if not job[0].done()]
                self.figures.took(len(jobs))
                if jobs:
                    await self._batch(jobs)
        finally:
            # Nothing is awaited between the look that found nothing and this: no wake-up is lost.
            self._task = None

    async def _batch(self, jobs: list[tuple[asyncio.Future[Any], Any]]) -> None:
        results: Sequence[Any] = ()
        try:
            results = await self._run([command for _, command in jobs])
        except Exception as e:  # noqa: BLE001 whatever it is, it belongs to whoever waits for it
            results = [e] * len(jobs)
        finally:
            # Where the loop ends in the middle, whoever still waits is told so.
            told = list(results) or [StoreUnavailable("the store is closing")] * len(jobs)
            for (future, _), result in zip(jobs, told, strict=True):
                _tell(future, result)


def _tell(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
