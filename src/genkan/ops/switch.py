"""The mobile switch as asked for: what has to change, which is nothing where things are so already."""

from genkan.protocol import links
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Link, Site, Standing
from genkan.store.api import Store


async def load_switch(store: Store) -> tuple[Site, Link | None]:
    """The switch and the app's link; one that was deleted is none."""
    site = await store.site()
    link = await store.link(site.mobile_link_id) if site.mobile_link_id is not None else None
    return site, None if link is None or link.standing is Standing.DELETED else link


def turned(site: Site, link: Link | None, enabled: bool, sign_out: bool, actor: str, env: Env) -> Change | Refused:
    """The change that turns it; empty where nothing is left to do, since saying it twice is no news."""
    if enabled:
        stands = site.mobile_enabled and link is not None and link.usable
        return Change(()) if stands else links.turn_mobile_on(site, link, actor, env)
    if link is None or not (site.mobile_enabled or sign_out):
        return Change(())
    return links.turn_mobile_off(site, link, sign_out, actor, env)
