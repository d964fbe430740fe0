"""Upkeep beside the requests: settling stops, pruning what has expired, sealing the audit, comparing clocks. Always in
small steps, and of several processes by one: each compares its own clock, and loads its own ring.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from genkan.protocol.audit import AuditKeys, Segment, fits
from genkan.protocol.env import DAY, HOUR, SECOND
from genkan.site.door import Door
from genkan.site.keeping import survived
from genkan.site.timekeeping import Timekeeper
from genkan.store.api import LEAP, NodeReport, StoreUnavailable
from genkan.store.audit_rounds import NODE, drop_step, seal_step
from genkan.store.places import is_apart
from genkan.store.rounds import is_running

STEP_ROWS = 200
MOST_STEPS = 50
PAUSE_SECONDS = 0.02
CLOCK_WARN = 2 * SECOND
ROUND_SECONDS = 1.0
REPORT_SECONDS = 60.0
# How long nothing is removed after a leap: whoever set the clock, or NTP, may mend it meanwhile.
HELD = HOUR
# How long a line of the audit may wait for its seal, about.
SEAL_SECONDS = 60


class Keeper:
    """One task for the life of the process. A store that cannot answer is asked again at the next round."""

    def __init__(self, door: Door, node: str, wall: Callable[[], int]) -> None:
        self._door = door
        self._node = node
        self._wall = wall
        self._timekeeper = Timekeeper(door, wall, apart=is_apart(door.settings.store_place))
        self._rounds = 0
        self._more = False
        self._reported = 0
        self._told = 0
        # The time as it was last told to the store, and when that had last gone on by a leap.
        self._told_at = self._leapt_at = 0
        # When that was, by the loop's clock.
        self._reported_at: float | None = None

    async def run(self) -> None:
        """Go round every second until cancelled."""
        while True:
            await survived(self.round, "upkeep", "upkeep waits for the store", self._door)
            self._rounds += 1
            await asyncio.sleep(ROUND_SECONDS)

    async def round(self) -> None:
        """One round: stops at once, pruning and clocks on their own schedule."""
        await self._timekeeper.look()
        if self._rounds % 60 == 0 or self._is_overdue or self._door.health.suspect or await self._has_new_ring():
            await self._report()
        if not await self._door.on_duty():
            return
        await self._settle()
        if self._rounds % SEAL_SECONDS == 0:
            await self.seal()
        if self._more or self._rounds % self._door.settings.prune_seconds == 0:
            await self._prune()

    @property
    def _is_overdue(self) -> bool:
        """Rounds with much to do take longer than a second."""
        since = self._reported_at
        return since is not None and asyncio.get_running_loop().time() - since >= REPORT_SECONDS

    async def _has_new_ring(self) -> bool:
        """tokens.md 7: a ring that a command changed is loaded, and said to be, also where no request asks for it."""
        self._door.ring.is_behind(await self._door.store.site(), self._door.env().now)
        return self._door.sealer.ring.version != self._reported

    async def _settle(self) -> None:
        """tokens.md 4: rows follow a raised stop in bounded steps."""
        while await self._door.store.settle(STEP_ROWS):
            await asyncio.sleep(PAUSE_SECONDS)
            if self._is_overdue:
                # What is left comes behind the report, without which the others would take this process for gone.
                return

    async def _prune(self) -> None:
        """Some steps; where more is left to do, it goes on in the next round, behind stops and seals."""
        now, keep = await self._time_to_remove(), self._door.settings.audit_days * DAY
        if now is None:
            return
        self._more = True
        for _ in range(MOST_STEPS):
            pruned = await self._door.store.prune(now, STEP_ROWS)
            if not pruned and not (keep and await self._drop(now, keep)):
                self._more = False
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _time_to_remove(self) -> int | None:
        """The least that any clock shows, looked at just now; None where ours is wrong, or went on too far at once."""
        now, theirs = self._shown(), await self._door.store.clock()
        if theirs is not None:
            self._compared(theirs - self._machine(), now - theirs)
        told = self._machine() if theirs is None else theirs
        if told - self._told_at > LEAP:
            # Between two reports; the store keeps it for the others, and for whoever is started anew.
            await self.compare_clocks()
            return None
        if self._door.health.clock_is_wrong or self._is_held(told):
            return None
        # Ours never runs backwards, the machine's may have been mended meanwhile.
        clocks = (now, self._machine(), theirs)
        return min(one for one in clocks if one is not None)

    def _shown(self) -> int:
        """What this process takes the time to be, or its machine, whichever is later."""
        return max(self._machine(), self._door.env().now)

    def _machine(self) -> int:
        """What the machine shows, as far as that is not in doubt."""
        now = self._door.env().now
        return now if self._door.health.clock.in_doubt else self._wall()

    async def _keys(self) -> AuditKeys | None:
        """The keys that seal the audit; None while the store names a newer ring, under which they might be revoked."""
        site = await self._door.store.site()
        if self._door.ring.is_behind(site, self._door.env().now):
            return None
        return AuditKeys(self._door.sealer.ring, site.site_id)

    async def seal(self) -> None:
        """Seal what the audit has got since the last time, and say each head, so that the log carries it away."""
        await self._look_back()
        # Asked anew at each step, in the turn that reads the lines: a key may have been revoked meanwhile.
        while (keys := await self._keys()) is not None:
            segment = await seal_step(self._door.store, keys, NODE, self._door.env().now)
            if segment is None:
                return
            self._tell(segment)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _look_back(self) -> None:
        """Tell of what a command has sealed, or this process before it was started anew.

        Sealing goes on upon a segment that is not ours: the fault stays to be found, and here it is told at once.
        """
        last, keys = await self._door.store.last_segment(NODE), await self._keys()
        if last is None or keys is None:
            return
        if not fits(keys, last):
            told = {"segment": last.sequence, "see": "genkan audit verify"}
            self._door.log("error", "the audit's newest segment was changed or is not of this site", **told)
        elif last.sequence > self._told:
            self._tell(last)

    def _tell(self, segment: Segment) -> None:
        self._told = segment.sequence
        self._door.log("info", "audit sealed", **sealed(segment))

    async def _drop(self, now: int, keep: int) -> bool:
        keys = await self._keys()
        segment = keys and await drop_step(self._door.store, keys, NODE, now - keep, now)
        if not segment:
            return False
        self._door.log("info", "audit dropped after its time", **sealed(segment))
        return True

    async def _report(self) -> None:
        """The report is a write like any other: whether it can be made is told by readyz."""
        health = self._door.health
        try:
            await self.compare_clocks()
            await self._share_limits()
            self._reported_at = asyncio.get_running_loop().time()
        except StoreUnavailable:
            # Reads may go on, from a disk that is full for one; asked anew at each round until it is over.
            health.suspect = health.unwritable = True
            raise
        health.suspect = health.unwritable = False

    async def compare_clocks(self) -> None:
        """tokens.md 8: against the store's clock, or where it has none the latest time that it remembers and our
        machine's, which is behind what this process takes the time to be once it was set back. It warns from 2 s, is
        not ready from 10 s. The report tells the store's own time where there is one.
        """
        shown, theirs = self._shown(), await self._door.store.clock()
        now, version = self._machine(), self._door.sealer.ring.version
        told = now if theirs is None else theirs
        reported = await self._door.store.report(NodeReport(self._node, version, told))
        is_news = reported.leapt_at != self._leapt_at
        self._reported, self._told_at, self._leapt_at = version, told, reported.leapt_at
        remembered = reported.latest
        behind, ahead = (remembered if theirs is None else theirs) - now, shown - told
        self._compared(behind, ahead)
        if behind >= CLOCK_WARN:
            self._door.log("warning", "clock is behind what the store remembers", seconds=behind // SECOND)
        elif ahead >= CLOCK_WARN:
            self._door.log("warning", "the time here is ahead of the clock", seconds=ahead // SECOND)
        if is_news and self._is_held(told):
            days, seconds = max(0, told - remembered) // DAY, (HELD - abs(told - self._leapt_at)) // SECOND
            self._door.log("warning", "time went on at once: nothing is removed yet", days=days, seconds=seconds)

    async def _share_limits(self) -> None:
        """Among the processes that run now; a new one is known to the others when each has reported again."""
        running = [node for node in await self._door.store.nodes() if is_running(node, self._told_at)]
        self._door.sign_ins.share(max(1, len(running)))

    def _is_held(self, told: int) -> bool:
        """Whether a leap is too young to be believed. A clock that was mended since is far from it, too."""
        return abs(told - self._leapt_at) < HELD

    def _compared(self, behind: int, ahead: int) -> None:
        self._door.health.clock_off, self._door.health.clock_ahead = max(0, behind), max(0, ahead)

    async def leave(self) -> None:
        """Say that this process has ended, so that no rotation of keys waits for it."""
        if self._node != NODE:
            with suppress(StoreUnavailable):
                await self._door.store.report(NodeReport(self._node, self._door.sealer.ring.version, 0))


def sealed(segment: Segment) -> dict[str, object]:
    """A segment as the log tells it."""
    return {
        "node": segment.node,
        "segment": segment.sequence,
        "first": segment.first,
        "last": segment.last,
        "head": segment.head.hex(),
    }
