"""Whose certificate a request shows: judged by the desk, found in the store, the same wherever it is asked."""

from collections import OrderedDict
from dataclasses import dataclass, field

from genkan.outside.certificates import CertificateDesk
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.mapping import Mapped, choose, wanted
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.certificates.rules import Key, Target
from genkan.protocol.env import MINUTE, Env
from genkan.protocol.records import Account
from genkan.protocol.signin.certificate import Accepted, CertificateFacts, account_of, refusal
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.store.api import Store

FRESH = MINUTE  # a judgement counts so long for the same bytes: far shorter than what a CRL or OCSP answer does
MOST_KEPT = 256


@dataclass(slots=True)
class Judgements:
    """The desk's latest judgements. What the site itself knows of a certificate is never kept: a revocation that it has
    learnt of, an account that was disabled and a pin that was taken away count from the next request on.
    """

    _kept: OrderedDict[Presented, tuple[int, Accepted | CertificateFault]] = field(default_factory=OrderedDict)

    async def of(self, presented: Presented, desk: CertificateDesk, env: Env) -> Accepted | CertificateFault:
        """The judgement of these very bytes, at most a minute old, and never older than the certificate's end."""
        kept = self._kept.get(presented)
        if kept is not None and kept[0] > env.now:
            self._kept.move_to_end(presented)
            return kept[1]
        judged = await desk.judge(presented, env)
        until = env.now + FRESH
        if isinstance(judged, Accepted):
            until = min(until, judged.leaf.not_after)
        self._kept[presented] = until, judged
        self._kept.move_to_end(presented)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return judged


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
    facts = await facts_of(accepted, door)
    mapped = account_of(facts)
    return mapped if isinstance(mapped, CertificateFault) else Person(mapped.account, facts)


async def facts_of(accepted: Accepted, door: Door) -> CertificateFacts:
    """What the store says about a certificate that the desk accepts."""
    mapped = await _mapped(accepted, door)
    return CertificateFacts(accepted, mapped, await door.store.certificate(accepted.leaf.fingerprint))


async def _mapped(accepted: Accepted, door: Door) -> Mapped | CertificateFault:
    asked = wanted(accepted.leaf, door.certificates.rules)
    pinned = await door.store.pinned(asked.pins)
    found = {} if pinned else {key: await _accounts(key, door.store) for key in asked.keys}
    return choose(accepted.leaf, door.certificates.rules, pinned, found)


async def _accounts(key: Key, store: Store) -> list[Account]:
    if key.target is Target.EMAIL:
        return await store.accounts_by_email(key.text)
    account = await store.account_by_name(key.text)
    return [] if account is None else [account]


def _told(fault: CertificateFault, leaf: bytes, received: Received, door: Door, env: Env) -> CertificateFault:
    """Told to the audit, which names nobody, and to the log, which says the whole of it."""
    door.store.note_event(refusal(fault, leaf, received.peer.address, env))
    door.log("info", "client certificate refused", fault=str(fault), request_id=received.request_id)
    return fault
