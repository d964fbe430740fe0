"""Linking a person to a directory in the console, and unlinking them."""

from collections.abc import Mapping

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account
from genkan.site import console
from genkan.site.admin.person_shown import PEOPLE, met, person_facts, person_path, taken_away
from genkan.site.answer import Answer
from genkan.site.api.linked import link_identity, unlink_identity
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sentences import sentence

LINKED_ALREADY = "This person is linked there already, or this id belongs to somebody else."
_FRESH = {"source": "", "subject": "", "label": ""}


async def add_page(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/identities/add"""
    at = await met(received, door)
    return at if isinstance(at, Answer) else _form(at.account, at.inside, None, door)


async def add(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/identities/add"""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside, account = at.inside, at.account
    if inside.again:
        return _form(account, inside, None, door)
    form, caller = inside.form, inside.administrator
    subject = form.get("subject", "").strip()
    made = await link_identity(received, caller, form.get("source", ""), subject, form.get("label", ""), door)
    if isinstance(made, Refused):
        return _form(account, inside, made, door)
    return console.done(door, person_path(account), Flash.IDENTITY_LINKED)


async def remove(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/identities/{source}/remove"""
    at = await met(received, door, back="")
    if isinstance(at, Answer):
        return at
    if at.inside.again:
        return console.once_more(door, person_path(at.account))
    gone = await unlink_identity(received, at.inside.administrator, door)
    return taken_away(gone, at, Flash.IDENTITY_UNLINKED, received, door)


def _form(account: Account, inside: Inside, error: Refused | None, door: Door) -> Answer:
    faults: Mapping[str, str] = _faults(error) if error else {}
    values = {
        **person_facts(account, inside, door),
        "values": {**_FRESH, **inside.form},
        "sources": [(source.name, source.title) for source in door.sign_on.sources],
        "strangers": [
            {"at": one.at, "title": door.sign_on.title_of(one.source), "subject": one.subject, "name": one.name}
            for one in reversed(door.sign_on.strangers)
        ],
        "faults": faults,
        "error": "" if faults or error is None else entry(error.reason).public,
    }
    status = entry(error.reason).status if error else 400 if inside.again else 200
    return console.page(inside, door, "person_identity.html", values, status=status)


def _faults(error: Refused) -> Mapping[str, str]:
    match error.reason:
        case Reason.CONFLICT:
            return {"subject": LINKED_ALREADY}
        case Reason.INVALID_VALUE:
            return {"subject": sentence(error)}
        case _:
            return {}


_ADD = f"{PEOPLE}/{{id}}/identities/add"
_WHO = Who.ADMINISTRATOR
RULES = (
    Rule(_ADD, ("GET",), add_page, _WHO, Guard.PAGE, "A directory to link a person to.", recent=True),
    Rule(_ADD, ("POST",), add, _WHO, Guard.FORM, "Links a person to a directory.", recent=True),
    Rule(
        f"{PEOPLE}/{{id}}/identities/{{source}}/remove", ("POST",), remove, _WHO, Guard.FORM,
        "Unlinks a person from a directory.", recent=True,
    ),
)  # fmt: skip
