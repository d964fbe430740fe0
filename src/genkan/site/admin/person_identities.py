"""Linking a person to a directory in the console, and unlinking them."""

from collections.abc import Mapping

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site import console
from genkan.site.admin.person_shown import PEOPLE, Met, met, person_path, take_away, tying_form
from genkan.site.answer import Answer
from genkan.site.api.linked import link_identity, unlink_identity
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
    return at if isinstance(at, Answer) else _form(at, None, door)


async def add(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/identities/add"""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside = at.inside
    if inside.again:
        return _form(at, None, door)
    form, caller = inside.form, inside.administrator
    subject = form.get("subject", "").strip()
    made = await link_identity(received, caller, form.get("source", ""), subject, form.get("label", ""), door)
    if isinstance(made, Refused):
        return _form(at, made, door)
    return console.done(door, person_path(at.account), Flash.IDENTITY_LINKED)


async def remove(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/identities/{source}/remove"""
    return await take_away(received, door, unlink_identity, Flash.IDENTITY_UNLINKED)


def _form(at: Met, error: Refused | None, door: Door) -> Answer:
    values = {
        "values": {**_FRESH, **at.inside.form},
        "sources": [(source.name, source.title) for source in door.sign_on.sources],
        "strangers": [
            {"at": one.at, "title": door.sign_on.title_of(one.source), "subject": one.subject, "name": one.name}
            for one in reversed(door.sign_on.strangers)
        ],
    }
    return tying_form("person_identity.html", at, error, _faults(error) if error else {}, values, door)


def _faults(error: Refused) -> Mapping[str, str]:
    match error.reason:
        case Reason.TAKEN:
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
