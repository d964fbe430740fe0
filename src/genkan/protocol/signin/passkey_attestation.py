"""A list of models that a site takes, each proved by its maker: WebAuthn 7.1 steps 21 to 24 with roots from the
administrator's metadata file, and our own chain check at the moment of the ceremony.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from genkan.protocol.certificates.bundle import bundle_of, is_authority
from genkan.protocol.certificates.chain import Path, verify
from genkan.protocol.certificates.reading import der_of, moment, read_certificate
from genkan.protocol.env import SECOND, Env
from genkan.protocol.signin.passkey_checks import Check
from genkan.protocol.signin.passkey_data import Created
from genkan.protocol.signin.passkey_library import has_fit_key, is_signed_by_tpm, key_of, verifies
from genkan.protocol.signin.passkey_metadata import Metadata, Model
from genkan.protocol.signin.passkey_models import Attested

MOST_CERTIFICATES = 6
# id-fido-gen-ce-aaguid, Apple's nonce, and the purpose of a TPM's attestation key.
_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_APPLE_NONCE = x509.ObjectIdentifier("1.2.840.113635.100.8.2")
_FOR_TPMS = frozenset({x509.ObjectIdentifier("2.23.133.8.3")})
_Purposes = frozenset[x509.ObjectIdentifier] | None


@dataclass(frozen=True, slots=True)
class ListedModels:
    """Only these models, by AAGUID, and only where their maker vouches for the key."""

    allowed: frozenset[bytes]
    metadata: Metadata

    def judge(self, created: Created, challenge: bytes, rp_id: str, env: Env) -> Attested | Check:  # noqa: ARG002
        """Whether this credential is taken. The challenge is part of what is signed, and was compared before."""
        aaguid = created.authenticator.aaguid
        model = self.metadata.models.get(aaguid)
        form = _FORMATS.get(created.format)
        if aaguid not in self.allowed or model is None or model.refused or form is None:
            return Check.MODEL
        if not has_fit_key(created):
            return Check.KEY
        chain = _chain(created)
        if not chain or not _names_model(chain[0], aaguid) or not form.is_made(created, chain[0]):
            return Check.MODEL
        return Attested(proved=True) if _is_anchored(chain, model, env.now, form.purposes) else Check.MODEL

    def name_of(self, aaguid: bytes) -> str:
        """What its maker calls the model."""
        model = self.metadata.models.get(aaguid)
        return model.name if model else ""


@dataclass(frozen=True, slots=True)
class _Format:
    """How a statement of one format is verified with the certificate that stands first in it."""

    is_made: Callable[[Created, x509.Certificate], bool]
    purposes: _Purposes = None


def _chain(created: Created) -> list[x509.Certificate]:
    """The statement's certificates, the one that signed first; empty where one cannot be read."""
    given = created.statement.get("x5c")
    if not isinstance(given, list) or not 0 < len(given) <= MOST_CERTIFICATES:
        return []
    read = [read_certificate(one) for one in given if isinstance(one, bytes)]
    found = [one for one in read if isinstance(one, x509.Certificate)]
    return found if len(found) == len(given) else []


def _is_anchored(chain: list[x509.Certificate], model: Model, now: int, purposes: _Purposes) -> bool:
    """FIDO Metadata Statement 4: the certificate itself is named, or a way leads to one that is (RFC 5280 6.1)."""
    leaf, *others = chain
    if any(der_of(anchor) == der_of(leaf) for anchor in model.anchors):
        return moment(leaf.not_valid_before_utc) <= now < moment(leaf.not_valid_after_utc) + SECOND
    return isinstance(verify(leaf, others, bundle_of(model.anchors), now, purposes), Path)


def _names_model(leaf: x509.Certificate, aaguid: bytes) -> bool:
    """WebAuthn 8.2.1, 8.3.1: where the certificate names a model, it is the authenticator's, and not critical."""
    try:
        named = leaf.extensions.get_extension_for_oid(_AAGUID)
    except x509.ExtensionNotFound:
        return True
    value = named.value.value if isinstance(named.value, x509.UnrecognizedExtension) else b""
    return not named.critical and value == b"\x04\x10" + aaguid


def _is_packed(created: Created, leaf: x509.Certificate) -> bool:
    """WebAuthn 8.2: signed by the attestation key, whose certificate is of the shape of 8.2.1."""
    signed = created.authenticator_raw + hashlib.sha256(created.client_raw).digest()
    statement = created.statement
    if not verifies(leaf.public_key(), statement.get("alg"), statement.get("sig"), signed):
        return False
    subject = leaf.subject
    unit = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    told = all(subject.get_attributes_for_oid(oid) for oid in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME,
                                                              NameOID.COMMON_NAME))  # fmt: skip
    shaped = leaf.version is x509.Version.v3 and not is_authority(leaf)
    return shaped and told and unit == ["Authenticator Attestation"]


def _is_apple(created: Created, leaf: x509.Certificate) -> bool:
    """WebAuthn 8.8: the certificate was made for this very ceremony and key."""
    digest = hashlib.sha256(created.client_raw).digest()
    nonce = hashlib.sha256(created.authenticator_raw + digest).digest()
    try:
        told = leaf.extensions.get_extension_for_oid(_APPLE_NONCE).value
    except x509.ExtensionNotFound:
        return False
    # SEQUENCE { [1] { OCTET STRING (32) } }
    wanted = bytes.fromhex("3024a1220420") + nonce
    own = key_of(created)
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    same = own is not None and own.public_bytes(*shape) == leaf.public_key().public_bytes(*shape)
    return same and isinstance(told, x509.UnrecognizedExtension) and told.value == wanted


_FORMATS: Mapping[str, _Format] = {
    "packed": _Format(_is_packed),
    "apple": _Format(_is_apple),
    "tpm": _Format(lambda created, _: is_signed_by_tpm(created), _FOR_TPMS),
}
