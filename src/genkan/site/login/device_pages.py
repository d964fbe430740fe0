"""The second device's side: the number that it shows, and coming in once the first device has it."""

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin.second_device import Ticket, confirmed_mark, let_in, open_ticket
from genkan.site import browser, console, read
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sign_in_form import SignedIn, this_browser
from genkan.store.rounds import TRIES

DEVICE = "/login/device"
METHODS = "/account/sign-in"


async def number_page(received: Received, door: Door) -> Answer:
    """GET /login/device/{ticket}: this device's number. Looking at it writes nothing."""
    env = door.env()
    who = await browser.visitor(received, door, env)
    ticket = open_ticket(received.parameters["ticket"], door.sealer, env)
    return _dead(received, who, door, env) if ticket is None else _page(ticket, "", received, who, door, env)


async def come_in(received: Received, door: Door) -> Answer:
    """POST /login/device/{ticket}: once the number was typed on the first device."""
    env = door.env()
    form = read.form(received)
    who = await browser.visitor(received, door, env)
    ticket = open_ticket(received.parameters["ticket"], door.sealer, env)
    if ticket is None:
        return _dead(received, who, door, env)
    fault = browser.form_fault(received, form, who, door, env)
    came = fault or await _let_in(ticket, received, who, door)
    if isinstance(came, SignedIn):
        return came.signed_in(console.done(door, METHODS, Flash.DEVICE_IN), who, door)
    return _page(ticket, entry(came.reason).public, received, who, door, env)


async def _let_in(ticket: Ticket, received: Received, who: Visitor, door: Door) -> SignedIn | Refused:
    for _ in range(TRIES):
        first = await door.store.session_facts(ticket.session)
        confirmed = await door.store.is_spent(confirmed_mark(ticket, who.device))
        opened = let_in(ticket, first, confirmed, this_browser(received, who), door.env(), door.lifetimes)
        if isinstance(opened, Refused) or first is None:
            return Refused(Reason.DEVICE_NOT_LET_IN)
        if await door.store.apply(opened.change):
            return SignedIn(opened.cookie, first.account)
        if await door.store.is_spent(ticket.mark("used")):
            return Refused(Reason.DEVICE_NOT_LET_IN)
    return Refused(Reason.BUSY, retry_after=1)


def _page(ticket: Ticket, error: str, received: Received, who: Visitor, door: Door, env: Env) -> Answer:
    number = ticket.number(who.device)
    values = {
        "action": f"{door.public.path}{DEVICE}/{received.parameters['ticket']}",
        "hidden": {browser.PAGE_FIELD: browser.page_token(who, door, env)},
        "number": f"{number[:3]} {number[3:]}",
        "error": error,
    }
    page = door.pages.page("login_device.html", values, who.reader, status=403 if error else 200)
    return browser.with_device(page, who, door)


def _dead(received: Received, who: Visitor, door: Door, env: Env) -> Answer:
    refused = Refused(Reason.DEVICE_LINK_DEAD)
    door.note(refused, received, env.now)
    return door.pages.refusal(refused, received.request_id, who.reader)


RULES = (
    Rule(f"{DEVICE}/{{ticket}}", ("GET",), number_page, Who.RECOVERY, Guard.PAGE, "A second device's number."),
    Rule(f"{DEVICE}/{{ticket}}", ("POST",), come_in, Who.RECOVERY, Guard.FORM, "Lets that device in, once."),
)
