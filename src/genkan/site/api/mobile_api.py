"""The mobile switch by REST: show it, turn it on and off. The rules are in protocol.links."""

from genkan.protocol.links import turned
from genkan.protocol.outcomes import Change, Refused
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.bodies import MobileBody, read_body
from genkan.site.api.documents import AskerDocument, MobileDocument, asker_document, mobile_document
from genkan.site.api.openapi import Operation
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.site.switch import ASKED_LATELY, load_switch
from genkan.store.rounds import TRIES

PATH = "/rest/nativemobile/1.0/admin/oauth"
ASKERS = "/rest/nativemobile/1.0/admin/askers"


async def show_mobile(received: Received, door: Door) -> Answer:
    """GET admin/oauth: the switch and the app's link."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return answer.json(mobile_document(*await load_switch(door.store)))


async def list_askers(received: Received, door: Door) -> Answer:
    """GET admin/askers: who asked how to sign in lately, the latest first."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    found = await door.store.askers(door.env().now - ASKED_LATELY)
    return answer.json([asker_document(asker) for asker in found])


async def turn_mobile(received: Received, door: Door) -> Answer:
    """PUT admin/oauth: on makes the app's link the first time; off keeps the phones or signs them out."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, MobileBody)
    for _ in range(TRIES):
        site, link = await load_switch(door.store)
        change = turned(site, link, body.enabled, body.sign_out, caller.actor, door.env())
        if isinstance(change, Change):
            change = caller.on_link(change, site, link)
        if isinstance(change, Refused):
            return answer.error(change)
        if await door.store.apply(change):
            return answer.json(mobile_document(*await load_switch(door.store)))
    return answer.busy()


def _rule(path: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(path, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule(PATH, "GET", show_mobile, "Shows the mobile switch."), MobileDocument),
    Operation(_rule(PATH, "PUT", turn_mobile, "Turns the mobile switch."), MobileDocument, MobileBody),
    Operation(_rule(ASKERS, "GET", list_askers, "Who asked how to sign in lately."), AskerDocument, many=True),
)
