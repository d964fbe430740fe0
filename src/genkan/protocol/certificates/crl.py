"""What a CRL says of a certificate: RFC 5280 6.3.3 for complete CRLs that the certificate's own issuer signed.

Delta CRLs, indirect CRLs and CRLs of some reasons say nothing here: Unknown, never Good.
"""

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from genkan.protocol.certificates.bundle import is_authority
from genkan.protocol.certificates.reading import UNREADABLE, day, extension, moment
from genkan.protocol.certificates.standing import SKEW, Good, Revocation, Revoked, Unknown
from genkan.protocol.certificates.strength import signature_fault
from genkan.protocol.env import SECOND
from genkan.wire.budget import REVOKED

MOST_CRL_BYTES = 8 * 1024 * 1024
_UNDERSTOOD = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.CRL_NUMBER,
                         ExtensionOID.AUTHORITY_KEY_IDENTIFIER})  # fmt: skip
_UNDERSTOOD_OF_ENTRY = frozenset({x509.CRLReason.oid, x509.InvalidityDate.oid})
_PEM = b"-----BEGIN X509 CRL-----"


def read_crl(data: bytes) -> x509.CertificateRevocationList | None:
    """A CRL in DER or PEM; None where it is neither."""
    if len(data) > MOST_CRL_BYTES:
        return None
    try:
        load = x509.load_pem_x509_crl if _PEM in data[:4096] else x509.load_der_x509_crl
        crl = load(data)
        return crl if len(crl) <= REVOKED.nodes else None
    except UNREADABLE:
        return None


def judge_crl(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, now: int
) -> Revocation:
    """What this CRL says of this certificate of this issuer."""
    try:
        fault = _crl_fault(crl, issuer) or _scope_fault(crl, certificate)
        return Unknown(f"the CRL {fault}") if fault else _listed(crl, certificate, now)
    except UNREADABLE:
        return Unknown("the CRL cannot be read")


def _crl_fault(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> str:
    # RFC 5280 6.3.3 (b)(1): the issuer's own; (f): whose key usage, where there is one, allows to sign CRLs.
    if crl.issuer.public_bytes() != issuer.subject.public_bytes():
        return "is of another authority"
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        return "is signed by an authority that may not (cRLSign)"
    weak = signature_fault(crl.signature_algorithm_oid, crl.signature_hash_algorithm)
    if weak:
        return f"has {weak}"
    key = issuer.public_key()
    # RFC 5280 6.3.3 (g)
    return "" if crl.is_signature_valid(key) else "is not signed by its authority"  # type: ignore[arg-type]


def _scope_fault(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> str:
    for one in crl.extensions:
        # RFC 5280 5.2.4: the indicator of a delta CRL is critical, and so ends here like all that is not understood.
        if one.critical and one.oid not in _UNDERSTOOD:
            return f"has a critical extension that is not understood ({one.oid.dotted_string})"
    try:
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return ""
    # RFC 5280 6.3.3 (b)(2)
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs or point.relative_name:
        return "is indirect, or tells only a part"
    of_authority = is_authority(certificate)
    if (point.only_contains_user_certs and of_authority) or (point.only_contains_ca_certs and not of_authority):
        return "is of certificates of another kind"
    if point.full_name and not _names_point(certificate, point.full_name):
        return "is of another distribution point"
    return ""


def _names_point(certificate: x509.Certificate, names: list[x509.GeneralName]) -> bool:
    points = extension(certificate, x509.CRLDistributionPoints) or ()
    return any(name in names for point in points for name in point.full_name or ())


def _listed(crl: x509.CertificateRevocationList, certificate: x509.Certificate, now: int) -> Revocation:
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is not None:
        # However old the list is: what was revoked does not come back (RFC 5280 3.3).
        return _revoked(entry)
    begins = moment(crl.last_update_utc)
    ends = None if crl.next_update_utc is None else moment(crl.next_update_utc)
    if begins > now + SKEW:
        return Unknown(f"the CRL is only good from {day(begins)} on")
    # RFC 5280 5.1.2.5: every CRL says when the next one comes; one that does not could be of any age.
    if ends is None or now >= ends + SECOND:
        return Unknown("the CRL says no end" if ends is None else f"the CRL is out of date since {day(ends)}")
    return Good(ends)


def _revoked(entry: x509.RevokedCertificate) -> Revocation:
    reason = "unspecified"
    for one in entry.extensions:
        if one.critical and one.oid not in _UNDERSTOOD_OF_ENTRY:  # RFC 5280 5.3
            return Unknown(f"the CRL's entry has a critical extension ({one.oid.dotted_string})")
        if isinstance(one.value, x509.CRLReason):
            reason = one.value.reason.value
    if reason == x509.ReasonFlags.remove_from_crl.value:
        return Unknown("the CRL takes the certificate back, which only a delta CRL may (RFC 5280 5.3.1)")
    return Revoked(moment(entry.revocation_date_utc), reason)
