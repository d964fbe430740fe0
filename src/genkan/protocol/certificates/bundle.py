"""The administrator's CA bundle: every certificate in it is an anchor, and what cannot be one is a problem."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.reading import UNREADABLE, der_of, extension, read_certificate, shown
from genkan.protocol.certificates.strength import key_fault

MOST_BUNDLE_BYTES = 1024 * 1024
MOST_ANCHORS = 500


@dataclass(frozen=True, slots=True)
class Bundle:
    """Whom client certificates are verified to; empty where none counts. ``by_name`` finds them by their subject."""

    anchors: tuple[x509.Certificate, ...] = ()
    by_name: dict[bytes, tuple[x509.Certificate, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class BundleProblem:
    """What is wrong with the file, as half a sentence."""

    wrong: str


def parse_bundle(pem: bytes) -> Bundle | BundleProblem:
    """The anchors in a PEM file."""
    if len(pem) > MOST_BUNDLE_BYTES:
        return BundleProblem(f"is larger than {MOST_BUNDLE_BYTES} bytes")
    blocks = pem.count(b"-----BEGIN ")
    if blocks > MOST_ANCHORS:  # before any of them is read
        return BundleProblem(f"holds {blocks} certificates; at most {MOST_ANCHORS} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = x509.load_pem_x509_certificates(pem)
    except UNREADABLE:
        return BundleProblem("holds no PEM certificates that can be read")
    for number, certificate in enumerate(found, 1):
        wrong = _anchor_fault(certificate)
        if wrong:
            return BundleProblem(f"certificate {number} cannot be an authority: {wrong}")
    return bundle_of(found)


def bundle_of(anchors: Sequence[x509.Certificate]) -> Bundle:
    """The bundle of these anchors."""
    by_name: dict[bytes, tuple[x509.Certificate, ...]] = {}
    for anchor in anchors:
        name = anchor.subject.public_bytes()
        by_name[name] = (*by_name.get(name, ()), anchor)
    return Bundle(tuple(anchors), by_name)


def _anchor_fault(certificate: x509.Certificate) -> str:
    read = read_certificate(der_of(certificate))
    if isinstance(read, CertificateFault):
        return str(read)
    who = shown(read.subject)
    if not is_authority(read):
        return f"{who} is not a CA certificate (basic constraints)"
    weak = key_fault(read.public_key())
    return f"{who} has {weak}" if weak else ""


def is_authority(certificate: x509.Certificate) -> bool:
    """RFC 5280 4.2.1.9: it says of itself that it is a CA."""
    constraints = extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca
