"""A look at the site's facts that is waited for no longer than somebody has time: whoever comes meanwhile waits for the
same one, so that a store which hangs is asked once.
"""

import asyncio

from genkan.protocol.records import Site
from genkan.store.api import Store, StoreUnavailable


class Glance:
    """One process's. It serves one event loop at a time."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Site | None] | None = None

    async def at(self, store: Store, seconds: float) -> Site | None:
        """None where the store cannot answer, or has not within so many seconds."""
        task, loop = self._task, asyncio.get_running_loop()
        if task is None or task.done() or task.get_loop() is not loop:
            self._task = task = loop.create_task(_site(store))
        await asyncio.wait((task,), timeout=seconds)
        return task.result() if task.done() else None


async def _site(store: Store) -> Site | None:
    try:
        return await store.site()
    except StoreUnavailable:
        return None
