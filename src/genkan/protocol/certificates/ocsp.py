"""What an OCSP responder says of a certificate: RFC 6960 3.2, with the issuer or its own delegate as the responder.

Requests carry no nonce: an answer counts within the times that it names, which is what lets it be kept (RFC 5019 4).
"""

import warnings
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.reading import UNREADABLE, day, der_of, extension, moment, read_certificate
from genkan.protocol.certificates.standing import SKEW, Good, Revocation, Revoked, Unknown
from genkan.protocol.certificates.strength import key_fault, signature_fault
from genkan.protocol.env import HOUR, SECOND

MOST_OCSP_BYTES = 64 * 1024
MOST_ANSWERS = 32
MOST_RESPONDERS = 4
KEPT_WITHOUT_END = HOUR  # RFC 6960 4.2.2.1: without nextUpdate newer word is always to be had
# RFC 5019 2.1.1: responders for many know no other; it names the issuer here and protects nothing.
_NAMES_ONLY = hashes.SHA1()  # noqa: S303


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The question, in DER."""
    return _question(certificate, issuer, _NAMES_ONLY).public_bytes(Encoding.DER)


def judge_ocsp(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> Revocation:
    """What this response says of this certificate of this issuer."""
    if len(data) > MOST_OCSP_BYTES:
        return Unknown("the OCSP response is too large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _judge(ocsp.load_der_ocsp_response(data), certificate, issuer, now)
    except UNREADABLE:
        return Unknown("the OCSP response cannot be read")


def _judge(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate, now: int
) -> Revocation:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return Unknown(f"the OCSP responder answers {response.response_status.name.lower()}")
    fault = _signature_fault(response, issuer, now) or _extension_fault(response.extensions)
    if fault:
        return Unknown(f"the OCSP response {fault}")
    # RFC 6960 3.2 (1): the certificate that was asked for.
    for number, answer in enumerate(response.responses):
        if number >= MOST_ANSWERS:
            break
        if _is_about(answer, certificate, issuer):
            return _said(answer, now)
    return Unknown("the OCSP response is about another certificate")


def _is_about(answer: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """RFC 6960 4.1.1: the serial number, and the issuer by its name and its key."""
    wanted = _question(certificate, issuer, answer.hash_algorithm)
    found = (answer.serial_number, answer.issuer_name_hash, answer.issuer_key_hash)
    return found == (wanted.serial_number, wanted.issuer_name_hash, wanted.issuer_key_hash)


def _question(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> ocsp.OCSPRequest:
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build()


def _said(answer: ocsp.OCSPSingleResponse, now: int) -> Revocation:
    begins = moment(answer.this_update_utc)
    ends = None if answer.next_update_utc is None else moment(answer.next_update_utc)
    if answer.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        at = answer.revocation_time_utc
        reason = answer.revocation_reason
        return Revoked(begins if at is None else moment(at), "unspecified" if reason is None else reason.value)
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return Unknown("the OCSP responder does not know the certificate")
    # RFC 6960 3.2 (5), (6) and 4.2.2.1
    if begins > now + SKEW:
        return Unknown(f"the OCSP response is only good from {day(begins)} on")
    last = begins + KEPT_WITHOUT_END + SKEW if ends is None else ends + SECOND
    return Good(last) if now < last else Unknown(f"the OCSP response is out of date since {day(last)}")


def _extension_fault(extensions: x509.Extensions) -> str:
    for one in extensions:
        if one.critical:  # RFC 6960 4.4: the ones it defines need not be critical, and none is asked for
            return f"has a critical extension that is not understood ({one.oid.dotted_string})"
    return ""


def _signature_fault(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: int) -> str:
    """RFC 6960 3.2 (2), (3), (4): signed by who may: the issuer, or whom the issuer made its responder."""
    weak = signature_fault(response.signature_algorithm_oid, response.signature_hash_algorithm)
    if weak:
        return f"has {weak}"
    faults = []
    for responder in _responders(response, issuer):
        fault = "" if responder == issuer else _delegate_fault(responder, issuer, now)
        if not fault and not _is_signed_by(response, responder):
            fault = "is not signed by who it says"
        if not fault:
            return ""
        faults.append(fault)
    return faults[0] if faults else "names a responder that is neither the issuer nor one with a certificate"


def _responders(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> Iterator[x509.Certificate]:
    if _is_responder(response, issuer):
        yield issuer
    for certificate in response.certificates[:MOST_RESPONDERS]:
        read = read_certificate(der_of(certificate))
        if not isinstance(read, CertificateFault) and _is_responder(response, read):
            yield read


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """RFC 6960 4.2.2.3: named by name, or by the SHA-1 of its key."""
    if response.responder_name is not None:
        return response.responder_name.public_bytes() == certificate.subject.public_bytes()
    return response.responder_key_hash == _question(certificate, certificate, _NAMES_ONLY).issuer_key_hash


def _delegate_fault(responder: x509.Certificate, issuer: x509.Certificate, now: int) -> str:
    """RFC 6960 4.2.2.2: signed by the very issuer, marked for this use, and valid now. Whether it was itself revoked is
    not asked (4.2.2.2.1): its validity bounds that, which CAs keep short.
    """
    usages = extension(responder, x509.ExtendedKeyUsage)
    if usages is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        return "is signed by a certificate that may not (OCSPSigning)"
    usage = extension(responder, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        return "is signed by a certificate that may not (digitalSignature)"
    weak = key_fault(responder.public_key()) or signature_fault(
        responder.signature_algorithm_oid, responder.signature_hash_algorithm
    )
    if weak:
        return f"is signed by a certificate with {weak}"
    if not moment(responder.not_valid_before_utc) <= now < moment(responder.not_valid_after_utc) + SECOND:
        return "is signed by a certificate that is not valid now"
    if any(one.critical and one.oid not in _UNDERSTOOD_OF_RESPONDER for one in responder.extensions):
        return "is signed by a certificate with a critical extension that is not understood"
    try:
        responder.verify_directly_issued_by(issuer)
    except UNREADABLE:
        return "is signed by a responder of another authority"
    return ""


_UNDERSTOOD_OF_RESPONDER = frozenset({ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE,
                                      ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.OCSP_NO_CHECK,
                                      ExtensionOID.SUBJECT_ALTERNATIVE_NAME})  # fmt: skip


def _is_signed_by(response: ocsp.OCSPResponse, responder: x509.Certificate) -> bool:
    key, signed, signature = responder.public_key(), response.tbs_response_bytes, response.signature
    algorithm = response.signature_hash_algorithm
    try:
        match key:
            case rsa.RSAPublicKey() if algorithm is not None:
                if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
                    return False  # its parameters cannot be read from a response
                key.verify(signature, signed, padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey() if algorithm is not None:
                key.verify(signature, signed, ec.ECDSA(algorithm))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, signed)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
