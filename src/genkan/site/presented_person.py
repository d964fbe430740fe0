"""Whose certificate a request shows: judged by the desk, found in the store, the same wherever it is asked."""

from dataclasses import dataclass

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.env import Env
from genkan.protocol.records import Account
from genkan.protocol.signin.certificate import Accepted, CertificateFacts, account_of, refusal
from genkan.site.certificate_accounts import certificate_facts
from genkan.site.door import Door
from genkan.site.received import Received


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
    """Told to the audit, which names nobody, and to the log, which says the whole of it."""
    door.store.note_event(refusal(fault, leaf, received.peer.address, env))
    door.log("info", "client certificate refused", fault=str(fault), request_id=received.request_id)
    return fault
