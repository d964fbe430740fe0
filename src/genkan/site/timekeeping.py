"""What becomes of time that is in doubt (tokens.md 8, docs/decisions/0257): looked at each second until somebody
confirms it, and told of when it begins and ends.
"""

from collections.abc import Callable

from genkan.protocol.env import MINUTE, SECOND
from genkan.site.door import CLOCK_NOT_READY, Door


class Timekeeper:
    """One process's. ``wall`` is the machine's clock, ``apart``: the store's is the clock of another machine."""

    def __init__(self, door: Door, wall: Callable[[], int], *, apart: bool) -> None:
        self._door = door
        self._wall = wall
        self._apart = apart
        self._told = False

    async def look(self) -> None:
        """Whether time is in doubt, and whether somebody confirms it. Raises StoreUnavailable."""
        self._door.env()
        clock = self._door.health.clock
        if clock.in_doubt and not self._told:
            seconds = clock.leap // SECOND
            self._door.log("error", "the clock leapt, which the boot clock does not confirm: set it right, or if it is "
                           "right say so with genkan clock accept", seconds=seconds)  # fmt: skip
            self._told = True
        if clock.in_doubt and await self._is_confirmed():
            clock.believe()
        if self._told and not clock.in_doubt:
            self._door.log("info", "the time is in doubt no more")
            self._told = False

    async def _is_confirmed(self) -> bool:
        """By an operator within this minute, as the clock shows it now, or by the clock of another machine."""
        accepted = (await self._door.store.moments()).clock_accepted_at
        if abs(self._wall() - accepted) < MINUTE:
            return True
        theirs = await self._door.store.clock() if self._apart else None
        return theirs is not None and abs(self._wall() - theirs) < CLOCK_NOT_READY
