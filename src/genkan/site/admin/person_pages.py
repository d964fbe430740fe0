"""One person in the console: how everything stands, the fields that can be edited, and the permission."""

from collections.abc import Mapping

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.administration import reach_fault
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account
from genkan.site import answer, console
from genkan.site.admin.person_shown import PEOPLE, met, permission_choices, person_facts, person_path, person_state
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.people import applied, named_by_path
from genkan.site.api.person_export import person_export
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.kept import kept_days
from genkan.site.login.typed_accounts import CHANGED_MEANWHILE, UNKNOWN_ZONE, account_faults, groups
from genkan.site.read import Form
from genkan.site.reader import known_language
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.zones import time_zones, zone_choices
from genkan.wire.scopes import Permission

VERSION = "version"


async def person(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}: a deleted one too, as far as there is anything left."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    account = await named_by_path(received, door)
    if account is None:
        return console.not_found(inside, received, door)
    facts, state = person_facts(account, inside, door), await person_state(account, inside, door)
    values = {**facts, **state, "kept": kept_days(door)}
    return console.page(inside, door, "person.html", values)


async def edit_page(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/edit"""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside, account = at.inside, at.account
    return _edit_form(account, inside, _fields(account), {}, door)


async def edit(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/edit: unless somebody else changed the account since the page was made."""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside, before = at.inside, at.account
    form = {**_fields(before), **inside.form}
    if inside.again:
        return _edit_form(before, inside, form, {}, door)
    if form["time_zone"] not in (*time_zones(), before.time_zone):
        return _edit_form(before, inside, form, {"time_zone": UNKNOWN_ZONE}, door)
    caller = inside.administrator

    def decide(account: Account, env: Env) -> Change | Refused:
        stale = form[VERSION] != str(account.version)
        return Refused(Reason.CONFLICT) if stale else caller.change(account, _wish(form, account), env)

    done = await applied(received, door, decide)
    if isinstance(done, Account):
        return console.done(door, person_path(done), Flash.SAVED)
    faults = {} if done.reason is Reason.CONFLICT else account_faults(done)
    return _edit_form(before, inside, form, faults, door, error=done)


def _fields(account: Account) -> Form:
    return {
        "display_name": account.display_name,
        "email": account.email,
        "groups": "\n".join(account.groups),
        "locale": known_language(account.locale) or "",
        "time_zone": account.time_zone,
        VERSION: str(account.version),
    }


def _wish(form: Form, account: Account) -> AccountWish:
    kept = known_language(account.locale) or ""
    locale = None if form["locale"] == kept else form["locale"]
    return AccountWish(
        account.name, form["display_name"], form["email"], account.permission, groups(form["groups"]),
        locale=locale, time_zone=form["time_zone"],
    )  # fmt: skip


def _edit_form(
    account: Account, inside: Inside, form: Form, faults: Mapping[str, str], door: Door, *, error: Refused | None = None
) -> Answer:
    """With the version as it is now, so that whoever has read that it was changed can save all the same."""
    values = {
        **person_facts(account, inside, door),
        "form_hidden": {**inside.hidden, VERSION: str(account.version)},
        "values": form,
        "faults": faults,
        "error": "" if faults or error is None else _said(error),
        "zones": zone_choices(account.time_zone),
        "most": accounts.TEXT_CHARACTERS,
    }
    return console.page(inside, door, "person_edit.html", values, status=_status(inside, faults, error))


def _said(error: Refused) -> str:
    return CHANGED_MEANWHILE if error.reason is Reason.CONFLICT else entry(error.reason).public


def _status(inside: Inside, faults: Mapping[str, str], error: Refused | None) -> int:
    return entry(error.reason).status if error else 400 if faults or inside.again else 200


async def permission_page(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/permission"""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside, account = at.inside, at.account
    return _permission_form(account, inside, account.permission.name, None, door)


async def set_permission(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/permission: counts from the person's next request; nobody is signed out."""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside, before = at.inside, at.account
    wanted = Permission.__members__.get(inside.form.get("permission", ""), before.permission)
    if inside.again:
        return _permission_form(before, inside, wanted.name, None, door)
    caller = inside.administrator
    done = await applied(received, door, lambda account, env: caller.change(account, _with(account, wanted), env))
    if isinstance(done, Account):
        return console.done(door, person_path(done), Flash.SAVED)
    return _permission_form(before, inside, wanted.name, done, door)


def _with(account: Account, right: Permission) -> AccountWish:
    return AccountWish(account.name, account.display_name, account.email, right, account.groups)


def _permission_form(account: Account, inside: Inside, chosen: str, error: Refused | None, door: Door) -> Answer:
    values = {
        **person_facts(account, inside, door),
        "permissions": permission_choices(inside.permission),
        "chosen": chosen,
        "error": entry(error.reason).public if error else "",
    }
    return console.page(inside, door, "person_permission.html", values, status=_status(inside, {}, error))


async def export(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/export: all that is kept about the person, as a file."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    account = await named_by_path(received, door)
    if account is None:
        return console.not_found(inside, received, door)
    name = f'attachment; filename="genkan-person-{public_id(account.id)}.json"'.encode()
    fault = reach_fault(inside.permission, account.permission)
    if fault is not None:
        return door.pages.refusal(fault, received.request_id, inside.reader)
    return answer.json(await person_export(account, door)).plus((b"content-disposition", name))


_ONE, _WHO = f"{PEOPLE}/{{id}}", Who.ADMINISTRATOR
RULES = (
    Rule(_ONE, ("GET",), person, _WHO, Guard.PAGE, "One person, and how everything about them stands."),
    Rule(f"{_ONE}/edit", ("GET",), edit_page, _WHO, Guard.PAGE, "A person's fields.", recent=True),
    Rule(f"{_ONE}/edit", ("POST",), edit, _WHO, Guard.FORM, "Changes a person's fields.", recent=True),
    Rule(f"{_ONE}/permission", ("GET",), permission_page, _WHO, Guard.PAGE, "A person's permission.", recent=True),
    Rule(f"{_ONE}/permission", ("POST",), set_permission, _WHO, Guard.FORM, "Says what a person may.", recent=True),
    Rule(f"{_ONE}/export", ("GET",), export, _WHO, Guard.PAGE, "All that is kept about a person.", recent=True),
)
