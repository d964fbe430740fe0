"""Signing many out, for the API and the console alike: what is decided about a person, a link or some phones, and how
many it ends.
"""

from collections.abc import Iterable

from genkan.protocol import accounts, links
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change
from genkan.protocol.phones import PhoneRow, PhoneState, judge, sign_out
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Link
from genkan.store.api import PhoneQuery, Store, Usage

Decided = tuple[Change, Usage]


async def of_person(account: Account, actor: str, store: Store, env: Env) -> Decided:
    """Everything of a person; their browser sessions end too."""
    usage = await store.usage(PhoneQuery(account_id=account.id), env.now)
    return accounts.sign_out_everywhere(account, EndReason.SIGNED_OUT_BY_ADMIN, actor, env), usage


async def of_link(link: Link, actor: str, store: Store, env: Env) -> Decided:
    """Everybody who signed in through a link."""
    usage = await store.usage(PhoneQuery(link_id=link.id), env.now)
    return links.sign_out_all(link, actor, env), usage


def of_phones(rows: Iterable[PhoneRow], actor: str, env: Env) -> Decided:
    """Those that are still signed in; what has ended stays as it is."""
    live = [row.grant for row in rows if judge(row, env).state is PhoneState.SIGNED_IN]
    changes = [sign_out(grant, EndReason.SIGNED_OUT_BY_ADMIN, actor, env) for grant in live]
    steps = tuple(step for change in changes for step in change.steps)
    events = tuple(event for change in changes for event in change.events)
    return Change(steps, events), Usage(len(live), 0, complete=True)
