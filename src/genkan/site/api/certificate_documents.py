"""What the API tells and reads of client certificates: pins of a person, and what a person signed in with."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from genkan.protocol.certificate_records import KnownCertificate, Pin, PinKind
from genkan.protocol.certificates.presented import MOST_CHAIN_HEADER
from genkan.site.api.documents import moment, public_id

KindWord: TypeAlias = Literal["spki", "serial", "subject"]
Pem = Annotated[str, Meta(max_length=MOST_CHAIN_HEADER, description="One certificate in PEM; of several the first.")]


class PinDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What of a certificate is tied to a person: its key, its issuer and serial number, or its subject. ``value`` is a
    SHA-256, of the key's SubjectPublicKeyInfo where ``by`` is spki.
    """

    id: str
    by: KindWord
    value: str
    name: str
    made_at: str


class NewPinBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A certificate to tie to a person. By its key it stays tied when it is renewed with the same key."""

    certificate: Pem
    by: KindWord = "spki"


class CertificateDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A client certificate that the person signed in with."""

    fingerprint: str
    subject: str
    expires_at: str
    first_used_at: str
    last_used_at: str
    revoked_at: str | None


_WORDS: dict[PinKind, KindWord] = {PinKind.SPKI: "spki", PinKind.SERIAL: "serial", PinKind.SUBJECT: "subject"}


def kind_named(word: str) -> PinKind:
    """The kind of this word; any other means the key, which is what is asked for where nothing is."""
    return next((kind for kind, known in _WORDS.items() if known == word), PinKind.SPKI)


def pin_document(pin: Pin) -> PinDocument:
    """A pin as it is told."""
    return PinDocument(
        id=public_id(pin.id), by=_WORDS[pin.kind], value=pin.value.hex(), name=pin.name, made_at=moment(pin.made_at)
    )


def certificate_document(known: KnownCertificate) -> CertificateDocument:
    """A certificate as it is told."""
    return CertificateDocument(
        fingerprint=known.fingerprint.hex(),
        subject=known.subject,
        expires_at=moment(known.not_after),
        first_used_at=moment(known.first_at),
        last_used_at=moment(known.last_at),
        revoked_at=None if known.revoked_at is None else moment(known.revoked_at),
    )
