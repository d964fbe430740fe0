"""Confirming that it is still the same person before something dangerous: the password once more, a new session."""

from urllib.parse import urlencode

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer, browser, console, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.login.asked_again import asked
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
    one = await asked(received, door)
    if isinstance(one, Answer):
        return one
    ways = (await demand_of_form(one.form, door, one.env)).offered
    tried = await confirm_password(received, one.account, one.form.get("password", ""), ways, one.who, door)
    if not isinstance(tried, Refused):
        return tried.signed_in(after_sign_in(one.form, one.account, one.who, door), one.who, door)
    if tried.reason is Reason.BUSY:
        return door.pages.refusal(tried, received.request_id, one.who.reader)
    return await one.once_more(tried, door)


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
