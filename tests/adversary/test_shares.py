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
from tests.site.tls_world import HOST, House, ask

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


def resident_mb(site: Serving) -> float:
    """What the serving process has in memory."""
    assert site.process is not None
    lines = Path(f"/proc/{site.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def files_of(site: Serving) -> int:
    """How many descriptors it has."""
    assert site.process is not None
    return len(list(Path(f"/proc/{site.process.pid}/fd").iterdir()))


@pytest.mark.long
async def test_fifteen_thousand_silent_handshakes_take_neither_descriptors_nor_memory(tmp_path: Path) -> None:
    """A site with TLS of its own that may open twelve thousand files; whoever speaks is answered all the while."""
    house, site = House(tmp_path / "house"), Serving(tmp_path)
    site.environment |= {
        "GENKAN_BASE_URL": f"https://{HOST}:{site.port}",
        "GENKAN_TLS_CERT": house.files.certificate,
        "GENKAN_TLS_KEY": house.files.key,
    }
    with files_allowed(12_000):
        site.start()
    try:
        before, most_mb, most_files, answered = resident_mb(site), 0.0, 0, 0
        words = ["-m", "tests.adversary.attackers", "silent", str(site.port), "15000", "20", ATTACKER]
        attacker = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        waiting = asyncio.ensure_future(attacker.communicate())
        while not waiting.done():
            assert b" 200 OK" in await ask(site.port, house.trusting(), "/readyz", header=f"{HOST}:{site.port}")
            answered += 1
            most_mb, most_files = max(most_mb, resident_mb(site)), max(most_files, files_of(site))
            await asyncio.sleep(0.2)
    finally:
        site.kill()
    opened = int(waiting.result()[0])
    sys.stdout.write(
        f"\nsilent handshakes: {opened} connections, {answered} answers meanwhile, {most_files} files, "
        f"{before:.0f} MB before and {most_mb:.0f} MB at most\n"
    )
    assert opened >= 15_000
    assert answered > 20
    assert most_files < 12_000
    assert most_mb < before + 300
