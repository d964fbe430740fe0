"""Signing in and out in a browser, and the start page (passwords here; other ways join later)."""

from urllib.parse import urlencode

from genkan.protocol import accounts
from genkan.protocol.interaction import seal_interaction
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin import session as sessions
from genkan.site import answer, browser, certificate_form, console, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.openid_sign_in import straight_there
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import (
    after_sign_in,
    demand_of_form,
    form_alone,
    interaction_of,
    login_form,
    notice_of,
    try_password,
)
from genkan.wire.scopes import Permission


async def login_page(received: Received, door: Door) -> Answer:
    """GET /login: the form, on behalf of an application or for the site itself; where certificates are asked for
    everywhere no form, unless it is asked for.
    """
    env = door.env()
    parameters = read.query(received)
    who = await browser.visitor(received, door, env)
    if door.settings.certificate_on_every_hop and "form" not in parameters:
        done = await certificate_form.at_the_door(parameters, received, who, door)
        if done is not None:
            return done
    straight = await straight_there(parameters, received, who, door, env)
    return straight or browser.with_device(await login_form(parameters, who, door, env), who, door)


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
    ways = (await demand_of_form(form, door, env)).offered
    tried = await try_password(received, form.get("username", ""), form.get("password", ""), ways, who, door)
    if not isinstance(tried, Refused):
        return tried.signed_in(after_sign_in(form, tried.account, who, door), who, door)
    if tried.reason is Reason.BUSY:
        return door.pages.refusal(tried, received.request_id, received.reader)
    row = entry(tried.reason)
    page = await login_form(form, who, door, env, error=row.public, notice=notice_of(door), status=row.status)
    return browser.with_device(page, who, door)


async def logout(received: Received, door: Door) -> Answer:
    """POST /logout: end this browser's session; on behalf of an application ("not you?") sign-in follows."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if browser.form_fault(received, form, who, door, env) is not None:
        return answer.redirect(door.public.text + "/", 303)
    if who.person is not None:
        await door.store.apply(sessions.close(who.person, received.peer.address, env))
    interaction = interaction_of(form, door, env)
    if interaction is not None:
        sealed = seal_interaction(door.sealer, interaction, env)
        # Whoever wants to be somebody else is not signed in by the same certificate again.
        target = f"{door.public.text}/login?{urlencode({'interaction': sealed, **form_alone(door)})}"
        return browser.without_session(answer.redirect(target, 303), door)
    return browser.without_session(answer.redirect(_after_sign_out(form, door), 303), door)


def _after_sign_out(form: read.Form, door: Door) -> str:
    """The page that says so; for somebody who wants to be another person on some page, sign-in on the way there."""
    wanted = form.get("next", "")
    return (
        f"{door.public.text}/login?{urlencode({'next': wanted, **form_alone(door)})}"
        if wanted
        else f"{door.public.text}/logout"
    )


async def signed_out_page(received: Received, door: Door) -> Answer:
    """GET /logout: says that this browser is signed out, or asks for the button that does it."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is not None:
        return answer.redirect(door.public.text + "/")
    return door.pages.page("signed_out.html", {"sign_in_url": f"{door.public.path}/login"}, who.reader)


async def to_start(received: Received, door: Door) -> Answer:
    """The start page's path in bookmarks that people keep of Jira."""
    return answer.redirect(door.public.text + "/")


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
    values: dict[str, object] = {
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
    tries = await door.store.failed_tries(account.id) if account is not None else None
    values |= console.tries_values(tries, hidden, door.public.text + "/")
    return browser.with_device(door.pages.page("home.html", values, who.reader), who, door)


RULES = (
    Rule("/", ("GET",), home, Who.ANYONE, Guard.PAGE, "The start page."),
    Rule("/secure/Dashboard.jspa", ("GET",), to_start, Who.ANYONE, Guard.PAGE, "Leads to the start page."),
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
)
