"""What a proxy or our own TLS tells of a client's certificate: bytes of a header to DER, or a fault; never else.

Whether the caller may tell it at all is the peer's question. Nothing here is verified: that is the chain's.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.reading import MOST_BYTES

MOST_HEADER = 12 * 1024  # one certificate in base64, or percent-encoded
MOST_CHAIN_HEADER = 32 * 1024  # all values of Client-Cert-Chain together
MOST_CHAIN = 10
_SPACE = b" \t"
BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Presented:
    """The end-entity certificate and what came beside it, as DER; ``chain`` only helps to find the way to a CA."""

    leaf: bytes
    chain: tuple[bytes, ...] = ()


def from_tls(leaf: bytes, chain: Sequence[bytes] = ()) -> Presented | CertificateFault:
    """What our own TLS saw, in the order of the handshake (RFC 8446 4.4.2: the end entity's comes first)."""
    return _bounded(leaf, tuple(chain))


def from_client_cert(value: bytes, chain: Sequence[bytes] = ()) -> Presented | CertificateFault:
    """``Client-Cert`` and every value of ``Client-Cert-Chain`` (RFC 9440 2.2, 2.3)."""
    fault = _size_fault(len(value), MOST_HEADER) or _size_fault(sum(map(len, chain)), MOST_CHAIN_HEADER)
    if fault is not None:
        return fault
    leaf = _byte_sequence(value.strip(_SPACE))
    # RFC 9651 3.1: a list may be split over header lines, and is read as if joined by commas.
    members = [member.strip(_SPACE) for line in chain for member in line.split(b",")]
    others = [_byte_sequence(member) for member in members]
    if leaf is None or any(other is None for other in others):
        return CertificateFault(Fault.HEADER, "Client-Cert is not what RFC 9440 says: base64 between two colons")
    return _bounded(leaf, tuple(other for other in others if other is not None))


def from_escaped_pem(value: bytes) -> Presented | CertificateFault:
    """nginx's ``$ssl_client_escaped_cert``: one certificate in PEM, percent-encoded. nginx tells of no chain."""
    fault = _size_fault(len(value), MOST_HEADER)
    if fault is not None:
        return fault
    leaf = _pem(unquote_to_bytes(value)) if _is_escaped(value) else None
    if leaf is None:
        return CertificateFault(Fault.HEADER, "it is not one percent-encoded PEM certificate")
    return _bounded(leaf, ())


def from_base64_der(value: bytes) -> Presented | CertificateFault:
    """Caddy's ``{http.request.tls.client.certificate_der_base64}``: base64 and nothing around it."""
    fault = _size_fault(len(value), MOST_HEADER)
    if fault is not None:
        return fault
    leaf = _base64(value.strip(_SPACE))
    return CertificateFault(Fault.HEADER, "it is not base64") if leaf is None else _bounded(leaf, ())


def from_file(data: bytes) -> Presented | CertificateFault:
    """What an administrator has: DER, or PEM of which the first certificate counts and others are its chain."""
    if len(data) > MOST_CHAIN_HEADER:
        return _size_fault(len(data), MOST_CHAIN_HEADER) or CertificateFault(Fault.TOO_LARGE)
    if BEGIN not in data:
        return _bounded(data, ())
    blocks = [BEGIN + part.partition(_END)[0] + _END for part in data.split(BEGIN)[1:]]
    found = [_pem(block) for block in blocks]
    ders = tuple(der for der in found if der is not None)
    if len(ders) != len(found):
        return CertificateFault(Fault.UNREADABLE, "a PEM block in it is broken")
    return _bounded(ders[0], ders[1:])


def _bounded(leaf: bytes, chain: tuple[bytes, ...]) -> Presented | CertificateFault:
    if len(chain) > MOST_CHAIN:
        return CertificateFault(Fault.HEADER, f"{len(chain)} certificates beside it; at most {MOST_CHAIN} are read")
    for der in (leaf, *chain):
        fault = _size_fault(len(der), MOST_BYTES)
        if fault is not None:
            return fault
    return Presented(leaf, chain) if leaf else CertificateFault(Fault.HEADER, "it is empty")


def _size_fault(size: int, most: int) -> CertificateFault | None:
    if size <= most:
        return None
    return CertificateFault(Fault.TOO_LARGE, f"{size} bytes, {most} are read", (("most", str(most)),))


def _byte_sequence(text: bytes) -> bytes | None:
    """RFC 9651 3.3.5: base64 between colons. Parameters behind it mean nothing in RFC 9440, so ours sends none."""
    if len(text) < 3 or text[:1] != b":" or text[-1:] != b":":
        return None
    return _base64(text[1:-1])


def _base64(text: bytes) -> bytes | None:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # RFC 4648 3.5: one spelling of the same bytes, pad bits zero.
    return decoded if base64.b64encode(decoded) == text else None


def _is_escaped(value: bytes) -> bool:
    hexadecimal = b"0123456789abcdefABCDEF"
    pieces = value.split(b"%")[1:]
    return value.isascii() and all(len(p) >= 2 and p[0] in hexadecimal and p[1] in hexadecimal for p in pieces)


def _pem(text: bytes) -> bytes | None:
    """RFC 7468 5.1, one block and nothing else: a second certificate would be a second identity."""
    text = text.strip(b" \t\r\n")
    body = text.removeprefix(BEGIN).removesuffix(_END)
    if len(body) != len(text) - len(BEGIN) - len(_END) or b"-" in body:
        return None
    return _base64(b"".join(body.split()))
