"""Restoring a backup as a decision: which ring it may run under, what ends, what may heal (tokens.md 7 and 8)."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from genkan.protocol.env import DAY, Env
from genkan.protocol.outcomes import Change, DecideLoss, Event, EventKind, MoveRing, RaiseStop, Step, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Site
from genkan.protocol.ring import SITE_ID_BYTES, KeyState, Ring, new_ring, renew_for_restore

HEALING = DAY


class Manner(StrEnum):
    """What becomes of those who are signed in: nobody but an administrator can know which of them is right."""

    HEAL = "heal"
    SIGN_OUT_ALL = "sign-out-all"
    AS_COPY = "as-copy"


@dataclass(frozen=True, slots=True)
class Replaced:
    """The site whose place the backup takes, as far as it must be known."""

    site_id: bytes = field(repr=False)
    ring_version: int


@dataclass(frozen=True, slots=True)
class RestoreFacts:
    """The backup's site, the site that lies there (None: none that can be read), and the ring (None: no file)."""

    backup: Site
    present: Replaced | None
    ring: Ring | None


@dataclass(frozen=True, slots=True)
class Restoration:
    """What makes the backup the site: a newer ring, a site id of its own for a copy, and the change in the store."""

    ring: Ring
    site_id: bytes | None = field(repr=False)
    change: Change


@dataclass(frozen=True, slots=True)
class CannotRestore:
    """Why not, as one sentence that says what to do."""

    sentence: str


def restore(facts: RestoreFacts, manner: Manner, actor: str, env: Env) -> Restoration | CannotRestore:
    """The backup in the present site's place. Codes of before never open again: it may have forgotten their use."""
    if manner is Manner.AS_COPY:
        return _as_copy(facts, actor, env)
    fault = _fault(facts)
    if fault is not None or facts.ring is None:
        return fault or CannotRestore("there is no key ring")
    ring = renew_for_restore(facts.ring, env)
    if manner is Manner.HEAL:
        steps: tuple[Step, ...] = (DecideLoss(env.now, env.now + HEALING), *_dead_keys(ring, env))
    else:
        steps = _ends(env)
    return Restoration(ring, None, _change(ring, steps, manner, actor, env))


def _as_copy(facts: RestoreFacts, actor: str, env: Env) -> Restoration:
    """Another site with the same people and links. Whatever ring lies there will do: no token of before opens."""
    ring = new_ring(env) if facts.ring is None else renew_for_restore(facts.ring, env)
    # The store takes no older ring than it knows of, and its own may have been another one.
    ring = replace(ring, version=max(ring.version, facts.backup.ring_version + 1))
    return Restoration(ring, env.draw(SITE_ID_BYTES), _change(ring, _ends(env), Manner.AS_COPY, actor, env))


def _fault(facts: RestoreFacts) -> CannotRestore | None:
    backup, ring = facts.backup, facts.ring
    if facts.present is not None and facts.present.site_id != backup.site_id:
        return CannotRestore("the backup is of another site; --as-copy makes a site of its own from it")
    if ring is None:
        return CannotRestore("the key ring is not there: put it back from its own backup, or use --as-copy")
    if not backup.ring_fingerprint:
        return CannotRestore(
            "the backup has never been served and belongs to no key ring: if it was copied from a running site, the"
            " -wal file beside it may be missing (docs/how-to/restore-a-backup.md); if not, use --as-copy"
        )
    if ring.fingerprint != backup.ring_fingerprint:
        return CannotRestore("the key ring belongs to another site than the backup: put the right one there")
    newest = max(backup.ring_version, facts.present.ring_version if facts.present else 0)
    if ring.version < newest:
        return CannotRestore(
            f"the key ring is at version {ring.version}, the site at {newest}: put the newest one there"
        )
    return None


def _ends(env: Env) -> tuple[Step, ...]:
    return (RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, env.now), DecideLoss(env.now))


def _dead_keys(ring: Ring, env: Env) -> tuple[Step, ...]:
    """Keys that were revoked after the backup was made: its rows under them shall say so."""
    revoked = [key.id for key in ring.keys if key.state is KeyState.REVOKED]
    return tuple(RaiseStop(Subject.KEY, key_id, EndReason.KEY_REVOKED, env.now) for key_id in revoked)


def _change(ring: Ring, steps: tuple[Step, ...], manner: Manner, actor: str, env: Env) -> Change:
    event = Event(EventKind.RESTORED, env.now, actor, detail=manner.value)
    return Change((*steps, MoveRing(ring.version, ring.fingerprint)), (event,))
