"""What the API and the console share of API keys: finding one, and the rounds of load, decide, apply."""

from collections.abc import Callable

from genkan.protocol import api_keys
from genkan.protocol.administration import Administrator, reach_fault
from genkan.protocol.facts import KeyFacts
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.site.api.documents import public_id
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.store.rounds import TRIES


async def key_named(received: Received, door: Door) -> KeyFacts | None:
    """The key that the path names."""
    known = await door.store.api_keys()
    return next((facts for facts in known if public_id(facts.key.id) == received.parameters["id"]), None)


async def revoke_named(received: Received, caller: Administrator, door: Door) -> KeyFacts | Refused:
    """Revoke the key that the path names; one that is revoked already stays as it is."""

    def decide(facts: KeyFacts) -> Change | Refused:
        fault = reach_fault(caller.permission, facts.key.permission)
        return fault or api_keys.revoke(facts.key, caller.actor, door.env())

    return await _changed(received, door, decide)


async def adopt_named(received: Received, caller: Administrator, adopter: Account, door: Door) -> KeyFacts | Refused:
    """Have ``adopter``, who is the caller, answer for the key that the path names."""
    return await _changed(received, door, lambda facts: api_keys.adopt(facts, adopter, caller.actor, door.env()))


async def _changed(
    received: Received, door: Door, decide: Callable[[KeyFacts], Change | Refused]
) -> KeyFacts | Refused:
    for _ in range(TRIES):
        facts = await key_named(received, door)
        if facts is None:
            return Refused(Reason.NOT_FOUND)
        change = decide(facts)
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return await key_named(received, door) or facts
    return Refused(Reason.BUSY, retry_after=1)
