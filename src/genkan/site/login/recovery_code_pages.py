"""Signing in with a one-time recovery code: one try, in the budget of wrong passwords, and on to making a way in."""

from urllib.parse import urlencode

from genkan.protocol import accounts
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin import lockout, recovery_codes
from genkan.protocol.signin.password import Failed
from genkan.site import browser, console, read
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.onward import along, carried
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import RECOVERY, SignedIn, form_alone, this_browser
from genkan.store.rounds import TRIES

METHODS = "/account/sign-in"


async def code_page(received: Received, door: Door) -> Answer:
    """GET /login/recovery"""
    env = door.env()
    who = await browser.visitor(received, door, env)
    return _page(read.query(received), "", 200, who, door, env)


async def use_code(received: Received, door: Door) -> Answer:
    """POST /login/recovery: one try. It leads to the page where a way to sign in is made anew, and on from there."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    fault = browser.form_fault(received, form, who, door, env)
    tried = fault or await _try(received, form, who, door)
    if isinstance(tried, SignedIn):
        return tried.signed_in(console.done(door, along(METHODS, form), Flash.CODE_USED), who, door)
    if tried.reason is Reason.BUSY:
        return door.pages.refusal(tried, received.request_id, who.reader)
    row = entry(tried.reason)
    return _page(form, row.public, row.status, who, door, env)


async def _try(received: Received, form: Form, who: Visitor, door: Door) -> SignedIn | Refused:
    folded = accounts.fold(form.get("username", "")) or ""
    known = browser.known_device(received, who, await door.store.account_by_name(folded), door)
    asked = lockout.tries(folded, received.peer.network, known, door.source(received))
    for _ in range(TRIES):
        row, env = await door.store.password_row(folded, asked.keys), door.env()
        digest = recovery_codes.digest_of(row.account.id if row.account else 0, form.get("code", ""))
        right = await door.store.has_recovery_code(row.account.id if row.account else 0, digest)
        outcome = recovery_codes.sign_in(
            row.account, digest if right else None, asked, row.guesses, this_browser(received, who), env, door.lifetimes
        )
        if await door.store.apply(outcome.change):
            if isinstance(outcome, Failed) or row.account is None:
                refused = Refused(Reason.RECOVERY_CODE_REFUSED)
                door.note(refused, received, env.now)
                return refused
            return SignedIn(outcome.cookie, row.account)
    return Refused(Reason.BUSY, retry_after=1)


def _page(form: Form, error: str, status: int, who: Visitor, door: Door, env: Env) -> Answer:
    asked = {**carried(form), **form_alone(door)}
    values = {
        "action": door.public.path + RECOVERY,
        "hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env), **carried(form)},
        "username": form.get("username", "")[: accounts.NAME_CHARACTERS],
        "error": error,
        "goes_on": bool(carried(form)),
        "sign_in_url": f"{door.public.path}/login" + (f"?{urlencode(asked)}" if asked else ""),
    }
    return browser.with_device(door.pages.page("login_recovery.html", values, who.reader, status=status), who, door)


RULES = (
    Rule(RECOVERY, ("GET",), code_page, Who.ANYONE, Guard.PAGE, "Asks for a one-time recovery code."),
    Rule(RECOVERY, ("POST",), use_code, Who.ANYONE, Guard.FORM, "One try with a recovery code."),
)
