"""Loads what it takes to say "possibly the same phone" of a list: pages and filters must not change the answer."""

from collections.abc import Sequence
from dataclasses import replace

from genkan.protocol.env import Env
from genkan.protocol.phones import Phone, is_unmarked, judge, possibly_same
from genkan.store.api import PhoneQuery, Store

PAGE = 500
# Of a program that signs in over and over, only the newest sign-ins are compared: a list must not wait for all of them.
MOST_COMPARED = 1_000


async def same_phones(phones: Sequence[Phone], store: Store, env: Env) -> frozenset[bytes]:
    """The grants among these that may be of the same phone as another one, be that listed or not. Most sign-ins carry
    a device mark, and only for persons with one that does not is anything loaded.
    """
    asked = {phone.row.account.id for phone in phones if is_unmarked(phone)}
    found = [phone for account_id in asked for phone in await live_phones(account_id, store, env, MOST_COMPARED)]
    return possibly_same(found) & {phone.row.grant.id for phone in phones}


async def live_phones(account_id: int, store: Store, env: Env, most: int | None = None) -> list[Phone]:
    """Every sign-in of a person that stands, newest first; about so many where ``most`` is said."""
    query = PhoneQuery(account_id, live_only=True, limit=PAGE)
    page = found = await store.phones(query)
    while len(page) == PAGE and (most is None or len(found) < most):
        page = await store.phones(replace(query, before=page[-1].grant.id))
        found = [*found, *page]
    return [judge(row, env) for row in found]
