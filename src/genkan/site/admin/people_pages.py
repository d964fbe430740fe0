"""The console's list of people, and adding one."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.administration import Administrator
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Standing
from genkan.site import console
from genkan.site.admin.person_shown import PEOPLE, permission_choices, person_path
from genkan.site.answer import Answer
from genkan.site.api.people import added
from genkan.site.api.people_lists import people_page
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.login.typed_accounts import account_faults, groups, new_password_fault
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.api import PeoplePage
from genkan.wire.scopes import Permission

CREATE = f"{PEOPLE}/create"
ON_A_PAGE = 50
ROUNDS = 3
BLANK: Form = {"name": "", "display_name": "", "email": "", "permission": "WRITE", "groups": "", "first": "link"}


async def people(received: Received, door: Door) -> Answer:
    """GET /admin/people: by name, in pages; the filters stand in the address."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    asked = _asked(inside.query)
    page = await _looked_for(asked, door)
    filters = {name: text for name, text in asked.items() if name != "after"}
    action = door.public.path + PEOPLE
    values = {
        "people": [_row(account, door) for account in page.accounts],
        "asked": {"prefix": "", "permission": "", "state": "", **filters},
        "action": action,
        "create_url": door.public.path + CREATE,
        "all_url": action if filters else "",
        "first": _address(action, filters) if "after" in asked else "",
        "next": _address(action, {**filters, "after": page.next}) if page.next else "",
    }
    return console.page(inside, door, "people.html", values)


async def _looked_for(asked: Form, door: Door) -> PeoplePage:
    """A page that is full if that can be had by looking a few times; between two looks others get their turn."""
    page = await people_page(asked, ON_A_PAGE, door)
    found, rounds = page.accounts, 1
    while page.next is not None and len(found) < ON_A_PAGE and rounds < ROUNDS:
        await asyncio.sleep(0)
        page = await people_page({**asked, "after": page.next}, ON_A_PAGE - len(found), door)
        found, rounds = (*found, *page.accounts), rounds + 1
    return PeoplePage(found, page.next)


def _asked(query: Form) -> Form:
    """The filters that are there; whatever else stands in the address is left out."""
    good = {"permission": Permission.__members__, "state": frozenset(Standing)}
    asked = {name: query[name].strip() for name in ("prefix", "after") if query.get(name, "").strip()}
    return asked | {name: query[name] for name, words in good.items() if query.get(name) in words}


def _address(action: str, parameters: Mapping[str, str]) -> str:
    return f"{action}?{urlencode(parameters)}" if parameters else action


def _row(account: Account, door: Door) -> dict[str, object]:
    return {
        "name": account.name,
        "display_name": account.display_name,
        "email": account.email,
        "permission": account.permission.name,
        "groups": account.groups,
        "state": account.standing.value,
        "address": door.public.path + person_path(account),
    }


async def add_page(received: Received, door: Door) -> Answer:
    """GET /admin/people/create"""
    inside = await console.entrance(received, door)
    return inside if isinstance(inside, Answer) else _form(inside, BLANK, {}, door)


async def add(received: Received, door: Door) -> Answer:
    """POST /admin/people/create: then the page with the one-time link, or the person's own where a password was set."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    form = {**BLANK, **inside.form}
    if inside.again:
        return _form(inside, form, {}, door)
    with_password = form["first"] == "password"
    caller = inside.administrator
    faults = _faults(caller, form, door.env(), with_password=with_password)
    if faults:
        return _form(inside, form, faults, door)
    password_hash = await door.passwords.hash(form["password"]) if with_password else None
    made = await added(_wish(form, password_hash), caller, door)
    if isinstance(made, Refused):
        return _form(inside, form, account_faults(made), door, error=entry(made.reason).public)
    return console.done(door, person_path(made, "" if with_password else "/recovery"), Flash.ADDED)


def _faults(caller: Administrator, form: Form, env: Env, *, with_password: bool) -> dict[str, str]:
    """Of every field at once, before a password is hashed; whether the name is free is found out by adding."""
    password = new_password_fault(form) if with_password else ""
    faults = {"password": password} if password else {}
    if form["permission"] not in Permission.__members__:
        return {**faults, "permission": entry(Reason.ABOVE_CALLER).public}
    judged = caller.create(_wish(form, None), env)
    if not isinstance(judged, Refused):
        return faults
    if judged.reason is Reason.ABOVE_CALLER:
        return {**faults, "permission": entry(judged.reason).public}
    return faults | account_faults(judged)


def _wish(form: Form, password_hash: str | None) -> AccountWish:
    right = Permission[form["permission"]]
    return AccountWish(form["name"], form["display_name"], form["email"], right, groups(form["groups"]), password_hash)


def _form(inside: Inside, form: Form, faults: Mapping[str, str], door: Door, *, error: str = "") -> Answer:
    """``error``: what to say where it is about no field."""
    values = {
        "action": door.public.path + CREATE,
        "people_url": door.public.path + PEOPLE,
        "values": form,
        "faults": faults,
        "error": "" if faults else error,
        "permissions": permission_choices(inside.permission),
        "least": accounts.PASSWORD_CHARACTERS[0],
        "most": {"name": accounts.NAME_CHARACTERS, "text": accounts.TEXT_CHARACTERS},
    }
    status = 400 if faults or error or inside.again else 200
    return console.page(inside, door, "person_create.html", values, status=status)


_WHO = Who.ADMINISTRATOR
RULES = (
    Rule(PEOPLE, ("GET",), people, _WHO, Guard.PAGE, "The people, by name."),
    Rule(CREATE, ("GET",), add_page, _WHO, Guard.PAGE, "Asks for a new person.", recent=True),
    Rule(CREATE, ("POST",), add, _WHO, Guard.FORM, "Adds a person.", recent=True),
    Rule(
        "/secure/admin/user/UserBrowser.jspa",
        ("GET",),
        console.leads_to(PEOPLE),
        Who.ANYONE,
        Guard.PAGE,
        f"Leads to {PEOPLE}.",
    ),
)
