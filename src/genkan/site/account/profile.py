"""A person's own profile: what they may say themselves, what an administrator has set, and what is kept about them."""

from collections.abc import Mapping

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.outcomes import Refused
from genkan.protocol.records import Account
from genkan.site import answer, console
from genkan.site.answer import Answer
from genkan.site.api.person_export import person_export
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.kept import kept_days
from genkan.site.login.typed_accounts import UNKNOWN_ZONE, account_faults
from genkan.site.read import Form
from genkan.site.reader import known_language
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.zones import time_zones, zone_choices
from genkan.store.rounds import TRIES

PROFILE = "/account/profile"
EXPORT = "/account/export"
DOWNLOADED = (b"content-disposition", b'attachment; filename="genkan-account.json"')


async def profile(received: Received, door: Door) -> Answer:
    """GET /account/profile"""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    return _page(inside, _fields(inside.account), {}, door)


async def save_profile(received: Received, door: Door) -> Answer:
    """POST /account/profile: the person is the one who changed it, as the audit says."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    form = {**_fields(inside.account), **inside.form}
    if inside.again:
        return _page(inside, form, {}, door)
    for _ in range(TRIES):
        account = await door.store.account(inside.account.id)
        if account is None:
            return console.not_found(inside, received, door)
        if form["time_zone"] not in (*time_zones(), account.time_zone):
            return _page(inside, form, {"time_zone": UNKNOWN_ZONE}, door)
        changed = accounts.change(account, _wish(form, account), inside.actor, door.env())
        if isinstance(changed, Refused):
            return _page(inside, form, account_faults(changed), door)
        if await door.store.apply(changed):
            return console.done(door, PROFILE, Flash.SAVED)
    return console.busy(inside, received, door)


def _wish(form: Form, account: Account) -> AccountWish:
    """The account as it is, but for what its person may say themselves."""
    kept = known_language(account.locale) or ""
    return AccountWish(
        account.name,
        form["display_name"],
        account.email,
        account.permission,
        account.groups,
        locale=None if form["locale"] == kept else form["locale"],
        time_zone=form["time_zone"],
    )


def _fields(account: Account) -> Form:
    return {
        "display_name": account.display_name,
        "locale": known_language(account.locale) or "",
        "time_zone": account.time_zone,
    }


def _page(inside: Inside, form: Form, faults: Mapping[str, str], door: Door) -> Answer:
    account, base = inside.account, door.public.path
    values = {
        "action": base + PROFILE,
        "values": form,
        "faults": faults,
        "most": accounts.TEXT_CHARACTERS,
        "zones": zone_choices(account.time_zone),
        "account": {
            "name": account.name,
            "email": account.email,
            "permission": account.permission.name,
            "groups": account.groups,
            "created_at": account.created_at,
        },
        "export_url": base + EXPORT,
        "kept": kept_days(door),
    }
    return console.page(inside, door, "account_profile.html", values, status=400 if faults or inside.again else 200)


async def export_own(received: Received, door: Door) -> Answer:
    """GET /account/export: all that is kept about the person, as a file."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    account_id = inside.account.id
    # It walks through the whole audit: nobody who is only signed in may start that many times at once.
    if account_id in door.exporting:
        return console.busy(inside, received, door)
    door.exporting.add(account_id)
    try:
        return answer.json(await person_export(inside.account, door)).plus(DOWNLOADED)
    finally:
        door.exporting.discard(account_id)


RULES = (
    Rule(PROFILE, ("GET",), profile, Who.PERSON, Guard.PAGE, "A person's own profile."),
    Rule(PROFILE, ("POST",), save_profile, Who.PERSON, Guard.FORM, "Changes one's own profile.", recent=False),
    Rule(EXPORT, ("GET",), export_own, Who.PERSON, Guard.PAGE, "All that is kept about oneself, as JSON.", recent=True),
)
