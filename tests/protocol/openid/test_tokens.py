"""A provider's tokens: what each check lets through, and that none of them is skipped."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from genkan.protocol.openid.faults import Fault
from genkan.protocol.openid.keys import Key, read_keys
from genkan.protocol.openid.tokens import Asked, IdToken, LogoutToken, Trust, read_id_token, read_logout_token
from genkan.protocol.reasons import Reason
from tests.openid_provider import EC, EVENT, NEW_RSA, RSA, STRANGER, signed
from tests.protocol.builders import NOW

ISSUER = "https://id.example.com"
TRUST = Trust(ISSUER, "genkan", ("RS256", "ES256", "EdDSA"), 60_000)
ACCESS = "the access token"
ASKED = Asked("the nonce", ACCESS, None)
NOW_S = NOW // 1000


def keys_of(*keys: jwk.Key) -> tuple[Key, ...]:
    found = read_keys(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode())
    assert not isinstance(found, str)
    return found


KEYS = keys_of(RSA, EC)


def half(token: str, name: str = "sha256") -> str:
    digest = hashlib.new(name, token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    """An ID token's claims as they should be; None takes one away."""
    made = {
        "iss": ISSUER, "sub": "00u1", "aud": "genkan", "exp": NOW_S + 300, "iat": NOW_S, "nonce": "the nonce",
        "at_hash": half(ACCESS), "auth_time": NOW_S - 5, "sid": "sid-1", **changes,
    }  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def read(text: str, asked: Asked = ASKED, keys: tuple[Key, ...] = KEYS, trust: Trust = TRUST) -> IdToken | Fault:
    return read_id_token(text, keys, trust, asked, NOW)


def test_a_good_token_says_who_signed_in() -> None:
    """Subject, time and session come out; an audience in a list is one as well."""
    for token in (signed(claims()), signed(claims(aud=["genkan"])), signed(claims(), EC, "ES256")):
        good = read(token)
        assert isinstance(good, IdToken)
        assert (good.subject, good.auth_time, good.sid) == ("00u1", (NOW_S - 5) * 1000, "sid-1")
    assert isinstance(read(signed(claims(at_hash=None, auth_time=None, sid=None))), IdToken)
    assert isinstance(read(signed(claims(aud=["genkan", "api"], azp="genkan"))), IdToken)


def test_the_old_name_of_eddsa_counts() -> None:
    """Providers write EdDSA for a key on Ed25519."""
    key = jwk.OKPKey.generate_key("Ed25519", {"kid": "ed"})
    with pytest.warns(match="EdDSA"):
        token = signed(claims(at_hash=half(ACCESS, "sha512")), key, "EdDSA")
    assert isinstance(read(token, keys=keys_of(key)), IdToken)


BAD: list[tuple[str, dict[str, Any]]] = [
    ("iss", {"iss": "https://id.example.com/"}),
    ("iss", {"iss": None}),
    ("iss", {"iss": "https://evil.example"}),
    ("aud", {"aud": "another"}),
    ("aud", {"aud": None}),
    ("aud", {"aud": []}),
    ("aud", {"aud": ["genkan", 7]}),
    ("aud", {"aud": {"genkan": 1}}),
    ("azp", {"aud": ["genkan", "another"]}),
    ("azp", {"azp": "another"}),
    ("azp", {"azp": ""}),
    ("azp", {"aud": ["genkan", "another"], "azp": "another"}),
    ("sub", {"sub": None}),
    ("sub", {"sub": ""}),
    ("sub", {"sub": 7}),
    ("sub", {"sub": "x" * 256}),
    ("exp", {"exp": None}),
    ("exp", {"exp": NOW_S - 60}),
    ("exp", {"exp": str(NOW_S + 300)}),
    ("exp", {"exp": True}),
    ("exp", {"exp": -1}),
    ("exp", {"exp": 10**20}),
    ("iat", {"iat": None}),
    ("iat", {"iat": NOW_S + 61}),
    ("iat", {"iat": NOW_S - 661}),
    ("nbf", {"nbf": NOW_S + 61}),
    ("nbf", {"nbf": "now"}),
    ("nonce", {"nonce": None}),
    ("nonce", {"nonce": "another"}),
    ("nonce", {"nonce": ""}),
    ("nonce", {"nonce": ["the nonce"]}),
    ("at_hash", {"at_hash": half("another")}),
    ("at_hash", {"at_hash": ""}),
    ("at_hash", {"at_hash": half(ACCESS)[:-1]}),
    ("at_hash", {"at_hash": 7}),
    ("auth_time", {"auth_time": NOW_S + 61}),
    ("auth_time", {"auth_time": "yesterday"}),
]


@pytest.mark.parametrize(("claim", "change"), BAD, ids=[f"{n}-{row[0]}" for n, row in enumerate(BAD)])
def test_each_wrong_claim_alone_is_refused(claim: str, change: dict[str, Any]) -> None:
    """Wrong, missing, empty or of another type: none of it is let through, and the operator is told which."""
    fault = read(signed(claims(**change)))
    assert isinstance(fault, Fault), fault
    assert fault.reason is Reason.SIGN_ON_INVALID
    assert claim in fault.why
    assert not fault.names_unknown_key


def test_a_fresh_sign_in_has_to_be_told() -> None:
    """Whoever was sent there to sign in anew did so since, within the clock's leeway; no word of it is not enough."""
    fresh = Asked("the nonce", ACCESS, 30_000)
    assert isinstance(read(signed(claims(auth_time=NOW_S - 30 - 60)), fresh), IdToken)
    for at in (NOW_S - 30 - 61, None):
        fault = read(signed(claims(auth_time=at)), fresh)
        assert isinstance(fault, Fault)
        assert "auth_time" in fault.why


def forged(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _hs256_with_the_public_key() -> str:
    import hmac

    text = forged({"alg": "HS256", "kid": "rsa-1"}, claims()).rpartition(".")[0]
    mac = hmac.digest(RSA.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


ENVELOPES: list[tuple[str, Callable[[], str]]] = [
    ("no algorithm", lambda: forged({"alg": "none"}, claims())),
    ("no algorithm in capitals", lambda: forged({"alg": "NONE", "kid": "rsa-1"}, claims())),
    ("the public key as a secret", _hs256_with_the_public_key),
    ("an algorithm that is not in our list", lambda: signed(claims(), RSA, "PS512")),
    ("a key of its own in the header", lambda: signed(claims(), STRANGER, jwk=STRANGER.as_dict(private=False))),
    ("an address of keys in the header", lambda: signed(claims(), STRANGER, jku="https://evil.example/jwks")),
    ("signed by somebody else", lambda: signed(claims(), STRANGER)),
    ("a key of another kind", lambda: signed(claims(), EC, "ES256", kid="rsa-1")),
    ("a key that is not there", lambda: signed(claims(), NEW_RSA)),
    ("an access token", lambda: signed(claims(), typ="at+jwt")),
    ("a logout token", lambda: signed(claims(), typ="logout+jwt")),
    (
        "a header that must be understood",
        lambda: forged({"alg": "RS256", "kid": "rsa-1", "crit": ["x"], "x": 1}, claims(), b"x" * 256),
    ),
    ("no signature", lambda: signed(claims()).rpartition(".")[0] + "."),
    ("two parts", lambda: signed(claims()).rpartition(".")[0]),
    ("encrypted", lambda: "a.b.c.d.e"),
    ("empty", lambda: ""),
    ("too long", lambda: "a" * 70_000 + ".b.c"),
    ("no object", lambda: forged({"alg": "RS256"}, claims())[:-2] + "!!"),
    (
        "kid is no text",
        lambda: signed(claims(), RSA).replace(
            signed(claims()).split(".")[0], forged({"alg": "RS256", "kid": 1}, {}).split(".")[0]
        ),
    ),
]


@pytest.mark.parametrize(("_what", "make"), ENVELOPES, ids=[row[0] for row in ENVELOPES])
def test_each_wrong_envelope_is_refused(_what: str, make: Callable[[], str]) -> None:
    """Keys and algorithms come from the provider's set and our list alone (rows 29, 30 and 36)."""
    assert isinstance(read(make()), Fault)


def test_a_changed_byte_is_refused() -> None:
    """Wherever it is, in the header, the claims or the signature."""
    token = signed(claims())
    for at in range(0, len(token), 7):
        other = "A" if token[at] != "A" else "B"
        assert isinstance(read(token[:at] + other + token[at + 1 :]), Fault)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_anything_is_a_token_or_a_fault(text: str) -> None:
    """Never an exception."""
    assert isinstance(read(text), Fault)
    assert isinstance(read_logout_token(text, KEYS, TRUST, NOW), Fault)


def test_an_unknown_key_is_told_apart() -> None:
    """It is what makes the provider's keys be read anew; a wrong signature is not."""
    unknown, wrong = read(signed(claims(), NEW_RSA)), read(signed(claims(), STRANGER))
    assert isinstance(unknown, Fault)
    assert isinstance(wrong, Fault)
    assert (unknown.names_unknown_key, wrong.names_unknown_key) == (True, False)


def test_without_a_kid_the_set_must_leave_no_choice() -> None:
    """One key of the kind will do, two will not (Core 10.1)."""
    token = signed(claims(), RSA, kid="")
    assert isinstance(read(token), IdToken)
    assert isinstance(read(token, keys=keys_of(RSA, NEW_RSA)), Fault)


# --- Logout tokens ----------------------------------------------------------------------------------------------------


def logout(**changes: Any) -> dict[str, Any]:
    made = {
        "iss": ISSUER, "aud": "genkan", "iat": NOW_S, "exp": NOW_S + 120, "jti": "j1", "events": {EVENT: {}},
        "sub": "00u1", "sid": "sid-1", **changes,
    }  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def test_a_good_logout_token_says_who_signed_out() -> None:
    """By subject, by session, or by both."""
    for sub, sid in (("00u1", "sid-1"), ("00u1", None), (None, "sid-1")):
        for typ in ("logout+jwt", "JWT"):
            good = read_logout_token(signed(logout(sub=sub, sid=sid), typ=typ), KEYS, TRUST, NOW)
            assert isinstance(good, LogoutToken)
            assert (good.subject, good.sid, good.jti) == (sub or "", sid or "", "j1")


BAD_LOGOUT: list[tuple[str, dict[str, Any]]] = [
    ("iss", {"iss": "https://evil.example"}),
    ("aud", {"aud": "another"}),
    ("exp", {"exp": NOW_S - 60}),
    ("exp", {"exp": None}),
    ("iat", {"iat": NOW_S + 100}),
    ("events", {"events": None}),
    ("events", {"events": {}}),
    ("events", {"events": {EVENT: None}}),
    ("events", {"events": [EVENT]}),
    ("events", {"events": {"http://schemas.openid.net/event/other": {}}}),
    ("nonce", {"nonce": "n"}),
    ("jti", {"jti": None}),
    ("jti", {"jti": ""}),
    ("sub", {"sub": None, "sid": None}),
    ("sub", {"sub": "", "sid": None}),
    ("sid", {"sid": 7}),
]


@pytest.mark.parametrize(("claim", "change"), BAD_LOGOUT, ids=[f"{n}-{row[0]}" for n, row in enumerate(BAD_LOGOUT)])
def test_each_wrong_claim_of_a_logout_token_is_refused(claim: str, change: dict[str, Any]) -> None:
    """Back-Channel Logout 2.6, each line alone."""
    fault = read_logout_token(signed(logout(**change), typ="logout+jwt"), KEYS, TRUST, NOW)
    assert isinstance(fault, Fault)
    assert claim in fault.why


def test_an_id_token_never_passes_for_a_logout_token_nor_back() -> None:
    """Each has what the other must not have."""
    assert isinstance(read_logout_token(signed(claims()), KEYS, TRUST, NOW), Fault)
    assert isinstance(read(signed(logout())), Fault)


# --- Key sets ---------------------------------------------------------------------------------------------------------


def test_what_signs_nothing_is_no_key() -> None:
    """Symmetric, encryption, small and broken keys are passed over; a set with nothing else is a fault."""
    with pytest.warns(match="2048"):
        small = jwk.RSAKey.generate_key(1024, {"kid": "small"})
    others: list[Any] = [
        jwk.OctKey.generate_key(256).as_dict(private=True),
        {**NEW_RSA.as_dict(private=False), "use": "enc"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        {"kty": "ML-DSA", "pub": "x"},
        {**RSA.as_dict(private=False), "kid": 7},
        "no object",
        small.as_dict(private=False),
    ]
    assert isinstance(read_keys(json.dumps({"keys": others}).encode()), str)
    found = read_keys(json.dumps({"keys": [*others, RSA.as_dict(private=False)]}).encode())
    assert not isinstance(found, str)
    assert [key.kid for key in found] == ["rsa-1"]


@given(st.binary(max_size=100))
def test_any_bytes_are_keys_or_a_fault(body: bytes) -> None:
    """Never an exception."""
    assert isinstance(read_keys(body), str)


def test_a_key_for_one_algorithm_serves_no_other() -> None:
    """The alg of a key in the set counts (RFC 7517 4.4)."""
    only = {**RSA.as_dict(private=False), "alg": "PS256"}
    keys = read_keys(json.dumps({"keys": [only]}).encode())
    assert not isinstance(keys, str)
    assert isinstance(read(signed(claims()), keys=keys), Fault)
