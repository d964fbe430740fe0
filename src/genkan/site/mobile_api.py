"""The mobile switch by REST: show it, turn it on and off. The rules are in protocol.links."""

from genkan.protocol import links
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Link, Site, Standing
from genkan.site import answer
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.bodies import MobileBody, read_body
from genkan.site.documents import MobileDocument, mobile_document
from genkan.site.door import TRIES, Door
from genkan.site.openapi import Operation
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

PATH = "/rest/nativemobile/1.0/admin/oauth"


async def show_mobile(received: Received, door: Door) -> Answer:
    """GET admin/oauth: the switch and the app's link."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return answer.json(mobile_document(*await _loaded(door)))


async def turn_mobile(received: Received, door: Door) -> Answer:
    """PUT admin/oauth: on makes the app's link the first time; off keeps the phones or signs them out."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, MobileBody)
    for _ in range(TRIES):
        site, link = await _loaded(door)
        change = _decided(body, site, link, caller.actor, door.env())
        if isinstance(change, Refused):
            return answer.error(change)
        if change is None or await door.store.apply(change):
            return answer.json(mobile_document(*await _loaded(door)))
    return answer.busy()


def _decided(body: MobileBody, site: Site, link: Link | None, actor: str, env: Env) -> Change | Refused | None:
    """The change, None where things are as asked already: saying it twice is no news."""
    standing = link is not None and link.usable
    if body.enabled:
        return None if site.mobile_enabled and standing else links.turn_mobile_on(site, link, actor, env)
    if link is None or link.standing is Standing.DELETED or not (site.mobile_enabled or body.sign_out):
        return None
    return links.turn_mobile_off(site, link, body.sign_out, actor, env)


async def _loaded(door: Door) -> tuple[Site, Link | None]:
    site = await door.store.site()
    link = await door.store.link(site.mobile_link_id) if site.mobile_link_id is not None else None
    return site, link


def _rule(method: str, about: str) -> Rule:
    handler = show_mobile if method == "GET" else turn_mobile
    return Rule(PATH, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("GET", "Shows the mobile switch."), MobileDocument),
    Operation(_rule("PUT", "Turns the mobile switch."), MobileDocument, MobileBody),
)
