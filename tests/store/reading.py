"""Short ways to ask a store what a test wants to know."""

from collections.abc import AsyncIterator

from genkan.protocol.outcomes import Event
from genkan.protocol.records import Grant
from genkan.store.api import PhoneQuery, Store


async def the_row(store: Store, grant: Grant) -> Grant:
    """The grant as the store has it now."""
    found = (await store.grant_facts(grant.id)).grant
    assert found is not None
    return found


async def the_events(store: Store) -> list[Event]:
    """The audit, oldest first."""
    return [event for _, event in await store.events(limit=10_000)]


async def the_reason(store: Store, grant: Grant) -> tuple[str, str]:
    """What the row itself says, and the stop that reached it where the row does not say so yet."""
    found = await store.phone(grant.id)
    assert found is not None
    return found.grant.reason, found.stop_reason


async def pages(store: Store, query: PhoneQuery) -> AsyncIterator[list[bytes]]:
    """The grant ids of all pages of a list, one page after the other."""
    before = query.before
    while True:
        found = await store.phones(PhoneQuery(query.account_id, query.link_id, query.live_only, before, query.limit))
        if not found:
            return
        yield [row.grant.id for row in found]
        before = found[-1].grant.id
