"""What the API and the console share of letting a person in again: handing out a one-time link, reading the budget."""

from dataclasses import dataclass, field

from genkan.protocol.administration import Administrator
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, RecoveryLink
from genkan.protocol.signin import lockout
from genkan.site.api.people import living
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.store.rounds import TRIES

RECOVER = "/recover"


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A one-time link as it is told, this once, and what is kept of it."""

    url: str = field(repr=False)
    link: RecoveryLink
    account: Account


async def hand_out_link(received: Received, caller: Administrator, door: Door) -> HandedOut | Refused:
    """A new one-time link for the person whom the path names."""
    for _ in range(TRIES):
        account = await living(received, door)
        if account is None:
            return Refused(Reason.NOT_FOUND)
        has_password = await door.store.password_set_at(account.id) is not None
        made = caller.make_link(account, has_password, door.env())
        if isinstance(made, Refused):
            return made
        if await door.store.apply(made.change):
            return HandedOut(f"{door.public.text}{RECOVER}/{made.token}", made.link, account)
    return Refused(Reason.BUSY, retry_after=1)


async def budget_of(account: Account, door: Door) -> lockout.Strain:
    """How far the budget is used up that all new browsers of a person share."""
    row = await door.store.password_row(account.folded, lockout.backstop(account.folded).keys)
    return lockout.strain(account.folded, row.guesses, door.env().now)
