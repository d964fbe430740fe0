"""What is kept of client certificates: those that somebody signed in with, pins of accounts, and the steps that write
them.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from genkan.protocol.ends import EndReason

MOST_PINS = 20  # of one account


class PinKind(IntEnum):
    """What of a certificate is tied to an account; the numbers are the store's."""

    SPKI = 0
    SERIAL = 1
    SUBJECT = 2

    @property
    def word(self) -> str:
        """How people and programs name it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Pin:
    """A certificate or key that is one account's. ``value`` is a SHA-256 (``certificates.pins``), ``name`` is for
    administrators' eyes. ``fingerprint`` and ``not_after`` are of the certificate that was tied; empty and None where
    that was not kept.
    """

    id: int
    account_id: int
    kind: PinKind
    value: bytes
    name: str
    made_at: int
    fingerprint: bytes = b""
    not_after: int | None = None


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate that somebody signed in with, and what is needed to ask again whether it stands.

    ``number`` is what sessions and grants name; ``fingerprint`` the SHA-256 of ``leaf``. ``issuer`` is who signed it.
    """

    number: int
    fingerprint: bytes
    account_id: int
    subject: str
    leaf: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    not_after: int
    first_at: int
    last_at: int
    checked_at: int = 0
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class AddPin:
    """Fails when the pin is somebody's already, and when the account has as many as it may."""

    pin: Pin


@dataclass(frozen=True, slots=True)
class DropPin:
    """Fails when this account has no such pin."""

    account_id: int
    pin_id: int


@dataclass(frozen=True, slots=True)
class KeepCertificate:
    """Remember a certificate at sign-in, or that it was used again. Fails when its number or fingerprint stands for
    another one, and when it was revoked.
    """

    certificate: KnownCertificate


@dataclass(frozen=True, slots=True)
class RevokeCertificate:
    """It signs in nobody any more, and what it signed in ends in the same write. Fails when there is none, and when it
    was revoked before.
    """

    number: int
    reason: EndReason
    at: int


@dataclass(frozen=True, slots=True)
class MarkChecked:
    """These were looked up at this moment."""

    numbers: tuple[int, ...]
    at: int


CertificateStep: TypeAlias = AddPin | DropPin | KeepCertificate | RevokeCertificate | MarkChecked
