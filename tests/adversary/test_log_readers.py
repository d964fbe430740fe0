"""Whoever should read the log is gone, stands still, or has a full disk: no request notices, nor does the end."""

import asyncio
import fcntl
import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.adversary.aftermath import healed, nothing_lost, stayed_ready, watching
from tests.security.load import Load
from tests.security.serving import COMMAND, Serving, serving

# Linux: fcntl(2), F_SETPIPE_SZ; so few lines fill it.
F_SETPIPE_SZ = 1031
SMALL = 4096
REFUSALS = 600
ANSWERED = b'"event": "answered"'
END_SECONDS = 8.0
LIFTED = {"GENKAN_ROTATIONS_PER_SECOND": "0", "GENKAN_SIGN_INS_PER_ACCOUNT": "0"}


@dataclass
class Reader:
    """What standard error leads to. ``heal`` reads on from where it stood still."""

    descriptor: int
    inlet: int | None = None
    read: bytes = b""
    threads: list[threading.Thread] = field(default_factory=list)

    def heal(self) -> None:
        """Read everything from now on."""

        def work() -> None:
            assert self.inlet is not None
            while part := os.read(self.inlet, 65_536):
                self.read += part

        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()


def full() -> Reader:
    """A disk without room."""
    return Reader(os.open("/dev/full", os.O_WRONLY))


def gone() -> Reader:
    """``genkan serve 2>&1 | tee x``, and tee was killed."""
    inlet, descriptor = os.pipe()
    os.close(inlet)
    return Reader(descriptor)


def still() -> Reader:
    """A reader that was stopped, or waits itself."""
    inlet, descriptor = os.pipe()
    fcntl.fcntl(descriptor, F_SETPIPE_SZ, SMALL)
    return Reader(descriptor, inlet)


@pytest.fixture(params=[full, gone, still], ids=lambda one: one.__name__)
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Each of them."""
    make: Callable[[], Reader] = request.param
    made = make()
    yield made
    os.close(made.descriptor)


async def test_a_log_that_takes_no_lines_holds_up_fails_and_loses_no_request(reader: Reader, tmp_path: Path) -> None:
    """Every request is answered, each refusal too; `readyz` stays 200 and says what is wrong; the end is quick."""
    site = Serving(tmp_path, **LIFTED, GENKAN_LOG_FORMAT="json", GENKAN_LOG_LEVEL="debug")
    await asyncio.to_thread(site.start, stderr=reader.descriptor)
    try:
        async with Load.over(site, random.Random(18)) as load:
            async with watching(site) as watch:
                running = asyncio.create_task(load.run())
                began = time.monotonic()
                await refused(site)
                await asyncio.sleep(0.5)
                ended = time.monotonic()
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
            stayed_ready(watch, began, ended)
            told = await load.http.get("/readyz")
            assert told.json() == {"ready": True, "reasons": [], "remarks": ["stderr takes no lines"]}
            assert 'genkan_lines_lost_total{stream="stderr"}' in (await load.http.get("/metrics")).text
            if reader.inlet is not None:
                await heals(reader, load)
            await nothing_lost(load)
        await ends_quickly(site)
    finally:
        await asyncio.to_thread(site.kill)


async def refused(site: Serving) -> None:
    """Lines enough to fill any pipe, each of a request that is answered."""
    async with httpx2.AsyncClient(base_url=site.base, timeout=10) as http:
        for _ in range(REFUSALS // 20):
            asked = [http.post("/rest/oauth2/latest/token", data={"grant_type": "x"}) for _ in range(20)]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} <= {400, 401}


async def heals(reader: Reader, load: Load) -> None:
    """Read again, everything comes, in order, and the remark goes."""
    reader.heal()
    async with asyncio.timeout(10):
        while "remarks" in (await load.http.get("/readyz")).json() or reader.read.count(ANSWERED) <= REFUSALS:
            await asyncio.sleep(0.1)


async def ends_quickly(site: Serving) -> None:
    """SIGTERM, and in time nothing is left."""
    began = time.monotonic()
    await asyncio.to_thread(site.stop)
    assert time.monotonic() - began < END_SECONDS


async def test_nothing_is_lost_where_somebody_reads(tmp_path: Path) -> None:
    """Not on the way, and not at the end: each refusal that was answered has its line."""
    with serving(tmp_path, GENKAN_LOG_FORMAT="json") as site:
        await refused(site)
        await asyncio.to_thread(site.stop)
        lines = (site.folder / "serve.log").read_text().splitlines()
        numbers = [json.loads(line).get("request_id") for line in lines if "/oauth2/latest/token" in line]
        assert len(set(numbers)) == REFUSALS


@pytest.mark.parametrize(
    "stdout", ["closed", "still", *(pytest.param(one, marks=pytest.mark.long) for one in ("full", "gone"))]
)
def test_the_ready_line_waits_for_nobody(stdout: str, tmp_path: Path) -> None:
    """A site whose standard output takes nothing serves all the same, and ends."""
    site = Serving(tmp_path)
    inlet, pipe = os.pipe()
    fcntl.fcntl(pipe, F_SETPIPE_SZ, SMALL)
    os.write(pipe, b"x" * SMALL)
    if stdout == "gone":
        os.close(inlet)
    place = os.open("/dev/full", os.O_WRONLY) if stdout == "full" else pipe
    words = ["sh", "-c", 'exec "$@" >&-', "sh"] if stdout == "closed" else []
    process = subprocess.Popen(
        [*words, *COMMAND, "serve"], env=site.environment, stdin=subprocess.DEVNULL, stdout=place,
        stderr=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    try:
        asyncio.run(healed(site))
        process.terminate()
        assert process.wait(END_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        for one in {place, pipe, *([] if stdout == "gone" else [inlet])}:
            os.close(one)
