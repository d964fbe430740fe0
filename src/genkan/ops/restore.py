"""Putting a backup in the present site's place: copied, checked, decided on and changed aside, then moved in by one
step.
"""

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import tomli_w

from genkan.ops.backup import settings_given
from genkan.ops.taking import RestoreFailed, Taken, ring_for, take
from genkan.ops.workshop import NoWorkshop, workshop
from genkan.outside import locks
from genkan.outside.ring_file import make_ring_file, replace_ring_file
from genkan.protocol import restoring
from genkan.protocol.env import Env
from genkan.protocol.records import Site
from genkan.protocol.restoring import CannotRestore, Manner, Replaced, Restoration, RestoreFacts
from genkan.protocol.ring import Ring
from genkan.settings import Settings
from genkan.site.api.documents import moment
from genkan.store.api import CannotOpen, NoSite, Store
from genkan.store.places import Postgres, open_store, others_at, renew_site_id
from genkan.store.rounds import reported_time, settle_all
from genkan.store.sqlite_examine import identity_of, moved_from
from genkan.store.sqlite_moving import mover_alone
from genkan.store.sqlite_replace import replace_database, with_companions

SETTINGS_NAME = "genkan.restored.toml"
SETTINGS_HEAD = "# The settings that the backup was made with. Files that they name are not in a backup.\n"


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in place now. ``as_of`` is the last moment that the backup knows of and ``last_event`` the last line of
    its audit; ``aside`` is the file that it replaced, ``settings`` one with the backup's where they are others now.
    """

    manner: Manner
    as_of: int
    last_event: int
    ring_version: int
    aside: Path | None
    settings: Path | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What to restore, how, and who asks."""

    backup: Path
    passphrase: bytes | None
    manner: Manner
    actor: str


async def restore(settings: Settings, asked: Asked, env: Env) -> Restored:
    """Restore a backup of the store. Raises RestoreFailed, BadArchive, NoWorkshop or CannotOpen, and then the site is
    as it was.

    The ring's file goes first: with a newer ring the present site starts, with an older one than it names the restored
    site would not.
    """
    place, ring_path = settings.store_place, settings.ring_path
    if isinstance(place, Postgres):
        return await _restore_postgres(place, settings, asked, env)
    with _alone(place), workshop(place, "restoring") as folder, _ring_alone(ring_path):
        _check_not_moved(place, ring_path, asked)
        taken = take(asked.backup, asked.passphrase, folder, place.name)
        if taken.database is None:
            raise RestoreFailed(f"{asked.backup} is of a site on PostgreSQL and holds no database")
        copy = taken.database
        async with _opened(copy, asked.backup, env) as store:
            site = await store.site()
            present, ring = ring_for(taken, ring_path, site)
            as_of, last_event = await _latest(store), await store.last_event()
        decided = _decided(RestoreFacts(site, _replaced(place), ring), asked, env)
        await _make_so(copy, asked.backup, decided, env)
        _put_ring(ring_path, present, decided, site)
        aside = _free_name(place, env.now)
        replaced = replace_database(copy, place, aside)
    lying = _settings_beside(place, taken, settings)
    return Restored(asked.manner, as_of, last_event, decided.ring.version, aside if replaced else None, lying)


async def _restore_postgres(place: Postgres, settings: Settings, asked: Asked, env: Env) -> Restored:
    """PostgreSQL's own programs have put the database back; here it becomes the site again, with its ring, by the
    database's clock, which its nodes are held to.
    """
    ring_path = settings.ring_path
    if not ring_path.parent.is_dir():
        raise RestoreFailed(f"there is no folder {ring_path.parent} for the key ring")
    with workshop(ring_path, "restoring") as folder, _ring_alone(ring_path):
        if asked.manner is Manner.AS_COPY:
            _see_no_ring(ring_path)
        taken = take(asked.backup, asked.passphrase, folder, "genkan.sqlite3")
        _check_postgres(place, taken, asked.backup)
        async with _opened(place, asked.backup, env) as store:
            site = await store.site()
            present, ring = ring_for(taken, ring_path, site)
            as_of, last_event = await _latest(store), await store.last_event()
            env = Env(await reported_time(store, env.now), env.draw)
        decided = _decided(RestoreFacts(site, None, ring), asked, env)
        _put_ring(ring_path, present, decided, site)
        await _make_so(place, asked.backup, decided, env)
    lying = _settings_beside(ring_path, taken, settings)
    return Restored(asked.manner, as_of, last_event, decided.ring.version, None, lying)


def _check_not_moved(place: Path, ring_path: Path, asked: Asked) -> None:
    """tokens.md 8: a moved store stays shut. A backup in its place would be the same site a second time: what is
    stopped at one would live on at the other. A copy is another site, with keys of its own.
    """
    moved = moved_from(place)
    if moved is None:
        return
    if asked.manner is not Manner.AS_COPY:
        raise RestoreFailed(f"{moved}; --as-copy in another folder (GENKAN_DATA_DIR) makes another site from it")
    _see_no_ring(ring_path)


def _see_no_ring(path: Path) -> None:
    """tokens.md 2: a copy is another site, and shares no key ring with the original, which may live on beside it."""
    if path.exists() or path.is_symlink():
        raise RestoreFailed(
            f"{path} is a key ring already, perhaps that of the original, which a copy must not change: "
            "name a file that is not there yet with GENKAN_SECRET_FILE"
        )


def _check_postgres(place: Postgres, taken: Taken, backup: Path) -> None:
    if taken.database is not None:
        raise RestoreFailed(
            f"{backup} is of a site on SQLite: restore it without GENKAN_DATABASE_URL, then genkan migrate-store"
        )
    if others_at(place):
        raise RestoreFailed(f"genkan serve uses {place}; stop it first, on every node")


def _decided(facts: RestoreFacts, asked: Asked, env: Env) -> Restoration:
    decided = restoring.restore(facts, asked.manner, asked.actor, env)
    if isinstance(decided, CannotRestore):
        raise RestoreFailed(decided.sentence)
    return decided


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """No server may run: it would go on writing into the file that is put aside. Neither may a move copy from it."""
    try:
        with locks.serving(target), mover_alone(target):
            yield
    except locks.Held:
        raise RestoreFailed(f"genkan serve uses {target}; stop it first") from None
    except locks.CannotLock as problem:
        raise RestoreFailed(str(problem)) from None


@contextlib.contextmanager
def _ring_alone(path: Path) -> Iterator[None]:
    try:
        with locks.changing_ring(path):
            yield
    except locks.CannotLock as problem:
        raise RestoreFailed(str(problem)) from None


@contextlib.asynccontextmanager
async def _opened(copy: Path | Postgres, backup: Path, env: Env) -> AsyncIterator[Store]:
    """The copy as a store of this version. What is wrong with it is said of the file that the person named."""
    try:
        store = open_store(copy, create=False, env=env)
    except NoSite:
        raise RestoreFailed(f"{backup} is not a Genkan store") from None
    except CannotOpen as problem:
        raise RestoreFailed(str(problem).replace(str(copy), str(backup))) from None
    try:
        yield store
    finally:
        await store.close()


def _free_name(place: Path, now: int) -> Path:
    """Where the replaced file and its log go: the name with the time, and a number where a restore of this second took
    that for either.
    """
    name = f"{place.name}.replaced-{moment(now).replace(':', '').replace('-', '')}"
    names = (place.with_name(name if number == 1 else f"{name}-{number}") for number in itertools.count(1))
    return next(aside for aside in names if not any(path.exists() for path in with_companions(aside)))


def _replaced(target: Path) -> Replaced | None:
    known = identity_of(target)
    return Replaced(*known) if known else None


async def _latest(store: Store) -> int:
    """The last moment that left a trace in the store."""
    last = await store.last_event()
    events = [event.at for _, event in await store.events(last - 1, 1)]
    return max([*events, *(node.seen_at for node in await store.nodes())], default=0)


async def _make_so(copy: Path | Postgres, backup: Path, decided: Restoration, env: Env) -> None:
    if decided.site_id is not None:
        renew_site_id(copy, decided.site_id)
    async with _opened(copy, backup, env) as store:
        if not await store.apply(decided.change):
            raise RestoreFailed(f"{backup} names a newer key ring than the one that is there")
        await settle_all(store)


def _settings_beside(path: Path, taken: Taken, present: Settings) -> Path | None:
    """The backup's settings as a genkan.toml that its owner alone can read, where they are not the present ones."""
    if taken.manifest is None or taken.manifest.settings == settings_given(present):
        return None
    target = path.with_name(SETTINGS_NAME)
    target.unlink(missing_ok=True)
    target.touch(0o600, exist_ok=False)
    target.write_text(SETTINGS_HEAD + tomli_w.dumps(_without_nothing(taken.manifest.settings)), encoding="utf-8")
    return target


def _without_nothing(settings: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}


def _put_ring(path: Path, before: Ring | None, decided: Restoration, site: Site) -> None:
    ring = replace(decided.ring, site_id=decided.site_id or site.site_id)
    problem = make_ring_file(path, ring) if before is None else replace_ring_file(path, ring)
    if problem is not None:
        raise RestoreFailed(problem.sentence)


__all__ = ["Asked", "NoWorkshop", "RestoreFailed", "Restored", "restore"]
