"""Taking a passkey from a person in the console, after a question."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry
from genkan.protocol.records import Account, Passkey
from genkan.site import console
from genkan.site.account.passkey_rows import passkey_row
from genkan.site.admin.person_shown import PEOPLE, person_facts, person_path
from genkan.site.answer import Answer
from genkan.site.api.passkey_removal import is_last, passkey_named, remove_passkey
from genkan.site.api.people import living
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who


async def ask(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/passkeys/{passkey}/remove: what the person is left with."""
    inside = await console.entrance(received, door)
    return inside if isinstance(inside, Answer) else await _page(received, inside, None, door)


async def remove(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/passkeys/{passkey}/remove"""
    person, passkey = received.parameters["id"], received.parameters["passkey"]
    inside = await console.entrance(received, door, back=f"{PEOPLE}/{person}/passkeys/{passkey}/remove")
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return await _page(received, inside, None, door)
    gone = await remove_passkey(received, inside.administrator, door)
    if isinstance(gone, Refused):
        return await _page(received, inside, gone, door)
    return console.done(door, f"{PEOPLE}/{person}", Flash.PASSKEY_REMOVED)


async def _page(received: Received, inside: Inside, error: Refused | None, door: Door) -> Answer:
    account = await living(received, door)
    if account is None:
        return console.not_found(inside, received, door)
    passkey = await passkey_named(account, received.parameters["passkey"], door)
    if passkey is None:
        return console.done(door, person_path(account), Flash.GONE)
    return await _asked(account, passkey, inside, error, door)


async def _asked(account: Account, passkey: Passkey, inside: Inside, error: Refused | None, door: Door) -> Answer:
    path = f"{door.public.path}{person_path(account)}/passkeys"
    values = {
        **person_facts(account, inside, door),
        "passkey": passkey_row(passkey, path, door),
        "is_last": await is_last(account, passkey, door),
        "error": entry(error.reason).public if error else "",
    }
    return console.page(inside, door, "person_passkey.html", values, status=console.form_status(inside, error))


_ONE = f"{PEOPLE}/{{id}}/passkeys/{{passkey}}/remove"
RULES = (
    Rule(_ONE, ("GET",), ask, Who.ADMINISTRATOR, Guard.PAGE, "Asks before taking a passkey away.", recent=True),
    Rule(_ONE, ("POST",), remove, Who.ADMINISTRATOR, Guard.FORM, "Takes a passkey from a person.", recent=True),
)
