"""Certificate sign-in as a decision: a verified, mapped certificate opens a session that names it, or a fault says why
not.
"""

import hashlib
from dataclasses import dataclass, replace

from genkan.protocol.certificate_records import KeepCertificate, KnownCertificate
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.mapping import Mapped
from genkan.protocol.certificates.naming import Leaf
from genkan.protocol.certificates.reading import day
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Event, EventKind, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import Account, Method, Standing, Way
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.session import Browser, NewSession
from genkan.wire.sentences import visible

NUMBER_BITS = 32  # what a code has room for
SUBJECT_CHARACTERS = 500
ACTOR = "certificate"  # whoever holds it: nobody is known yet


@dataclass(frozen=True, slots=True)
class Accepted:
    """A certificate whose way to an authority of ours holds. ``certificate`` and ``issuer`` are DER; ``doubt`` is why
    its revocation could not be found out where the site lets that pass.
    """

    leaf: Leaf
    certificate: bytes
    issuer: bytes
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What one sign-in depends on. ``known`` is the row of this very certificate, None at its first sign-in."""

    accepted: Accepted
    mapped: Mapped | CertificateFault
    known: KnownCertificate | None


def sign_in(
    facts: CertificateFacts, ways: Way, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | CertificateFault | Refused:
    """Open a session for the one account that the certificate means. ``ways``: as of the gate, which may refuse it."""
    mapped = account_of(facts)
    if isinstance(mapped, CertificateFault):
        return mapped
    return _opened(kept(facts, mapped.account, env), mapped.account, ways, browser, env, lifetimes)


def sign_in_known(
    known: KnownCertificate, account: Account, ways: Way, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | CertificateFault | Refused:
    """The same by a certificate that was judged, found to be this account's and kept a moment ago."""
    fault = _standing_fault(known, account, "known certificate")
    if fault is not None:
        return fault
    return _opened(replace(known, last_at=env.now), account, ways, browser, env, lifetimes)


def _opened(
    certificate: KnownCertificate, account: Account, ways: Way, browser: Browser, env: Env, lifetimes: Lifetimes
) -> NewSession | Refused:
    opened = enter(account, Method.POP, ways, browser, env, lifetimes, certificate.number)
    if isinstance(opened, Refused):
        return opened
    used = Event(
        EventKind.CERTIFICATE_USED, env.now, account.actor, account.id, address=browser.address,
        detail=f"SHA-256 {certificate.fingerprint.hex()}",
    )  # fmt: skip
    return opened.after((KeepCertificate(certificate),), (used,))


def account_of(facts: CertificateFacts) -> Mapped | CertificateFault:
    """Whose certificate it is, where it may sign somebody in at all: for who asks with it at every request, too."""
    mapped = facts.mapped
    if isinstance(mapped, CertificateFault):
        return mapped
    return _standing_fault(facts.known, mapped.account, mapped.by) or mapped


def _standing_fault(known: KnownCertificate | None, account: Account, by: str) -> CertificateFault | None:
    if known is not None and known.revoked_at is not None:
        # What was seen revoked stays so: a hold that was lifted asks for a new certificate, and no stopped sign-in is
        # in doubt.
        date = day(known.revoked_at)
        return CertificateFault(Fault.REVOKED, f"revoked on {date}, as was found out before", (("date", date),))
    if account.standing is not Standing.ACTIVE:
        return CertificateFault(Fault.ACCOUNT_OFF, f"{by}: the account is {account.standing}")
    return None


def kept(facts: CertificateFacts, account: Account, env: Env) -> KnownCertificate:
    """The row of this certificate as it is written at a sign-in."""
    leaf, known = facts.accepted.leaf, facts.known
    if known is not None:
        return replace(known, account_id=account.id, last_at=env.now, checked_at=env.now)
    return KnownCertificate(
        number=int.from_bytes(env.draw(NUMBER_BITS // 8), "big") or 1,
        fingerprint=leaf.fingerprint,
        account_id=account.id,
        subject=visible(leaf.subject[:SUBJECT_CHARACTERS]),
        leaf=facts.accepted.certificate,
        issuer=facts.accepted.issuer,
        not_after=leaf.not_after,
        first_at=env.now,
        last_at=env.now,
        checked_at=env.now,
    )


def refusal(fault: CertificateFault, certificate: bytes, address: str, env: Env) -> Event:
    """The audit's line about a certificate (DER) that signed nobody in, noted lazily. It names nobody, for the audit
    keeps its lines when a person is erased; the log says the whole of ``str(fault)``.
    """
    fingerprint = hashlib.sha256(certificate).hexdigest()
    return Event(
        EventKind.CERTIFICATE_REFUSED, env.now, ACTOR, address=address, reason=fault.fault,
        detail=f"SHA-256 {fingerprint}",
    )  # fmt: skip
