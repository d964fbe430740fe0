"""From DER bytes to a certificate whose every part that we use can be read; a fault where one cannot."""

import warnings
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.env import SECOND
from genkan.wire.budget import CERTIFICATE, Budget
from genkan.wire.sentences import visible

MOST_BYTES = 8 * 1024  # a certificate of a person has one to three thousand
MOST_SHOWN = 300
# What the library raises for bytes that are not what they should be.
UNREADABLE = (
    ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def read_certificate(der: bytes) -> x509.Certificate | CertificateFault:
    """A certificate, read through: what follows may use every property of it without guarding itself."""
    if len(der) > MOST_BYTES:
        return CertificateFault(Fault.TOO_LARGE, f"{len(der)} bytes", (("most", str(MOST_BYTES)),))
    if not is_within(der, CERTIFICATE):
        return CertificateFault(Fault.TOO_LARGE, f"more than {CERTIFICATE.nodes} parts")
    try:
        with warnings.catch_warnings():
            # What the library only warns of is judged here by name, or harms nobody.
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            serial = _read_through(certificate)
    except UNREADABLE as e:
        return CertificateFault(Fault.UNREADABLE, _short(str(e)))
    if serial <= 0:  # RFC 5280 4.1.2.2: a positive integer
        return CertificateFault(Fault.UNREADABLE, "the serial number is not positive")
    return certificate


def _read_through(certificate: x509.Certificate) -> int:
    # RFC 5280 4.2: an extension at most once, each readable; 4.1: version, names, validity, key, signature.
    for extension in certificate.extensions:
        hash(extension.oid)
    certificate.public_key()
    _ = certificate.version, certificate.signature_hash_algorithm
    _ = certificate.issuer.rdns, certificate.subject.rdns
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate.serial_number


def is_within(der: bytes, budget: Budget) -> bool:
    """Whether elements of DER (X.690 8.1) are so few and so shallow. What is no DER is the library's to refuse."""
    at, ends, left = 0, [len(der)], budget.nodes
    while at + 1 < len(der):
        while at >= ends[-1]:
            ends.pop()
        left -= 1
        if left < 0 or len(ends) > budget.depth:
            return False
        constructed, start, size = der[at] & 0x20, at + 2, der[at + 1]
        if size >= 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[at + 2 : start], "big")
        if constructed:
            ends.append(min(start + size, ends[-1]))
        at = start if constructed else start + size
    return True


def extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """The extension of this kind, if it is there."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate's own bytes."""
    return certificate.public_bytes(Encoding.DER)


def moment(time: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(time.timestamp()) * SECOND


def day(at: int) -> str:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(at / SECOND, UTC).date().isoformat()


def shown(name: x509.Name) -> str:
    """A name for people's eyes, RFC 4514 2: short, and no character that anything would obey."""
    return _short(name.rfc4514_string()) or "(empty)"


def _short(text: str) -> str:
    return visible(text) if len(text) <= MOST_SHOWN else visible(text[:MOST_SHOWN]) + "\N{HORIZONTAL ELLIPSIS}"
