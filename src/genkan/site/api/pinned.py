"""What the API and the console share of tying certificates to people: the rounds of load, decide, apply."""

from dataclasses import replace

from genkan.protocol.administration import Administrator
from genkan.protocol.certificate_records import KnownCertificate, Pin, PinKind
from genkan.protocol.certificates.pinning import read_file
from genkan.protocol.outcomes import Change, NeedAdministrator, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.site.api.documents import read_public_id
from genkan.site.api.people import living, why_kept
from genkan.site.certificate_accounts import is_anothers, lost_with_certificate
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.ways_here import entrances_here
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission


async def pin_certificate(
    received: Received, caller: Administrator, data: bytes, kind: PinKind, door: Door
) -> Pin | Refused:
    """Tie it to the person whom the path names; TAKEN where it is tied to somebody already, CERTIFICATE_ANOTHERS
    where it signs somebody else in.
    """
    leaf = read_file(data)
    if isinstance(leaf, Refused):
        return leaf
    for _ in range(TRIES):
        account = await living(received, door)
        if account is None:
            return Refused(Reason.NOT_FOUND)
        made = caller.pin(account, leaf, kind, await door.store.pins(account.id), door.env())
        if isinstance(made, Refused):
            return made
        if await door.store.pinned([(kind, made.pin.value)]):
            return Refused(Reason.TAKEN)
        if await is_anothers(account, leaf, kind, door.certificates.rules, door.store):
            return Refused(Reason.CERTIFICATE_ANOTHERS)
        if await door.store.apply(await _keeping_administrators(made.change, door)):
            return made.pin
    return Refused(Reason.BUSY, retry_after=1)


async def _keeping_administrators(change: Change, door: Door) -> Change:
    """The change, which fails where a system administrator could come in before it and none could afterwards."""
    here, now = entrances_here(door), door.env().now
    taken = here.by((await door.store.site()).ways)
    if not await door.store.has_administrator_by(taken, Permission.SYSTEM_ADMIN, now):
        return change
    return replace(change, steps=(*change.steps, NeedAdministrator(Permission.SYSTEM_ADMIN, now, here)))


async def unpin_certificate(received: Received, caller: Administrator, door: Door) -> Pin | Refused:
    """Untie the pin that the path names from the person whom it names."""
    account = await living(received, door)
    number = read_public_id(received.parameters["pin"])
    kept = [] if account is None else await door.store.pins(account.id)
    pin = next((pin for pin in kept if pin.id == number), None)
    if account is None or pin is None:
        return Refused(Reason.NOT_FOUND)
    change = caller.unpin(account, pin, entrances_here(door), door.env())
    if isinstance(change, Refused):
        return change
    if await door.store.apply(change):
        return pin
    still = pin in await door.store.pins(account.id)
    return await why_kept(account, door) if still else Refused(Reason.NOT_FOUND)


async def revoke_certificate(received: Received, caller: Administrator, door: Door) -> KnownCertificate | Refused:
    """End the certificate that the path names, of the person whom it names; CONFLICT where that was done before."""
    account = await living(received, door)
    known = None if account is None else await _known(received, account, door)
    if account is None or known is None:
        return Refused(Reason.NOT_FOUND)
    lost = await lost_with_certificate(account, known, door.store)
    change = caller.revoke(account, known, lost, entrances_here(door), door.env())
    if isinstance(change, Refused):
        return change
    done = await door.store.apply(change)
    now = await door.store.certificate(known.fingerprint)
    if now is None or done:
        return now or Refused(Reason.NOT_FOUND)
    return Refused(Reason.CONFLICT) if now.revoked_at is not None else await why_kept(account, door)


async def _known(received: Received, account: Account, door: Door) -> KnownCertificate | None:
    text = received.parameters["fingerprint"]
    kept = await door.store.certificates(account.id)
    return next((known for known in kept if known.fingerprint.hex() == text), None)
