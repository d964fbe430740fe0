"""Sealed tokens: one string a token, and nothing but that string opens (tokens.md 2)."""

import hmac
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.protocol.env import Env
from genkan.protocol.ring import Ring, activate, add, drop, revoke
from genkan.protocol.sealing import Handle, Kind, Purpose, Sealer, Unsealable, grant_time, labelled_mac, new_grant_id
from tests.protocol.builders import NOW, SITE_ID, a_code, a_ring, a_sealer, an_env
from tests.wire.strategies import any_text

RING = a_ring()
SEALER = Sealer(RING, SITE_ID)
GRANT = bytes(range(100, 116))
ALPHABET = string.ascii_letters + string.digits + "-_"

kinds = st.sampled_from(Kind)
grant_ids = st.binary(min_size=16, max_size=16)
generations = st.integers(0, 2**31 - 1)


def a_token(kind: Kind = Kind.REFRESH, generation: int = 3) -> str:
    return SEALER.token(kind, RING.active.id, GRANT, generation)


@given(kinds, grant_ids, generations)
def test_a_token_opens_as_what_it_was_minted_for(kind: Kind, grant_id: bytes, generation: int) -> None:
    """Kind, key, grant and generation come back, and the text has its one fixed length and alphabet."""
    text = SEALER.token(kind, RING.active.id, grant_id, generation)
    assert SEALER.open_token(text) == Handle(kind, RING.active.id, grant_id, generation)
    assert len(text) == 59
    assert text.startswith(kind.value)
    assert set(text[7:]) <= set(ALPHABET)


@given(kinds, grant_ids, generations)
def test_the_successor_of_a_generation_is_always_the_same_string(kind: Kind, grant_id: bytes, generation: int) -> None:
    """Minting again, also by another process that read the same ring, gives the same string: a retry can tell it."""
    other = Sealer(a_ring(), SITE_ID)
    assert SEALER.token(kind, RING.active.id, grant_id, generation) == other.token(
        kind, RING.active.id, grant_id, generation
    )


@given(st.tuples(kinds, grant_ids, generations), st.tuples(kinds, grant_ids, generations))
def test_two_tokens_are_never_one_string(a: tuple[Kind, bytes, int], b: tuple[Kind, bytes, int]) -> None:
    """Different kind, grant or generation: different text."""
    minted = [SEALER.token(kind, RING.active.id, grant_id, generation) for kind, grant_id, generation in (a, b)]
    assert (minted[0] == minted[1]) == (a == b)


@pytest.mark.parametrize("kind", Kind)
def test_no_prefix_and_no_suffix_of_a_token_opens(kind: Kind) -> None:
    """Every truncation, from either end, is refused."""
    text = a_token(kind)
    for cut in range(len(text)):
        assert SEALER.open_token(text[:cut]) == Unsealable()
        assert SEALER.open_token(text[cut + 1 :]) == Unsealable()


@pytest.mark.parametrize("kind", Kind)
def test_no_character_of_a_token_can_be_another(kind: Kind) -> None:
    """Each character replaced by each other one of the alphabet, padding and look-alikes included, is refused."""
    text = a_token(kind)
    for place, character in enumerate(text):
        for other in {*ALPHABET, "=", "+", "/", ".", " ", "\n", "\0", "é", "\u212a"} - {character}:
            assert isinstance(SEALER.open_token(text[:place] + other + text[place + 1 :]), Unsealable)


def test_no_bit_of_a_token_can_be_flipped() -> None:
    """Each of the 312 bits counts."""
    text = a_token()
    raw = urlsafe_b64decode(text[7:])
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert isinstance(SEALER.open_token(text[:7] + urlsafe_b64encode(flipped).decode()), Unsealable)


@pytest.mark.parametrize(
    "change",
    [str.upper, str.lower, str.swapcase, str.title, "{}=".format, "{}==".format, " {}".format, "{} ".format,
     "{}\n".format, "\n{}".format, "\ufeff{}".format, "{}\0".format, "Bearer {}".format, "{0}{0}".format],
)  # fmt: skip
def test_no_other_spelling_of_a_token_opens(change: Callable[[str], str]) -> None:
    """Case, padding, white space, byte order mark, doubling: refused."""
    for kind in Kind:
        for generation in range(20):
            text = a_token(kind, generation)
            changed = change(text)
            assert changed == text or isinstance(SEALER.open_token(changed), Unsealable)


def test_a_swapped_prefix_makes_no_other_kind() -> None:
    """An access token under the refresh prefix does not open, nor the reverse, nor either as a code."""
    for kind, other in ((Kind.ACCESS, Kind.REFRESH), (Kind.REFRESH, Kind.ACCESS)):
        assert SEALER.open_token(other.value + a_token(kind)[7:]) == Unsealable()
        assert SEALER.open_code("gnk_ac_" + a_token(kind)[7:]) == Unsealable()


def test_codes_and_envelopes_are_no_tokens() -> None:
    """Neither a code nor an interaction opens as a token, whatever prefix it is given."""
    sealed = SEALER.seal(Purpose.INTERACTION, b"x" * 10, an_env())
    for text in (SEALER.code(a_code(), an_env()), sealed, sealed[:52]):
        for prefix in ("", *Kind):
            assert isinstance(SEALER.open_token(prefix + text), Unsealable)


@given(any_text)
@settings(max_examples=300)
def test_any_text_is_refused_and_nothing_raises(text: str) -> None:
    """Whatever arrives, half surrogate pairs included, is a value, with and without a prefix of ours."""
    for prefix in ("", "gnk_at_", "gnk_rt_"):
        assert isinstance(SEALER.open_token(prefix + text), Unsealable)
        assert isinstance(SEALER.open_token(prefix + (text * 52)[:52]), Unsealable)


def test_another_site_with_the_same_ring_is_another_site() -> None:
    """A copy of a site that was given a new site id opens nothing of the first."""
    copy = Sealer(RING, bytes(16))
    for kind in Kind:
        assert copy.open_token(a_token(kind)) == Unsealable()


def test_another_ring_with_the_same_key_id_opens_nothing() -> None:
    """The id names a key; the secret is what counts."""
    forged = replace(a_ring("another").active, id=RING.active.id)
    assert Sealer(Ring(1, bytes(16), (forged,)), SITE_ID).open_token(a_token()) == Unsealable()


def test_a_key_that_this_ring_never_held_is_told_apart() -> None:
    """A token under a foreign key id says so, since a newer ring may know it; other faults never say that."""
    stranger = a_sealer("stranger")
    text = stranger.token(Kind.REFRESH, stranger.active_id, GRANT, 3)
    assert SEALER.open_token(text) == Unsealable(unknown_key=True)
    for forged in (text[:-1], text.swapcase(), stranger.code(a_code(), an_env())):
        assert SEALER.open_token(forged) == Unsealable(unknown_key=False)


def test_tokens_outlive_the_rotation_of_keys_but_not_revoking_or_dropping() -> None:
    """A token under the key before opens while that key verifies, and is plainly dead once it is retired."""
    text, first = a_token(), RING.active.id
    grown = add(RING, an_env(seed="second"))
    moved = activate(grown, grown.keys[1].id)
    assert isinstance(moved, Ring)
    assert Sealer(moved, SITE_ID).open_token(text) == Handle(Kind.REFRESH, first, GRANT, 3)
    assert Sealer(moved, SITE_ID).known_keys == {first, grown.keys[1].id}
    for gone in (revoke(moved, first, an_env(seed="third")), drop(moved, first)):
        assert isinstance(gone, Ring)
        sealer = Sealer(gone, SITE_ID)
        assert sealer.open_token(text) == Unsealable(unknown_key=False)
        assert sealer.retired_keys == {first}
        assert first not in sealer.known_keys


def test_a_key_id_of_another_key_does_not_open() -> None:
    """A token whose key id is exchanged for that of another key of the ring is refused."""
    grown = add(RING, an_env(seed="second"))
    sealer = Sealer(grown, SITE_ID)
    raw = bytearray(urlsafe_b64decode(a_token()[7:]))
    raw[1:3] = grown.keys[1].id.to_bytes(2, "big")
    assert sealer.open_token("gnk_rt_" + urlsafe_b64encode(raw).decode()) == Unsealable()


@given(st.integers(0, 2**48 - 1), st.text(max_size=5))
def test_a_grant_id_is_a_time_ordered_uuid(now: int, seed: str) -> None:
    """RFC 9562 5.7: version 7, variant 10, 48 bits of milliseconds first, so that ids sort by time."""
    grant_id = new_grant_id(an_env(now, seed))
    assert len(grant_id) == 16
    assert grant_id[6] >> 4 == 7
    assert grant_id[8] >> 6 == 0b10
    assert grant_time(grant_id) == now
    assert new_grant_id(an_env(now + 1 if now < 2**48 - 1 else now)) >= grant_id[:6]


def test_a_grant_id_has_at_least_62_bits_of_chance() -> None:
    """All bits outside time, version and variant come from the draw."""
    ones = new_grant_id(Env(NOW, lambda size: b"\xff" * size))
    zeros = new_grant_id(Env(NOW, lambda size: b"\0" * size))
    differing = int.from_bytes(ones, "big") ^ int.from_bytes(zeros, "big")
    assert differing.bit_count() == 74


def test_a_sealer_shows_no_secret() -> None:
    """What is printed of a sealer is the ring's version."""
    assert repr(SEALER) == "<Sealer ring version 1>"


@given(key=st.binary(min_size=32, max_size=32), label=st.binary(max_size=100), message=st.binary(max_size=100))
def test_the_seal_is_hmac_sha_256(key: bytes, label: bytes, message: bytes) -> None:
    """RFC 2104: hashing key and label ahead changes nothing in the result."""
    assert labelled_mac(key, label)(message) == hmac.digest(key, label + message, "sha256")
