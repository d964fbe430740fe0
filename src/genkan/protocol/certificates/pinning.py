"""Tying a certificate to an account and untying it: what an administrator may do, with its line in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from genkan.protocol.actors import address_of
from genkan.protocol.certificate_records import MOST_PINS, AddPin, DropPin, Pin, PinKind
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.naming import Leaf, read_leaf
from genkan.protocol.certificates.pins import pin_name, pin_value
from genkan.protocol.certificates.presented import BEGIN, from_file
from genkan.protocol.certificates.reading import read_certificate
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Event, EventKind, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Standing

SUBJECT_IS_NONE = "certificate: its subject names nobody clearly, so tie its key or its serial number"
PRIVATE = "PRIVATE KEY"
KEY_GIVEN = "certificate: it came with its private key, which nobody else may have, so give the certificate alone"
FILE_UNREADABLE = "certificate: it cannot be read, so paste one whole certificate in PEM"
FILE_TOO_LARGE = "certificate: it is too large to be a person's"
TOO_MANY = f"certificate: an account has at most {MOST_PINS} of them, so remove one first"


@dataclass(frozen=True, slots=True)
class NewPin:
    """A pin and the write that adds it. Applied only while nobody has this pin."""

    pin: Pin
    change: Change


def read_file(data: bytes) -> Leaf | Refused:
    """The certificate that an administrator gives, PEM or DER; of several in one file the first."""
    if PRIVATE.encode() in data:
        return Refused(Reason.INVALID_VALUE, KEY_GIVEN)
    presented = from_file(data.strip() if BEGIN in data else data)
    if isinstance(presented, CertificateFault):
        return _unreadable(presented)
    certificate = read_certificate(presented.leaf)
    return _unreadable(certificate) if isinstance(certificate, CertificateFault) else read_leaf(certificate)


def _unreadable(fault: CertificateFault) -> Refused:
    large = fault.fault is Fault.TOO_LARGE
    return Refused(Reason.INVALID_VALUE, FILE_TOO_LARGE if large else FILE_UNREADABLE)


def add(account: Account, leaf: Leaf, kind: PinKind, kept: Sequence[Pin], actor: str, env: Env) -> NewPin | Refused:
    """Tie what ``kind`` names of this certificate to the account; ``kept`` are the pins that it has."""
    if account.standing is Standing.DELETED:
        return Refused(Reason.NOT_FOUND)
    value = pin_value(leaf, kind)
    if value is None:
        return Refused(Reason.INVALID_VALUE, SUBJECT_IS_NONE)
    if len(kept) >= MOST_PINS:
        return Refused(Reason.INVALID_VALUE, TOO_MANY)
    number, name = env.draw_id(), pin_name(leaf, kind)
    pin = Pin(number, account.id, kind, value, name, env.now, leaf.fingerprint, leaf.not_after)
    return NewPin(pin, Change((AddPin(pin),), (_event(EventKind.CERTIFICATE_PINNED, pin, actor, env),)))


def remove(pin: Pin, actor: str, env: Env) -> Change:
    """Untie it. Who is signed in by it stays so: what ends sign-ins is a sign-out, or a revocation."""
    return Change((DropPin(pin.account_id, pin.id),), (_event(EventKind.CERTIFICATE_UNPINNED, pin, actor, env),))


def _event(kind: EventKind, pin: Pin, actor: str, env: Env) -> Event:
    # The kind and the digest alone: the audit keeps its lines when a person is erased, and names no subject.
    detail = f"{pin.kind.word} {pin.value.hex()}"
    return Event(kind, env.now, actor, account_id=pin.account_id, address=address_of(actor), detail=detail)
