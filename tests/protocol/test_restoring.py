"""Restoring a backup: under which ring, with what ended, and with what left to heal (tokens.md 7 and 8)."""

from dataclasses import replace
from typing import Any

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import AllowHealing, EventKind, MoveRing, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.restoring import CannotRestore, Manner, Replaced, Restoration, RestoreFacts, restore
from genkan.protocol.ring import Ring, add, revoke
from genkan.protocol.sealing import Kind, Sealer, Unsealable
from tests.protocol.builders import NOW, SITE_ID, a_code, a_ring, a_site, an_env

RING = add(a_ring(), an_env(seed="second"))
BACKUP = a_site(ring_version=RING.version, ring_fingerprint=RING.fingerprint)
PRESENT = Replaced(SITE_ID, RING.version)
KEPT = [Manner.HEAL, Manner.SIGN_OUT_ALL]


def facts(**changes: Any) -> RestoreFacts:
    return replace(RestoreFacts(BACKUP, PRESENT, RING), **changes)


def restored(manner: Manner, **changes: Any) -> Restoration:
    made = restore(facts(**changes), manner, "root", an_env(seed="restore"))
    assert isinstance(made, Restoration), made
    return made


@pytest.mark.parametrize("manner", Manner)
def test_no_code_of_before_opens_after_a_restore(manner: Manner) -> None:
    """The backup may have forgotten that it was redeemed; the store learns the newer ring in the same change."""
    made = restored(manner)
    code = Sealer(RING, SITE_ID).code(a_code(), an_env())
    assert isinstance(Sealer(made.ring, made.site_id or SITE_ID).open_code(code), Unsealable)
    assert made.ring.version > RING.version
    assert made.change.steps[-1] == MoveRing(made.ring.version, made.ring.fingerprint)
    assert (made.change.events[0].kind, made.change.events[0].detail) == (EventKind.RESTORED, manner.value)


def test_healing_lasts_a_day() -> None:
    """Tokens of before open, nobody is signed out, and rows may be moved on."""
    made = restored(Manner.HEAL)
    assert made.site_id is None
    assert made.change.steps[:-1] == (AllowHealing(NOW + DAY),)
    token = Sealer(RING, SITE_ID).token(Kind.REFRESH, RING.active.id, bytes(16), 3)
    assert not isinstance(Sealer(made.ring, SITE_ID).open_token(token), Unsealable)


def test_healing_knows_which_keys_are_dead() -> None:
    """What was revoked after the backup stays revoked."""
    ring = revoke(RING, RING.keys[1].id, an_env(seed="revoke"))
    assert isinstance(ring, Ring)
    made = restored(Manner.HEAL, ring=ring)
    assert RaiseStop(Subject.KEY, RING.keys[1].id, EndReason.KEY_REVOKED, NOW) in made.change.steps


@pytest.mark.parametrize("manner", [Manner.SIGN_OUT_ALL, Manner.AS_COPY])
def test_otherwise_everybody_signs_in_again(manner: Manner) -> None:
    """One stop for everything, and no healing that an earlier restore allowed."""
    made = restored(manner)
    assert made.change.steps[:-1] == (
        RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, NOW),
        AllowHealing(0),
    )


def test_a_copy_is_another_site() -> None:
    """A site id of its own: no token of the first opens in it, with its ring, another one or none."""
    token = Sealer(RING, SITE_ID).token(Kind.ACCESS, RING.active.id, bytes(16), 3)
    for ring in (RING, a_ring("another"), None):
        made = restored(Manner.AS_COPY, ring=ring, present=None)
        assert made.site_id is not None
        assert made.site_id != SITE_ID
        assert len(made.site_id) == 16
        assert isinstance(Sealer(made.ring, made.site_id).open_token(token), Unsealable)
        assert made.ring.version > BACKUP.ring_version, "the store takes no older ring than it knows of"


@pytest.mark.parametrize("manner", KEPT)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"present": Replaced(bytes(16), 1)}, "another site"),
        ({"ring": None}, "key ring is not there"),
        ({"ring": a_ring("another")}, "belongs to another site"),
        ({"backup": replace(BACKUP, ring_fingerprint=b"")}, "never been served"),
        ({"backup": replace(BACKUP, ring_version=RING.version + 1)}, "the newest one"),
        ({"present": Replaced(SITE_ID, RING.version + 1)}, "the newest one"),
    ],
)
def test_what_does_not_belong_together_is_not_restored(manner: Manner, changes: dict[str, Any], says: str) -> None:
    """One sentence that names the way out."""
    refused = restore(facts(**changes), manner, "root", an_env(seed="restore"))
    assert isinstance(refused, CannotRestore)
    assert says in refused.sentence


@pytest.mark.parametrize("manner", KEPT)
def test_a_lost_site_can_be_restored_from_backup_and_ring(manner: Manner) -> None:
    """Nothing has to lie there already."""
    assert restored(manner, present=None).site_id is None
