"""The console's page of the mobile app: the switch, what phones are told, who asked for it, how to sign one in."""

import json

from genkan.protocol.devices import app_name, device_name
from genkan.protocol.links import turned
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.records import Link, Site
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.api.documents import mobile_document
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.phone_guide import guide
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.site.switch import ASKED_LATELY, INFO_LOGIN, announced, load_switch
from genkan.store.api import Asker, PhoneQuery
from genkan.store.rounds import TRIES
from genkan.wire import login_info

HERE = "/admin/mobile"
OFF = HERE + "/off"
SIGN_OUT = HERE + "/sign-out-all"
MOST_ASKERS = 50


async def show(received: Received, door: Door) -> Answer:
    """GET /admin/mobile"""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    site, link = await load_switch(door.store)
    document = mobile_document(site, link)
    askers = await door.store.askers(door.env().now - ASKED_LATELY, MOST_ASKERS)
    values = {
        "state": _state(site, link),
        "app": document,
        "told_url": door.public.text + INFO_LOGIN,
        "asks": door.public.text + INFO_LOGIN,
        "told": json.dumps(login_info.render(announced(site, link, door.endpoints)), indent=2, ensure_ascii=False),
        "askers": [_asker_row(asker) for asker in askers],
        "guide": guide(await door.title(), link, door),
    }
    return console.page(inside, door, "admin_mobile.html", values)


def _state(site: Site, link: Link | None) -> str:
    """``stuck``: the switch is on and tells nothing, since the app's link was disabled or deleted by itself."""
    if not site.mobile_enabled:
        return "off"
    return "on" if link is not None and link.usable else "stuck"


def _asker_row(asker: Asker) -> dict[str, object]:
    return {
        "app": app_name(asker.user_agent),
        "device": device_name(asker.user_agent),
        "user_agent": asker.user_agent,
        "network": asker.network,
        "last_at": asker.last_at,
        "count": asker.count,
    }


async def ask_off(received: Received, door: Door) -> Answer:
    """GET /admin/mobile/off: what becomes of the phones that are signed in?"""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    site, link = await load_switch(door.store)
    if link is None or not site.mobile_enabled:
        return console.done(door, HERE, Flash.MOBILE_OFF)
    usage = await door.store.usage(PhoneQuery(link_id=link.id), door.env().now)
    values = {"phones": usage.live, "complete": usage.complete}
    return console.page(inside, door, "admin_mobile_off.html", values)


async def turn_on(received: Received, door: Door) -> Answer:
    """POST /admin/mobile/on: the same client id as before, if there was one."""
    return await _turn(received, door, HERE, True, False, Flash.MOBILE_ON)


async def turn_off(received: Received, door: Door) -> Answer:
    """POST /admin/mobile/off: phones stay signed in."""
    return await _turn(received, door, OFF, False, False, Flash.MOBILE_OFF)


async def turn_off_with_sign_out(received: Received, door: Door) -> Answer:
    """POST /admin/mobile/sign-out-all: phones are signed out, and their link is disabled too."""
    return await _turn(received, door, OFF, False, True, Flash.MOBILE_OUT)


async def _turn(received: Received, door: Door, back: str, enabled: bool, sign_out: bool, flash: Flash) -> Answer:
    inside = await console.entrance(received, door, back=back)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, back)
    for _ in range(TRIES):
        site, link = await load_switch(door.store)
        change = turned(site, link, enabled, sign_out, inside.actor, door.env())
        if isinstance(change, Change):
            change = inside.administrator.on_link(change, site, link)
        if isinstance(change, Refused):
            return _refused(change, inside, received, door)
        if await door.store.apply(change):
            return console.done(door, HERE, flash)
    return console.busy(inside, received, door)


def _refused(refused: Refused, inside: Inside, received: Received, door: Door) -> Answer:
    return door.pages.refusal(refused, received.request_id, inside.reader, detail=refused.detail)


def _form(path: str, handler: Handler, about: str, *, recent: bool = False) -> Rule:
    return Rule(path, ("POST",), handler, Who.ADMINISTRATOR, Guard.FORM, about, recent=recent)


RULES = (
    Rule(HERE, ("GET",), show, Who.ADMINISTRATOR, Guard.PAGE, "The mobile app: its switch and what phones are told."),
    Rule(OFF, ("GET",), ask_off, Who.ADMINISTRATOR, Guard.PAGE, "Asks what becomes of signed-in phones."),
    _form(HERE + "/on", turn_on, "Turns the mobile app on."),
    _form(OFF, turn_off, "Turns the mobile app off; phones stay signed in."),
    _form(SIGN_OUT, turn_off_with_sign_out, "Turns the mobile app off and signs its phones out.", recent=True),
)
