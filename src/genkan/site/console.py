"""The entrance to every page of the console and of the account: who is at the browser, may they come in, was their
sign-in recent where the rule asks for it. Else the right page, which loses nothing that was typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from genkan.protocol.actors import Actor
from genkan.protocol.administration import Administrator
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, FailedTries, Session
from genkan.protocol.signin.demand import may_come_in
from genkan.site import answer, browser, flashes, navigation, passkey_page, read, typed
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.corporate_offer import confirming_buttons
from genkan.site.directory_password import directory_title
from genkan.site.door import Door
from genkan.site.flashes import FLASH, Flash
from genkan.site.presence import is_recent, needs_more
from genkan.site.read import Form
from genkan.site.reader import Reader
from genkan.site.received import Received
from genkan.site.routes import Handler
from genkan.site.sign_in_form import (
    SESSION_OVER,
    certificate_start,
    demand_of_form,
    form_alone,
    login_form,
    offer_of,
    recovery_url,
)
from genkan.wire.scopes import Permission

LEAST = Permission.ADMIN
CONFIRM = "/confirm"
RESUMED = "You are signed in again. Look through what you typed and send it once more; nothing was changed yet."


@dataclass(frozen=True, slots=True)
class Inside:
    """Who came in, and what they sent. ``form`` are a form's fields, ``query`` the address's parameters; ``here`` is
    the page's path below the base URL, ``address`` where the person is, ``hidden`` what every form on the page carries.

    ``again``: why a form must be shown again instead of acted on; empty where it may be acted on.
    """

    visitor: Visitor
    account: Account
    session: Session
    here: str
    address: str
    hidden: dict[str, str] = field(repr=False)
    query: Form
    form: Form = field(repr=False)
    again: str
    groups: tuple[navigation.Group, ...]
    tries: FailedTries | None = None

    @property
    def actor(self) -> str:
        """How the audit names the person, and from where."""
        return Actor(self.account.actor, self.address)

    @property
    def permission(self) -> Permission:
        """How far the person may go."""
        return self.account.permission

    @property
    def administrator(self) -> Administrator:
        """The person as one who administers, and may do to others what their right reaches."""
        return Administrator(self.actor, self.permission, self.account.id)

    @property
    def reader(self) -> Reader:
        """For whom the page is written."""
        return self.visitor.reader


async def entrance(received: Received, door: Door, *, back: str = "") -> Inside | Answer:
    """Let an administrator in. ``back`` is the page that has the form, below the base URL, where that is not the
    address that the form is sent to. A handler begins so, and is given what it needs or the answer to send instead::

        inside = await console.entrance(received, door)
        if isinstance(inside, Answer):
            return inside

    It ends with ``page(inside, door, "links.html", values)``, or after a form with ``done(door, path, Flash.SAVED)``.
    A form's handler looks at ``inside.again`` before it acts. Where that says why not, a form with fields shows itself
    filled in with ``inside.form`` (the notice is on the page by itself), and one without goes back: ``once_more``.
    """
    return await _entered(received, door, back, LEAST, navigation.CONSOLE)


async def own_entrance(received: Received, door: Door, *, back: str = "") -> Inside | Answer:
    """Let anybody who is signed in to their own pages."""
    return await _entered(received, door, back, Permission.READ, navigation.ACCOUNT)


async def _entered(
    received: Received, door: Door, back: str, least: Permission, groups: tuple[navigation.Group, ...]
) -> Inside | Answer:
    env = door.env()
    who = await browser.visitor(received, door, env)
    form = read.form(received) if received.method == "POST" else {}
    if who.person is None:
        return await _to_sign_in(received, form, back, who, door, env)
    account, session = who.person.account, who.person.session
    if not may_come_in(await door.store.site(), session.method):
        # The policy was narrowed since, or the way counts for one application alone: the next step asks for another.
        return await _to_sign_in(received, form, back, who, door, env)
    if account.permission < least:
        return _not_allowed(received, who, account, door, env)
    if received.recent and not await is_recent(who.person, door, env):
        return await _to_confirm(received, form, back, who, door, env)
    fields, again = _judged(received, form, account, who, door, env)
    here = received.path.removeprefix(door.public.path)
    hidden = {browser.PAGE_FIELD: browser.page_token(who, door, env)}
    tries = await door.store.failed_tries(account.id)
    return Inside(
        who, account, session, here, received.peer.address, hidden, read.query(received), fields, again, groups, tries
    )


def _judged(received: Received, form: Form, account: Account, who: Visitor, door: Door, env: Env) -> tuple[Form, str]:
    """The fields of a form, and why it must not be acted on."""
    if received.method != "POST":
        return {}, ""
    if form.get(typed.FIELD):
        # What came sealed through sign-in is shown and never acted on: nobody pressed a button of this session.
        return typed.again(form, received, account.id, who, door, env), RESUMED
    fault = browser.form_fault(received, form, who, door, env)
    return form, entry(fault.reason).public if fault else ""


async def _to_sign_in(received: Received, form: Form, back: str, who: Visitor, door: Door, env: Env) -> Answer:
    here = _address(received, back, door)
    if received.method != "POST":
        return answer.redirect(f"{door.public.text}/login?{urlencode({'next': here})}")
    kept = typed.sealed(received, form, here, who, door, env)
    carried = {"next": here, typed.FIELD: kept}
    page = await login_form(carried, who, door, env, notice=SESSION_OVER, status=401)
    return browser.with_device(typed.with_cookie(page, kept, door), who, door)


async def _to_confirm(received: Received, form: Form, back: str, who: Visitor, door: Door, env: Env) -> Answer:
    here = _address(received, back, door)
    if received.method != "POST":
        return answer.redirect(f"{door.public.text}{CONFIRM}?{urlencode({'next': here})}")
    kept = typed.sealed(received, form, here, who, door, env)
    page = await confirm_page({"next": here, typed.FIELD: kept}, who, door, env, status=401)
    return typed.with_cookie(page, kept, door)


async def confirm_page(
    parameters: Form, who: Visitor, door: Door, env: Env, *, error: str = "", status: int = 200
) -> Answer:
    """The question whether it is still the person who is signed in: by password or passkey here, by what else the site
    takes on the sign-in page.
    """
    account = who.person.account if who.person else None
    carried = {name: parameters[name] for name in ("next", typed.FIELD) if parameters.get(name)}
    token = {browser.PAGE_FIELD: browser.page_token(who, door, env)}
    offer = offer_of(await demand_of_form(carried, door, env))
    by_device = who.person is not None and await needs_more(who.person, door, env)
    elsewhere = (offer.corporate and door.sign_on.upstreams) or (
        offer.certificate and not by_device and certificate_start({}, door)
    )
    other = {"next": carried.get("next", ""), **form_alone(door)}
    has_codes = account is not None and bool(await door.store.recovery_codes_left(account.id))
    values = {
        "action": door.public.path + CONFIRM,
        "offer": offer,
        "by_device": by_device,
        "other_url": f"{door.public.path}/login?{urlencode(other)}" if elsewhere else "",
        "recovery_url": recovery_url(carried, door) if has_codes else "",
        "hidden": {**token, **carried},
        "passkey": passkey_page.confirm_values(door, {**token, **carried}),
        "error": error,
        "directory": directory_title([who.person.session.source] if who.person else [], door),
        "person_name": account.name if account else "",
        "person_display": account.display_name if account else "",
        "corporate": confirming_buttons(carried, who.person.session.source if who.person else "", door),
        "sign_out_action": f"{door.public.path}/logout",
        "sign_out_hidden": {**token, **({"next": carried["next"]} if "next" in carried else {})},
    }
    return door.pages.page("confirm.html", values, who.reader, status=status)


def _not_allowed(received: Received, who: Visitor, account: Account, door: Door, env: Env) -> Answer:
    refused = Refused(Reason.NOT_ALLOWED)
    door.note(refused, received, env.now)
    token = {browser.PAGE_FIELD: browser.page_token(who, door, env)}
    values = {
        "person_name": account.name,
        "person_display": account.display_name,
        "permission": account.permission.name,
        "sign_out_action": f"{door.public.path}/logout",
        "sign_out_hidden": {**token, "next": _address(received, "", door)},
    }
    return door.pages.page("not_allowed.html", values, who.reader, status=entry(refused.reason).status)


def _address(received: Received, back: str, door: Door) -> str:
    """Where to go on afterwards: the page itself, or for a form the page that has it."""
    if back:
        return door.public.text + back
    query = f"?{received.query.decode('latin-1')}" if received.query and received.method != "POST" else ""
    return door.public.origin + quote(received.path) + query


def page(
    inside: Inside,
    door: Door,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    forms_to: tuple[str, ...] = (),
) -> Answer:
    """A page in its frame: navigation, who is signed in, what was done just now. ``values`` are the template's own."""
    base = door.public.path
    frame = {
        "hidden": inside.hidden,
        "navigation": navigation.shown(inside.groups, base, inside.here),
        "person_display": inside.account.display_name or inside.account.name,
        "sign_out_action": f"{base}/logout",
        "is_administrator": inside.permission >= LEAST,
        "flash": flashes.sentence(inside.query.get(FLASH, "")),
        "notice": inside.again,
        **tries_values(inside.tries, inside.hidden, door.public.text + inside.here),
    }
    made = door.pages.page(template, {**frame, **values}, inside.reader, status=status, forms_to=forms_to)
    return browser.with_device(made, inside.visitor, door)


def form_status(inside: Inside, error: Refused | None) -> int:
    """Of the page of a form: shown first, again because of ``error``, or because it was not acted on."""
    return entry(error.reason).status if error else 400 if inside.again else 200


def leads_to(path: str) -> Handler:
    """A page for the addresses under which people know the page at ``path``, below the base URL."""

    async def there(received: Received, door: Door) -> Answer:
        return answer.redirect(door.public.text + path)

    return there


def tries_values(tries: FailedTries | None, hidden: Mapping[str, str], here: str) -> dict[str, object]:
    """For the part of a page that tells what failed to sign in; ``here`` is where the person goes on."""
    if tries is None:
        return {}
    return {"tries": tries, "tries_hidden": {**hidden, "last_at": str(tries.last_at), "next": here}}


def done(door: Door, path: str, flash: Flash) -> Answer:
    """Go to a page below the base URL, which says what was done."""
    joint = "&" if "?" in path else "?"
    return answer.redirect(f"{door.public.text}{path}{joint}{FLASH}={flash}", 303)


def once_more(door: Door, path: str) -> Answer:
    """Go back to the page of a form that was not acted on and has nothing to fill in."""
    return done(door, path, Flash.ONCE_MORE)


def not_found(inside: Inside, received: Received, door: Door) -> Answer:
    """What is asked for is not there, or not any more."""
    return door.pages.refusal(Refused(Reason.NOT_FOUND), received.request_id, inside.reader)


def busy(inside: Inside, received: Received, door: Door) -> Answer:
    """The race was lost too often."""
    return door.pages.refusal(Refused(Reason.BUSY), received.request_id, inside.reader)
