"""What the API and the console share of linking people to directories: the rounds of load, decide, apply."""

from genkan.protocol.administration import Administrator
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Identity
from genkan.site.api.people import living, why_kept
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.ways_here import entrances_here
from genkan.store.rounds import TRIES


async def link_identity(
    received: Received, caller: Administrator, source: str, subject: str, label: str, door: Door
) -> Identity | Refused:
    """Link the person whom the path names; TAKEN where the subject or the person is linked there already."""
    if door.sign_on.named(source) is None:
        return Refused(Reason.INVALID_VALUE, "source: there is no such table in the sign-on file")
    for _ in range(TRIES):
        account = await living(received, door)
        if account is None:
            return Refused(Reason.NOT_FOUND)
        change = caller.link_identity(account, source, subject, label, door.env())
        if isinstance(change, Refused):
            return change
        linked = {one.source for one in await door.store.identities_of(account.id)}
        if source in linked or await door.store.identity(source, subject) is not None:
            return Refused(Reason.TAKEN)
        if await door.store.apply(change):
            kept = await door.store.identity(source, subject)
            return kept.identity if kept else Refused(Reason.NOT_FOUND)
    return Refused(Reason.BUSY, retry_after=1)


async def unlink_identity(received: Received, caller: Administrator, door: Door) -> Identity | Refused:
    """Unlink the person whom the path names from the directory that it names."""
    account = await living(received, door)
    kept = [] if account is None else await door.store.identities_of(account.id)
    identity = next((one for one in kept if one.source == received.parameters["source"]), None)
    if account is None or identity is None:
        return Refused(Reason.NOT_FOUND)
    change: Change | Refused = caller.unlink_identity(account, identity, entrances_here(door), door.env())
    if isinstance(change, Refused):
        return change
    if await door.store.apply(change):
        return identity
    still = any(one.source == identity.source for one in await door.store.identities_of(account.id))
    return await why_kept(account, door) if still else Refused(Reason.NOT_FOUND)
