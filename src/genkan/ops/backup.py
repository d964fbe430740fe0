"""Making a backup while the site runs: one sealed file with all that cannot be made again."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from genkan import __version__
from genkan.ops.archive import BadArchive, Manifest, write_archive
from genkan.ops.taking import Damaged, RestoreFailed, take
from genkan.ops.workshop import workshop
from genkan.outside.ring_file import read_ring_of
from genkan.protocol.env import Env
from genkan.protocol.moment_steps import Mark, Moment
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Site
from genkan.protocol.ring import Ring, RingProblem, render
from genkan.settings import Settings
from genkan.store.api import CannotOpen, StoreUnavailable
from genkan.store.places import Place, Postgres, open_store, schema_of
from genkan.store.sqlite_copy import copy_database, fault_of
from genkan.store.sqlite_examine import moved_from, site_of

LEAST_PASSPHRASE = 12


class BackupFailed(Exception):
    """Why there is no backup, as one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What was written. ``database`` says whether it is inside: PostgreSQL's is backed up by its own programs."""

    file: Path
    size: int
    manifest: Manifest
    database: bool


def read_passphrase(path: Path) -> bytes:
    """The passphrase in a file, without its last line feed. Raises BackupFailed."""
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise BackupFailed(f"the passphrase file {path} cannot be read: {problem.strerror}") from None
    passphrase = text.removesuffix(b"\n").removesuffix(b"\r")
    if len(passphrase.decode(errors="replace")) < LEAST_PASSPHRASE:
        raise BackupFailed(f"the passphrase in {path} is too short: {LEAST_PASSPHRASE} characters at least")
    return passphrase


async def backup(settings: Settings, target: Path, passphrase: bytes, env: Env) -> BackedUp:
    """Back the site up into a new file, and read that back: it is there and good, or not there at all.

    Raises BackupFailed, BadArchive, NoWorkshop or CannotOpen.
    """
    place = settings.store_place
    _check_schema(place)
    if isinstance(place, Postgres):
        with workshop(target, "backing-up") as folder:
            done = _written(settings, target, passphrase, None, await _postgres_site(place, env), env)
            _check_written(done, passphrase, folder)
    else:
        done = _copied(settings, place, target, passphrase, env)
    await _mark(place, env)
    return done


def _copied(settings: Settings, place: Path, target: Path, passphrase: bytes, env: Env) -> BackedUp:
    moved = moved_from(place)
    if moved is not None:
        raise BackupFailed(moved)
    with workshop(place, "backing-up") as folder:
        copy = folder / place.name
        copy_database(place, copy)
        damage = fault_of(copy)
        if damage is not None:
            raise BackupFailed(
                f"{place} is damaged ({damage}): there is no new backup; keep those of before, and put the newest back "
                "with genkan restore"
            )
        done = _written(settings, target, passphrase, copy, site_of(copy), env)
        copy.unlink()
        _check_written(done, passphrase, folder)
    return done


def _check_written(done: BackedUp, passphrase: bytes, folder: Path) -> None:
    """What was written is opened as a restore would, and its database read as a whole; what is no backup goes."""
    try:
        found = take(done.file, passphrase, folder, "read-back")
        if found.manifest != done.manifest or (found.database is not None) != done.database:
            raise Damaged(f"{done.file} holds something else than was written")
    except (RestoreFailed, BadArchive) as problem:
        done.file.unlink(missing_ok=True)
        raise BackupFailed(f"{problem}; the new file is gone again, those of before are as they were") from None


async def _mark(place: Place, env: Env) -> None:
    """For genkan status. A backup of a site whose disk is full is one nevertheless."""
    with suppress(CannotOpen, StoreUnavailable):
        store = open_store(place, create=False, env=env)
        try:
            await store.apply(Change((Mark(Moment.BACKED_UP, env.now),)))
        finally:
            await store.close()


def _check_schema(place: Place) -> None:
    schema = schema_of(place)
    if schema.present < schema.newest:
        raise BackupFailed(f"the store has schema {schema.present}, this Genkan {schema.newest}: run genkan migrate")
    if schema.present > schema.newest and not schema.serves:
        raise BackupFailed(f"schema {schema.present} is of a newer Genkan, this one knows {schema.newest}")


async def _postgres_site(place: Postgres, env: Env) -> Site:
    store = open_store(place, create=False, env=env)
    try:
        return await store.site()
    finally:
        await store.close()


def _written(
    settings: Settings, target: Path, passphrase: bytes, database: Path | None, site: Site, env: Env
) -> BackedUp:
    """The ring is read behind the database: one that is newer than the store fits, an older one would not."""
    ring = _ring(settings, site)
    engine = "SQLite" if database else "PostgreSQL"
    manifest = Manifest(env.now, __version__, engine, ring.version, settings_given(settings))
    size = write_archive(target, passphrase, manifest, render(ring), database, env)
    return BackedUp(target, size, manifest, database is not None)


def _ring(settings: Settings, site: Site) -> Ring:
    if not site.ring_fingerprint:
        raise BackupFailed("the site has never been served: there is nothing to back up yet")
    ring = read_ring_of(settings.ring_path, site)
    if isinstance(ring, RingProblem):
        raise BackupFailed(ring.sentence)
    return ring


def settings_given(settings: Settings) -> dict[str, object]:
    """The settings that are not as they come, by their names in genkan.toml and as a backup's manifest says them."""
    given, usual = (msgspec.json.decode(msgspec.json.encode(one)) for one in (settings, Settings()))
    return {name: value for name, value in given.items() if value != usual[name]}
