"""What the routes about one person share: the account that the path names, and the round of load, decide, apply."""

from collections.abc import Awaitable, Callable

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.administration import Administrator, keeping_administrators, reach_fault
from genkan.protocol.env import Env
from genkan.protocol.facts import SessionFacts
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Session, Standing
from genkan.protocol.signin.passkey import needed_after
from genkan.protocol.signin.session import is_live
from genkan.site import answer
from genkan.site.addresses import with_own_address
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.documents import read_public_id, usage_document
from genkan.site.api.people_documents import PersonDetails, person_details, person_document
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.ways_here import entrances_here
from genkan.store.api import PhoneQuery
from genkan.store.rounds import TRIES

PATH = "/rest/genkan/1.0/people"
Decide = Callable[[Account, Env], Change | Refused]


async def named_by_path(received: Received, door: Door) -> Account | None:
    """The account, deleted or not. By its id alone: a name could be made to look like another one's id."""
    number = read_public_id(received.parameters["id"])
    return None if number is None else await door.store.account(number)


async def living(received: Received, door: Door) -> Account | None:
    """The account, unless it is deleted."""
    account = await named_by_path(received, door)
    return None if account is None or account.standing is Standing.DELETED else account


async def told_of(
    received: Received, door: Door, documents: Callable[[Account], Awaitable[object]], *, buried: bool = False
) -> Answer:
    """What an administrator is told of the person whom the path names. ``buried``: a deleted one will do as well."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    account = await (named_by_path if buried else living)(received, door)
    # To read what is kept about somebody takes at least their right, as to change it does.
    if account is None:
        return answer.error(Refused(Reason.NOT_FOUND))
    fault = reach_fault(caller.permission, account.permission)
    return answer.error(fault) if fault else answer.json(await documents(account))


async def act(received: Received, door: Door, decide: Decide, *, buried: bool = False) -> Answer:
    """Load, decide, apply, and show the account as it stands then. ``buried``: a deleted one will do as well."""
    account = await applied(received, door, decide, buried=buried)
    return answer.error(account) if isinstance(account, Refused) else answer.json(person_document(account))


async def applied(received: Received, door: Door, decide: Decide, *, buried: bool = False) -> Account | Refused:
    """Load, decide, apply; the account as it stands then, or why not."""
    account: Account | None = None
    for _ in range(TRIES):
        account = await (named_by_path if buried else living)(received, door)
        if account is None:
            return Refused(Reason.NOT_FOUND)
        env = door.env()
        change = decide(account, env)
        if isinstance(change, Change):
            here = entrances_here(door)
            others = await door.store.has_other_administrator(account, here, env.now)
            change = keeping_administrators(change, account, here, env.now, others=others)
        if isinstance(change, Change):
            change = await with_own_address(change, account, door)
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return await door.store.account(account.id) or account
    return Refused(Reason.BUSY, retry_after=1) if account is None else await why_kept(account, door)


async def why_kept(account: Account, door: Door) -> Refused:
    """Why the write did not take a way in from this account that is still there."""
    free = needed_after(account) is None or await has_other_administrator(account, door)
    return Refused(Reason.BUSY, retry_after=1) if free else Refused(Reason.LAST_ADMINISTRATOR)


async def has_other_administrator(account: Account, door: Door) -> bool:
    """Whether somebody else with at least the same right could come in at this moment."""
    return await door.store.has_other_administrator(account, entrances_here(door), door.env().now)


async def added(wish: AccountWish, caller: Administrator, door: Door) -> Account | Refused:
    """The new account, or why not: its name may be somebody's already."""
    folded = accounts.fold(wish.name)
    for _ in range(TRIES):
        if folded is not None and await door.store.account_by_name(folded) is not None:
            return Refused(Reason.TAKEN)
        made = caller.create(wish, door.env())
        if isinstance(made, Refused):
            return made
        change = await with_own_address(made.change, None, door)
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return made.account
    return Refused(Reason.BUSY, retry_after=1)


async def live_sessions(account: Account, door: Door) -> list[Session]:
    """The browsers that are signed in, newest first."""
    env, found = door.env(), await door.store.sessions(account.id)
    return [session for session in found if is_live(SessionFacts(session, account), env, door.lifetimes)]


async def details(account: Account, door: Door) -> PersonDetails:
    """The account with what the person has here."""
    usage = await door.store.usage(PhoneQuery(account_id=account.id), door.env().now)
    sessions = await live_sessions(account, door)
    set_at = await door.store.password_set_at(account.id)
    link = await door.store.recovery_of(account.id)
    return person_details(account, set_at, link, len(sessions), usage_document(usage))
