"""A person's own passkeys: making one, naming it, removing it, with a question where it is the last way in."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry
from genkan.protocol.records import Passkey
from genkan.protocol.signin.passkey import (
    NAME_CHARACTERS,
    clean_name,
    needed_after,
    remove,
    rename,
)
from genkan.protocol.signin.passkey_ticket import Use
from genkan.site import console, passkey_page
from genkan.site.account.passkey_rows import CREATE, PASSKEYS, SIGN_IN, passkey_row
from genkan.site.answer import Answer
from genkan.site.api.passkey_removal import is_last, last_administrator_fault, passkey_named
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.onward import along, carried
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.ways_here import entrances_here
from genkan.store.rounds import TRIES

OPTIONS = f"{PASSKEYS}/options"


async def options(received: Received, door: Door) -> Answer:
    """GET /account/passkeys/options: a challenge to make a passkey with."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    known = await door.store.passkeys(inside.account.id)
    return passkey_page.creation_answer(
        Use.ADD, inside.account, inside.account.id, known, inside.visitor, door, door.env()
    )


async def create_page(received: Received, door: Door) -> Answer:
    """GET /account/passkeys/create"""
    inside = await console.own_entrance(received, door)
    return inside if isinstance(inside, Answer) else _form(received, inside, None, door)


async def create(received: Received, door: Door) -> Answer:
    """POST /account/passkeys/create: what the browser made, kept where everything about it holds."""
    inside = await console.own_entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return _form(received, inside, None, door)
    done = await _added(received, inside, door)
    if isinstance(done, Refused):
        door.note(done, received, door.env().now)
        return _form(received, inside, done, door)
    return console.done(door, along(SIGN_IN, inside.form), Flash.PASSKEY_ADDED)


async def _added(received: Received, inside: Inside, door: Door) -> Passkey | Refused:
    """decide and apply; where the write fails, which of the reasons there can be it was."""
    who, account = inside.visitor, inside.account
    made = passkey_page.made(received, inside.form, Use.ADD, inside.actor, who, door, account.id)
    if isinstance(made, Refused):
        return made
    if await door.store.apply(made.change):
        return made.passkey
    return await passkey_page.conflict(made, door)


def _form(received: Received, inside: Inside, error: Refused | None, door: Door) -> Answer:
    going = inside.query if received.method == "GET" else inside.form
    values = {
        "action": door.public.path + CREATE,
        "back": along(door.public.path + SIGN_IN, going),
        "carried": carried(going),
        "passkey": passkey_page.creation_values(door, OPTIONS),
        "passkey_name": inside.form.get("passkey_name", "")[:NAME_CHARACTERS],
        "usual_name": passkey_page.usual_name(received),
        "most": NAME_CHARACTERS,
        "error": entry(error.reason).public if error else "",
    }
    return console.page(inside, door, "account_passkey_create.html", values, status=console.form_status(inside, error))


async def rename_one(received: Received, door: Door) -> Answer:
    """POST /account/passkeys/{passkey}/rename"""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, SIGN_IN)
    passkey = await _named(received, inside, door)
    if passkey is None:
        return console.done(door, SIGN_IN, Flash.GONE)
    name = clean_name(inside.form.get("passkey_name", ""), passkey.name)
    renamed = await door.store.apply(rename(passkey, name))
    return console.done(door, SIGN_IN, Flash.SAVED if renamed else Flash.GONE)


async def remove_page(received: Received, door: Door) -> Answer:
    """GET /account/passkeys/{passkey}/remove: asks, and says what is left."""
    inside = await console.own_entrance(received, door, back=SIGN_IN)
    if isinstance(inside, Answer):
        return inside
    passkey = await _named(received, inside, door)
    return console.done(door, SIGN_IN, Flash.GONE) if passkey is None else await _ask(passkey, inside, door)


async def remove_one(received: Received, door: Door) -> Answer:
    """POST /account/passkeys/{passkey}/remove: the last way in only where that was ticked."""
    inside = await console.own_entrance(received, door, back=f"{PASSKEYS}/{received.parameters['passkey']}/remove")
    if isinstance(inside, Answer):
        return inside
    for _ in range(TRIES):
        passkey = await _named(received, inside, door)
        if passkey is None:
            return console.done(door, SIGN_IN, Flash.GONE)
        last = await is_last(inside.account, passkey, door)
        meant = not last or ("last_too" in inside.form and not await _keeps_the_site(inside, passkey, door))
        if inside.again or not meant:
            return await _ask(passkey, inside, door, unticked=not inside.again)
        needs = needed_after(inside.account)
        change = remove(passkey, entrances_here(door), inside.actor, door.env(), last_too=last, needs=needs)
        if await door.store.apply(change):
            return console.done(door, SIGN_IN, Flash.PASSKEY_REMOVED)
    return console.busy(inside, received, door)


async def _named(received: Received, inside: Inside, door: Door) -> Passkey | None:
    return await passkey_named(inside.account, received.parameters["passkey"], door)


async def _keeps_the_site(inside: Inside, passkey: Passkey, door: Door) -> bool:
    """Whether without it nobody could administer the site."""
    return await last_administrator_fault(inside.account, passkey, door) is not None


async def _ask(passkey: Passkey, inside: Inside, door: Door, *, unticked: bool = False) -> Answer:
    values = {
        "passkey": passkey_row(passkey, door.public.path + PASSKEYS, door),
        "is_last": await is_last(inside.account, passkey, door),
        "keeps_the_site": await _keeps_the_site(inside, passkey, door),
        "unticked": unticked,
        "back": door.public.path + SIGN_IN,
    }
    status = 400 if unticked or inside.again else 200
    return console.page(inside, door, "account_passkey_remove.html", values, status=status)


_ONE = f"{PASSKEYS}/{{passkey}}"
RULES = (
    Rule(OPTIONS, ("GET",), options, Who.PERSON, Guard.PAGE, "A challenge to make a passkey, as JSON.", recent=True),
    Rule(CREATE, ("GET",), create_page, Who.PERSON, Guard.PAGE, "Makes a passkey.", recent=True),
    Rule(CREATE, ("POST",), create, Who.PERSON, Guard.FORM, "Keeps a passkey that was made.", recent=True),
    Rule(f"{_ONE}/rename", ("POST",), rename_one, Who.PERSON, Guard.FORM, "Names a passkey.", recent=False),
    Rule(f"{_ONE}/remove", ("GET",), remove_page, Who.PERSON, Guard.PAGE, "Asks before removing.", recent=True),
    Rule(f"{_ONE}/remove", ("POST",), remove_one, Who.PERSON, Guard.FORM, "Removes a passkey.", recent=True),
)
