"""SIGKILL under load: what was acknowledged holds, what was revoked stays dead, no code works twice."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.security.load import Load
from tests.security.serving import Serving, serving


async def _round(site: Serving, load: Load, chance: random.Random) -> None:
    running = asyncio.create_task(load.run())
    await asyncio.sleep(0.15 + chance.random() * 0.35)
    await asyncio.to_thread(site.kill)
    await running
    await asyncio.to_thread(site.start)
    await load.check()


@pytest.mark.xdist_group("crash")
@pytest.mark.parametrize("kills", [20, pytest.param(40, marks=pytest.mark.long)])
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, kills: int) -> None:
    """Kills under load: nothing acknowledged is lost, nothing stopped comes back, no code works twice."""
    chance = random.Random(20)
    with serving(tmp_path, GENKAN_ROTATIONS_PER_SECOND="0", GENKAN_SIGN_INS_PER_ACCOUNT="0") as site:
        async with Load.over(site, chance) as load:
            for _ in range(kills):
                await _round(site, load, chance)
        ledger = load.ledger
        print(
            f"{kills} kills: {ledger.refreshes} refreshes, {ledger.exchanges} exchanges, {ledger.revocations} revoked"
        )
        assert min(ledger.refreshes, ledger.exchanges, ledger.revocations) > kills
