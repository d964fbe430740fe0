"""Whose certificate a request shows: judged by the desk, found in the store, the same wherever it is asked."""

from dataclasses import dataclass

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Method
from genkan.protocol.signin.certificate import Accepted, CertificateFacts, account_of, refusal
from genkan.protocol.signin.demand import may_come_in
from genkan.site import browser, read
from genkan.site.certificate_accounts import certificate_facts
from genkan.site.door import Door
from genkan.site.received import Received

# What is found before there is a way to an authority of ours, or may be.
OF_ANYBODY = frozenset(
    {Fault.HEADER, Fault.TOO_LARGE, Fault.UNREADABLE, Fault.UNKNOWN_AUTHORITY, Fault.FALSE_SIGNATURE, Fault.AUTHORITY,
     Fault.WEAK}
)  # fmt: skip
OWN_HEADERS = frozenset({b"x-requested-with", b"x-atlassian-token"})


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a certificate means now, and everything that this depends on."""

    account: Account
    facts: CertificateFacts


async def presented_person(received: Received, door: Door, env: Env) -> Person | CertificateFault | None:
    """The person of the certificate that this request shows, why it means nobody, or None where it shows none."""
    shown = received.peer.certificate
    if shown is None or isinstance(shown, CertificateFault):
        return shown if shown is None else _told(shown, b"", received, door, env)
    found = await person_of(shown, door, env)
    return found if isinstance(found, Person) else _told(found, shown.leaf, received, door, env)


async def person_of(shown: Presented, door: Door, env: Env) -> Person | CertificateFault:
    """The person of a certificate whose key was proved."""
    accepted = await door.judgements.of(shown, door.certificates, env)
    if isinstance(accepted, CertificateFault):
        return accepted
    return person_in(await facts_of(accepted, door))


def person_in(facts: CertificateFacts) -> Person | CertificateFault:
    """Whom a certificate means by these facts."""
    mapped = account_of(facts)
    return mapped if isinstance(mapped, CertificateFault) else Person(mapped.account, facts)


async def facts_of(accepted: Accepted, door: Door) -> CertificateFacts:
    """What the store says now about a certificate that the desk accepts."""
    return await certificate_facts(accepted, door.certificates.rules, door.store)


def _told(fault: CertificateFault, leaf: bytes, received: Received, door: Door, env: Env) -> CertificateFault:
    """A certificate of ours is told to the audit, which names nobody, and to the log, which says the whole of it. Those
    of anybody are only counted, as every refusal is: whoever is out there can make as many as they like.
    """
    if fault.fault not in OF_ANYBODY:
        door.store.note_event(refusal(fault, leaf, received.peer.address, env))
    level = "debug" if fault.fault in OF_ANYBODY else "info"
    door.log(level, "client certificate refused", fault=str(fault), request_id=received.request_id)
    return fault


async def certificate_caller(received: Received, door: Door) -> Account | Refused | None:
    """The person of the certificate that a program's request shows, where certificates are asked for everywhere; None
    where it shows none, or where this site takes none.
    """
    if not door.settings.certificate_on_every_hop or received.peer.certificate is None:
        return None
    if not may_come_in(await door.store.site(), Method.POP):
        return None
    found = await presented_person(received, door, door.env())
    if isinstance(found, CertificateFault):
        return Refused(Reason.CERTIFICATE_REFUSED, str(found.public))
    return found.account if found is not None else None


def alone_fault(received: Received, door: Door, *, changes: bool) -> Refused | None:
    """Whether another site's page may have made the browser send this: a browser adds the certificate by itself, as it
    does a cookie. No form can send JSON or a header of one's own, and without CORS no script of another origin can.
    """
    if not changes:
        return None
    if browser.is_cross_origin(received, door):
        return Refused(Reason.CROSS_ORIGIN)
    kind = (received.header(b"content-type") or "").partition(";")[0].strip().lower()
    own = kind == read.JSON_TYPE or received.headers.has_any(OWN_HEADERS)
    return None if own else Refused(Reason.CERTIFICATE_ALONE)
