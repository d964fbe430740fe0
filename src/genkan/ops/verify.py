"""Whether a backup can be restored, tried: it is restored into a folder of its own and served there, where a canary's
session goes on; and what would be lost with it.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from genkan.ops.booting import DoesNotServe, free_port, served, try_canary
from genkan.ops.restore import Asked, Restored, restore
from genkan.ops.taking import RestoreFailed, Taken, take
from genkan.ops.workshop import workshop
from genkan.outside.ring_file import make_ring_file, read_ring
from genkan.protocol.canary import Canary, canary
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Writable
from genkan.protocol.policy import Lifetimes
from genkan.protocol.restoring import Manner
from genkan.protocol.ring import RingProblem
from genkan.protocol.sealing import Sealer
from genkan.settings import Settings
from genkan.store.places import Place, Postgres, count, open_store
from genkan.store.sqlite_examine import Counts
from genkan.store.sqlite_losses import Losses, losses


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. ``losses`` is None where no present site of the same identity lies there to compare with."""

    restored: Restored
    counts: Counts
    losses: Losses | None

    @property
    def good(self) -> bool:
        """It served, or there would be no such value."""
        return True


@dataclass(frozen=True, slots=True)
class RingVerified:
    """Of a backup without a database: its ring, and whether it is that of the database that is there."""

    ring_version: int
    good: bool


async def verify(
    settings: Settings, backup: Path, passphrase: bytes | None, actor: str, now: Callable[[], Env]
) -> Verified | RingVerified:
    """Raises RestoreFailed, BadArchive, NoWorkshop, CannotOpen or DoesNotServe: why it cannot be restored. The present
    site is looked at and never changed.
    """
    place = settings.store_place
    with _room(place) as folder:
        if isinstance(place, Postgres):
            return await _ring(place, take(backup, passphrase, folder, "genkan.sqlite3"), backup, now())
        site = folder / "site"
        site.mkdir(mode=0o700)
        return await _tried(settings, place, Asked(backup, passphrase, Manner.HEAL, actor), site, now)


@contextlib.contextmanager
def _room(place: Place) -> Iterator[Path]:
    """Beside the data, where secrets lie anyway and there is room; else wherever the system keeps such folders."""
    if isinstance(place, Path) and place.parent.is_dir():
        with workshop(place, "verifying") as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="genkan-") as name:
            yield Path(name)


async def _tried(settings: Settings, place: Path, asked: Asked, folder: Path, now: Callable[[], Env]) -> Verified:
    port = free_port()
    copied = Settings(data_dir=str(folder), port=port, base_url=f"http://127.0.0.1:{port}")
    ring = read_ring(settings.ring_path)
    if not isinstance(ring, RingProblem):
        make_ring_file(copied.ring_path, ring)
    restored = await restore(copied, asked, now())
    counts = count(copied.database_path)
    lost = losses(copied.database_path, place, restored.last_event)
    bird = await _hatched(copied, now())
    async with served(folder, port) as base:
        await try_canary(base, bird)
    return Verified(restored, counts, lost)


async def _hatched(copied: Settings, env: Env) -> Canary:
    """The canary in the copy."""
    ring = read_ring(copied.ring_path)
    if isinstance(ring, RingProblem):
        raise RestoreFailed(ring.sentence)
    store = open_store(copied.store_place, create=False, env=env)
    try:
        bird = canary(Sealer(ring, (await store.site()).site_id), env, Lifetimes())
        writes: tuple[Writable, ...] = (*bird.changes, bird.sign_in)
        for written in writes:
            if not await store.apply(written):
                raise DoesNotServe("the copy takes no new sign-in")
    finally:
        await store.close()
    return bird


async def _ring(place: Postgres, taken: Taken, backup: Path, env: Env) -> RingVerified:
    if taken.ring is None or taken.database is not None:
        raise RestoreFailed(f"{backup} is of a site on SQLite: verify it without GENKAN_DATABASE_URL")
    store = open_store(place, create=False, env=env)
    try:
        site = await store.site()
    finally:
        await store.close()
    good = taken.ring.fingerprint == site.ring_fingerprint and taken.ring.version >= site.ring_version
    return RingVerified(taken.ring.version, good)
