"""Whatever somebody sends as the answer of a browser is a typed value or a refusal, never anything else."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genkan.protocol.signin.cbor import Unreadable, read
from genkan.protocol.signin.passkey import NewPasskey, Turned, read_answer, register
from genkan.protocol.signin.passkey_data import MOST_CHARACTERS, Asserted
from genkan.protocol.signin.passkey_models import NoModels
from genkan.protocol.signin.passkey_options import creation, request
from genkan.protocol.signin.passkey_ticket import Use
from genkan.protocol.signin.session import NewSession
from tests.protocol.builders import an_account, an_env
from tests.protocol.passkey_world import ORIGIN, a_ticket, facts_of, signed_in
from tests.software_key import SoftwareKey, base64url, from_base64url

KEY = SoftwareKey()
FACTS = facts_of(KEY)
TICKET = a_ticket(Use.ADD, an_account().id)
CREATED = KEY.create(creation(TICKET, "Site", an_account(), (), prove_model=False))
ASSERTED = KEY.get(request(a_ticket(), ()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = st.sampled_from(
    ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature",
     "userHandle", "transports", "clientExtensionResults"]
)  # fmt: skip


def judged(text: str) -> NewPasskey | Turned:
    return register(text, TICKET, ORIGIN, "Name", NoModels(), "account:x", an_env())


def answers(text: str) -> None:
    """Both readers give what they promise."""
    assert isinstance(judged(text), NewPasskey | Turned)
    assert isinstance(read_answer(text), Asserted | Turned)


@given(st.text())
@example("")
@example("[" * 20_000)
@example('{"id":' * 5_000)
@example("\ud800")
@example('{"id": "\\ud800"}')
@example("x" * (MOST_CHARACTERS + 1))
def test_any_text(text: str) -> None:
    """No text makes a reader raise."""
    answers(text)


@given(NAMES, JSON)
def test_any_value_in_any_place(name: str, value: Any) -> None:
    """A part replaced by any JSON value, outside or within the response."""
    for whole in (CREATED, ASSERTED):
        told = json.loads(whole)
        (told if name in told else told["response"])[name] = value
        answers(json.dumps(told))


@given(st.data())
def test_any_bytes_in_the_place_of_bytes(data: st.DataObject) -> None:
    """Cut, flipped or foreign bytes in what is signed: never taken as what it was, never anything but a refusal."""
    whole = data.draw(st.sampled_from([CREATED, ASSERTED]))
    told = json.loads(whole)
    held = [name for name, value in told["response"].items() if isinstance(value, str)]
    name = data.draw(st.sampled_from(held))
    raw = bytearray(from_base64url(told["response"][name]))
    at = data.draw(st.integers(0, len(raw) - 1))
    change = data.draw(st.sampled_from(["cut", "flip", "insert"]))
    if change == "cut":
        del raw[at:]
    elif change == "flip":
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        raw[at:at] = data.draw(st.binary(min_size=1, max_size=20))
    told["response"][name] = base64url(bytes(raw))
    answers(json.dumps(told))


@given(st.binary(max_size=60), st.binary(max_size=300))
def test_any_attestation(front: bytes, statement: bytes) -> None:
    """Any bytes as the attestation object, and as what stands behind the fixed part of the authenticator's data."""
    told = json.loads(CREATED)
    told["response"]["attestationObject"] = base64url(front) or "AA"
    answers(json.dumps(told))
    body = KEY.data(attested=False)[:37] + statement
    data = body[:32] + bytes([0xC5]) + body[33:]
    whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
    told["response"]["attestationObject"] = base64url(whole)
    answers(json.dumps(told))


@given(st.binary(min_size=1, max_size=80))
def test_any_signature(signature: bytes) -> None:
    """Only the key's own signature signs in."""
    assert isinstance(signed_in(KEY, FACTS, signature=lambda _: signature), Turned)


def test_the_untouched_answers_are_good() -> None:
    """What the tests above change is right as it stands."""
    assert isinstance(judged(CREATED), NewPasskey)
    assert isinstance(signed_in(KEY, FACTS), NewSession)


VALUES = st.recursive(
    st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=40) | st.text(max_size=40) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers(-300, 300) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=6,
)


def levels(value: Any) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((levels(one) for one in inner), default=0)


@given(VALUES)
def test_cbor_is_read_as_the_library_writes_it(value: Any) -> None:
    """A value of four levels at most comes back; a deeper one is refused."""
    written = cbor2.dumps(value)
    if levels(value) > 4:
        with pytest.raises(Unreadable):
            read(written)
    else:
        assert read(written) == value


@given(st.binary(max_size=200))
def test_any_cbor_is_a_value_or_unreadable(data: bytes) -> None:
    """What is read is what the library reads; nothing else happens."""
    try:
        value = read(data)
    except Unreadable:
        return
    assert cbor2.loads(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x18", b"\x1c\0", b"\x5f\x41a\xff", b"\x9f\xff", b"\xbf\xff", b"\xc0\x60", b"\xd8\x23\x63a+b",
        b"\xfa\0\0\0\0",
        b"\xf8\x14", b"\xf7", b"\x9b" + b"\xff" * 8, b"\xbb" + b"\xff" * 8, b"\x5b" + b"\xff" * 8, b"\x61\xff", b"\0\0",
        b"\xa2\0\0\0\0", b"\xa1\xf5\0", b"\xa1\x41a\0", b"\x81" * 5 + b"\0", b"\x81" * 30_000,
    ],
)  # fmt: skip
def test_what_authenticators_do_not_write_is_refused(data: bytes) -> None:
    """Indefinite lengths, tags, floats, lengths beyond the bytes, keys twice or of other kinds, five levels."""
    with pytest.raises(Unreadable):
        read(data)
