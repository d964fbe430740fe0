"""Signing in and out in a browser, the first administrator, and the start page (passwords here; other ways join
later).
"""

from urllib.parse import urlencode

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.env import Env
from genkan.protocol.interaction import seal_interaction
from genkan.protocol.links import turned
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Method
from genkan.protocol.signin import session as sessions
from genkan.protocol.signin.setup import first_administrator, link_fault
from genkan.site import answer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import after_sign_in, interaction_of, login_form, this_browser, try_password
from genkan.site.switch import load_switch
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission

PASSWORDS_DIFFER = "The two passwords differ."


async def login_page(received: Received, door: Door) -> Answer:
    """GET /login: the form, on behalf of an application or for the site itself."""
    env = door.env()
    parameters = read.query(received)
    who = await browser.visitor(received, door, env)
    return browser.with_device(await login_form(parameters, who, door, env), who, door)


async def login(received: Received, door: Door) -> Answer:
    """POST /login: one password try. Every failure gets one answer after exactly one hash."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if browser.form_fault(received, form, who, door, env) is not None:
        if who.person is not None and accounts.fold(form.get("username", "")) == who.person.account.folded:
            # Sent twice: the first one signed in, and the page's token went with the session before it.
            return after_sign_in(form, who.person.account, who, door)
        stale = entry(Reason.PAGE_STALE)
        page = await login_form(form, who, door, env, error=stale.public, status=stale.status)
        return browser.with_device(page, who, door)
    tried = await try_password(received, form.get("username", ""), form.get("password", ""), who, door)
    if not isinstance(tried, Refused):
        return tried.signed_in(after_sign_in(form, tried.account, who, door), who, door)
    if tried.reason is Reason.BUSY:
        return door.pages.refusal(tried, received.request_id, received.reader)
    row = entry(tried.reason)
    page = await login_form(form, who, door, env, error=row.public, status=row.status)
    return browser.with_device(page, who, door)


async def logout(received: Received, door: Door) -> Answer:
    """POST /logout: end this browser's session; on behalf of an application ("not you?") sign-in follows."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if browser.form_fault(received, form, who, door, env) is not None:
        return answer.redirect(door.public.text + "/", 303)
    if who.person is not None:
        await door.store.apply(sessions.close(who.person, env))
    interaction = interaction_of(form, door, env)
    if interaction is not None:
        sealed = seal_interaction(door.sealer, interaction, env)
        target = f"{door.public.text}/login?interaction={sealed}"
        return browser.without_session(answer.redirect(target, 303), door)
    return browser.without_session(answer.redirect(_after_sign_out(form, door), 303), door)


def _after_sign_out(form: read.Form, door: Door) -> str:
    """The page that says so; for somebody who wants to be another person on some page, sign-in on the way there."""
    wanted = form.get("next", "")
    return f"{door.public.text}/login?{urlencode({'next': wanted})}" if wanted else f"{door.public.text}/logout"


async def signed_out_page(received: Received, door: Door) -> Answer:
    """GET /logout: says that this browser is signed out, or asks for the button that does it."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is not None:
        return answer.redirect(door.public.text + "/")
    return door.pages.page("signed_out.html", {"sign_in_url": f"{door.public.path}/login"}, who.reader)


async def home(received: Received, door: Door) -> Answer:
    """GET /: who is signed in, and what to do next."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    site = await door.store.site()
    account = who.person.account if who.person else None
    person = account and {"name": account.name, "display_name": account.display_name,
                          "permission_name": account.permission.name}  # fmt: skip
    administrator = account is not None and account.permission >= Permission.ADMIN
    hidden = {browser.PAGE_FIELD: browser.page_token(who, door, env)}
    values = {
        "person": person,
        "sign_in_url": f"{door.public.path}/login",
        "sign_out_action": f"{door.public.path}/logout",
        "sign_out_hidden": hidden,
        "mobile_on": site.mobile_enabled,
        "mobile_action": f"{door.public.path}/setup/mobile",
        "next_command": f"{door.program} app login {door.public.text}" if administrator else "",
        "has_administrator": site.has_administrator,
        "is_administrator": administrator,
        "apps_url": f"{door.public.path}/account/apps",
    }
    return browser.with_device(door.pages.page("home.html", values, who.reader), who, door)


async def setup_page(received: Received, door: Door) -> Answer:
    """GET /setup/{token}: make the first administrator."""
    env = door.env()
    fault = link_fault(await door.store.site(), received.parameters["token"])
    if fault is not None:
        return door.pages.refusal(fault, received.request_id, received.reader)
    who = await browser.visitor(received, door, env)
    return browser.with_device(_setup_form(received, {}, "", who, door, env), who, door)


def _setup_form(received: Received, form: read.Form, error: str, who: browser.Visitor, door: Door, env: Env) -> Answer:
    values = {
        "action": f"{door.public.path}/setup/{received.parameters['token']}",
        "hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "error": error,
        "values": {name: form.get(name, "") for name in ("username", "display_name", "email")},
        "least": accounts.PASSWORD_CHARACTERS[0],
    }
    return door.pages.page("setup.html", values, who.reader, status=400 if error else 200)


async def setup(received: Received, door: Door) -> Answer:
    """POST /setup/{token}: the first administrator, signed in at once; the link is dead from now on."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    fault = link_fault(await door.store.site(), received.parameters["token"])
    if fault is not None:
        return door.pages.refusal(fault, received.request_id, received.reader)
    error = _setup_error(received, form, who, door, env)
    if error:
        return browser.with_device(_setup_form(received, form, error, who, door, env), who, door)
    password_hash = await door.passwords.hash(form["password"])
    wish = AccountWish(form.get("username", ""), form.get("display_name", ""), form.get("email", ""),
                       password_hash=password_hash)  # fmt: skip
    made = first_administrator(wish, door.env())
    if isinstance(made, Refused):
        return browser.with_device(_setup_form(received, form, sentence(made), who, door, env), who, door)
    if not await door.store.apply(made.change):
        return door.pages.refusal(Refused(Reason.SETUP_LINK_DEAD), received.request_id, received.reader)
    opened = sessions.open_session(made.account, Method.PWD, this_browser(received, who), door.env(), door.lifetimes)
    await door.store.apply(opened.change)
    return browser.with_session(answer.redirect(f"{door.public.text}/setup/done", 303), opened.cookie, door)


def _setup_error(received: Received, form: read.Form, who: browser.Visitor, door: Door, env: Env) -> str:
    if browser.form_fault(received, form, who, door, env) is not None:
        return entry(Reason.PAGE_STALE).public
    if form.get("password", "") != form.get("password_again", ""):
        return PASSWORDS_DIFFER
    fault = accounts.password_fault(form.get("password", ""))
    return sentence(fault) if fault else ""


def sentence(refused: Refused) -> str:
    """A refusal of an account for the person who typed: the field and what to write."""
    name, _, rest = refused.detail.partition(": ")
    return f"{name[:1].upper()}{name[1:]}: {rest}." if rest else entry(refused.reason).public


async def setup_done(received: Received, door: Door) -> Answer:
    """GET /setup/done: what is left to do, for the administrator who has just been made."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if not _is_administrator(who):
        return answer.redirect(door.public.text + "/")
    site = await door.store.site()
    values = {
        "person_name": who.person.account.display_name if who.person else "",
        "mobile_action": f"{door.public.path}/setup/mobile",
        "mobile_hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "next_command": f"{door.program} app login {door.public.text}",
        "mobile_on": site.mobile_enabled,
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
    for _ in range(TRIES):
        site, link = await load_switch(door.store)
        change = turned(site, link, True, False, who.person.account.actor, door.env())
        if isinstance(change, Change) and await door.store.apply(change):
            return answer.redirect(f"{door.public.text}/setup/done", 303)
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, received.reader)


def _is_administrator(who: browser.Visitor) -> bool:
    return who.person is not None and who.person.account.permission >= Permission.ADMIN


RULES = (
    Rule("/", ("GET",), home, Who.ANYONE, Guard.PAGE, "The start page."),
    Rule("/login", ("GET",), login_page, Who.ANYONE, Guard.PAGE, "The sign-in page."),
    Rule(
        "/login.jsp",
        ("GET",),
        login_page,
        Who.ANYONE,
        Guard.PAGE,
        "The sign-in page under the name that bookmarks have.",
    ),
    Rule("/login", ("POST",), login, Who.ANYONE, Guard.FORM, "One password try."),
    Rule("/logout", ("GET",), signed_out_page, Who.ANYONE, Guard.PAGE, "Says that this browser is signed out."),
    Rule("/logout", ("POST",), logout, Who.PERSON, Guard.FORM, "Ends this browser's session.", recent=False),
    Rule("/setup/done", ("GET",), setup_done, Who.ADMINISTRATOR, Guard.PAGE, "What is left to do after set-up."),
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
    Rule("/setup/{token}", ("POST",), setup, Who.SETUP, Guard.FORM, "Makes the first administrator."),
)
