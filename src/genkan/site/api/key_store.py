"""What the API and the console share of API keys: finding one, and the rounds of load, decide, apply."""

from genkan.protocol import api_keys
from genkan.protocol.administration import Administrator, reach_fault
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ApiKey
from genkan.site.api.documents import public_id
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.store.rounds import TRIES


async def key_named(received: Received, door: Door) -> ApiKey | None:
    """The key that the path names."""
    known = await door.store.api_keys()
    return next((key for key in known if public_id(key.id) == received.parameters["id"]), None)


async def revoke_named(received: Received, caller: Administrator, door: Door) -> ApiKey | Refused:
    """Revoke the key that the path names; one that is revoked already stays as it is."""
    for _ in range(TRIES):
        key = await key_named(received, door)
        if key is None:
            return Refused(Reason.NOT_FOUND)
        change = reach_fault(caller.permission, key.permission) or api_keys.revoke(key, caller.actor, door.env())
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return await key_named(received, door) or key
    return Refused(Reason.BUSY, retry_after=1)
