"""The format of tokens and codes, nailed down: whoever changes it signs every phone out, and sees it here first."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import pytest

from genkan.protocol.env import Env
from genkan.protocol.records import Method
from genkan.protocol.ring import Ring, RingProblem, parse
from genkan.protocol.sealing import Code, Handle, Kind, Purpose, Sealer, redirect_digest
from genkan.wire import pkce
from genkan.wire.scopes import Permission

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "tokens.json").read_text())
SECRET, SITE_ID = bytes.fromhex(VECTOR["ring_secret"]), bytes.fromhex(VECTOR["site_id"])
GRANT_ID = bytes.fromhex(VECTOR["grant_id"])


def the_sealer() -> Sealer:
    ring = parse(VECTOR["ring_file"].encode())
    assert not isinstance(ring, RingProblem)
    return Sealer(ring, SITE_ID)


def test_the_rings_file_is_read_as_it_was_written() -> None:
    """A ring that the first version wrote opens for ever."""
    ring = parse(VECTOR["ring_file"].encode())
    assert isinstance(ring, Ring)
    assert (ring.active.id, ring.active.secret) == (VECTOR["key_id"], SECRET)


@pytest.mark.parametrize("row", VECTOR["tokens"], ids=lambda row: row["generation"])
def test_tokens_are_the_same_strings_for_ever(row: dict[str, str | int]) -> None:
    """Ring secret, site id, grant id and generation give exactly these strings, and they open."""
    generation = int(row["generation"])
    for kind, text in ((Kind.ACCESS, row["access"]), (Kind.REFRESH, row["refresh"])):
        assert the_sealer().token(kind, VECTOR["key_id"], GRANT_ID, generation) == text
        assert the_sealer().open_token(str(text)) == Handle(kind, VECTOR["key_id"], GRANT_ID, generation)


@pytest.mark.parametrize("row", VECTOR["tokens"], ids=lambda row: row["generation"])
def test_tokens_are_built_as_written_down(row: dict[str, str | int]) -> None:
    """Version, key id, grant id and generation, then 16 bytes of HMAC-SHA-256 under an HKDF key of the kind."""
    for prefix, purpose, text in (
        ("gnk_at_", b"access", str(row["access"])),
        ("gnk_rt_", b"refresh", str(row["refresh"])),
    ):
        head = b"\1" + VECTOR["key_id"].to_bytes(2, "big") + GRANT_ID + int(row["generation"]).to_bytes(4, "big")
        mac = hmac.digest(
            hkdf(b"genkan v1 " + purpose), b"genkan token\0" + SITE_ID + prefix.encode() + head, hashlib.sha256
        )
        assert text == prefix + urlsafe_b64encode(head + mac[:16]).decode()


def hkdf(info: bytes) -> bytes:
    """RFC 5869 with SHA-256 and no salt, for one block of output."""
    extracted = hmac.digest(bytes(32), SECRET, hashlib.sha256)
    return hmac.digest(extracted, info + b"\1", hashlib.sha256)


def test_the_code_is_the_same_string_for_ever() -> None:
    """A code sealed under this nonce is exactly this text, and opens as what is listed."""
    row = VECTOR["code"]
    code = Code(
        grant_id=GRANT_ID,
        link_id=row["link_id"],
        account_id=row["account_id"],
        scope=Permission[row["scope"]],
        method=Method.PWD | Method.MFA,
        redirect=redirect_digest(row["redirect_uri"]),
        challenge=pkce.digest(row["code_challenge"], pkce.Method.S256),
        redirect_given=row["redirect_given"],
        auth_time=row["auth_time"],
        account_stop=row["account_stop"],
        link_stop=row["link_stop"],
        consent_mark=row["consent_mark"],
        issued_at=row["issued_at"],
        device=bytes.fromhex(row["device"]),
        certificate=row["certificate"],
    )
    assert the_sealer().code(code, Env(0, lambda size: bytes.fromhex(row["nonce"]))) == row["text"]
    assert the_sealer().open_code(row["text"]) == code
    assert code.method.references() == row["method"]


def test_the_codes_head_is_in_clear() -> None:
    """Version, key id and nonce come first, so that a node can tell which key it lacks."""
    raw = urlsafe_b64decode(VECTOR["code"]["text"][7:] + "==")
    assert raw[:3] == b"\1" + VECTOR["key_id"].to_bytes(2, "big")
    assert raw[3:15].hex() == VECTOR["code"]["nonce"]


def test_the_envelope_is_the_same_string_for_ever() -> None:
    """An interaction that waits in somebody's browser while the site is updated still opens."""
    row = VECTOR["envelope"]
    sealed = the_sealer().seal(
        Purpose.INTERACTION, row["plain"].encode(), Env(0, lambda _: bytes.fromhex(row["nonce"]))
    )
    assert sealed == row["text"]
    assert the_sealer().open(Purpose.INTERACTION, row["text"]) == row["plain"].encode()
