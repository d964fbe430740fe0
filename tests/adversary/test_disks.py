"""A disk that hangs, fails or is full, and another program that holds the file's lock: no silence, no loss, no lie."""

import asyncio
import random
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.adversary.aftermath import healed, nothing_lost, told_the_truth, watching
from tests.adversary.disk import Disk
from tests.security.load import Load
from tests.security.serving import COMMAND, Serving, serving

pytestmark = pytest.mark.needs("gcc")

ANSWER_SECONDS = 8.0
END_SECONDS = 16.0
TROUBLE_SECONDS = 5.0


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """The disk below the site's data."""
    return Disk(tmp_path, tmp_path / "data")


@pytest.fixture
def site(tmp_path: Path, disk: Disk) -> Iterator[Serving]:
    """A site on that disk, which waits for it as short as may be set."""
    settings = {"GENKAN_ROTATIONS_PER_SECOND": "0", "GENKAN_SIGN_INS_PER_ACCOUNT": "0", "GENKAN_WRITE_SECONDS": "2"}
    with serving(tmp_path, **settings, **disk.environment) as serves:
        yield serves


@pytest.fixture
async def load(site: Serving) -> AsyncIterator[Load]:
    """Clients of that site, two of whose phones are signed in."""
    async with Load.over(site, random.Random(18)) as clients:
        for _ in range(2):
            await clients._new_phone()
        yield clients


async def answered_503(load: Load) -> None:
    """A refresh is answered in time, and told to come again."""
    began = time.monotonic()
    answer = await load.refresh(load.ledger.phones[0].token)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert time.monotonic() - began < ANSWER_SECONDS


async def test_a_disk_that_hangs_is_told_of_answered_and_outlived(site: Serving, load: Load, disk: Disk) -> None:
    """While fsync does not return every refresh is a 503 in time, readyz is 503, status exits 1; then all is well."""
    async with watching(site) as watch:
        disk.is_now("hang")
        began = time.monotonic()
        await asyncio.gather(*(answered_503(load) for _ in range(10)))
        await asyncio.sleep(max(0.0, began + TROUBLE_SECONDS - time.monotonic()))
        ended = time.monotonic()
        await asyncio.to_thread(status_says_no, site)
        disk.is_well()
        await healed(site)
    told_the_truth(watch, began, ended)
    await nothing_lost(load)


@pytest.mark.parametrize("fault", ["eio", "enospc"])
async def test_a_disk_that_fails_is_told_of_and_outlived(site: Serving, load: Load, disk: Disk, fault: str) -> None:
    """Flushes that fail, and a full disk: the same, without a wait."""
    async with watching(site) as watch:
        disk.is_now(fault)
        began = time.monotonic()
        await answered_503(load)
        await asyncio.sleep(TROUBLE_SECONDS)
        ended = time.monotonic()
        disk.is_well()
        await healed(site)
    told_the_truth(watch, began, ended)
    await nothing_lost(load)


async def test_another_program_that_holds_the_write_lock_is_told_of(site: Serving, load: Load) -> None:
    """503s, and not ready; status exits 1 too."""
    with closing(sqlite3.connect(site.folder / "data/genkan.sqlite3", isolation_level=None)) as other:
        async with watching(site) as watch:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            await answered_503(load)
            await asyncio.sleep(max(0.0, began + TROUBLE_SECONDS - time.monotonic()))
            ended = time.monotonic()
            await asyncio.to_thread(status_says_no, site)
            other.execute("ROLLBACK")
            await healed(site)
    told_the_truth(watch, began, ended)
    await nothing_lost(load)


async def test_sigterm_ends_a_site_whose_disk_hangs(site: Serving, load: Load, disk: Disk) -> None:
    """Within the grace, though a thread waits for fsync; what was acknowledged is there afterwards."""
    disk.is_now("hang")
    await answered_503(load)
    began = time.monotonic()
    await asyncio.to_thread(site.stop)
    assert time.monotonic() - began < END_SECONDS
    disk.is_well()
    await asyncio.to_thread(site.start)
    await healed(site)
    await nothing_lost(load)


def status_says_no(site: Serving) -> None:
    """`genkan status` finds it out by a write of its own, and ends."""
    done = subprocess.run(
        [*COMMAND, "status"], env=site.environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the store takes no writes" in done.stdout
