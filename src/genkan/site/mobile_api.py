"""The mobile switch by REST: show it, turn it on and off. The rules are in protocol.links."""

from genkan.protocol.links import turned
from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.bodies import MobileBody, read_body
from genkan.site.documents import MobileDocument, mobile_document
from genkan.site.door import Door
from genkan.site.openapi import Operation
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import load_switch
from genkan.store.rounds import TRIES

PATH = "/rest/nativemobile/1.0/admin/oauth"


async def show_mobile(received: Received, door: Door) -> Answer:
    """GET admin/oauth: the switch and the app's link."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return answer.json(mobile_document(*await load_switch(door.store)))


async def turn_mobile(received: Received, door: Door) -> Answer:
    """PUT admin/oauth: on makes the app's link the first time; off keeps the phones or signs them out."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, MobileBody)
    for _ in range(TRIES):
        site, link = await load_switch(door.store)
        change = turned(site, link, body.enabled, body.sign_out, caller.actor, door.env())
        if isinstance(change, Refused):
            return answer.error(change)
        if await door.store.apply(change):
            return answer.json(mobile_document(*await load_switch(door.store)))
    return answer.busy()


def _rule(method: str, about: str) -> Rule:
    handler = show_mobile if method == "GET" else turn_mobile
    return Rule(PATH, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("GET", "Shows the mobile switch."), MobileDocument),
    Operation(_rule("PUT", "Turns the mobile switch."), MobileDocument, MobileBody),
)
