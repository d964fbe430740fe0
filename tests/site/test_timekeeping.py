"""Who confirms a clock that is in doubt, and what the log says of it."""

from dataclasses import replace

import pytest

from genkan.clock import Clock
from genkan.protocol.env import DAY, MINUTE, SECOND
from genkan.protocol.moment_steps import Mark, Moment
from genkan.protocol.outcomes import Change
from genkan.site.timekeeping import Timekeeper
from tests.site.world import START, SiteUnderTest


class Leapt:
    """A site whose wall clock leapt 100 days ahead."""

    def __init__(self, site: SiteUnderTest, *, apart: bool = False) -> None:
        self.clock = Clock(lambda: self.wall, lambda: DAY)
        self.told: list[str] = []
        self.clock.now()
        self.wall += 100 * DAY
        site.door.health.clock = self.clock
        door = replace(site.door, log=lambda level, event, **_: self.told.append(level))
        self.keeper = Timekeeper(door, lambda: self.wall, apart=apart)
        self.clock.now()

    wall = START


@pytest.mark.parametrize(("ago", "believed"), [(0, True), (30 * SECOND, True), (2 * MINUTE, False), (99 * DAY, False)])
async def test_an_acceptance_counts_for_a_minute_of_the_clock_that_it_was_said_of(
    site: SiteUnderTest, ago: int, believed: bool
) -> None:
    """One of before the leap says nothing; each process finds the one of now in the store."""
    leapt = Leapt(site)
    await leapt.keeper.look()
    assert (leapt.clock.in_doubt, leapt.told) == (True, ["error"])
    await site.store.apply(Change((Mark(Moment.CLOCK_ACCEPTED, leapt.wall - ago),)))
    await leapt.keeper.look()
    await leapt.keeper.look()
    assert leapt.clock.in_doubt is not believed
    assert leapt.told == ["error", "info"][: 1 + believed]


@pytest.mark.parametrize(("apart", "theirs", "believed"), [(True, 9, True), (True, 11, False), (False, 0, False)])
async def test_the_clock_of_a_database_elsewhere_confirms(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch, apart: bool, theirs: int, believed: bool
) -> None:
    """One on this machine has our clock, and is no witness."""
    leapt = Leapt(site, apart=apart)

    async def clock(_: object) -> int:
        return leapt.wall + theirs * SECOND

    monkeypatch.setattr(type(site.store), "clock", clock)
    await leapt.keeper.look()
    assert leapt.clock.in_doubt is not believed
