"""What the API and the console share of taking a passkey from a person: load, decide, apply."""

from genkan.protocol.administration import Administrator
from genkan.protocol.entrances import Lost
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey import needed_after, public_id
from genkan.site.api.people import has_other_administrator, living, why_kept
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.ways_here import entrances_here
from genkan.store.rounds import TRIES


async def passkey_named(account: Account, name: str, door: Door) -> Passkey | None:
    """The person's passkey that an address names."""
    return next((one for one in await door.store.passkeys(account.id) if public_id(one) == name), None)


async def remove_passkey(received: Received, caller: Administrator, door: Door) -> Passkey | Refused:
    """Remove the passkey that the path names from the person whom it names."""
    account: Account | None = None
    for _ in range(TRIES):
        account = await living(received, door)
        passkey = await passkey_named(account, received.parameters["passkey"], door) if account else None
        if account is None or passkey is None:
            return Refused(Reason.NOT_FOUND)
        fault = await last_administrator_fault(account, passkey, door)
        change = fault or caller.remove_passkey(account, passkey, entrances_here(door), door.env())
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return passkey
    return Refused(Reason.BUSY, retry_after=1) if account is None else await why_kept(account, door)


async def is_last(account: Account, passkey: Passkey, door: Door) -> bool:
    """Whether the person would have no other way in that the site takes."""
    lost = Lost(passkeys=(passkey.id,))
    return not await door.store.has_way_in(account.id, entrances_here(door), door.env().now, lost)


async def last_administrator_fault(account: Account, passkey: Passkey, door: Door) -> Refused | None:
    """Whether nobody could administer any more. Two who go at once are told apart by the step of the change."""
    if needed_after(account) is None or not await is_last(account, passkey, door):
        return None
    return None if await has_other_administrator(account, door) else Refused(Reason.LAST_ADMINISTRATOR)
