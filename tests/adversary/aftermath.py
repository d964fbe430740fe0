"""What must hold after each attack and each accident, whatever it was: the same three assertions for all of them.

Nothing that was acknowledged is lost; ``/readyz`` told the truth within its bound; the site heals by itself. Where it
cannot heal, its test asks for the one line that says what to do instead.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2

from tests.security.load import Load
from tests.security.serving import Serving

# Health tells the truth within two seconds (promise 11); a second more for a machine that has other work.
TRUTH_SECONDS = 3.0
HEAL_SECONDS = 20.0
EACH_SECONDS = 0.1


@dataclass
class Watch:
    """What ``/readyz`` said, as (monotonic seconds when it was asked, status); status 0: no answer within a second."""

    said: list[tuple[float, int]] = field(default_factory=list)

    def between(self, begin: float, end: float) -> set[int]:
        """The statuses of all questions that were asked in this span."""
        return {status for asked, status in self.said if begin <= asked < end}


@contextlib.asynccontextmanager
async def watching(site: Serving) -> AsyncIterator[Watch]:
    """Ask ``/readyz`` all the time, on a fresh connection each, as a load balancer does."""
    watch = Watch()
    asking = asyncio.create_task(_ask(site, watch))
    try:
        yield watch
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _ask(site: Serving, watch: Watch) -> None:
    while True:
        asked = time.monotonic()
        status = await readiness(site)
        watch.said.append((asked, status))
        await asyncio.sleep(EACH_SECONDS)


async def readiness(site: Serving) -> int:
    """The status of ``/readyz`` now; 0 where nothing answers within a second."""
    try:
        async with httpx2.AsyncClient(timeout=1) as http:
            return (await http.get(f"{site.base}/readyz")).status_code
    except httpx2.TransportError:
        return 0


def told_the_truth(watch: Watch, began: float, ended: float) -> None:
    """While it could not write, from the bound on, the site never called itself ready."""
    assert ended - began > TRUTH_SECONDS, "the trouble was too short to tell anything"
    told = watch.between(began + TRUTH_SECONDS, ended)
    assert told, "nobody asked"
    assert 200 not in told, f"ready in the midst of trouble: {sorted(told)}"


def stayed_ready(watch: Watch, began: float, ended: float) -> None:
    """Trouble that is none of the store's never takes the site out of a balancer's list."""
    told = watch.between(began, ended)
    assert told == {200}, f"an attack on others made it unready: {sorted(told)}"


async def healed(site: Serving, within: float = HEAL_SECONDS) -> float:
    """Ready again by itself; how many seconds that took."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        if await readiness(site) == 200:
            return time.monotonic() - began
        await asyncio.sleep(EACH_SECONDS)
    raise AssertionError(f"not ready {within} seconds after the trouble ended")


async def nothing_lost(load: Load) -> None:
    """Every token that was acknowledged works, every stop holds, no code works twice."""
    await load.check()
