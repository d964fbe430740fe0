"""Loads the mobile switch with the app's link. What turning it changes is decided in protocol.links."""

from genkan.protocol.env import DAY
from genkan.protocol.records import Link, Site, Standing
from genkan.store.api import Store

ASKED_LATELY = 30 * DAY


async def load_switch(store: Store) -> tuple[Site, Link | None]:
    """The switch and the app's link; one that was deleted is none."""
    site = await store.site()
    link = await store.link(site.mobile_link_id) if site.mobile_link_id is not None else None
    return site, None if link is None or link.standing is Standing.DELETED else link
