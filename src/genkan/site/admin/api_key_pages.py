"""The console's API keys: the list, a new key which is told once, revoking, and answering for one whose maker has left.
The rules are in protocol.api_keys.
"""

from collections.abc import Mapping

from genkan.protocol import api_keys
from genkan.protocol.administration import reach_fault
from genkan.protocol.api_keys import NAME_CHARACTERS, ApiKeyWish, is_open
from genkan.protocol.env import DAY
from genkan.protocol.facts import KeyFacts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.site import answer, console, shown_once
from genkan.site.admin.api_key_rows import PATH, key_row
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.key_store import adopt_named, key_named, revoke_named
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission

CREATE = PATH + "/create"
DAYS = ("30", "90", "365")
USUAL_DAYS = "90"
NAME_FAULT = "Write a name of 1 to 100 characters, without line breaks."
NAME_TAKEN = "There is an API key with this name already. Choose another name, or revoke that one first."
PERMISSION_FAULT = "Choose what the key may do."
END_FAULT = "Choose how long the key shall work."


async def list_keys(received: Received, door: Door) -> Answer:
    """GET /admin/api-keys: the keys that work first, each kind newest first."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    now = door.env().now
    known = sorted(await door.store.api_keys(), key=lambda one: (not is_open(one.key, now), -one.key.created_at))
    values = {"rows": [key_row(facts, door, now) for facts in known], "create_url": door.public.path + CREATE}
    return console.page(inside, door, "api_keys.html", values)


async def create_page(received: Received, door: Door) -> Answer:
    """GET /admin/api-keys/create"""
    inside = await console.entrance(received, door)
    return inside if isinstance(inside, Answer) else _form(inside, door, {}, {})


async def create(received: Received, door: Door) -> Answer:
    """POST /admin/api-keys/create: a new key, and on to the page that tells it this once."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return _form(inside, door, inside.form, {})
    faults = _faults(inside.form, inside.permission)
    if faults:
        return _form(inside, door, inside.form, faults)
    days = inside.form["days"]
    wish = ApiKeyWish(inside.form["name"], Permission[inside.form["permission"]], int(days) * DAY)
    return await _made(received, inside, door, wish)


async def _made(received: Received, inside: Inside, door: Door, wish: ApiKeyWish) -> Answer:
    for _ in range(TRIES):
        known, env = await door.store.api_keys(), door.env()
        made = api_keys.create(wish, known, inside.actor, inside.account.id, env)
        if isinstance(made, Refused):
            sent_before = _just_made(received, inside, door, wish.name.strip(), known)
            if sent_before is not None:
                return answer.redirect(f"{door.public.text}{PATH}/{public_id(sent_before.key.id)}", 303)
            taken = made.reason is Reason.TAKEN
            return _form(inside, door, inside.form, {"name": NAME_TAKEN if taken else NAME_FAULT})
        if await door.store.apply(made.change):
            key_id = public_id(made.key.id)
            done = console.done(door, f"{PATH}/{key_id}", Flash.KEY_MADE)
            return shown_once.give(done, key_id, made.text, inside.session, door)
    return console.busy(inside, received, door)


def _just_made(received: Received, inside: Inside, door: Door, name: str, known: list[KeyFacts]) -> KeyFacts | None:
    """The key that the same form has made a moment ago: its text still waits in this browser to be told."""
    for facts in known:
        if facts.key.name == name and shown_once.take(received, public_id(facts.key.id), inside.session, door):
            return facts
    return None


def _faults(form: Mapping[str, str], reach: Permission) -> dict[str, str]:
    faults: dict[str, str] = {}
    name, permission = form.get("name", "").strip(), form.get("permission", "")
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        faults["name"] = NAME_FAULT
    if permission not in Permission.__members__:
        faults["permission"] = PERMISSION_FAULT
    elif reach_fault(reach, Permission[permission]):
        faults["permission"] = entry(Reason.ABOVE_CALLER).public
    if form.get("days", "") not in DAYS:
        faults["days"] = END_FAULT
    return faults


def _form(inside: Inside, door: Door, typed: Mapping[str, str], faults: Mapping[str, str]) -> Answer:
    values = {
        "action": door.public.path + CREATE,
        "list_url": door.public.path + PATH,
        "typed": {"name": typed.get("name", ""), "permission": typed.get("permission", Permission.READ.name),
                  "days": typed.get("days", USUAL_DAYS)},
        "faults": faults,
        "above": [permission.name for permission in Permission if permission > inside.permission],
        "days": DAYS,
        "most": NAME_CHARACTERS,
    }  # fmt: skip
    return console.page(inside, door, "api_key_create.html", values, status=400 if faults else 200)


async def told(received: Received, door: Door) -> Answer:
    """GET /admin/api-keys/{id}: the key itself, in the one moment that tells it, and how to use it."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    facts = await key_named(received, door)
    if facts is None:
        return console.not_found(inside, received, door)
    now, text = door.env().now, shown_once.take(received, public_id(facts.key.id), inside.session, door)
    values = {
        "key": key_row(facts, door, now),
        "may_adopt": _may_adopt(facts, inside),
        "text": text,
        "list_url": door.public.path + PATH,
        "example": f'curl -H "Authorization: Bearer $KEY" "{door.public.text}/rest/genkan/1.0/installation"',
        "openapi_url": f"{door.public.path}/rest/openapi.json",
    }
    page = console.page(inside, door, "api_key.html", values)
    return shown_once.taken(page, door) if text else page


async def revoke_page(received: Received, door: Door) -> Answer:
    """GET /admin/api-keys/{id}/revoke: what it means."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    facts = await key_named(received, door)
    if facts is None:
        return console.not_found(inside, received, door)
    values = {
        "key": key_row(facts, door, door.env().now),
        "is_above": facts.key.permission > inside.permission,
        "action": f"{door.public.path}{PATH}/{public_id(facts.key.id)}/revoke",
        "list_url": door.public.path + PATH,
    }
    return console.page(inside, door, "api_key_revoke.html", values)


async def revoke(received: Received, door: Door) -> Answer:
    """POST /admin/api-keys/{id}/revoke: from the next request on it opens nothing."""
    inside = await console.entrance(received, door, back=f"{PATH}/{received.parameters['id']}/revoke")
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, PATH)
    gone = await revoke_named(received, inside.administrator, door)
    if isinstance(gone, Refused) and gone.reason is not Reason.CONFLICT:
        return door.pages.refusal(gone, received.request_id, inside.reader)
    return console.done(door, PATH, Flash.KEY_REVOKED)


async def adopt_page(received: Received, door: Door) -> Answer:
    """GET /admin/api-keys/{id}/adopt: what it means."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    facts = await key_named(received, door)
    if facts is None:
        return console.not_found(inside, received, door)
    values = {
        "key": key_row(facts, door, door.env().now),
        "may_adopt": _may_adopt(facts, inside),
        "is_own": facts.key.owner == inside.account.id,
        "action": f"{door.public.path}{PATH}/{public_id(facts.key.id)}/adopt",
        "list_url": door.public.path + PATH,
    }
    return console.page(inside, door, "api_key_adopt.html", values)


def _may_adopt(facts: KeyFacts, inside: Inside) -> bool:
    return inside.permission >= Permission.SYSTEM_ADMIN and facts.key.owner != inside.account.id


async def adopt(received: Received, door: Door) -> Answer:
    """POST /admin/api-keys/{id}/adopt: who sends it answers for the key from now on."""
    inside = await console.entrance(received, door, back=f"{PATH}/{received.parameters['id']}/adopt")
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, PATH)
    kept = await adopt_named(received, inside.administrator, inside.account, door)
    if isinstance(kept, Refused) and kept.reason is not Reason.CONFLICT:
        return door.pages.refusal(kept, received.request_id, inside.reader)
    return console.done(door, PATH, Flash.GONE if isinstance(kept, Refused) else Flash.KEY_ADOPTED)


_SEE = (Who.ADMINISTRATOR, Guard.PAGE)
_SEND = (Who.ADMINISTRATOR, Guard.FORM)
RULES = (
    Rule(PATH, ("GET",), list_keys, *_SEE, "The API keys."),
    Rule(CREATE, ("GET",), create_page, *_SEE, "Asks what a new API key shall be.", recent=True),
    Rule(CREATE, ("POST",), create, *_SEND, "Makes an API key.", recent=True),
    Rule(PATH + "/{id}", ("GET",), told, *_SEE, "Tells a new API key once."),
    Rule(PATH + "/{id}/adopt", ("GET",), adopt_page, *_SEE, "Asks about answering for an API key."),
    Rule(PATH + "/{id}/adopt", ("POST",), adopt, *_SEND, "Answers for an API key from now on.", recent=True),
    Rule(PATH + "/{id}/revoke", ("GET",), revoke_page, *_SEE, "Asks about revoking an API key."),
    Rule(PATH + "/{id}/revoke", ("POST",), revoke, *_SEND, "Revokes an API key.", recent=True),
)
