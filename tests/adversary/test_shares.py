"""Attacks by connections: whoever takes most gives way, and everybody else notices nothing."""

import asyncio
import contextlib
import random
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.adversary.aftermath import healed, nothing_lost, stayed_ready, watching
from tests.adversary.attackers import KINDS, Attack
from tests.security.load import Load
from tests.security.serving import Serving, serving

FEW_FILES = 400  # of which the site keeps a hundred for itself
ATTACKER = "127.7.7.7"
MANY = [f"127.{second}.{third}.9" for second in range(20, 30) for third in range(30)]


@contextlib.contextmanager
def files_allowed(most: int) -> Iterator[None]:
    """Whoever is started in here may open so many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Serving]:
    """A site whose system lets it open few files."""
    site = Serving(tmp_path, GENKAN_ROTATIONS_PER_SECOND="0", GENKAN_SIGN_INS_PER_ACCOUNT="0")
    with files_allowed(FEW_FILES):
        site.start()
    try:
        yield site
    finally:
        site.kill()


@pytest.fixture
async def phones(narrow: Serving) -> AsyncIterator[Load]:
    """Its clients."""
    async with Load.over(narrow, random.Random(18)) as clients:
        yield clients


async def test_attacks_of_one_address_and_of_many_leave_the_others_alone(narrow: Serving, phones: Load) -> None:
    """Silent connections, slow heads, heads without bodies, slow bodies, clients that never read, requests sent ahead:
    more than there are descriptors for. A page that is asked for the first time meanwhile is there.
    """
    running = asyncio.create_task(phones.run())
    async with watching(narrow) as watch:
        began = time.monotonic()
        for kind in KINDS:
            before = phones.ledger.refreshes
            attacks = [Attack(kind, narrow.port, 400, [ATTACKER]), Attack(kind, narrow.port, 50, MANY)]
            opened = await asyncio.gather(*(asyncio.to_thread(attack.run, 0.6) for attack in attacks))
            assert min(opened) >= 40, kind
            assert phones.ledger.refreshes > before, kind
            assert not running.done(), kind
            if kind == "no-bodies":
                async with httpx2.AsyncClient(base_url=narrow.base) as somebody:
                    assert (await somebody.get("/login")).status_code == 200
        ended = time.monotonic()
        stayed_ready(watch, began, ended)
    await healed(narrow)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await nothing_lost(phones)
    assert "bug" not in (narrow.folder / "serve.log").read_text()


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[Serving]:
    """A site as it comes, where the system allows ten thousand connections and more."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 12_000:
        pytest.skip("the system allows too few files for a large attack")
    with files_allowed(12_000), serving(tmp_path, GENKAN_ROTATIONS_PER_SECOND="0") as site:
        yield site


async def p99(clients: Load, seconds: float) -> float:
    """Milliseconds within which 99 of 100 refreshes of one phone are answered."""
    token = (await clients.exchange(await clients.code())).json()["refresh_token"]
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        answer = await clients.refresh(token)
        took.append((time.perf_counter() - began) * 1000)
        token = answer.json()["refresh_token"]
        await asyncio.sleep(0.005)
    return statistics.quantiles(took, n=100)[98]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
async def test_a_large_attack_of_one_address_leaves_the_others_within_three_times_quiet(
    wide: Serving, kind: str
) -> None:
    """10,300 connections of one address, tried again and again for fifteen seconds, by a process of its own."""
    async with Load.over(wide, random.Random(18)) as clients, watching(wide) as watch:
        quiet = await p99(clients, 8)
        count = "200" if kind == "pipelining" else "10300"
        words = ["-m", "tests.adversary.attackers", kind, str(wide.port), count, "15", ATTACKER]
        attacker = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        began = time.monotonic()
        await asyncio.sleep(4)
        attacked = await p99(clients, 8)
        ended = time.monotonic()
        opened, _ = await asyncio.wait_for(attacker.communicate(), 60)
        await healed(wide)
    sys.stdout.write(f"\n{kind}: p99 {quiet:.1f} ms quiet, {attacked:.1f} ms attacked, {int(opened)} connections\n")
    stayed_ready(watch, began, ended)
    assert attacked <= 3 * quiet
