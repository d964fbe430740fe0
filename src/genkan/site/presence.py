"""Whether somebody showed a moment ago that they are at the browser: what dangerous pages and programs ask for."""

from dataclasses import replace

from genkan.protocol.env import Env
from genkan.protocol.facts import SessionFacts
from genkan.protocol.records import Account, Way
from genkan.protocol.signin import session as sessions
from genkan.protocol.signin.ways import way_of
from genkan.site.door import Door
from genkan.site.ways_here import entrances_here


async def is_recent(facts: SessionFacts, door: Door, env: Env) -> bool:
    """Whether the sign-in is new enough, and tells of a person."""
    return sessions.is_recent(facts.session, env, door.lifetimes) and not await needs_more(facts, door, env)


async def needs_more(facts: SessionFacts, door: Door, env: Env) -> bool:
    """Whether this sign-in tells of a device alone, and its person could show more. A browser that was asked once which
    certificate it may show goes on showing it, to whoever sits there; who has nothing else is not asked for more.
    """
    return way_of(facts.session.method) is Way.CERTIFICATE and await has_more(facts.account, door, env)


async def has_more(account: Account, door: Door, env: Env) -> bool:
    """Whether its person could show more than a certificate."""
    here = entrances_here(door)
    # The question can be answered by a password or a passkey of the present host.
    asked = replace(here, hosts=here.hosts[:1]).by(Way.PASSWORD | Way.PASSKEY)
    return await door.store.has_way_in(account.id, asked, env.now)
