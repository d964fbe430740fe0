"""Sealed codes and envelopes: short enough for every client, opened whole or not at all (tokens.md 5)."""

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from genkan.protocol.records import Method
from genkan.protocol.ring import Ring, activate, add, renew_for_restore, revoke
from genkan.protocol.sealing import Code, Purpose, Sealer, Unsealable, redirect_digest
from genkan.wire.scopes import Permission
from tests.protocol.builders import APP, SITE_ID, WEB, a_code, a_ring, a_sealer, an_env
from tests.wire.strategies import any_text

RING = a_ring()
SEALER = Sealer(RING, SITE_ID)
BASE64URL = string.ascii_letters + string.digits + "-_"
ENVELOPES = [Purpose.INTERACTION, Purpose.PAGE, Purpose.HANDOVER, Purpose.AUDIT]

ids = st.integers(1, 2**62 - 1)
times = st.integers(0, 2**48 - 1)
digests = st.binary(min_size=32, max_size=32)
codes = st.builds(
    Code,
    grant_id=st.binary(min_size=16, max_size=16),
    link_id=ids,
    account_id=ids,
    scope=st.sampled_from(Permission),
    method=st.integers(0, 63).map(Method),
    redirect=digests,
    challenge=st.none() | digests,
    redirect_given=st.booleans(),
    auth_time=times,
    account_stop=st.integers(0, 2**32 - 1),
    link_stop=st.integers(0, 2**32 - 1),
    consent_mark=st.integers(0, 2**62 - 1),
    issued_at=times,
    device=st.none() | st.binary(min_size=16, max_size=16).filter(any),
)


@given(codes)
def test_a_code_comes_back_as_it_was(code: Code) -> None:
    """Every field, at every size it may have, survives the seal, and the text is at most 256 characters."""
    text = SEALER.code(code, an_env())
    assert SEALER.open_code(text) == code
    assert len(text) <= 256
    assert text.startswith("gnk_ac_")
    assert set(text[7:]) <= set(BASE64URL)


def test_a_code_says_nothing_of_what_it_holds() -> None:
    """Two codes of the same content share nothing but the version and key id, and no field shows."""
    env = an_env()
    first, second = (urlsafe_b64decode(SEALER.code(a_code(), env)[7:] + "=" * 2) for _ in range(2))
    assert first[:3] == second[:3]
    assert first[3:15] != second[3:15], "a nonce is used once"
    assert first[15:] != second[15:]
    assert redirect_digest(APP)[:8] not in first


def test_no_prefix_and_no_suffix_of_a_code_opens() -> None:
    """Every truncation, from either end, is refused."""
    text = SEALER.code(a_code(), an_env())
    for cut in range(len(text)):
        assert isinstance(SEALER.open_code(text[:cut]), Unsealable)
        assert isinstance(SEALER.open_code(text[cut + 1 :]), Unsealable)


def test_no_bit_of_a_code_can_be_flipped() -> None:
    """Version and key id are bound to the seal as much as what they precede."""
    text = SEALER.code(a_code(), an_env())
    raw = urlsafe_b64decode(text[7:] + "==")
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        spelled = urlsafe_b64encode(flipped).rstrip(b"=").decode()
        assert isinstance(SEALER.open_code("gnk_ac_" + spelled), Unsealable)


def test_spare_bits_of_the_last_character_are_zero() -> None:
    """One code has one spelling: of the last characters that decode alike, only the canonical one opens."""
    text = SEALER.code(a_code(), an_env())
    opened = [text[:-1] + last for last in BASE64URL if isinstance(SEALER.open_code(text[:-1] + last), Code)]
    assert opened == [text]
    for other in (
        text + "=",
        text + "==",
        text + "A",
        text + "\n",
        " " + text,
        text.swapcase(),
        text.replace("_", "/"),
    ):
        assert isinstance(SEALER.open_code(other), Unsealable)


@given(any_text)
@settings(max_examples=200)
def test_any_text_is_refused_and_nothing_raises(text: str) -> None:
    """Whatever arrives in place of a code or an envelope is Unsealable."""
    assert isinstance(SEALER.open_code(text), Unsealable)
    assert isinstance(SEALER.open_code("gnk_ac_" + text), Unsealable)
    for purpose in Purpose:
        assert isinstance(SEALER.open(purpose, text), Unsealable)


@given(st.binary(max_size=80))
@settings(max_examples=200)
def test_any_bytes_are_refused(raw: bytes) -> None:
    """Well-spelled base64 of anything, and of anything behind a true head, is Unsealable."""
    for prefixed in (raw, b"\1" + RING.active.id.to_bytes(2, "big") + raw):
        text = urlsafe_b64encode(prefixed).rstrip(b"=").decode()
        assert isinstance(SEALER.open_code("gnk_ac_" + text), Unsealable)


@pytest.mark.parametrize("sealed_for", Purpose)
def test_nothing_opens_for_another_purpose(sealed_for: Purpose) -> None:
    """An interaction is no page token, no hand-over, no audit note and no code, and so for each of them."""
    text = SEALER.seal(sealed_for, b"content", an_env())
    for purpose in Purpose:
        expected: object = b"content" if purpose is sealed_for else Unsealable()
        assert SEALER.open(purpose, text) == expected
    assert SEALER.open_code("gnk_ac_" + text) == Unsealable(), "too short for a code, also when sealed as one"


def test_an_interaction_of_a_codes_size_is_no_code() -> None:
    """Also what is exactly as long as a code does not open as one."""
    raw = SEALER.open(Purpose.CODE, SEALER.code(a_code(), an_env())[7:])
    assert isinstance(raw, bytes)
    for purpose in ENVELOPES:
        text = SEALER.seal(purpose, raw, an_env())
        assert SEALER.open_code("gnk_ac_" + text) == Unsealable()
        assert SEALER.open(purpose, SEALER.code(a_code(), an_env())[7:]) == Unsealable()


@given(st.binary(max_size=300), st.sampled_from(ENVELOPES))
def test_an_envelope_brings_back_any_bytes(plain: bytes, purpose: Purpose) -> None:
    """Empty and long contents alike."""
    assert SEALER.open(purpose, SEALER.seal(purpose, plain, an_env())) == plain


class Note(msgspec.Struct, frozen=True):
    """A record as pages carry them."""

    text: str


def test_an_envelope_brings_back_a_record_and_nothing_else() -> None:
    """No text, another purpose, and what another version of the program sealed are no record."""
    sealed = SEALER.seal_value(Purpose.PAGE, Note("x"), an_env())
    assert SEALER.open_value(Purpose.PAGE, sealed, Note) == Note("x")
    assert SEALER.open_value(Purpose.HANDOVER, sealed, Note) is None
    others = [None, "", sealed[:-4], SEALER.seal(Purpose.PAGE, msgspec.msgpack.encode([1]), an_env())]
    assert [SEALER.open_value(Purpose.PAGE, text, Note) for text in others] == [None] * 4


def test_another_site_and_another_ring_open_no_code() -> None:
    """A copy of the site is another site; another ring says that it does not know the key."""
    text = SEALER.code(a_code(), an_env())
    assert Sealer(RING, bytes(16)).open_code(text) == Unsealable()
    assert a_sealer("stranger").open_code(text) == Unsealable(unknown_key=True)


def test_a_restore_silences_codes_and_nothing_else() -> None:
    """A code of before a restore may have been redeemed after the backup: it never opens; a page of before does."""
    code, page = SEALER.code(a_code(), an_env()), SEALER.seal(Purpose.PAGE, b"page", an_env())
    renewed = Sealer(renew_for_restore(RING, an_env(seed="restore")), SITE_ID)
    assert renewed.open_code(code) == Unsealable()
    assert renewed.open(Purpose.PAGE, page) == b"page"
    fresh = renewed.code(a_code(), an_env())
    assert renewed.open_code(fresh) == a_code()


def test_silence_lasts_through_later_rotations() -> None:
    """No later change of the ring makes an old code speak again."""
    code = SEALER.code(a_code(), an_env())
    ring = renew_for_restore(RING, an_env(seed="restore"))
    grown = add(ring, an_env(seed="more"))
    moved = activate(grown, grown.keys[-1].id)
    assert isinstance(moved, Ring)
    for later in (grown, moved, renew_for_restore(moved, an_env(seed="again"))):
        assert Sealer(later, SITE_ID).open_code(code) == Unsealable()


def test_a_code_dies_with_its_key() -> None:
    """Codes under a revoked key are not said to be of a key unheard of: they are dead."""
    revoked = revoke(RING, RING.active.id, an_env(seed="second"))
    assert isinstance(revoked, Ring)
    assert Sealer(revoked, SITE_ID).open_code(SEALER.code(a_code(), an_env())) == Unsealable(unknown_key=False)


def test_the_empty_device_mark_means_none() -> None:
    """Sixteen zero bytes stand for no device mark."""
    code = replace(a_code(), device=bytes(16))
    assert SEALER.open_code(SEALER.code(code, an_env())) == replace(code, device=None)


@given(any_text, any_text)
def test_redirects_are_told_apart_by_their_digest(a: str, b: str) -> None:
    """Equal texts and only they have equal digests, whatever characters they hold."""
    assert (redirect_digest(a) == redirect_digest(b)) == (a == b)
    assert redirect_digest(APP) != redirect_digest(WEB)
