"""Changing the sign-in policy: the round of load, decide, apply that the API and the console share."""

from collections.abc import Callable

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site
from genkan.protocol.signin.site_policy import PolicyWish, set_policy
from genkan.site.door import Door
from genkan.site.ways_here import entrances_here
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission


async def put_policy(wished: Callable[[Site], PolicyWish], actor: str, door: Door) -> Site | Refused:
    """The site as it stands then, or why not. ``wished`` says what is asked for, on top of the site as it is."""
    here = entrances_here(door)
    for _ in range(TRIES):
        site = await door.store.site()
        wish = wished(site)
        env = door.env()
        left = await door.store.has_administrator_by(here.by(wish.ways), Permission.SYSTEM_ADMIN, env.now)
        change = set_policy(site, wish, here, actor, env, somebody_left=left)
        if isinstance(change, Refused):
            return change
        if await door.store.apply(change):
            return await door.store.site()
    return Refused(Reason.BUSY, retry_after=1)
