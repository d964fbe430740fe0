"""Finds the line of the audit that tells of the stop which ended a sign-in: stops are told of accounts, links and keys,
not of each sign-in.
"""

from genkan.protocol.audit import Line
from genkan.protocol.outcomes import EventKind
from genkan.protocol.records import Grant, GrantState
from genkan.store.api import Store

# How many lines around the moment are looked at: as many as one busy instant writes.
AROUND = 200
STOPS = frozenset({
    EventKind.ACCOUNT_DISABLED, EventKind.ACCOUNT_DELETED, EventKind.ACCOUNT_ERASED, EventKind.ACCOUNT_RECOVERED,
    EventKind.ACCOUNT_SIGNED_OUT, EventKind.PASSWORD_CHANGED, EventKind.CONSENT_WITHDRAWN, EventKind.LINK_DELETED,
    EventKind.LINK_SIGNED_OUT, EventKind.MOBILE_OFF, EventKind.KEY_REVOKED, EventKind.RESTORED,
})  # fmt: skip


async def stop_line(grant: Grant, store: Store) -> Line | None:
    """The line about its account or link, or about everyone, that was written at the very moment of its end."""
    if grant.state is not GrantState.ENDED:
        return None
    begin = await _first_from(grant.ended_at, store)
    for line in await store.audit_lines(begin - AROUND // 2, AROUND):
        concerned = line.account_id in (None, grant.account_id) and line.link_id in (None, grant.link_id)
        if line.at == grant.ended_at and line.kind in STOPS and concerned:
            return line
    return None


async def _first_from(at: int, store: Store) -> int:
    """The number before the first line of that moment, by halves: numbers follow times, but for clocks that differ by
    moments.
    """
    low, high = 0, await store.last_event()
    while low < high:
        middle = (low + high) // 2
        found = await store.audit_lines(middle, 1)
        if found and found[0].at < at:
            low = found[0].number
        else:
            high = middle
    return low
