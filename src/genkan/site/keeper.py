"""Upkeep beside the requests: settling stops, pruning what has expired, comparing clocks. Always in small steps."""

import asyncio
from collections.abc import Callable

from genkan.protocol.env import SECOND
from genkan.site.door import Door
from genkan.store.api import NodeReport, StoreUnavailable

STEP_ROWS = 200
PAUSE_SECONDS = 0.02
CLOCK_WARN = 2 * SECOND
CLOCK_NOT_READY = 10 * SECOND
ROUND_SECONDS = 1.0


class Keeper:
    """One task for the life of the process. A store that cannot answer is asked again at the next round."""

    def __init__(self, door: Door, node: str, wall: Callable[[], int]) -> None:
        self._door = door
        self._node = node
        self._wall = wall
        self._rounds = 0
        self._reported = 0

    async def run(self) -> None:
        """Go round every second until cancelled."""
        while True:
            try:
                await self.round()
            except StoreUnavailable as problem:
                self._door.log("warning", "upkeep waits for the store", problem=str(problem))
            except Exception as bug:  # noqa: BLE001 - a bug in one round must not end all that come after it
                self._door.log("error", "bug", route="upkeep", error=repr(bug), exc_info=bug)
            self._rounds += 1
            await asyncio.sleep(ROUND_SECONDS)

    async def round(self) -> None:
        """One round: stops at once, pruning and clocks on their own schedule."""
        await self._settle()
        if self._rounds % 60 == 0 or await self._has_new_ring():
            await self.compare_clocks()
        if self._rounds % self._door.settings.prune_seconds == 0:
            await self._prune()

    async def _has_new_ring(self) -> bool:
        """tokens.md 7: a ring that a command changed is loaded, and said to be, also where no request asks for it."""
        self._door.ring.is_behind(await self._door.store.site(), self._door.env().now)
        return self._door.sealer.ring.version != self._reported

    async def _settle(self) -> None:
        """tokens.md 4: rows follow a raised stop in bounded steps."""
        while await self._door.store.settle(STEP_ROWS):  # noqa: ASYNC110 - a pause between steps, nothing to wait for
            await asyncio.sleep(PAUSE_SECONDS)

    async def _prune(self) -> None:
        while await self._door.store.prune(self._door.env().now, STEP_ROWS):  # noqa: ASYNC110 - as above
            await asyncio.sleep(PAUSE_SECONDS)

    async def compare_clocks(self) -> None:
        """tokens.md 8: against the latest time that the store remembers; it warns from 2 s, is not ready from 10 s."""
        now, version = self._wall(), self._door.sealer.ring.version
        remembered = await self._door.store.report(NodeReport(self._node, version, now))
        self._reported = version
        behind = max(0, remembered - now)
        self._door.health.clock_off = behind
        if behind >= CLOCK_WARN:
            self._door.log("warning", "clock is behind what the store remembers", seconds=behind // SECOND)


def unready(door: Door) -> list[str]:
    """Why this process should get no requests; empty when it should."""
    reasons = {
        "closing": door.health.closing,
        "clock is more than 10 s behind what the store remembers": door.health.clock_off >= CLOCK_NOT_READY,
        "the store is behind: a genuine token was ahead of its row": door.health.behind,
    }
    return [reason for reason, holds in reasons.items() if holds]
