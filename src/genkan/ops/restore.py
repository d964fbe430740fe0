"""Putting a backup in the present site's place: copied, checked, decided on and changed aside, then moved in by one
step.
"""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from genkan.outside import locks
from genkan.outside.ring_file import make_ring_file, read_ring, replace_ring_file
from genkan.protocol import restoring
from genkan.protocol.env import Env
from genkan.protocol.restoring import CannotRestore, Manner, Replaced, Restoration, RestoreFacts
from genkan.protocol.ring import Ring, RingProblem
from genkan.settings import Settings
from genkan.site.api.documents import moment
from genkan.store.api import CannotOpen, NoSite, Store
from genkan.store.rounds import settle_all
from genkan.store.sqlite import open_store
from genkan.store.sqlite_copy import copy_database, fault_of, renew_site_id
from genkan.store.sqlite_examine import identity_of
from genkan.store.sqlite_replace import replace_database


class RestoreFailed(Exception):
    """Why nothing was restored, as one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in place now. ``as_of`` is the last moment that the backup knows of and ``last_event`` the last line of
    its audit; ``aside`` is the file that it replaced.
    """

    manner: Manner
    as_of: int
    last_event: int
    ring_version: int
    aside: Path | None


async def restore(settings: Settings, backup: Path, manner: Manner, actor: str, env: Env) -> Restored:
    """Restore a backup of the store. Raises RestoreFailed or CannotOpen, and then the site is as it was.

    The ring's file goes first: with a newer ring the present site starts, with an older one than it names the restored
    site would not.
    """
    if not isinstance(settings.store_place, Path):
        raise RestoreFailed("a PostgreSQL database is restored by PostgreSQL's own programs")
    target, ring_path = settings.store_place, settings.ring_path
    with _alone(target), _workshop(target) as workshop, _ring_alone(ring_path):
        copy = workshop / target.name
        _take(backup, copy)
        async with _opened(copy, backup, env) as store:
            facts = RestoreFacts(await store.site(), _replaced(target), _ring_there(ring_path))
            as_of, last_event = await _latest(store), await store.last_event()
        decided = restoring.restore(facts, manner, actor, env)
        if isinstance(decided, CannotRestore):
            raise RestoreFailed(decided.sentence)
        await _make_so(copy, backup, decided, env)
        _put_ring(ring_path, facts.ring, decided.ring)
        aside = target.with_name(f"{target.name}.replaced-{moment(env.now).replace(':', '').replace('-', '')}")
        replaced = replace_database(copy, target, aside)
    return Restored(manner, as_of, last_event, decided.ring.version, aside if replaced else None)


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """No server may run: it would go on writing into the file that is put aside."""
    try:
        with locks.serving(target):
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


@contextlib.contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder on the target's own disk, so that moving in is one step; one that a crash left is cleared away."""
    folder = target.with_name(".restoring")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except OSError as problem:
        raise RestoreFailed(f"{folder} cannot be made: {problem.strerror}") from problem
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take(backup: Path, copy: Path) -> None:
    if not backup.is_file():
        raise RestoreFailed(f"there is no backup at {backup}")
    try:
        copy_database(backup, copy)
    except CannotOpen as problem:
        raise RestoreFailed(f"{backup} is no backup that can be read: {problem.__cause__ or problem}") from None
    fault = fault_of(copy)
    if fault is not None:
        raise RestoreFailed(f"{backup} is damaged: {fault}")


@contextlib.asynccontextmanager
async def _opened(copy: Path, backup: Path, env: Env) -> AsyncIterator[Store]:
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


def _replaced(target: Path) -> Replaced | None:
    known = identity_of(target)
    return Replaced(*known) if known else None


def _ring_there(path: Path) -> Ring | None:
    """The ring; None where no file is. One that is there and cannot be read is never passed over."""
    if not os.path.lexists(path):
        return None
    ring = read_ring(path)
    if isinstance(ring, RingProblem):
        raise RestoreFailed(ring.sentence)
    return ring


async def _latest(store: Store) -> int:
    """The last moment that left a trace in the store."""
    last = await store.last_event()
    events = [event.at for _, event in await store.events(last - 1, 1)]
    return max([*events, *(node.seen_at for node in await store.nodes())], default=0)


async def _make_so(copy: Path, backup: Path, decided: Restoration, env: Env) -> None:
    if decided.site_id is not None:
        renew_site_id(copy, decided.site_id)
    async with _opened(copy, backup, env) as store:
        if not await store.apply(decided.change):
            raise RestoreFailed(f"{backup} names a newer key ring than the one that is there")
        await settle_all(store)


def _put_ring(path: Path, before: Ring | None, ring: Ring) -> None:
    problem = make_ring_file(path, ring) if before is None else replace_ring_file(path, ring)
    if problem is not None:
        raise RestoreFailed(problem.sentence)
