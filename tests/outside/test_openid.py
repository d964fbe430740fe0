"""The requests to an OpenID provider: how this site proves itself, what is kept, and the operator's trial."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwk, jwt

from genkan.outside.openid.client_proof import ASSERTION_TYPE, BadCredential, read_credential
from genkan.outside.openid.provider import Upstream
from genkan.outside.openid.trial import try_out
from genkan.outside.reach import Reach, parse_reach
from genkan.protocol.env import HOUR, Env
from genkan.protocol.openid.discovery import Provider
from genkan.protocol.openid.faults import Fault
from genkan.protocol.reasons import Reason
from genkan.sources.openid import OpenIDSource
from tests.openid_provider import CLIENT, SECRET, FakeProvider, refused, serving_provider
from tests.outside.answering import http
from tests.protocol.builders import NOW, draws

CALLBACK = "https://site.example/login/openid/corp/callback"
LOGOUT = "https://site.example/login/openid/corp/backchannel-logout"


class Clock:
    """A moment that a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self._draw = draws()

    def __call__(self) -> Env:
        return Env(self.now, self._draw)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[FakeProvider]:
    async with serving_provider(lambda: clock.now) as served:
        yield served


def upstream(provider: FakeProvider, clock: Clock, **chosen: Any) -> Upstream:
    source = OpenIDSource(name="corp", title="Corp", issuer=provider.issuer, client_id=CLIENT, **chosen)
    reach = parse_reach(("127.0.0.1",))
    assert isinstance(reach, Reach)
    return Upstream(source, read_credential(source), reach, clock)


def secret(folder: Path) -> str:
    path = folder / "secret"
    path.write_text(SECRET + "\n")
    return str(path)


def head_of(provider: FakeProvider) -> str:
    assert provider.seen is not None
    return next(head for head in reversed(provider.seen.heads) if head.startswith("POST /token")).lower()


async def test_a_secret_goes_as_the_provider_takes_it(provider: FakeProvider, clock: Clock, tmp_path: Path) -> None:
    """In the header where it may, else in the form; never in both."""
    named = "token_endpoint_auth_methods_supported"
    for methods, in_header in ((["client_secret_post"], False), (["client_secret_basic"], True), (None, True)):
        provider.document = {named: methods} if methods else {}
        asked = await upstream(provider, clock, client_secret_file=secret(tmp_path)).refresh("r")
        assert not isinstance(asked, Fault)
        assert ("authorization: basic" in head_of(provider)) == in_header
        assert (provider.asked[-1].get("client_secret") == SECRET) != in_header


async def test_a_public_client_names_itself(provider: FakeProvider, clock: Clock) -> None:
    """Without a secret only the id goes."""
    assert not isinstance(await upstream(provider, clock).refresh("r"), Fault)
    assert provider.asked[-1] == {"grant_type": "refresh_token", "refresh_token": "r", "client_id": CLIENT}


KEYS = [
    ("RS256", rsa.generate_private_key(65537, 2048)),
    ("ES256", ec.generate_private_key(ec.SECP256R1())),
    ("ES384", ec.generate_private_key(ec.SECP384R1())),
    ("Ed25519", ed25519.Ed25519PrivateKey.generate()),
]


@pytest.mark.parametrize(("algorithm", "key"), KEYS, ids=[row[0] for row in KEYS])
@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
async def test_a_private_key_signs_an_assertion(
    provider: FakeProvider, clock: Clock, tmp_path: Path, algorithm: str, key: Any, audience: str
) -> None:
    """RFC 7523: short, for one reader, never twice the same; nothing secret travels."""
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    client = upstream(provider, clock, private_key_file=str(path), assertion_audience=audience)
    for _ in range(2):
        assert not isinstance(await client.refresh("r"), Fault)
    first, second = provider.asked[-2:]
    assert first["client_assertion_type"] == ASSERTION_TYPE
    assert "client_secret" not in first
    kind: Any = "EC" if algorithm.startswith("ES") else "RSA" if algorithm == "RS256" else "OKP"
    public = jwk.import_key(path.read_bytes(), kind)
    told = jwt.decode(first["client_assertion"], public, algorithms=[algorithm]).claims
    reader = provider.issuer if audience == "issuer" else f"{provider.issuer}/token"
    assert (told["iss"], told["sub"], told["aud"]) == (CLIENT, CLIENT, reader)
    assert (told["iat"], told["exp"]) == (NOW // 1000, NOW // 1000 + 60)
    assert told["jti"] != jwt.decode(second["client_assertion"], public, algorithms=[algorithm]).claims["jti"]


def test_a_key_that_signs_nothing_here_is_one_sentence(tmp_path: Path) -> None:
    """A curve that no algorithm of ours is for."""
    path = tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP256K1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    common: dict[str, Any] = {"name": "corp", "title": "Corp", "issuer": "https://id.example", "client_id": "x"}
    with pytest.raises(BadCredential, match="no unencrypted private key"):
        read_credential(OpenIDSource(**common, private_key_file=str(path)))


@pytest.mark.parametrize("content", ["", "rubbish", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_credential_that_is_none_is_one_sentence(tmp_path: Path, content: str) -> None:
    """An empty secret, and a key that cannot be read."""
    path = tmp_path / "file"
    path.write_text(content)
    common: dict[str, Any] = {"name": "corp", "title": "Corp", "issuer": "https://id.example", "client_id": "x"}
    with pytest.raises(BadCredential, match="no unencrypted private key"):
        read_credential(OpenIDSource(**common, private_key_file=str(path)))
    if not content:
        with pytest.raises(BadCredential, match="empty"):
            read_credential(OpenIDSource(**common, client_secret_file=str(path)))


async def test_discovery_is_kept_and_survives_an_outage(provider: FakeProvider, clock: Clock) -> None:
    """Asked once an hour; while it cannot be had the last one goes on, and a broken one is asked for again later."""
    client = upstream(provider, clock)
    assert isinstance(await client.provider(), Provider)
    assert isinstance(await client.provider(), Provider)
    assert provider.seen is not None
    assert len(provider.seen.heads) == 1
    clock.now += 2 * HOUR
    provider.answers["/.well-known/openid-configuration"] = http(b"", status="503 Away")
    assert isinstance(await client.provider(), Provider)
    assert isinstance(await client.provider(), Provider)
    assert len(provider.seen.heads) == 2
    anew = await client.provider(anew=True)
    assert isinstance(anew, Fault)
    assert anew.reason is Reason.SIGN_ON_UNAVAILABLE


BAD_DOCUMENTS: list[dict[str, Any]] = [
    {"issuer": "https://evil.example"},
    {"token_endpoint": None},
    {"jwks_uri": "javascript:alert(1)"},
    {"authorization_endpoint": 7},
    {"authorization_endpoint": "https://id.example/auth#fragment"},
]


@pytest.mark.parametrize("change", BAD_DOCUMENTS, ids=[json.dumps(change)[:40] for change in BAD_DOCUMENTS])
async def test_a_bad_document_is_not_used(provider: FakeProvider, clock: Clock, change: dict[str, Any]) -> None:
    """Another issuer's, one without an endpoint, one with an address that is none."""
    provider.document = change
    found = await upstream(provider, clock).provider()
    assert isinstance(found, Fault)
    assert found.reason is Reason.SIGN_ON_INVALID


async def test_a_trial_says_what_is_right_and_what_to_mend(
    provider: FakeProvider, clock: Clock, tmp_path: Path
) -> None:
    """Every step in words; the first that fails with its fix, and no secret in any of them."""
    steps = await try_out(upstream(provider, clock, client_secret_file=secret(tmp_path)), CALLBACK, LOGOUT)
    assert all(step.good for step in steps), steps
    text = " ".join(f"{step.tried} {step.found}" for step in steps)
    assert CALLBACK in text
    assert LOGOUT in text
    assert SECRET not in text
    for path, answer, words in (
        ("/token", refused("invalid_client"), "client_id"),
        ("/jwks", http(b"{}"), "jwks_uri"),
        ("/.well-known/openid-configuration", http(b"", status="500 Oops"), "GENKAN_FETCH_ALLOW"),
    ):
        provider.answers = {path: answer}
        wrong = await try_out(upstream(provider, clock, client_secret_file=secret(tmp_path)), CALLBACK, LOGOUT)
        (failed,) = [step for step in wrong if not step.good]
        assert words in failed.fix
    provider.answers = {}
    es = await try_out(upstream(provider, clock, algorithms=("ES512",)), CALLBACK, LOGOUT)
    assert any(not step.good and "algorithms" in step.fix for step in es)
