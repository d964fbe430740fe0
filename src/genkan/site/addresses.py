"""E-mail addresses that are given to accounts, at sites where certificates find their accounts by them."""

from dataclasses import replace

from genkan.protocol import addresses
from genkan.protocol.administration import keeping_a_way_in
from genkan.protocol.certificates.owners import finds_by_email
from genkan.protocol.directory import ACTOR, Person, SourceRule, trusted_email
from genkan.protocol.outcomes import Change, Event, EventKind, Refused
from genkan.protocol.records import Account
from genkan.site.door import Door
from genkan.site.ways_here import entrances_here


async def with_own_address(change: Change, before: Account | None, door: Door) -> Change | Refused:
    """The change, unless it gives the account an address that somebody else has, or takes away the one by which the
    last administrator's certificate is found.
    """
    after = addresses.moved(change, before) if finds_by_email(door.certificates.rules) else None
    if after is None:
        return change
    owned = addresses.owning(change, after, await door.store.accounts_by_email(after.email))
    here, now = entrances_here(door), door.env().now
    if isinstance(owned, Refused) or before is None or not await door.store.has_way_in(before.id, here, now):
        return owned
    return keeping_a_way_in(owned, before, here, now)


async def guarded(change: Change, before: Account | None, door: Door) -> Change:
    """The change of a directory, which fails where somebody was given its address since ``as_vouched`` looked."""
    after = addresses.moved(change, before) if finds_by_email(door.certificates.rules) else None
    owned = change if after is None else addresses.owning(change, after, ())
    return change if isinstance(owned, Refused) else owned


async def as_vouched(person: Person, account: Account | None, rule: SourceRule, door: Door) -> Person:
    """Somebody as a directory describes them, without an address that another account has: whose a certificate is stays
    what it was. ``account`` is theirs, None where there is none yet.
    """
    email = trusted_email(person, rule)
    if not email or not finds_by_email(door.certificates.rules):
        return person
    if account is not None and (addresses.is_same(email, account.email) or not rule.sync):
        return person
    own = None if account is None else account.id
    others = [holder for holder in await door.store.accounts_by_email(email) if holder.id != own]
    if not others:
        return person
    if account is not None or rule.create:
        _tell(rule, account, others[0], door)
    return replace(person, email="")


def _tell(rule: SourceRule, account: Account | None, holder: Account, door: Door) -> None:
    """Once for each in the life of the process: a directory says the same thing every quarter of an hour."""
    told = (rule.name, account.id if account else 0, holder.id)
    if account is not None and told in door.addresses_told:
        return
    door.addresses_told.add(told)
    detail = f"{rule.name}: {account.actor if account else 'a new account'}"
    door.store.note_event(Event(EventKind.ADDRESS_LEFT_OUT, door.env().now, ACTOR, holder.id, detail=detail))
