"""Whether a write goes through, asked of the store once a second at most."""

import asyncio
from typing import cast

from genkan.site.pulse import Pulse
from genkan.store.api import Store, StoreUnavailable


class Disk:
    """As much of a store as is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.goes = asyncio.Event()
        self.fails = False

    async def prove(self) -> None:
        """Durable once it ``goes``."""
        self.asked += 1
        await self.goes.wait()
        if self.fails:
            raise StoreUnavailable("full")


async def test_one_write_is_for_all_who_ask_within_a_second() -> None:
    """However many come, and one that hangs is begun once."""
    disk, pulse = Disk(), Pulse()
    store = cast(Store, disk)
    told = await asyncio.gather(*(pulse.beats(store, 0.05) for _ in range(10)))
    assert told == [False] * 10
    assert not await pulse.beats(store, 0.0)
    disk.goes.set()
    assert await pulse.beats(store, 5)
    assert all(await asyncio.gather(*(pulse.beats(store, 1) for _ in range(10))))
    assert disk.asked == 1


async def test_a_write_that_failed_is_tried_anew_at_once() -> None:
    """So that a site that healed is ready as soon as somebody asks."""
    disk, pulse = Disk(), Pulse()
    store = cast(Store, disk)
    disk.goes.set()
    disk.fails = True
    assert not await pulse.beats(store, 1)
    assert [pulse.stopped] == [True]
    disk.fails = False
    assert await pulse.beats(store, 1)
    assert [pulse.stopped] == [False]
    assert disk.asked == 2
