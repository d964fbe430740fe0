"""Signing in with a passkey: the challenge that the sign-in page asks for, and the answer that it sends."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin.passkey_options import rp_ids
from genkan.protocol.signin.passkey_ticket import Use
from genkan.site import answer, browser, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.login.asked_again import asked
from genkan.site.passkey_page import OPTIONS, request_answer
from genkan.site.passkey_try import Declined, try_passkey
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import after_sign_in, login_form


async def options(received: Received, door: Door) -> Answer:
    """GET /login/passkey: a challenge, for anybody or, to confirm that it is still they, for whoever is signed in."""
    env = door.env()
    asked = read.query(received)
    who = await browser.visitor(received, door, env)
    hosts = rp_ids(door.public, door.settings.former)
    rp_id = asked.get("host", hosts[0] if hosts else "")
    if rp_id not in hosts:
        return answer.error(Refused(Reason.NOT_FOUND))
    if asked.get("for") != "confirm":
        return request_answer(Use.SIGN_IN, rp_id, 0, (), who, door, env)
    if who.person is None:
        return answer.error(Refused(Reason.SESSION_REQUIRED))
    account = who.person.account
    known = await door.store.passkeys(account.id)
    return request_answer(Use.CONFIRM, rp_id, account.id, known, who, door, env)


async def sign_in(received: Received, door: Door) -> Answer:
    """POST /login/passkey: the answer to the challenge, judged at once; nothing of it counts as a guess."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    if browser.form_fault(received, form, who, door, env) is not None:
        stale = entry(Reason.PAGE_STALE)
        page = await login_form(form, who, door, env, error=stale.public, status=stale.status)
        return browser.with_device(page, who, door)
    tried = await try_passkey(received, form, Use.SIGN_IN, 0, who, door)
    if not isinstance(tried, Declined):
        return tried.signed_in(after_sign_in(form, tried.account, who, door), who, door)
    row = entry(tried.refused.reason)
    page = await login_form(form, who, door, env, error=row.public, status=row.status, unknown=tried.unknown)
    return browser.with_device(page, who, door)


async def confirm(received: Received, door: Door) -> Answer:
    """POST /confirm/passkey: a passkey of the person who is signed in; a new session, as new as can be."""
    one = await asked(received, door)
    if isinstance(one, Answer):
        return one
    tried = await try_passkey(received, one.form, Use.CONFIRM, one.account.id, one.who, door)
    if isinstance(tried, Declined):
        return await one.once_more(tried.refused, door)
    return tried.signed_in(after_sign_in(one.form, one.account, one.who, door), one.who, door)


RULES = (
    Rule(OPTIONS, ("GET",), options, Who.ANYONE, Guard.PAGE, "A challenge to sign in with a passkey, as JSON."),
    Rule(OPTIONS, ("POST",), sign_in, Who.ANYONE, Guard.FORM, "One sign-in with a passkey."),
    Rule(
        "/confirm/passkey",
        ("POST",),
        confirm,
        Who.PERSON,
        Guard.FORM,
        "Confirms with a passkey that it is still you.",
        recent=False,
    ),
)
