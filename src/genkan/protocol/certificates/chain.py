"""The way from the leaf to an anchor of the administrator's: RFC 5280 6.1, at a moment, within a bounded search.

Only the leaf is whose the certificate is; whatever else was presented merely helps to find the way, in any order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from genkan.protocol.certificates.bundle import Bundle, is_authority
from genkan.protocol.certificates.constraints import constraint_fault
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.reading import UNREADABLE, day, extension, moment, shown
from genkan.protocol.certificates.strength import key_fault, signature_fault
from genkan.protocol.env import SECOND

MOST_LENGTH = 8  # certificates in a path, leaf and anchor included
MOST_SIGNATURES = 50  # checked in one search, so that cross-signed authorities cannot keep us busy

# RFC 5280 4.2: what is critical must be understood. Policies: any is acceptable here (6.1.1 c), so that mappings and
# the inhibition of anyPolicy change nothing; a required explicit policy is not understood, and refused as unknown.
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
FOR_CLIENTS = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


@dataclass(frozen=True, slots=True)
class Path:
    """A verified way, the leaf first and the anchor last."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """Whose certificate it is."""
        return self.certificates[0]

    @property
    def issuer(self) -> x509.Certificate:
        """Who signed the leaf."""
        return self.certificates[1]

    def links(self) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
        """Each certificate below the anchor with its issuer."""
        return zip(self.certificates, self.certificates[1:], strict=False)


def verify(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    bundle: Bundle,
    now: int,
    purposes: frozenset[x509.ObjectIdentifier] | None = FOR_CLIENTS,
) -> Path | CertificateFault:
    """The first way on which everything holds, else the most telling fault of the leaf or of a way. ``purposes``: where
    a certificate names what it is for, one of these must be among it; None takes any.
    """
    if is_authority(leaf):
        return CertificateFault(Fault.AUTHORITY, f"{shown(leaf.subject)} is a CA certificate")
    ways, broken = _complete(leaf, others, bundle)
    faults = []
    for way in ways:
        fault = _way_fault(way, now, purposes)
        if fault is None:
            return Path(way)
        faults.append(fault)
    return faults[0] if faults else broken


_Way = tuple[x509.Certificate, ...]
_Purposes = frozenset[x509.ObjectIdentifier] | None


def _complete(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], bundle: Bundle
) -> tuple[list[_Way], CertificateFault]:
    """Every way to an anchor whose signatures hold, shortest first; and why there is none."""
    broken = CertificateFault(Fault.UNKNOWN_AUTHORITY, f"no way from {shown(leaf.issuer)} to a CA in the bundle")
    waiting: list[_Way] = [(leaf,)]
    found: list[_Way] = []
    checked = 0
    while waiting:
        way = waiting.pop(0)
        for issuer, is_anchor in _issuers(way, others, bundle):
            checked += 1
            if checked > MOST_SIGNATURES:
                return found, CertificateFault(Fault.CHAIN, "too many authorities of the same name to try")
            fault = _link_fault(way[-1], issuer)
            if fault is not None:
                broken = fault
            elif is_anchor:
                found.append((*way, issuer))
            elif len(way) + 2 <= MOST_LENGTH:
                waiting.append((*way, issuer))
    return found, broken


def _issuers(way: _Way, others: Sequence[x509.Certificate], bundle: Bundle) -> Iterator[tuple[x509.Certificate, bool]]:
    # RFC 5280 6.1 (a): the subject of each is the issuer of the one below it, byte by byte.
    name = way[-1].issuer.public_bytes()
    for anchor in bundle.by_name.get(name, ()):
        yield anchor, True
    for other in others:
        if other not in way and other.subject.public_bytes() == name:
            yield other, False


def _link_fault(below: x509.Certificate, issuer: x509.Certificate) -> CertificateFault | None:
    weak = signature_fault(below.signature_algorithm_oid, below.signature_hash_algorithm)
    weak = f"{shown(below.subject)} has {weak}" if weak else _weak_key(issuer)
    if weak:
        return CertificateFault(Fault.WEAK, weak)
    try:
        below.verify_directly_issued_by(issuer)
    except UNREADABLE:
        # RFC 5280 6.1.3 (a)(1)
        return CertificateFault(
            Fault.FALSE_SIGNATURE, f"{shown(below.subject)} is not signed by {shown(issuer.subject)}"
        )
    return None


def _weak_key(certificate: x509.Certificate) -> str:
    weak = key_fault(certificate.public_key())
    return f"{shown(certificate.subject)} has {weak}" if weak else ""


def _way_fault(way: _Way, now: int, purposes: _Purposes) -> CertificateFault | None:
    leaf, *authorities = way
    fault = _leaf_fault(leaf, now, purposes)
    if fault is not None:
        return fault
    for depth, authority in enumerate(authorities):
        wrong = _authority_fault(authority, way[1 : depth + 1], now, purposes)
        if wrong:
            return CertificateFault(Fault.CHAIN, f"{shown(authority.subject)} {wrong}")
    wrong = constraint_fault(way)
    return CertificateFault(Fault.CHAIN, wrong) if wrong else None


def _leaf_fault(leaf: x509.Certificate, now: int, purposes: _Purposes) -> CertificateFault | None:
    # RFC 5280 6.1.3 (a)(2) with 4.1.2.5: valid from the first moment through the last, both included.
    begins, ends = moment(leaf.not_valid_before_utc), moment(leaf.not_valid_after_utc)
    if now < begins:
        return CertificateFault(Fault.NOT_YET_VALID, f"valid from {day(begins)}", (("date", day(begins)),))
    if now >= ends + SECOND:
        return CertificateFault(Fault.EXPIRED, f"valid until {day(ends)}", (("date", day(ends)),))
    weak = _weak_key(leaf)
    if weak:
        return CertificateFault(Fault.WEAK, weak)
    wrong = _usage_fault(leaf, purposes)
    if wrong:
        return CertificateFault(Fault.WRONG_USAGE, wrong)
    unknown = _unknown_critical(leaf)
    return CertificateFault(Fault.CHAIN, f"{shown(leaf.subject)} {unknown}") if unknown else None


def _usage_fault(leaf: x509.Certificate, purposes: _Purposes) -> str:
    usage = extension(leaf, x509.KeyUsage)
    # RFC 8446 4.4.2.2: where there is a key usage, it must allow signatures.
    if usage is not None and not usage.digital_signature:
        return "its key usage does not allow signatures (digitalSignature)"
    extended = extension(leaf, x509.ExtendedKeyUsage)
    # RFC 5280 4.2.1.12: where purposes are named, TLS clients must be among them.
    if extended is not None and purposes is not None and purposes.isdisjoint(extended):
        return "its extended key usage does not name TLS clients (clientAuth)"
    return ""


def _authority_fault(authority: x509.Certificate, below: _Way, now: int, purposes: _Purposes) -> str:
    """What keeps an authority from vouching; ``below`` are the authorities between it and the leaf."""
    if not moment(authority.not_valid_before_utc) <= now < moment(authority.not_valid_after_utc) + SECOND:
        ends = day(moment(authority.not_valid_after_utc))
        return f"is itself not valid now (from {day(moment(authority.not_valid_before_utc))} until {ends})"
    if not is_authority(authority):  # RFC 5280 6.1.4 (k)
        return "signed it without being a CA"
    usage = extension(authority, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:  # RFC 5280 6.1.4 (n)
        return "may not sign certificates (keyCertSign)"
    extended = extension(authority, x509.ExtendedKeyUsage)
    # Not in RFC 5280, and what every verifier does: an authority's purposes bound those of what is below it.
    if extended is not None and purposes is not None and purposes.isdisjoint(extended):
        return "may not vouch for TLS clients (extended key usage)"
    return _length_fault(authority, below) or _unknown_critical(authority)


def _length_fault(authority: x509.Certificate, below: _Way) -> str:
    constraints = extension(authority, x509.BasicConstraints)
    most = None if constraints is None else constraints.path_length
    # RFC 5280 4.2.1.9: how many authorities may follow, those not counted that issued themselves a new key (6.1.4 l).
    between = sum(one.subject != one.issuer for one in below)
    return f"allows {most} authorities below it, and there are {between}" if most is not None and between > most else ""


def _unknown_critical(certificate: x509.Certificate) -> str:
    for one in certificate.extensions:
        if one.critical and one.oid not in _UNDERSTOOD:  # RFC 5280 6.1.4 (o), 6.1.5 (f)
            return f"has a critical extension that is not understood ({one.oid.dotted_string})"
    return ""
