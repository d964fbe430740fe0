"""The machine's clock leaps under a serving site, forth and back: nobody is signed out for it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.adversary.aftermath import healed, nothing_lost, told_the_truth, watching
from tests.adversary.clocks import WallClock
from tests.security.load import Load
from tests.security.serving import Serving, serving

DAY = 86_400


@pytest.fixture
def wall(tmp_path: Path) -> WallClock:
    """The wall clock of the site's processes."""
    return WallClock(tmp_path)


@pytest.fixture
def site(tmp_path: Path, wall: WallClock) -> Iterator[Serving]:
    """A site whose wall clock is the test's."""
    with serving(tmp_path, GENKAN_ROTATIONS_PER_SECOND="0", **wall.environment) as serves:
        yield serves


@pytest.fixture
async def load(site: Serving) -> AsyncIterator[Load]:
    """Clients of that site with a ledger of what was acknowledged to them."""
    async with Load.over(site, random.Random(18)) as clients:
        for _ in range(3):
            await clients._new_phone()
        yield clients


@pytest.mark.parametrize("leap", [100 * DAY, -100 * DAY])
async def test_a_clock_that_jumps_and_is_mended_ends_no_phone(
    site: Serving, load: Load, wall: WallClock, leap: int
) -> None:
    """Seen: invalid_grant "The token has expired." to each phone that came, also when the clock was right again."""
    async with watching(site) as watch:
        began = time.monotonic()
        wall.set_off(leap)
        await asyncio.sleep(1.5)
        for phone in load.ledger.phones:
            answer = await load.refresh(phone.token)
            assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
            assert answer.headers["retry-after"]
        await asyncio.sleep(2.5)
        ended = time.monotonic()
        # What was asked by then is answered before the clock is mended.
        await asyncio.sleep(1.1)
        wall.set_off(0)
        await healed(site)
    told_the_truth(watch, began, ended)
    assert "genkan clock accept" in (site.folder / "serve.log").read_text()
    for phone in load.ledger.phones:
        await load._rotate(phone)
    await nothing_lost(load)


async def test_the_very_first_refresh_after_a_jump_ends_no_phone(site: Serving, load: Load, wall: WallClock) -> None:
    """Before anything else has looked at the clock: it is rotated by the time that is sure, or refused with 503."""
    for leap in (100 * DAY, 0, -100 * DAY, 0):
        wall.set_off(leap)
        phone = load.ledger.phones[0]
        answer = await load.refresh(phone.token)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            load.acknowledge(phone, phone.token, answer.json()["refresh_token"])
    await healed(site)
    await nothing_lost(load)


async def test_an_operator_may_say_that_the_clock_is_right(site: Serving, load: Load, wall: WallClock) -> None:
    """One command, and the site serves by the new time within seconds: what has expired by it has."""
    wall.set_off(100 * DAY)
    await asyncio.sleep(1.5)
    assert (await load.refresh(load.ledger.phones[0].token)).status_code == 503
    assert "UTC" in site.command("clock", "accept")
    await healed(site, within=5)
    answer = await load.refresh(load.ledger.phones[0].token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
