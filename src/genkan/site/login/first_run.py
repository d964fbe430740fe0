"""The first run: from the set-up link over the site's name and address and its first administrator to a phone that can
sign in.
"""

from dataclasses import dataclass, field

from genkan.protocol import accounts, naming
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.actors import Actor
from genkan.protocol.administration import Administrator
from genkan.protocol.env import Env
from genkan.protocol.links import turned
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Method, Site
from genkan.protocol.signin.demand import may_come_in
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.passkey import NewPasskey
from genkan.protocol.signin.passkey_options import rp_id_of
from genkan.protocol.signin.passkey_ticket import Use
from genkan.protocol.signin.setup import first_administrator, link_fault
from genkan.site import answer, browser, passkey_page, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.login.typed_accounts import new_password_fault
from genkan.site.phone_guide import guide
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sentences import NAME_TAKEN, sentence
from genkan.site.sign_in_form import this_browser
from genkan.site.switch import load_switch
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission

DONE = "/setup/done"
ACTOR = "setup"
PASSKEY = "/account/passkeys/create"
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
        "passkey": passkey_page.creation_values(door, f"{below}/passkey"),
    }
    page = door.pages.page("setup.html", values, who.reader, status=400 if error else 200)
    return browser.with_device(page, who, door)


async def passkey_options(received: Received, door: Door) -> Answer:
    """GET /setup/{token}/passkey: a challenge to make the first administrator's passkey; the account has only an id."""
    env = door.env()
    fault = link_fault(await door.store.site(), received.parameters["token"])
    if fault is not None:
        return answer.error(fault)
    who = await browser.visitor(received, door, env)
    return passkey_page.creation_answer(Use.SET_UP, None, env.draw_id(), (), who, door, env)


async def setup(received: Received, door: Door) -> Answer:
    """POST /setup/{token}: the first administrator, signed in at once; the link is dead from now on."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    proof: Proof | Refused | None = None
    for _ in range(TRIES):
        site = await door.store.site()
        fault = link_fault(site, received.parameters["token"])
        if fault is not None:
            return door.pages.refusal(fault, received.request_id, received.reader)
        error = await _error(received, form, who, door, env)
        if error:
            return _form(received, form, error, who, door, env)
        proof = proof or await _proof(received, form, who, door)
        if isinstance(proof, Refused):
            return _form(received, form, sentence(proof), who, door, env)
        made = _made(site, form, proof, received.peer.address, door)
        if isinstance(made, Refused):
            return _form(received, form, sentence(made), who, door, env)
        if await door.store.apply(made.change):
            return await _signed_in(received, made.account, proof, site, who, door)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, received.reader)


@dataclass(frozen=True, slots=True)
class Proof:
    """By what the first administrator signs in from now on: a password's hash, or a passkey."""

    method: Method
    hash: str | None = field(repr=False)
    passkey: NewPasskey | None


async def _proof(received: Received, form: read.Form, who: browser.Visitor, door: Door) -> Proof | Refused:
    if passkey_page.CREDENTIAL not in form:
        return Proof(Method.PWD, await door.passwords.hash(form["password"]), None)
    made = passkey_page.made(received, form, Use.SET_UP, Actor(ACTOR, received.peer.address), who, door)
    return made if isinstance(made, Refused) else Proof(made.method, None, made)


def _made(site: Site, form: read.Form, proof: Proof, address: str, door: Door) -> NewAccount | Refused:
    """Administrator and name in one write. A form without a name, as a program may send it, gives the site none."""
    env = door.env()
    wished = "" if door.settings.site_title else form.get("site_title", "")
    named = naming.named(site, wished, Actor(ACTOR, address), env) if wished.strip() else Change(())
    if isinstance(named, Refused):
        return named
    wish = AccountWish(form.get("username", ""), form.get("display_name", ""), form.get("email", ""),
                       password_hash=proof.hash)  # fmt: skip
    return first_administrator(wish, env, named, address, proof.passkey)


async def _error(received: Received, form: read.Form, who: browser.Visitor, door: Door, env: Env) -> str:
    if browser.form_fault(received, form, who, door, env) is not None:
        return entry(Reason.PAGE_STALE).public
    wrong = "" if passkey_page.CREDENTIAL in form else new_password_fault(form)
    if wrong:
        return wrong
    taken = await door.store.account_by_name(accounts.fold(form.get("username", "")) or "")
    return NAME_TAKEN if taken is not None else ""


async def _signed_in(
    received: Received, account: Account, proof: Proof, site: Site, who: browser.Visitor, door: Door
) -> Answer:
    opened = enter(account, proof.method, site.ways, this_browser(received, who), door.env(), door.lifetimes)
    if isinstance(opened, Refused):
        return answer.redirect(f"{door.public.text}/login", 303)
    await door.store.apply(opened.change)
    return browser.with_session(answer.redirect(door.public.text + DONE, 303), opened.cookie, door)


async def setup_done(received: Received, door: Door) -> Answer:
    """GET /setup/done: shall the mobile app sign in here? Once it may, what to do on the phone."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if not await _is_administrator(who, door):
        return answer.redirect(door.public.text + "/")
    site, link = await load_switch(door.store)
    values = {
        "person_name": who.person.account.display_name if who.person else "",
        "mobile_action": f"{door.public.path}/setup/mobile",
        "mobile_hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "is_administrator": True,
        "mobile_on": site.mobile_enabled,
        "guide": guide(await door.title(), link, door),
        "passkey_url": await _passkey_url(who, door),
    }
    return door.pages.page("setup_done.html", values, who.reader)


async def _passkey_url(who: browser.Visitor, door: Door) -> str:
    """Where to make a passkey; empty where there is one already, or browsers keep none for this address."""
    wanted = who.person is not None and rp_id_of(door.public) is not None
    has_one = wanted and who.person is not None and await door.store.passkeys(who.person.account.id)
    return f"{door.public.path}{PASSKEY}" if wanted and not has_one else ""


async def setup_mobile(received: Received, door: Door) -> Answer:
    """POST /setup/mobile: the switch, turned on by an administrator in the browser."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if who.person is None or not await _is_administrator(who, door):
        return door.pages.refusal(Refused(Reason.NOT_ALLOWED), received.request_id, received.reader)
    fault = browser.form_fault(received, form, who, door, env)
    if fault is not None:
        return door.pages.refusal(fault, received.request_id, received.reader)
    account = who.person.account
    caller = Administrator(Actor(account.actor, received.peer.address), account.permission, account.id)
    for _ in range(TRIES):
        site, link = await load_switch(door.store)
        change = turned(site, link, True, False, caller.actor, door.env())
        if isinstance(change, Change):
            change = caller.on_link(change, site, link)
        if isinstance(change, Refused):
            return door.pages.refusal(change, received.request_id, received.reader, detail=change.detail)
        if await door.store.apply(change):
            return answer.redirect(door.public.text + DONE, 303)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, received.reader)


async def _is_administrator(who: browser.Visitor, door: Door) -> bool:
    """Whether an administrator is signed in, in a way that the site takes."""
    if who.person is None or who.person.account.permission < Permission.ADMIN:
        return False
    return may_come_in(await door.store.site(), who.person.session.method)


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
    Rule(
        "/setup/{token}/passkey", ("GET",), passkey_options, Who.SETUP, Guard.PAGE, "A challenge for first-run set-up."
    ),
    Rule("/setup/{token}", ("GET",), setup_page, Who.SETUP, Guard.PAGE, "First-run set-up."),
    Rule("/setup/{token}", ("POST",), setup, Who.SETUP, Guard.FORM, "Names the site, makes its administrator."),
)
