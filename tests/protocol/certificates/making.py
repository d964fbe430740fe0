"""Makes certificates, CRLs and OCSP answers for tests: by the library, at a fixed clock, each with one thing wrong."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from genkan.protocol.certificates.bundle import Bundle, bundle_of
from genkan.protocol.certificates.reading import der_of

TODAY = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOW = int(TODAY.timestamp() * 1000)
YEAR = timedelta(days=365)
UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_serials = itertools.count(1000)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def cn(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


def usage(*allowed: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: name in allowed for name in every})


CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
CA_USAGE = usage("key_cert_sign", "crl_sign")


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key = field(repr=False)

    @property
    def der(self) -> bytes:
        return der_of(self.certificate)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def name(self) -> x509.Name:
        return self.certificate.subject


def make(
    subject: x509.Name,
    issuer: Made | None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    *,
    key: Key | None = None,
    begins: datetime = TODAY - YEAR,
    ends: datetime = TODAY + YEAR,
    algorithm: hashes.SHA256 | hashes.SHA512 | None = None,
    serial: int | None = None,
) -> Made:
    key = key or ec_key()
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or next(_serials))
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    chosen = None if isinstance(signer, ed25519.Ed25519PrivateKey) else algorithm or hashes.SHA256()
    return Made(builder.sign(signer, chosen), key)


def authority(
    name: str | x509.Name = "Root",
    issuer: Made | None = None,
    *,
    length: int | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ca: bool = True,
    allowed: x509.KeyUsage | None = CA_USAGE,
    **how: object,
) -> Made:
    subject = cn(name) if isinstance(name, str) else name
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca, length), True), *extra]
    if allowed is not None:
        extensions.append((allowed, True))
    return make(subject, issuer, extensions, **how)  # type: ignore[arg-type]


def person(
    issuer: Made,
    *names: x509.GeneralName,
    subject: x509.Name | None = None,
    allowed: x509.KeyUsage | None = None,
    purposes: x509.ExtendedKeyUsage | None = CLIENT,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    **how: object,
) -> Made:
    """A client certificate as a corporate CA gives it, unless told otherwise."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [(allowed or usage("digital_signature"), True), *extra]
    if purposes is not None:
        extensions.append((purposes, False))
    if names:
        extensions.append((x509.SubjectAlternativeName(names), False))
    return make(cn("alice") if subject is None else subject, issuer, extensions, **how)  # type: ignore[arg-type]


def mail(text: str) -> x509.RFC822Name:
    """Also of what the library itself would not write."""
    return x509.RFC822Name._init_without_validation(text)


def upn(text: str | bytes, tag: int = 0x0C) -> x509.OtherName:
    content = text.encode() if isinstance(text, str) else text
    size = len(content)
    length = [size] if size < 0x80 else [0x81, size] if size < 0x100 else [0x82, size >> 8, size & 0xFF]
    return x509.OtherName(UPN, bytes([tag, *length]) + content)


def bundle(*anchors: Made) -> Bundle:
    return bundle_of([anchor.certificate for anchor in anchors])


def crl(
    issuer: Made,
    *serials: int,
    begins: datetime = TODAY - timedelta(days=1),
    ends: datetime = TODAY + timedelta(days=6),
    reason: x509.ReasonFlags | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    entry_extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    signer: Key | None = None,
    algorithm: hashes.SHA256 | hashes.SHA512 | None = None,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.name).last_update(begins).next_update(ends)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(TODAY - timedelta(days=2))
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), False)
        for extension, critical in entry_extra:
            entry = entry.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer or issuer.key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def ocsp_answer(
    leaf: Made,
    issuer: Made,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    *,
    responder: Made | None = None,
    shown: Sequence[Made] = (),
    begins: datetime = TODAY - timedelta(hours=1),
    ends: datetime | None = TODAY + timedelta(hours=1),
    by: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH,
    algorithm: hashes.HashAlgorithm | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            leaf.certificate,
            issuer.certificate,
            algorithm or hashes.SHA1(),
            status,
            begins,
            ends,
            TODAY - timedelta(days=2) if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(by, (responder or issuer).certificate)
    )
    if shown:
        builder = builder.certificates([one.certificate for one in shown])
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    return builder.sign((responder or issuer).key, hashes.SHA256()).public_bytes(Encoding.DER)


def responder(issuer: Made, purposes: x509.ExtendedKeyUsage | None = None, **how: object) -> Made:
    """Whom an authority makes its OCSP responder."""
    chosen = purposes or x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    extensions = [(usage("digital_signature"), True), (chosen, False), (x509.OCSPNoCheck(), False)]
    return make(cn("Responder"), issuer, extensions, **how)  # type: ignore[arg-type]


def signed_weakly(issuer: Made, made: Made, last_arc: int, algorithm: hashes.HashAlgorithm) -> x509.Certificate:
    """A certificate of an RSA authority, signed again with an algorithm that the library writes no more.

    sha256WithRSAEncryption is 1.2.840.113549.1.1.11; the older ones differ in the last arc alone.
    """
    assert isinstance(issuer.key, rsa.RSAPrivateKey)
    prefix = bytes.fromhex("06092a864886f70d0101")
    tbs = made.certificate.tbs_certificate_bytes.replace(prefix + b"\x0b", prefix + bytes([last_arc]), 1)
    signature = issuer.key.sign(tbs, padding.PKCS1v15(), algorithm)
    patched = made.der.replace(prefix + b"\x0b", prefix + bytes([last_arc]))
    return x509.load_der_x509_certificate(patched[: -len(signature)] + signature)
