"""What a verified leaf says of whose it is, read strictly: a name that could be read in two ways is no name.

Identity is read from the leaf alone (CVE-2023-2422), and never by cutting a subject's text (CVE-2026-22747).
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from genkan.protocol.certificates.reading import der_of, extension, moment

LONGEST_NAME = 320
MOST_NAMES = 64
_UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING = 0x0C


class Kind(StrEnum):
    """Where a name stands: in the subject alternative name, the first four; in the subject, the others."""

    UPN = "upn"
    EMAIL = "email"
    DNS = "dns"
    URI = "uri"
    CN = "cn"
    UID = "uid"
    SUBJECT_EMAIL = "subject-email"


_IN_SUBJECT = {
    NameOID.COMMON_NAME: Kind.CN,
    NameOID.USER_ID: Kind.UID,
    NameOID.EMAIL_ADDRESS: Kind.SUBJECT_EMAIL,
}


@dataclass(frozen=True, slots=True)
class Name:
    """One name; ``fault`` says why it cannot be used, and then ``text`` is empty."""

    kind: Kind
    text: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The certificate has names of the kind asked for, and none of them can be taken for whose it is."""

    why: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """What counts of a certificate. ``subject`` and ``issuer`` are RFC 4514 text, empty where the name is; ``spki`` and
    ``fingerprint`` are SHA-256. A ``subject_fault`` says why the subject names nobody.
    """

    names: tuple[Name, ...]
    subject: str
    subject_fault: str
    issuer: str
    issuer_der: bytes
    serial: int
    spki: bytes
    fingerprint: bytes
    not_before: int
    not_after: int

    def the_one(self, kind: Kind) -> str | Unusable | None:
        """The one name of this kind: None where there is none, Unusable where it is not clear."""
        found = [name for name in self.names if name.kind is kind]
        for name in found:
            if name.fault:
                return Unusable(name.fault)
        texts = {name.text for name in found}
        if len(texts) > 1:
            return Unusable(f"it has {len(texts)} different names of the kind {kind}")
        return texts.pop() if texts else None


def read_leaf(certificate: x509.Certificate) -> Leaf:
    """The names and numbers of a certificate that was read."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    names = tuple(_names(certificate))
    if len(names) > MOST_NAMES:
        names = tuple(Name(kind, "", f"it has more than {MOST_NAMES} names") for kind in Kind)
    return Leaf(
        names=names,
        subject=_text_of(certificate.subject),
        subject_fault=_subject_fault(certificate.subject),
        issuer=_text_of(certificate.issuer),
        issuer_der=certificate.issuer.public_bytes(),
        serial=certificate.serial_number,
        spki=hashlib.sha256(key).digest(),
        fingerprint=hashlib.sha256(der_of(certificate)).digest(),
        not_before=moment(certificate.not_valid_before_utc),
        not_after=moment(certificate.not_valid_after_utc),
    )


def _names(certificate: x509.Certificate) -> Iterator[Name]:
    for general in extension(certificate, x509.SubjectAlternativeName) or ():
        match general:
            case x509.OtherName() if general.type_id == _UPN:
                yield _upn(general.value)
            case x509.RFC822Name():
                yield _name(Kind.EMAIL, general.value)
            case x509.DNSName():
                yield _name(Kind.DNS, general.value)
            case x509.UniformResourceIdentifier():
                yield _name(Kind.URI, general.value)
            case _:
                continue
    for attribute in certificate.subject:
        kind = _IN_SUBJECT.get(attribute.oid)
        if kind is not None:
            yield _name(kind, attribute.value)


def _name(kind: Kind, value: str | bytes) -> Name:
    fault = _text_fault(value)
    return Name(kind, "", f"its name of the kind {kind} {fault}") if fault else Name(kind, str(value))


def _text_fault(value: str | bytes) -> str:
    if not isinstance(value, str):
        return "is not text"
    if not 1 <= len(value) <= LONGEST_NAME:
        return "is empty" if not value else f"is longer than {LONGEST_NAME} characters"
    if "\0" in value:
        return "holds a NUL"
    if not value.isprintable() or value != value.strip():
        return "holds characters that nobody sees"
    # Another spelling of the same letters: what is shown and what is compared would be two texts.
    if unicodedata.normalize("NFKC", value) != value:
        return "is spelled with look-alike characters"
    return ""


def _upn(der: bytes) -> Name:
    """[MS-WCCE] 2.2.2.7.7.4: a UPN is one UTF8String; whatever else stands there could be read in two ways."""
    content = _der_content(der, _UTF8_STRING)
    if content is None:
        return Name(Kind.UPN, "", f"its name of the kind {Kind.UPN} is not a UTF8String")
    try:
        return _name(Kind.UPN, content.decode("utf-8"))
    except UnicodeDecodeError:
        return Name(Kind.UPN, "", f"its name of the kind {Kind.UPN} is not UTF-8")


def _der_content(der: bytes, tag: int) -> bytes | None:
    """The content of one DER element that is all there is; lengths in their shortest form (X.690 10.1)."""
    if len(der) < 2 or der[0] != tag:
        return None
    if der[1] < 0x80:
        start, length = 2, der[1]
    elif der[1] == 0x81 and len(der) > 2 and der[2] >= 0x80:
        start, length = 3, der[2]
    elif der[1] == 0x82 and len(der) > 3 and der[2]:
        start, length = 4, der[2] << 8 | der[3]
    else:
        return None
    return der[start:] if len(der) == start + length else None


def _subject_fault(subject: x509.Name) -> str:
    if not subject.rdns:
        return "its subject is empty"
    for attribute in subject:
        fault = _text_fault(attribute.value)
        if fault:
            return f"its subject {fault}"
    return ""


def _text_of(name: x509.Name) -> str:
    """RFC 4514 2: the last part first, escapes where a character would mean something."""
    return name.rfc4514_string({NameOID.EMAIL_ADDRESS: "emailAddress"})
