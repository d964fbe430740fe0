"""Changing the key ring of a site: the file first, then the store, so that a crash between them is mended by the next
command or start (tokens.md 7).

The store first would name a ring that nobody has: every node would answer 503 and none could start.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genkan.outside import locks
from genkan.outside.ring_file import make_ring_file, read_ring_of, replace_ring_file
from genkan.protocol import ring as rings
from genkan.protocol.audit import AuditKeys
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Event, EventKind, MoveRing, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Site
from genkan.protocol.ring import KeyState, Ring, RingProblem
from genkan.store.api import Store
from genkan.store.audit_rounds import NODE, seal_all
from genkan.store.rounds import is_running, reported_time, settle_all

LOOK_SECONDS = 0.25


class RingUnchanged(Exception):
    """Why the ring stays as it is, as one sentence. ``broken``: the set-up is at fault, not what was asked."""

    def __init__(self, sentence: str, *, broken: bool = False) -> None:
        super().__init__(sentence)
        self.broken = broken


@dataclass(frozen=True, slots=True)
class RingAtSite:
    """A site's ring with what decisions about it depend on."""

    path: Path
    store: Store
    actor: str
    env: Env
    # How often nodes are looked at again, a quarter of a second apart, before one that has an older ring is in the way.
    patience: int = 0


async def load_ring(at: RingAtSite) -> tuple[Site, Ring]:
    """The ring that belongs to this site and is not older than the store says. Raises RingUnchanged."""
    site = await at.store.site()
    ring = read_ring_of(at.path, site)
    if isinstance(ring, RingProblem):
        raise RingUnchanged(ring.sentence, broken=True)
    return site, ring


async def create_ring(at: RingAtSite) -> Ring:
    """Make the first ring of a site that knows none, where its file is not; a server does so too at its first start."""
    with _changing(at):
        site = await at.store.site()
        if site.ring_fingerprint:
            raise RingUnchanged("this site has a key ring already: put its file there, or restore the site")
        ring = rings.new_ring(at.env, site.site_id)
        problem = make_ring_file(at.path, ring)
        if problem is not None:
            raise RingUnchanged(problem.sentence, broken=True)
        # Where a server was first, the store names another ring now, and this file is of no site.
        if not await at.store.apply(Change((MoveRing(ring.version, ring.fingerprint),))):
            at.path.unlink()
            raise RingUnchanged("a server has made a key ring meanwhile; it is where that server has its settings")
    return ring


async def add_key(at: RingAtSite) -> int:
    """Put a new key on the ring, which only verifies. Its id."""
    with _changing(at):
        _, ring = await load_ring(at)
        changed = rings.add(ring, at.env)
        key_id = changed.keys[-1].id
        await _move(at, changed, EventKind.KEY_ADDED, key_id)
    return key_id


async def activate_key(at: RingAtSite, key_id: int, *, now: bool) -> None:
    """Let a key seal. Refused while a running node has an older ring, unless ``now``: it would not know the key."""
    with _changing(at):
        _, ring = await load_ring(at)
        if ring.active.id == key_id:
            return
        changed = _decided(rings.activate(ring, key_id))
        behind = [] if now else await _behind(at, ring)
        if behind:
            raise RingUnchanged(
                f"{', '.join(behind)} has not read the newest key ring yet; wait a minute, or use --now"
            )
        await _move(at, changed, EventKind.KEY_ACTIVATED, key_id)


async def revoke_key(at: RingAtSite, key_id: int) -> None:
    """Forget a key's secret and end every sign-in under it.

    Once the file is replaced no process that reads it takes the key any more, and once the store names the version
    every process reads it. After a crash between the two, asking again does what is left.
    """
    with _changing(at):
        site, ring = await load_ring(at)
        if await _is_half_revoked(at, site, ring, key_id):
            changed = ring
        else:
            changed = _decided(rings.revoke(ring, key_id, at.env))
        stop = RaiseStop(Subject.KEY, key_id, EndReason.KEY_REVOKED, at.env.now)
        await _move(at, changed, EventKind.KEY_REVOKED, key_id, stop)


async def drop_key(at: RingAtSite, key_id: int) -> None:
    """Forget an old key that no live row names and that no running node seals with."""
    with _changing(at):
        _, ring = await load_ring(at)
        changed = _decided(rings.drop(ring, key_id))
        behind = await _behind(at, ring)
        if behind:
            raise RingUnchanged(f"{', '.join(behind)} may still seal with it; wait a minute and ask again")
        if key_id in await at.store.keys_in_use():
            raise RingUnchanged(
                f"key {key_id:04x} still names sign-ins: they go over to the active key at their next refresh"
            )
        await _move(at, changed, EventKind.KEY_DROPPED, key_id)


@contextlib.contextmanager
def _changing(at: RingAtSite) -> Iterator[None]:
    """One change at a time: two that start from the same ring would undo one another."""
    try:
        with locks.changing_ring(at.path):
            yield
    except locks.CannotLock as problem:
        raise RingUnchanged(str(problem), broken=True) from None


def _decided(changed: Ring | RingProblem) -> Ring:
    if isinstance(changed, RingProblem):
        raise RingUnchanged(changed.sentence)
    return changed


async def _is_half_revoked(at: RingAtSite, site: Site, ring: Ring, key_id: int) -> bool:
    """Whether an earlier revocation replaced the file and did not get to the store, or not to its rows."""
    key = ring.key(key_id)
    if key is None or key.state is not KeyState.REVOKED:
        return False
    return site.ring_version < ring.version or key_id in await at.store.keys_in_use()


async def _behind(at: RingAtSite, ring: Ring) -> list[str]:
    """The running processes that have an older ring, once each has had a while to read this one."""
    for left in range(at.patience, -1, -1):
        now, nodes = await reported_time(at.store, at.env.now), await at.store.nodes()
        behind = [node.node for node in nodes if is_running(node, now) and node.ring_version < ring.version]
        if not behind or not left:
            return behind
        await asyncio.sleep(LOOK_SECONDS)
    return []


async def _move(at: RingAtSite, ring: Ring, kind: EventKind, key_id: int, stop: RaiseStop | None = None) -> None:
    problem = replace_ring_file(at.path, ring)
    if problem is not None:
        raise RingUnchanged(problem.sentence, broken=True)
    steps = (MoveRing(ring.version, ring.fingerprint), *((stop,) if stop else ()))
    event = Event(kind, at.env.now, at.actor, detail=f"{key_id:04x}")
    if not await at.store.apply(Change(steps, (event,))):
        raise RingUnchanged("the store names a newer key ring: put the newest file there", broken=True)
    if stop:
        await settle_all(at.store)
        # What the revoked key sealed is vouched for from now on by one that nobody else has.
        await seal_all(at.store, AuditKeys(ring, (await at.store.site()).site_id), NODE, at.env.now)
