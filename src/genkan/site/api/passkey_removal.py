"""What the API and the console share of taking a passkey from a person: load, decide, apply."""

from genkan.protocol.administration import Administrator
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Passkey, Way
from genkan.protocol.signin.passkey import is_last_way, needed_after, public_id
from genkan.protocol.signin.ways import allowed_ways
from genkan.site.api.people import living, why_kept
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.ways_here import takes_identity, takes_password
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
        change = fault or caller.remove_passkey(account, passkey, door.env())
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return passkey
    return Refused(Reason.BUSY, retry_after=1) if account is None else await why_kept(account, door)


async def is_last(account: Account, passkey: Passkey, door: Door) -> bool:
    """Whether the person would have neither a password, nor a directory, nor another passkey that the site takes."""
    ways = allowed_ways(await door.store.site(), None)
    has_other = await takes_password(account, ways, door) or any(
        takes_identity(one.source, ways, door) for one in await door.store.identities_of(account.id)
    )
    others = await door.store.passkeys(account.id) if Way.PASSKEY in ways else []
    return is_last_way(passkey, others, has_other)


async def last_administrator_fault(account: Account, passkey: Passkey, door: Door) -> Refused | None:
    """Whether nobody could administer any more. Two who go at once are told apart by the step of the change."""
    if needed_after(account) is None or not await is_last(account, passkey, door):
        return None
    return (
        None
        if await door.store.has_other_administrator(account, door.env().now)
        else Refused(Reason.LAST_ADMINISTRATOR)
    )
