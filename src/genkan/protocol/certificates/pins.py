"""Pins: what of a certificate an administrator ties to one account, as a digest that the store finds it by."""

import hashlib

from genkan.protocol.certificate_records import PinKind
from genkan.protocol.certificates.naming import Leaf


def pin_value(leaf: Leaf, kind: PinKind) -> bytes | None:
    """The digest for this kind; None where the certificate has nothing of it that is clear."""
    match kind:
        case PinKind.SPKI:
            return leaf.spki
        case PinKind.SERIAL:
            # RFC 5280 4.1.2.2: issuer name and serial number identify one certificate.
            serial = leaf.serial.to_bytes((leaf.serial.bit_length() + 7) // 8, "big")
            return hashlib.sha256(len(serial).to_bytes(2, "big") + serial + leaf.issuer_der).digest()
        case PinKind.SUBJECT:
            # Issued anew it keeps its subject, and another authority may use the same: so the issuer is part of it.
            text = "" if leaf.subject_fault else leaf.subject
            return hashlib.sha256(text.encode() + b"\0" + leaf.issuer_der).digest() if text else None


def pin_values(leaf: Leaf) -> tuple[tuple[PinKind, bytes], ...]:
    """Every pin that would fit this certificate."""
    found = ((kind, pin_value(leaf, kind)) for kind in PinKind)
    return tuple((kind, value) for kind, value in found if value is not None)


def pin_name(leaf: Leaf, kind: PinKind) -> str:
    """How a pin is shown to administrators."""
    match kind:
        case PinKind.SPKI:
            return (
                f"{leaf.subject or 'a certificate without subject'}, key {leaf.spki[:8].hex()}\N{HORIZONTAL ELLIPSIS}"
            )
        case PinKind.SERIAL:
            return f"{leaf.subject or 'a certificate without subject'}, serial number {leaf.serial:x} of {leaf.issuer}"
        case PinKind.SUBJECT:
            return f"{leaf.subject} by {leaf.issuer}"
