"""The plainest accident, which shows that the three assertions can be asked: the process is killed."""

import asyncio
import time

from tests.adversary.aftermath import healed, nothing_lost, told_the_truth, watching
from tests.security.load import Load
from tests.security.serving import Serving


async def test_a_killed_process_is_seen_as_such_and_loses_nothing(site: Serving, load: Load) -> None:
    """While it is away nobody is told that it is ready; started again, it has everything that it acknowledged."""
    async with watching(site) as watch:
        running = asyncio.create_task(load.run())
        await asyncio.sleep(1)
        began = time.monotonic()
        await asyncio.to_thread(site.kill)
        await running
        await asyncio.sleep(4)
        ended = time.monotonic()
        await asyncio.to_thread(site.start)
        await healed(site)
    told_the_truth(watch, began, ended)
    await nothing_lost(load)
    assert load.ledger.refreshes > 0
