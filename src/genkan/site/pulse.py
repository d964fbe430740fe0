"""Whether a write went through to the disk just now: asked by whoever looks after the process, and no more
often than once a second.
"""

import asyncio

from genkan.store.api import Store, StoreUnavailable

# How old a proof may be.
FRESH_SECONDS = 1.0


class Pulse:
    """One process's. It serves one event loop at a time."""

    def __init__(self) -> None:
        self._task: asyncio.Task[bool] | None = None
        self._begun = 0.0

    @property
    def stopped(self) -> bool:
        """What the last write came to: True where it failed."""
        task = self._task
        return task is not None and task.done() and not task.cancelled() and not task.result()

    async def beats(self, store: Store, seconds: float) -> bool:
        """Whether a write that was begun a second ago at most went through; it is waited for no longer than that."""
        task, loop = self._task, asyncio.get_running_loop()
        now = loop.time()
        is_ours = task is not None and task.get_loop() is loop
        if task is None or not is_ours or (task.done() and (self.stopped or now - self._begun >= FRESH_SECONDS)):
            self._task = task = loop.create_task(_written(store))
            self._begun = now
        if not task.done():
            await asyncio.wait((task,), timeout=max(0.0, self._begun + seconds - now))
        return task.done() and not task.cancelled() and task.result()


async def _written(store: Store) -> bool:
    try:
        await store.prove()
    except StoreUnavailable:
        return False
    return True
