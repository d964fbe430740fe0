"""The mobile switch with the app's link as stored, and what phones are told. What turning it changes is decided in
protocol.links.
"""

from genkan.protocol.env import DAY
from genkan.protocol.links import app_first
from genkan.protocol.records import Link, Site, Standing
from genkan.store.api import Store
from genkan.wire.login_info import LoginInfo
from genkan.wire.metadata import Endpoints

INFO_LOGIN = "/rest/nativemobile/1.1/info/login"
ASKED_LATELY = 30 * DAY


async def load_switch(store: Store) -> tuple[Site, Link | None]:
    """The switch and the app's link; one that was deleted is none."""
    site = await store.site()
    link = await store.link(site.mobile_link_id) if site.mobile_link_id is not None else None
    return site, None if link is None or link.standing is Standing.DELETED else link


def announced(site: Site, link: Link | None, ends: Endpoints) -> LoginInfo:
    """What phones are told now: the app's link while the switch is on and the link can be used."""
    if not site.mobile_enabled or link is None or not link.usable:
        return LoginInfo(False, None, (), None, None, None)
    return LoginInfo(
        True, link.client_id, app_first(link.redirects), link.permission.name, ends.authorization, ends.token
    )
