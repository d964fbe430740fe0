"""The first run: from the set-up link over the site's name and address and its first administrator to a phone that can
sign in.
"""

from genkan.protocol import accounts, naming
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.actors import Actor
from genkan.protocol.env import Env
from genkan.protocol.links import turned
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Method, Site
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.setup import first_administrator, link_fault
from genkan.site import answer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.phone_guide import guide
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sentences import NAME_TAKEN, PASSWORDS_DIFFER, sentence
from genkan.site.sign_in_form import this_browser
from genkan.site.switch import load_switch
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission

DONE = "/setup/done"
ACTOR = "setup"
_KEPT = ("site_title", "username", "display_name", "email")


async def setup_page(received: Received, door: Door) -> Answer:
    """GET /setup/{token}: is the address right, what is the site called, and who is its first administrator?"""
    env = door.env()
    fault = link_fault(await door.store.site(), received.parameters["token"])
    if fault is not None:
        return door.pages.refusal(fault, received.request_id, received.reader)
    who = await browser.visitor(received, door, env)
    return _form(received, {}, "", who, door, env)


def _form(received: Received, form: read.Form, error: str, who: browser.Visitor, door: Door, env: Env) -> Answer:
    below = f"/setup/{received.parameters['token']}"
    values = {
        "action": door.public.path + below,
        "below": below,
        "hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "error": error,
        "values": {name: form.get(name, "") for name in _KEPT},
        "title_is_set": bool(door.settings.site_title),
        "least": accounts.PASSWORD_CHARACTERS[0],
    }
    page = door.pages.page("setup.html", values, who.reader, status=400 if error else 200)
    return browser.with_device(page, who, door)


async def setup(received: Received, door: Door) -> Answer:
    """POST /setup/{token}: the first administrator, signed in at once; the link is dead from now on."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    password_hash = ""
    for _ in range(TRIES):
        site = await door.store.site()
        fault = link_fault(site, received.parameters["token"])
        if fault is not None:
            return door.pages.refusal(fault, received.request_id, received.reader)
        error = await _error(received, form, who, door, env)
        if error:
            return _form(received, form, error, who, door, env)
        password_hash = password_hash or await door.passwords.hash(form["password"])
        made = _made(site, form, password_hash, received.peer.address, door)
        if isinstance(made, Refused):
            return _form(received, form, sentence(made), who, door, env)
        if await door.store.apply(made.change):
            return await _signed_in(received, made.account, site, who, door)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, received.reader)


def _made(site: Site, form: read.Form, password_hash: str, address: str, door: Door) -> NewAccount | Refused:
    """Administrator and name in one write. A form without a name, as a program may send it, gives the site none."""
    env = door.env()
    wished = "" if door.settings.site_title else form.get("site_title", "")
    named = naming.named(site, wished, Actor(ACTOR, address), env) if wished.strip() else Change(())
    if isinstance(named, Refused):
        return named
    wish = AccountWish(form.get("username", ""), form.get("display_name", ""), form.get("email", ""),
                       password_hash=password_hash)  # fmt: skip
    return first_administrator(wish, env, named, address)


async def _error(received: Received, form: read.Form, who: browser.Visitor, door: Door, env: Env) -> str:
    if browser.form_fault(received, form, who, door, env) is not None:
        return entry(Reason.PAGE_STALE).public
    if form.get("password", "") != form.get("password_again", ""):
        return PASSWORDS_DIFFER
    fault = accounts.password_fault(form.get("password", ""))
    if fault is not None:
        return sentence(fault)
    taken = await door.store.account_by_name(accounts.fold(form.get("username", "")) or "")
    return NAME_TAKEN if taken is not None else ""


async def _signed_in(received: Received, account: Account, site: Site, who: browser.Visitor, door: Door) -> Answer:
    opened = enter(account, Method.PWD, site.ways, this_browser(received, who), door.env(), door.lifetimes)
    if isinstance(opened, Refused):
        return answer.redirect(f"{door.public.text}/login", 303)
    await door.store.apply(opened.change)
    return browser.with_session(answer.redirect(door.public.text + DONE, 303), opened.cookie, door)


async def setup_done(received: Received, door: Door) -> Answer:
    """GET /setup/done: shall the mobile app sign in here? Once it may, what to do on the phone."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if not _is_administrator(who):
        return answer.redirect(door.public.text + "/")
    site, link = await load_switch(door.store)
    values = {
        "person_name": who.person.account.display_name if who.person else "",
        "mobile_action": f"{door.public.path}/setup/mobile",
        "mobile_hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "is_administrator": True,
        "mobile_on": site.mobile_enabled,
        "guide": guide(await door.title(), link, door),
    }
    return door.pages.page("setup_done.html", values, who.reader)


async def setup_mobile(received: Received, door: Door) -> Answer:
    """POST /setup/mobile: the switch, turned on by an administrator in the browser."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if not _is_administrator(who) or who.person is None:
        return door.pages.refusal(Refused(Reason.NOT_ALLOWED), received.request_id, received.reader)
    fault = browser.form_fault(received, form, who, door, env)
    if fault is not None:
        return door.pages.refusal(fault, received.request_id, received.reader)
    actor = Actor(who.person.account.actor, received.peer.address)
    for _ in range(TRIES):
        site, link = await load_switch(door.store)
        change = turned(site, link, True, False, actor, door.env())
        if isinstance(change, Change) and await door.store.apply(change):
            return answer.redirect(door.public.text + DONE, 303)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, received.reader)


def _is_administrator(who: browser.Visitor) -> bool:
    return who.person is not None and who.person.account.permission >= Permission.ADMIN


RULES = (
    Rule(DONE, ("GET",), setup_done, Who.ADMINISTRATOR, Guard.PAGE, "What is left to do after set-up."),
    Rule(
        "/setup/mobile",
        ("POST",),
        setup_mobile,
        Who.ADMINISTRATOR,
        Guard.FORM,
        "Turns the mobile switch on.",
        recent=False,
    ),
    Rule("/setup/{token}", ("GET",), setup_page, Who.SETUP, Guard.PAGE, "First-run set-up."),
    Rule("/setup/{token}", ("POST",), setup, Who.SETUP, Guard.FORM, "Names the site, makes its administrator."),
)
