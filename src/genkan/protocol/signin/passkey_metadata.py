"""What makers say of their authenticators: an administrator's metadata file, either FIDO's signed BLOB (MDS3) or a
plain JSON list of metadata statements.
"""

from base64 import b64decode, urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from genkan.protocol.certificates.bundle import BundleProblem, bundle_of, parse_bundle
from genkan.protocol.certificates.chain import Path, verify
from genkan.protocol.certificates.reading import read_certificate

MOST_BYTES = 32 * 1024 * 1024
# FIDO MDS3 3.2: who signs the BLOB. Its root is one of the public web, so the name is what tells it from others.
SIGNER = "mds.fidoalliance.org"
# FIDO MDS3 3.1.4: keys of these models may be in other hands, or do not do what their maker said.
COMPROMISED = frozenset(
    {
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
    }
)


class _Statement(msgspec.Struct, rename="camel"):
    aaguid: str | None = None
    description: str = ""
    attestation_root_certificates: tuple[str, ...] = ()


class _Status(msgspec.Struct):
    status: str


class _Entry(msgspec.Struct, rename="camel"):
    aaguid: str | None = None
    metadata_statement: _Statement | None = None
    status_reports: tuple[_Status, ...] = ()


class _Blob(msgspec.Struct, rename="camel"):
    entries: tuple[_Entry, ...]


class _Header(msgspec.Struct):
    alg: str
    x5c: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A model of authenticators. ``refused``: why no key of it is taken, empty where one is."""

    name: str
    anchors: tuple[x509.Certificate, ...] = field(repr=False)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The models by AAGUID."""

    models: Mapping[bytes, Model]


@dataclass(frozen=True, slots=True)
class MetadataProblem:
    """What is wrong with the file, as half a sentence."""

    wrong: str


def read_metadata(data: bytes, root: bytes, now: int) -> Metadata | MetadataProblem:
    """The file's models. ``root`` is the PEM file that a BLOB must lead to; a plain list is the administrator's own."""
    if len(data) > MOST_BYTES:
        return MetadataProblem(f"is larger than {MOST_BYTES} bytes")
    plain = data.strip()
    try:
        if plain.startswith(b"["):
            statements = msgspec.json.decode(plain, type=tuple[_Statement, ...])
            return _models([_Entry(one.aaguid, one) for one in statements])
        payload = _verified(plain, root, now)
        return payload if isinstance(payload, MetadataProblem) else _models(
            msgspec.json.decode(payload, type=_Blob).entries
        )  # fmt: skip
    except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
        return MetadataProblem(f"is neither a metadata BLOB nor a list of metadata statements: {problem}")


def aaguid_of(text: str) -> bytes | None:
    """Sixteen bytes as makers write them."""
    try:
        found = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return found if len(found) == 16 and any(found) else None


def _models(entries: Sequence[_Entry]) -> Metadata | MetadataProblem:
    models = {}
    for entry in entries:
        aaguid = aaguid_of(entry.aaguid or "")
        if aaguid is None or entry.metadata_statement is None:
            continue  # a U2F key or one that is told of by another number: nothing that a passkey says leads there
        anchors = [_certificate(text) for text in entry.metadata_statement.attestation_root_certificates]
        statuses = COMPROMISED.intersection(report.status for report in entry.status_reports)
        models[aaguid] = Model(
            entry.metadata_statement.description[:200], tuple(one for one in anchors if one is not None),
            ", ".join(sorted(statuses)),
        )  # fmt: skip
    return Metadata(models) if models else MetadataProblem("names no model by its AAGUID")


def _certificate(text: str) -> x509.Certificate | None:
    """One that cannot be read vouches for nothing; others of the same model still may."""
    try:
        found = read_certificate(b64decode("".join(text.split()), validate=True))
    except Base64Error:
        return None
    return found if isinstance(found, x509.Certificate) else None


def _verified(blob: bytes, root: bytes, now: int) -> bytes | MetadataProblem:
    """The payload of a BLOB that FIDO signed (RFC 7515 5.2)."""
    if not root:
        return MetadataProblem("is a signed BLOB: name the root that it leads to in GENKAN_PASSKEY_METADATA_ROOT")
    bundle = parse_bundle(root)
    if isinstance(bundle, BundleProblem):
        return MetadataProblem(f"has a root that {bundle.wrong}")
    parts = blob.split(b".")
    if len(parts) != 3:
        return MetadataProblem("is neither a metadata BLOB nor a list of metadata statements")
    header = msgspec.json.decode(_part(parts[0]), type=_Header)
    chain = [one for one in map(_certificate, header.x5c) if one is not None]
    if not chain or len(chain) != len(header.x5c):
        return MetadataProblem("names no certificates of whoever signed it")
    path = verify(chain[0], chain[1:], bundle_of(bundle.anchors), now, None)
    if not isinstance(path, Path):
        return MetadataProblem(f"is signed by a certificate that does not count: {path.detail}")
    if SIGNER not in _names(chain[0]):
        return MetadataProblem(f"is not signed by {SIGNER}")
    if not _is_signed(chain[0], header.alg, _part(parts[2]), b".".join(parts[:2])):
        return MetadataProblem("was changed after it was signed")
    return _part(parts[1])


def _part(text: bytes) -> bytes:
    try:
        return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except Base64Error:
        return b""


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def _is_signed(signer: x509.Certificate, algorithm: str, signature: bytes, signed: bytes) -> bool:
    """RFC 7518 3.3 and 3.4: RS256 and ES256, whichever fits the key."""
    key = signer.public_key()
    try:
        if algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        elif algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 64:
            halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
            key.verify(encode_dss_signature(*halves), signed, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True
