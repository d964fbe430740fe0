"""A site that takes only listed models of authenticators: what it asks browsers for, which passkeys it keeps."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from genkan.protocol.records import Account
from genkan.protocol.signin.demand import acr_of
from tests.protocol.test_passkey_attestation import (
    AAGUID,
    AAGUID_EXTENSION,
    BATCH,
    NAMED,
    TEXT,
    Issuer,
    der,
    packed,
)
from tests.site.passkey_house import OPTIONS, SIGN_IN, Attest, make, only, use
from tests.site.world import START, SiteUnderTest, TestClock, close_site, open_site
from tests.software_key import SoftwareKey, self_attested

TIME = datetime.fromtimestamp(START / 1000, UTC)
OTHER = bytes(reversed(range(16)))
# Good by the site's clock.
LONG: Any = {"begins": TIME - timedelta(days=1), "ends": TIME + timedelta(days=365)}
MAKER_ROOT, STRANGER = Issuer(**LONG), Issuer(**LONG)


def by(issuer: Issuer, aaguid: bytes = AAGUID) -> Attest:
    """Packed attestation by a certificate for this model."""
    model = NAMED if aaguid == AAGUID else x509.UnrecognizedExtension(AAGUID_EXTENSION, b"\x04\x10" + aaguid)
    return packed(issuer.leaf(BATCH.public_key(), more=[(model, False)], **LONG))


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site whose file of makers knows two models by one root, and whose list has one of them."""
    root = b64encode(der(MAKER_ROOT.certificate)).decode()
    both = [TEXT, OTHER.hex()]
    statements = [{"aaguid": one, "description": "Key 5", "attestationRootCertificates": [root]} for one in both]
    file = tmp_path / "models.json"
    file.write_text(json.dumps(statements))
    opened = await open_site(tmp_path / "site", TestClock(), passkey_aaguids=(TEXT,), passkey_metadata=str(file))
    yield opened
    await close_site(opened)


async def test_browsers_are_asked_for_the_maker_s_word(site: SiteUnderTest, alice: Account) -> None:
    """WebAuthn 5.4.7: without "direct" a browser takes the attestation away."""
    options = (await site.client.get(site.base + OPTIONS)).json()["publicKey"]
    assert options["attestation"] == "direct"


async def test_a_listed_model_that_its_maker_vouches_for_is_kept(site: SiteUnderTest, alice: Account) -> None:
    """With its name, as proved, and it signs in."""
    key = SoftwareKey(aaguid=AAGUID)
    done = await make(site, key, attest=by(MAKER_ROOT))
    assert (done.status_code, done.headers["location"]) == (303, f"{site.base}{SIGN_IN}?done=passkey-added")
    kept = await only(site, alice)
    assert (kept.aaguid, kept.attested) == (AAGUID, True)
    assert "Key 5" in (await site.client.get(site.base + SIGN_IN)).text
    assert (await use(site, key)).status_code == 303
    methods = {session.method for session in await site.store.sessions(alice.id)}
    assert {acr_of(method) for method in methods} == {"urn:genkan:acr:password", "phrh"}


@pytest.mark.parametrize(
    ("aaguid", "attest"),
    [
        (AAGUID, None),
        (bytes(16), None),
        (AAGUID, "self"),
        (AAGUID, by(STRANGER)),
        (OTHER, by(MAKER_ROOT, OTHER)),
        (OTHER, by(MAKER_ROOT)),
    ],
    ids=["no attestation", "a synced passkey", "by itself", "another root", "a model off the list", "another's proof"],
)
async def test_every_other_key_is_refused(
    site: SiteUnderTest, alice: Account, aaguid: bytes, attest: Attest | str | None
) -> None:
    """With a sentence about the model, and nothing is kept."""
    key = SoftwareKey(aaguid=aaguid)
    chosen = self_attested(key) if isinstance(attest, str) else attest
    done = await make(site, key, attest=chosen)
    assert done.status_code == 403, done.text
    assert "model" in done.text
    assert await site.store.passkeys(alice.id) == []
