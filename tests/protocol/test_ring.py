"""The key ring: one key seals, ids are never reused, and a damaged file is never half read."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.protocol.env import Env
from genkan.protocol.ring import (
    KeyState,
    Ring,
    RingProblem,
    activate,
    add,
    drop,
    new_ring,
    parse,
    render,
    renew_for_restore,
    revoke,
)
from tests.protocol.builders import NOW, a_ring, an_env, draws

CHANGES = ("add", "activate", "revoke", "drop", "renew")


def after(changes: list[tuple[str, int]]) -> tuple[Ring, set[int]]:
    """A ring after some changes, refused ones included, and every id it ever held."""
    env = Env(NOW, draws())
    ring = new_ring(env)
    ever = {ring.active.id}
    for change, pick in changes:
        key_id = ring.keys[pick % len(ring.keys)].id
        new: Ring | RingProblem
        match change:
            case "add":
                new = add(ring, env)
            case "activate":
                new = activate(ring, key_id)
            case "revoke":
                new = revoke(ring, key_id, env)
            case "drop":
                new = drop(ring, key_id)
            case _:
                new = renew_for_restore(ring, env)
        if isinstance(new, Ring):
            assert new.version == ring.version + 1
            assert new.fingerprint == ring.fingerprint
            ring = new
        ever |= {key.id for key in ring.keys}
    return ring, ever


histories = st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 20)), max_size=25)


@given(histories)
@settings(max_examples=150)
def test_every_history_leaves_a_whole_ring(changes: list[tuple[str, int]]) -> None:
    """After any changes one key is active, all ids ever used are still known, none is twice, and none is zero."""
    ring, ever = after(changes)
    assert [key.state for key in ring.keys].count(KeyState.ACTIVE) == 1
    ids = [key.id for key in ring.keys]
    assert len(ids) == len(set(ids))
    assert set(ids) == ever
    assert all(0 < key_id < 1 << 16 for key_id in ids)


@given(histories)
@settings(max_examples=150)
def test_the_file_brings_every_ring_back(changes: list[tuple[str, int]]) -> None:
    """What is rendered is read as the very same ring."""
    ring, _ = after(changes)
    assert parse(render(ring)) == ring


@given(histories)
@settings(max_examples=100)
def test_a_retired_key_keeps_no_secret(changes: list[tuple[str, int]]) -> None:
    """A revoked or dropped key is an id and nothing else, for ever."""
    ring, _ = after(changes)
    for key in ring.keys:
        if not key.opens:
            assert key.secret == b""
            assert not key.codes


def test_an_id_already_taken_is_drawn_again() -> None:
    """A draw that repeats an id, zero included, is thrown away."""
    ring = a_ring()
    taken = ring.active.id
    drawn = iter([taken.to_bytes(2, "big"), b"\0\0", b"\x77\x77", b"s" * 32])
    grown = add(ring, Env(NOW, lambda size: next(drawn)))
    assert [key.id for key in grown.keys] == [taken, 0x7777]


def test_a_new_key_verifies_before_it_seals() -> None:
    """Adding changes nothing about what seals; activating does, and the one before goes on verifying."""
    ring = a_ring()
    first = ring.active.id
    grown = add(ring, an_env(seed="second"))
    assert grown.active.id == first
    second = grown.keys[1].id
    moved = activate(grown, second)
    assert isinstance(moved, Ring)
    assert moved.active.id == second
    kept = moved.key(first)
    assert kept is not None
    assert kept.state is KeyState.VERIFY
    assert kept.opens


def test_revoking_the_active_key_replaces_it_at_once() -> None:
    """There is never a moment without a key that seals."""
    ring = a_ring()
    revoked = revoke(ring, ring.active.id, an_env(seed="second"))
    assert isinstance(revoked, Ring)
    assert revoked.active.id != ring.active.id
    assert [key.state for key in revoked.keys] == [KeyState.REVOKED, KeyState.ACTIVE]


def test_only_a_key_that_verifies_can_be_dropped() -> None:
    """Neither the active key nor a revoked one nor an unknown one is dropped."""
    ring = add(a_ring(), an_env(seed="second"))
    assert isinstance(drop(ring, ring.active.id), RingProblem)
    assert isinstance(drop(ring, 0xFFFF), RingProblem)
    dropped = drop(ring, ring.keys[1].id)
    assert isinstance(dropped, Ring)
    assert isinstance(drop(dropped, ring.keys[1].id), RingProblem)


def test_a_dropped_key_can_still_be_revoked_but_never_used_again() -> None:
    """What is retired never seals again, and revoking is said once."""
    ring = add(a_ring(), an_env(seed="second"))
    key_id = ring.keys[1].id
    dropped = drop(ring, key_id)
    assert isinstance(dropped, Ring)
    assert isinstance(activate(dropped, key_id), RingProblem)
    revoked = revoke(dropped, key_id, an_env(seed="third"))
    assert isinstance(revoked, Ring)
    assert isinstance(revoke(revoked, key_id, an_env(seed="fourth")), RingProblem)
    assert isinstance(revoke(revoked, 0xFFFF, an_env(seed="fifth")), RingProblem)


def test_a_restore_makes_a_new_code_key() -> None:
    """After a restore a new key seals; the ones before go on opening tokens and open no code."""
    ring = add(a_ring(), an_env(seed="second"))
    renewed = renew_for_restore(ring, an_env(seed="restore"))
    assert renewed.active.id not in {key.id for key in ring.keys}
    assert renewed.active.codes
    for key in renewed.keys[:-1]:
        assert key.opens
        assert not key.codes


def test_a_silenced_key_cannot_be_made_active() -> None:
    """Codes under a silenced key never open, so sealing with it would keep everybody out."""
    ring = a_ring()
    renewed = renew_for_restore(ring, an_env(seed="restore"))
    assert isinstance(activate(renewed, ring.active.id), RingProblem)
    assert isinstance(activate(renewed, renewed.active.id), Ring)
    assert isinstance(activate(renewed, 0xFFFF), RingProblem)


def a_document(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(add(a_ring(), an_env(seed="second"))))
    return document | changes


def with_key(index: int, **changes: Any) -> dict[str, Any]:
    document = a_document()
    document["keys"][index] |= changes
    return document


DAMAGED: dict[str, Any] = {
    "another format": a_document(format=2),
    "no format": {name: value for name, value in a_document().items() if name != "format"},
    "version zero": a_document(version=0),
    "version as text": a_document(version="1"),
    "no keys": a_document(keys=[]),
    "no active key": with_key(0, state="verify"),
    "two active keys": with_key(1, state="active"),
    "one id twice": with_key(1, id=a_document()["keys"][0]["id"]),
    "id zero": with_key(1, id="0000"),
    "id too long": with_key(1, id="12345"),
    "id with sign": with_key(1, id="+123"),
    "id with prefix": with_key(1, id="0x12"),
    "id in capitals": with_key(1, id="ABCD"),
    "id in other digits": with_key(1, id="１２３４"),  # noqa: RUF001 - full-width digits are the point
    "id with underscore": with_key(1, id="1_23"),
    "id not a number": with_key(1, id="wxyz"),
    "unknown state": with_key(1, state="retired"),
    "secret cut": with_key(1, secret="c2hvcnQ="),
    "secret gone": with_key(1, secret=""),
    "secret not base64": with_key(1, secret="§"),
    "revoked with a secret": with_key(1, state="revoked", codes=False),
    "revoked with codes": with_key(1, state="revoked", secret=""),
    "active without codes": with_key(0, codes=False),
    "codes as a number": with_key(1, codes=1),
    "an unknown member": a_document(comment="x"),
    "an unknown member of a key": with_key(1, comment="x"),
    "fingerprint too long": a_document(fingerprint="A" * 23 + "="),
    "fingerprint cut": a_document(fingerprint="AAAA"),
    "fingerprint empty": a_document(fingerprint=""),
    "a list": [],
    "nothing": None,
}


@pytest.mark.parametrize("document", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_ring_is_refused_in_a_sentence(document: Any) -> None:
    """Anything that is not exactly a ring is a RingProblem, never a ring that lacks something."""
    problem = parse(json.dumps(document).encode())
    assert isinstance(problem, RingProblem)
    assert problem.sentence


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b'{"format": [' * 2000, render(a_ring())[:-5]], ids=range(6)
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    """Cut, deep and broken text is a RingProblem."""
    assert isinstance(parse(text), RingProblem)


@given(st.integers(0, 2**31), st.integers(0, 7))
@settings(max_examples=200)
def test_a_flipped_bit_never_passes_unseen_as_two_rings(place: int, bit: int) -> None:
    """Whatever one bit of the file does, what is read is a whole ring of one lineage and format, or a problem."""
    text = bytearray(render(add(a_ring(), an_env(seed="second"))))
    text[place % len(text)] ^= 1 << bit
    read = parse(bytes(text))
    if isinstance(read, Ring):
        assert [key.state for key in read.keys].count(KeyState.ACTIVE) == 1
        assert all(len(key.secret) == 32 for key in read.keys)


def test_secrets_stay_out_of_what_is_printed() -> None:
    """The repr of a ring and of its keys shows no secret."""
    ring = a_ring()
    assert ring.active.secret.hex() not in repr(ring)
    assert str(ring.active.secret) not in repr(ring)
