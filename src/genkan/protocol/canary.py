"""A sign-in of nobody, made in a copy of a site to see whether signed-in phones would go on there. Never in a site that
people use.
"""

from dataclasses import dataclass, field

from genkan.protocol import accounts, api_keys, links
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.api_keys import ApiKeyWish, NewApiKey
from genkan.protocol.env import Env
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change, Event, EventKind, Redeemed
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import MACHINE, Account, Grant, Link, LinkKind, Method
from genkan.protocol.sealing import Kind, Sealer, new_grant_id
from genkan.wire.scopes import Permission

ACTOR = "canary"


@dataclass(frozen=True, slots=True)
class Canary:
    """What makes it, and what it knows then: the client's id, both of its tokens, and a key that may ask about them."""

    changes: tuple[Change, ...]
    sign_in: Redeemed
    client_id: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    api_key: str = field(repr=False)


def canary(sealer: Sealer, env: Env, lifetimes: Lifetimes) -> Canary:
    """An account, an application link and an API key of its own, and one sign-in among them."""
    name = f"canary {env.draw(8).hex()}"
    account = accounts.create(AccountWish(name, permission=Permission.READ), ACTOR, env)
    link = links.create(LinkWish(name, links.APP_REDIRECTS, Permission.READ, LinkKind.NATIVE), ACTOR, env)
    key = api_keys.create(ApiKeyWish(name, Permission.READ), (), ACTOR, MACHINE, env)
    if not (isinstance(account, NewAccount) and isinstance(link, NewLink) and isinstance(key, NewApiKey)):
        raise TypeError("a canary's wishes are in order")
    grant = _grant(account.account, link.link, sealer.active_id, env, lifetimes)
    event = Event(EventKind.SIGNED_IN, env.now, ACTOR, grant.account_id, grant.link_id, grant.id)
    return Canary(
        (account.change, link.change, key.change),
        Redeemed(grant, 0, event),
        link.link.client_id,
        sealer.token(Kind.ACCESS, grant.key_id, grant.id, 0),
        sealer.token(Kind.REFRESH, grant.key_id, grant.id, 0),
        key.text,
    )


def _grant(account: Account, link: Link, key_id: int, env: Env, lifetimes: Lifetimes) -> Grant:
    refresh_end = lifetimes.refresh_end(env.now, env.now, link.absolute_lifetime)
    return Grant(
        id=new_grant_id(env), account_id=account.id, link_id=link.id, scope=Permission.READ,
        access_scope=Permission.READ, generation=0, key_id=key_id, previous_key_id=key_id, created_at=env.now,
        rotated_at=env.now, access_expires_at=lifetimes.access_end(env.now, refresh_end),
        refresh_expires_at=refresh_end, account_stop=account.stop, link_stop=link.stop, method=Method.NONE,
        auth_time=env.now,
    )  # fmt: skip
