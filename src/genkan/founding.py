"""Which key ring a site is served with, and whether a store that holds no site may become one: a key ring that served a
site is never put beside a new one by accident (docs/decisions/0255).
"""

import asyncio
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from genkan import clock
from genkan.outside import locks
from genkan.outside.ring_file import make_ring_file, read_ring, read_ring_of, replace_ring_file
from genkan.protocol.moment_steps import Mark, Moment
from genkan.protocol.outcomes import Change, MoveRing
from genkan.protocol.ring import Ring, RingProblem, may_adopt, new_ring
from genkan.settings import Settings
from genkan.store.api import Store
from genkan.store.places import Place, damage_within, holds_site, open_store

# How long a start looks for damage. Two gigabytes take about five seconds; the rest is found by genkan status --deep.
LOOK_SECONDS = 3.0


class CannotServe(Exception):
    """Why the site does not start, as one sentence. ``passes``: the same start may do later, without anybody's help."""

    def __init__(self, sentence: str, *, passes: bool = False) -> None:
        super().__init__(sentence)
        self.passes = passes


def check_place(settings: Settings) -> None:
    """Before anything is made there. Raises CannotServe where the store is gone whose ring is still here, and where a
    look of bounded length finds it damaged.
    """
    path, place = settings.ring_path, settings.store_place
    if not holds_site(place):
        if path.exists():
            raise CannotServe(_gone(path, place))
        return
    damage = damage_within(place, LOOK_SECONDS)
    if damage is not None:
        raise CannotServe(f"{place} is damaged ({damage}): put back a backup with genkan restore")


def found_anew(settings: Settings) -> None:
    """Begin a site of its own beside a ring that may have served another. Raises CannotServe or CannotOpen."""

    async def found() -> None:
        store = open_store(settings.store_place, create=True, env=clock.system_env())
        try:
            if (await store.site()).ring_fingerprint:
                raise CannotServe(f"there is a site in {settings.store_place} already: leave out --found-anew")
            await load_ring(store, settings.ring_path, anew=True)
        finally:
            await store.close()

    asyncio.run(found())


async def load_ring(store: Store, path: Path, *, anew: bool = False) -> Ring:
    """The key ring that belongs to this store, made when neither knows one yet (tokens.md 7). Raises CannotServe."""
    site = await store.site()
    if not site.ring_fingerprint and not path.exists():  # noqa: ASYNC240 - at start, nothing else runs yet
        problem = make_ring_file(path, new_ring(clock.system_env(), site.site_id))
        if problem is not None:
            raise CannotServe(problem.sentence)
    ring = read_ring_of(path, site)
    if isinstance(ring, RingProblem):
        raise CannotServe(ring.sentence)
    if not site.ring_fingerprint and not anew and not may_adopt(ring, site.site_id):
        raise CannotServe(_gone(path, "the database"))
    is_known = (ring.version, ring.fingerprint) == (site.ring_version, site.ring_fingerprint)
    founded = () if site.ring_fingerprint else (Mark(Moment.FOUNDED, clock.now_ms()),)
    if not is_known and not await store.apply(Change((MoveRing(ring.version, ring.fingerprint), *founded))):
        raise CannotServe(f"another node has made the site's key ring meanwhile; put its file in place of {path}")
    if ring.site_id != site.site_id:
        _remember(path, site.site_id)
    return ring


def _gone(ring: Path, place: Place | str) -> str:
    return (
        f"there is no site in {place}, and the key ring {ring} is one that has served: see that the disk with the "
        "site's data is mounted, or put back a backup with genkan restore; for a new site: genkan serve --found-anew"
    )


def _remember(path: Path, site_id: bytes) -> None:
    """Write into the ring's file which site it serves; where it cannot be changed, as a mounted secret, say so."""
    with suppress(locks.CannotLock), locks.changing_ring(path):
        ring = read_ring(path)
        if isinstance(ring, RingProblem) or replace_ring_file(path, replace(ring, site_id=site_id)) is None:
            return
    print(  # noqa: T201
        f"genkan: the key ring {path} cannot be changed and does not name its site; it is taken for one that served",
        file=sys.stderr,
    )
