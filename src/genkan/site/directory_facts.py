"""What the rules want to know of somebody who comes from a directory or leaves it, loaded."""

from genkan.protocol import accounts
from genkan.protocol.administration import telling_of_the_last
from genkan.protocol.directory import ACTOR, ArrivalFacts, Match, Person, SourceRule, match_key
from genkan.protocol.entrances import Entrances
from genkan.protocol.identity_steps import RemoveIdentity
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Account
from genkan.site.door import Door
from genkan.site.ways_here import entrances_here
from genkan.store.api import Store


async def arrival_facts(person: Person, rule: SourceRule, store: Store) -> ArrivalFacts:
    """The link of somebody who was here before; else the accounts that the operator's rule finds."""
    known = await store.identity(person.source, person.subject)
    if known is not None:
        return ArrivalFacts(known)
    candidates = await _candidates(person, rule, store)
    if candidates:
        return ArrivalFacts(None, candidates, await _is_linked(candidates, person.source, store))
    folded = accounts.fold(person.name)
    return ArrivalFacts(None, (), folded is not None and await store.account_by_name(folded) is not None)


async def told_of_the_last(change: Change, account: Account, door: Door) -> Change:
    """What a directory's word leads to, said loudly where it takes the last system administrator away."""
    now, here = door.env().now, entrances_here(door)
    others = await door.store.has_other_administrator(account, here, now)
    shut_out = await _is_shut_out(change, account, here, now, door.store)
    return telling_of_the_last(change, account, ACTOR, now, others=others, shut_out=shut_out)


async def _is_shut_out(change: Change, account: Account, here: Entrances, now: int, store: Store) -> bool:
    """Whether the links that the change takes were all that let the account in."""
    left = here
    for step in change.steps:
        left = left.without_directory(step.source) if isinstance(step, RemoveIdentity) else left
    if left == here or not await store.has_way_in(account.id, here, now):
        return False
    return not await store.has_way_in(account.id, left, now)


async def _candidates(person: Person, rule: SourceRule, store: Store) -> tuple[Account, ...]:
    key = match_key(person, rule)
    if not key:
        return ()
    if rule.match is Match.EMAIL:
        return tuple(await store.accounts_by_email(key))
    account = await store.account_by_name(key)
    return () if account is None else (account,)


async def _is_linked(candidates: tuple[Account, ...], source: str, store: Store) -> bool:
    linked = [one for account in candidates for one in await store.identities_of(account.id)]
    return any(one.source == source for one in linked)
