"""Confirming that it is still the same person before something dangerous: the password once more, a new session."""

from urllib.parse import urlencode

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.site import answer, browser, console, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.presence import is_recent
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import after_sign_in, confirm_password, demand_of_form


async def confirm_page(received: Received, door: Door) -> Answer:
    """GET /confirm: the question, on the way to a page that asks for it."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    if who.person is None:
        wanted = {"next": read.query(received).get("next", "")}
        return answer.redirect(f"{door.public.text}/login?{urlencode(wanted)}")
    return browser.with_device(await console.confirm_page(read.query(received), who, door, env), who, door)


async def confirm(received: Received, door: Door) -> Answer:
    """POST /confirm: one try, counted like any sign-in. The right password makes a new session, as new as can be."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if who.person is None:
        return answer.redirect(f"{door.public.text}/login", 303)
    account = who.person.account
    fault = browser.form_fault(received, form, who, door, env)
    if fault is not None:
        if await is_recent(who.person, door, env):
            # Sent twice: the first one made a new session, and the page's token went with the one before it.
            return after_sign_in(form, account, who, door)
        row = entry(fault.reason)
        return await console.confirm_page(form, who, door, env, error=row.public, status=row.status)
    ways = (await demand_of_form(form, door, env)).offered
    tried = await confirm_password(received, account, form.get("password", ""), ways, who, door)
    if not isinstance(tried, Refused):
        return tried.signed_in(after_sign_in(form, account, who, door), who, door)
    if tried.reason is Reason.BUSY:
        return door.pages.refusal(tried, received.request_id, who.reader)
    row = entry(tried.reason)
    return await console.confirm_page(form, who, door, env, error=row.public, status=row.status)


RULES = (
    Rule(console.CONFIRM, ("GET",), confirm_page, Who.PERSON, Guard.PAGE, "Asks whether it is still you."),
    Rule(
        console.CONFIRM,
        ("POST",),
        confirm,
        Who.PERSON,
        Guard.FORM,
        "One password try of the person signed in.",
        recent=False,
    ),
)
