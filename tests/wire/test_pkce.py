"""PKCE: the grammar of RFC 7636, the vector of its appendix B, and the comparison."""

import hashlib
import json
import string
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genkan.wire import pkce
from genkan.wire.pkce import Method
from tests.wire.strategies import any_text, verifiers

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "pkce.json").read_text())
BASE64URL = string.ascii_letters + string.digits + "-_"


def test_the_published_vector_holds() -> None:
    """The verifier, challenge and digest of RFC 7636 B are ours too."""
    verifier, challenge = VECTOR["code_verifier"], VECTOR["code_challenge"]
    assert pkce.is_verifier(verifier)
    assert pkce.challenge_of(verifier) == challenge
    assert pkce.is_challenge(challenge, Method.S256)
    assert pkce.digest(challenge, Method.S256) == bytes(VECTOR["digest"])
    assert pkce.verifies(verifier, bytes(VECTOR["digest"]))


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (None, Method.PLAIN),
        ("plain", Method.PLAIN),
        ("S256", Method.S256),
        ("sha256", Method.S256),
        ("", None),
        ("s256", None),
        ("SHA256", None),
        ("PLAIN", None),
        ("S256 ", None),
        ("none", None),
    ],
)
def test_methods_are_read_by_their_exact_names(text: str | None, method: Method | None) -> None:
    """An absent method is plain (RFC 7636 4.3), `sha256` is S256, and no other spelling passes."""
    assert pkce.parse_method(text) is method


@pytest.mark.parametrize(("length", "good"), [(42, False), (43, True), (128, True), (129, False)])
def test_a_verifier_has_43_to_128_characters(length: int, good: bool) -> None:
    """The bounds of RFC 7636 4.1 belong to the grammar."""
    assert pkce.is_verifier("a" * length) is good


@pytest.mark.parametrize("odd", ["+", "/", "=", " ", "%", "é", "\n", "\0", "٣"])
def test_a_verifier_has_unreserved_characters_only(odd: str) -> None:
    """One other character, wherever it stands, spoils a verifier (RFC 7636 4.1)."""
    assert not any(pkce.is_verifier("a" * at + odd + "a" * (49 - at)) for at in (0, 20, 49))


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_has_one_challenge(octets: bytes) -> None:
    """Of all last characters exactly the canonical one passes, so that one digest cannot be written in two ways."""
    challenge = urlsafe_b64encode(octets).rstrip(b"=").decode()
    passing = [last for last in BASE64URL if pkce.is_challenge(challenge[:-1] + last, Method.S256)]
    same = [last for last in passing if pkce.digest(challenge[:-1] + last, Method.S256) == octets]
    assert len(passing) == 16
    assert same == [challenge[-1]]


@pytest.mark.parametrize(
    "challenge", ["", "A" * 42, "A" * 44, "A" * 43 + "=", "A" * 42 + "B", "+" + "A" * 42, "A" * 42 + "\n", "é" * 43]
)
def test_what_is_no_challenge_has_no_digest(challenge: str) -> None:
    """A text outside the grammar of RFC 7636 4.2 is refused, padding included."""
    assert not pkce.is_challenge(challenge, Method.S256)
    assert pkce.digest(challenge, Method.S256) is None


@given(verifiers)
def test_the_right_verifier_verifies(verifier: str) -> None:
    """Under both methods the verifier that made the challenge answers it, and what is kept has the same form."""
    hashed = pkce.digest(pkce.challenge_of(verifier), Method.S256)
    plain = pkce.digest(verifier, Method.PLAIN)
    assert hashed == plain == hashlib.sha256(verifier.encode()).digest()
    assert hashed is not None
    assert pkce.verifies(verifier, hashed)


@given(verifiers, verifiers)
def test_another_verifier_does_not(verifier: str, other: str) -> None:
    """No other verifier answers a challenge (RFC 7636 4.6)."""
    assume(verifier != other)
    kept = pkce.digest(pkce.challenge_of(verifier), Method.S256)
    assert kept is not None
    assert not pkce.verifies(other, kept)


def test_a_challenge_shown_as_its_verifier_fails() -> None:
    """Whoever saw the challenge in the browser's address does not get in with it under S256."""
    challenge = VECTOR["code_challenge"]
    kept = pkce.digest(challenge, Method.S256)
    assert kept is not None
    assert not pkce.verifies(challenge, kept)


@pytest.mark.parametrize("kept", [b"", b"\0" * 32, hashlib.sha256(b"").digest(), hashlib.sha256(b"short").digest()])
@pytest.mark.parametrize("verifier", ["", "short", "é" * 43])
def test_a_verifier_outside_the_grammar_never_verifies(verifier: str, kept: bytes) -> None:
    """An empty or malformed verifier fails even against its own digest."""
    assert not pkce.verifies(verifier, kept)


@given(any_text, st.binary(max_size=40))
def test_any_text_is_judged(text: str, kept: bytes) -> None:
    """The checks give an answer for any text and any bytes."""
    assert pkce.is_verifier(text) in {True, False}
    assert pkce.is_challenge(text, Method.S256) in {True, False}
    assert pkce.parse_method(text) in {None, Method.S256, Method.PLAIN}
    assert not pkce.verifies(text, kept)
