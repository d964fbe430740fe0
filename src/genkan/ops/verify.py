"""Whether a backup can be restored, tried: it is restored into a folder of its own, a dump into a database of its own,
and served there, where a canary's session goes on; and what would be lost with it.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from genkan.ops.booting import HOST, DoesNotServe, IsUnavailable, free_port, served, try_canary
from genkan.ops.dump import Dump, look_at, put_back
from genkan.ops.ending import cleaned_up_when_ended
from genkan.ops.restore import Asked, Restored, restore
from genkan.ops.taking import Damaged, RestoreFailed, Taken, take
from genkan.ops.workshop import workshop
from genkan.outside.ring_file import make_ring_file, read_ring
from genkan.protocol.canary import Canary, canary
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Writable
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import Site
from genkan.protocol.ring import Ring, RingProblem
from genkan.protocol.sealing import Sealer
from genkan.settings import Settings
from genkan.store.api import CannotOpen, StoreAway, StoreUnfit
from genkan.store.places import Place, Postgres, bring_to, count, losses, open_store, schema_of
from genkan.store.postgres_trial import trial
from genkan.store.sqlite_examine import Counts
from genkan.store.sqlite_losses import Losses


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


@dataclass(frozen=True, slots=True)
class Dumped:
    """What PostgreSQL's own program made of the database, and the empty database to try it in; without one a database
    is made beside the site's, for the trial.
    """

    file: Path
    trial: Postgres | None = None


async def verify(
    settings: Settings, asked: Asked, now: Callable[[], Env], dumped: Dumped | None = None
) -> Verified | RingVerified:
    """Raises RestoreFailed, BadArchive, NoWorkshop, CannotOpen or DoesNotServe: why it cannot be restored. The present
    site is looked at and never changed.
    """
    place = settings.store_place
    if isinstance(place, Postgres) and dumped is not None:
        with cleaned_up_when_ended(), _room(place) as folder:
            return await _dump_tried(settings, place, asked, dumped, folder, now)
    with _room(place) as folder:
        if isinstance(place, Postgres):
            return await _ring(place, take(asked.backup, asked.passphrase, folder, "genkan.sqlite3"), asked, now())
        if dumped is not None:
            raise RestoreFailed("a dump is of a site on PostgreSQL: name its database with GENKAN_DATABASE_URL")
        return await _tried(settings, _copied(folder), asked, now)


@contextlib.contextmanager
def _room(place: Place) -> Iterator[Path]:
    """Beside the data, where secrets lie anyway and there is room; else wherever the system keeps such folders."""
    if isinstance(place, Path) and place.parent.is_dir():
        with workshop(place, "verifying") as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="genkan-") as name:
            yield Path(name)


def _copied(folder: Path, place: Postgres | None = None) -> Settings:
    """The settings of a copy in a folder of its own, served on loopback."""
    site = folder / "site"
    site.mkdir(mode=0o700)
    port = free_port()
    base = f"http://{HOST}:{port}"
    if place is None:
        return Settings(data_dir=str(site), port=port, base_url=base)
    ring = str(site / "secrets.json")
    return Settings(data_dir=str(site), port=port, base_url=base, database_url=place.url, secret_file=ring)


async def _tried(settings: Settings, copied: Settings, asked: Asked, now: Callable[[], Env]) -> Verified:
    ring = read_ring(settings.ring_path)
    if not isinstance(ring, RingProblem):
        make_ring_file(copied.ring_path, ring)
    restored = await restore(copied, asked, now())
    counts = count(copied.store_place)
    lost = await losses(copied.store_place, settings.store_place, restored.last_event)
    bird = await _hatched(copied, now())
    async with served(copied) as base:
        await try_canary(base, bird)
    return Verified(restored, counts, lost)


async def _dump_tried(
    settings: Settings, place: Postgres, asked: Asked, dumped: Dumped, folder: Path, now: Callable[[], Env]
) -> Verified:
    """By the manual: put back, brought to this version's schema, made the site again."""
    taken = take(asked.backup, asked.passphrase, folder, "genkan.sqlite3")
    ring = _ring_alone(taken, asked.backup)
    dump = await look_at(dumped.file)
    async with trial(place, dumped.trial) as tried:
        await put_back(dump, tried.place, tried.major, folder)
        try:
            _bring_up(tried.place, dump, now())
            _check_pair(await _site(tried.place, now()), ring, asked.backup, dump)
            return await _tried(settings, _copied(folder, tried.place), asked, now)
        except IsUnavailable as problem:
            raise StoreAway(f"{problem}; see that the server has a dozen connections left") from problem
        except StoreUnfit as problem:
            raise Damaged(f"{dump.file} was put back and is no whole site: {problem}") from problem


def _bring_up(place: Postgres, dump: Dump, env: Env) -> None:
    schema = schema_of(place)
    if schema.present > schema.newest and not schema.serves:
        raise RestoreFailed(
            f"{dump.file} has schema {schema.present}, which a newer Genkan wrote; this one knows {schema.newest}: "
            "use the newer one"
        )
    if schema.present < schema.newest:
        try:
            bring_to(place, schema.newest, env)
        except StoreAway:
            raise
        except CannotOpen as problem:
            raise Damaged(f"{dump.file} was put back and is no whole site: {problem}") from problem


def _check_pair(site: Site, ring: Ring, backup: Path, dump: Dump) -> None:
    """After a loss there is nothing but the two."""
    if site.ring_fingerprint != ring.fingerprint:
        raise Damaged(f"{dump.file} is of another site than the key ring in {backup}")
    if site.ring_version > ring.version:
        raise Damaged(
            f"the key ring in {backup} is at version {ring.version}, {dump.file} at {site.ring_version}: "
            "back up the ring after the database"
        )


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


async def _ring(place: Postgres, taken: Taken, asked: Asked, env: Env) -> RingVerified:
    ring = _ring_alone(taken, asked.backup)
    site = await _site(place, env)
    good = ring.fingerprint == site.ring_fingerprint and ring.version >= site.ring_version
    return RingVerified(ring.version, good)


def _ring_alone(taken: Taken, backup: Path) -> Ring:
    if taken.ring is None or taken.database is not None:
        raise RestoreFailed(f"{backup} is of a site on SQLite: verify it without GENKAN_DATABASE_URL")
    return taken.ring


async def _site(place: Postgres, env: Env) -> Site:
    store = open_store(place, create=False, env=env)
    try:
        return await store.site()
    finally:
        await store.close()
