"""Restoring as a decision: which ring, which end, which sentence."""

from dataclasses import replace

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.outcomes import DecideLoss, MoveRing, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Site
from genkan.protocol.restoring import CannotRestore, Manner, Replaced, Restoration, RestoreFacts, restore
from genkan.protocol.ring import KeyState, Ring, add, revoke
from genkan.protocol.sealing import Sealer, Unsealable
from tests.protocol.builders import NOW, SITE_ID, a_code, a_ring, an_env

RING = add(a_ring(), an_env(seed="second"))
BACKUP = Site(SITE_ID, 7, 1, RING.fingerprint, True, 11, 0, None, True)
FACTS = RestoreFacts(BACKUP, Replaced(SITE_ID, 2), RING)
IN_PLACE = [Manner.HEAL, Manner.SIGN_OUT_ALL]
EVERYONE = RaiseStop(Subject.EVERYTHING, 0, EndReason.RESTORED, NOW)


def done(facts: RestoreFacts, manner: Manner) -> Restoration:
    """What is decided where it can be done."""
    decided = restore(facts, manner, "test", an_env())
    assert isinstance(decided, Restoration), decided
    return decided


def refused(facts: RestoreFacts, manner: Manner) -> str:
    """Why not."""
    decided = restore(facts, manner, "test", an_env())
    assert isinstance(decided, CannotRestore), decided
    return decided.sentence


@pytest.mark.parametrize("manner", list(Manner))
def test_no_code_of_before_opens(manner: Manner) -> None:
    """Whichever way, codes sealed before the restore stay shut: the backup may not know that they were used."""
    decided = done(FACTS, manner)
    code = Sealer(RING, SITE_ID).code(a_code(), an_env())
    assert isinstance(Sealer(decided.ring, decided.site_id or SITE_ID).open_code(code), Unsealable)
    assert decided.ring.version > RING.version
    assert decided.ring.active.id not in {key.id for key in RING.keys}


@pytest.mark.parametrize("manner", list(Manner))
def test_store_and_audit_learn_of_it(manner: Manner) -> None:
    """The store is told the ring in the same write, and the audit how it was restored and by whom."""
    decided = done(FACTS, manner)
    assert MoveRing(decided.ring.version, decided.ring.fingerprint) in decided.change.steps
    (event,) = decided.change.events
    assert (event.kind, event.actor, event.detail) == ("store.restored", "test", manner.value)


def test_healing_lasts_a_day_and_ends_nobody() -> None:
    """Tokens of before stay genuine, and for 24 hours those ahead of their rows are believed."""
    decided = done(FACTS, Manner.HEAL)
    assert DecideLoss(NOW, NOW + DAY) in decided.change.steps
    assert EVERYONE not in decided.change.steps
    assert decided.site_id is None
    assert {key.id for key in decided.ring.keys if key.opens} > {key.id for key in RING.keys}


def test_keys_revoked_since_the_backup_end_their_rows_again() -> None:
    """The ring remembers what the backup does not: its rows under a revoked key shall say so."""
    compromised = RING.keys[0].id
    ring = revoke(RING, compromised, an_env(seed="revoked"))
    assert isinstance(ring, Ring)
    steps = done(replace(FACTS, ring=ring), Manner.HEAL).change.steps
    assert RaiseStop(Subject.KEY, compromised, EndReason.KEY_REVOKED, NOW) in steps
    assert ring.key(compromised) is not None
    assert [key.state for key in ring.keys if key.id == compromised] == [KeyState.REVOKED]


def test_signing_everyone_out_heals_nothing() -> None:
    """A healing that was on when the backup was made is over."""
    facts = replace(FACTS, backup=replace(BACKUP, heal_until=NOW + DAY))
    steps = done(facts, Manner.SIGN_OUT_ALL).change.steps
    assert EVERYONE in steps
    assert DecideLoss(NOW) in steps


def test_a_copy_is_another_site() -> None:
    """It has an id of its own, everyone is signed out of it, and tokens of the original do not open under the same
    ring.
    """
    decided = done(FACTS, Manner.AS_COPY)
    assert decided.site_id is not None
    assert decided.site_id != SITE_ID
    assert EVERYONE in decided.change.steps


@pytest.mark.parametrize("ring", [None, a_ring("foreign"), RING])
@pytest.mark.parametrize("version", [1, 50])
def test_a_copy_takes_whatever_ring_there_is(ring: Ring | None, version: int) -> None:
    """Without a ring one is made, another site's is used; the store accepts its version, whatever it knew before."""
    facts = RestoreFacts(replace(BACKUP, ring_version=version), None, ring)
    decided = done(facts, Manner.AS_COPY)
    assert decided.ring.version > version
    if ring is not None:
        assert decided.ring.fingerprint == ring.fingerprint


@pytest.mark.parametrize("manner", IN_PLACE)
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ring": None}, "put it back from its own backup"),
        ({"ring": a_ring("foreign")}, "belongs to another site"),
        ({"ring": replace(RING, version=1)}, "at version 1, the site at 2"),
        ({"backup": replace(BACKUP, ring_version=9)}, "at version 2, the site at 9"),
        ({"backup": replace(BACKUP, ring_fingerprint=b"")}, "belongs to no key ring"),
        ({"backup": replace(BACKUP, ring_fingerprint=b"")}, " -wal file beside it may be missing (docs/how-to/"),
        ({"present": Replaced(b"x" * 16, 2)}, "of another site"),
    ],
)
def test_what_does_not_belong_together_is_refused(manner: Manner, changed: dict[str, object], said: str) -> None:
    """Absent, foreign and outdated rings and backups of other sites: one sentence that says what to do."""
    assert said in refused(replace(FACTS, **changed), manner)  # type: ignore[arg-type]


@pytest.mark.parametrize("manner", IN_PLACE)
def test_a_new_machine_has_nothing_to_compare_with(manner: Manner) -> None:
    """Where no site lies yet, or none that can be read, backup and ring decide."""
    assert done(replace(FACTS, present=None), manner).ring.fingerprint == RING.fingerprint
