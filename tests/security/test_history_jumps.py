"""The same histories while the wall clocks of both nodes leap, forth and back: whatever a clock shows, a phone is ended
by a replay or by somebody, and never by the time (tokens.md 8).
"""

import asyncio
import random
from pathlib import Path

import pytest

from genkan.clock import Clock
from genkan.protocol.env import DAY, Env
from genkan.protocol.records import Link
from tests.security.history import explained
from tests.security.test_history import PHONES, TASKS, Run, _phone
from tests.site.world import START, SiteUnderTest, TestClock, close_site, open_site

LEAPS = (100 * DAY, -100 * DAY, 0, 0)


class LeapingClock(TestClock):
    """A node's clock, whose wall clock a test sets off while its boot clock stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.off = 0
        self.clock = Clock(lambda: START + self.off, lambda: DAY)
        self.leaps = 0

    def __call__(self) -> Env:
        return Env(self.clock.now(), self.draw)


class Leaping(Run):
    """Now and then a node's wall clock leaps just before a request comes, and nobody has looked at it yet."""

    may_refuse = True

    def __init__(
        self, nodes: list[SiteUnderTest], link: Link, chance: random.Random, clocks: list[LeapingClock]
    ) -> None:
        super().__init__(nodes, link, chance)
        self._clocks = clocks

    async def _node(self) -> SiteUnderTest:
        node = await super()._node()
        if self._chance.random() < 0.3:
            clock = self._clocks[self._nodes.index(node)]
            clock.off = self._chance.choice(LEAPS)
            clock.leaps += clock.off != 0
            if not clock.off:
                clock()
        return node


@pytest.mark.parametrize("seed", range(2))
async def test_every_history_with_leaping_clocks_can_be_explained(tmp_path: Path, seed: int) -> None:
    """Refused with 503, or done as if no clock had leapt; and what goes on afterwards goes on."""
    clocks, chance = [LeapingClock(), LeapingClock()], random.Random(seed)
    first = await open_site(tmp_path, clocks[0], rotations_per_second=0)
    second = await open_site(tmp_path, clocks[1], first.ring[-1], rotations_per_second=0)
    for site, clock in zip((first, second), clocks, strict=True):
        site.door.health.clock = clock.clock
    try:
        await first.make_account()
        link = await first.turn_mobile_on()
        phones = [await _phone(first, link) for _ in range(PHONES)]
        run = Leaping([first, second], link, chance, clocks)
        await asyncio.gather(*(run.program(phone) for phone in phones for _ in range(TASKS)))
        for clock in clocks:
            assert clock.leaps > 20
            clock.off = 0
            clock()
            assert not clock.clock.in_doubt
        for phone in phones:
            await run._refresh(phone)
            assert explained(phone.history), phone.history
            assert all(len(found) == 1 for found in phone.successors.values())
    finally:
        await close_site(second)
        await close_site(first)
