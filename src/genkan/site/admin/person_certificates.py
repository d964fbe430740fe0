"""Tying a client certificate to a person in the console, untying it, and ending one that somebody signed in with."""

from collections.abc import Mapping

from genkan.protocol.certificates.pinning import PRIVATE
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.site import console
from genkan.site.admin.person_shown import PEOPLE, Met, met, person_path, take_away, tying_form
from genkan.site.answer import Answer
from genkan.site.api.certificate_documents import kind_named
from genkan.site.api.pinned import pin_certificate, revoke_certificate, unpin_certificate
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sentences import sentence

PINNED_ALREADY = "This certificate is tied to somebody already, perhaps to this person."
_FRESH = {"certificate": "", "by": "spki"}


async def add_page(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/certificates/add"""
    at = await met(received, door)
    return at if isinstance(at, Answer) else _form(at, None, door)


async def add(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/certificates/add"""
    at = await met(received, door)
    if isinstance(at, Answer):
        return at
    inside = at.inside
    if inside.again:
        return _form(at, None, door)
    kind = kind_named(inside.form.get("by", ""))
    data = inside.form.get("certificate", "").encode()
    made = await pin_certificate(received, inside.administrator, data, kind, door)
    if isinstance(made, Refused):
        return _form(at, made, door)
    return console.done(door, person_path(at.account), Flash.CERTIFICATE_TIED)


async def remove(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/certificates/{pin}/remove"""
    return await take_away(received, door, unpin_certificate, Flash.CERTIFICATE_UNTIED)


async def revoke(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/certificates/{fingerprint}/revoke"""
    return await take_away(received, door, revoke_certificate, Flash.CERTIFICATE_ENDED, before=(Reason.CONFLICT,))


def _form(at: Met, error: Refused | None, door: Door) -> Answer:
    values = {"values": {**_FRESH, **_kept(at.inside)}}
    return tying_form("person_certificate.html", at, error, _faults(error) if error else {}, values, door)


def _kept(inside: Inside) -> Form:
    """What was typed, unless it is a secret: that is not sent back."""
    return {} if PRIVATE in inside.form.get("certificate", "") else inside.form


def _faults(error: Refused) -> Mapping[str, str]:
    match error.reason:
        case Reason.TAKEN:
            return {"certificate": PINNED_ALREADY}
        case Reason.CERTIFICATE_ANOTHERS:
            return {"certificate": entry(error.reason).public}
        case Reason.INVALID_VALUE:
            return {"certificate": sentence(error)}
        case _:
            return {}


_ADD = f"{PEOPLE}/{{id}}/certificates/add"
_WHO = Who.ADMINISTRATOR
RULES = (
    Rule(_ADD, ("GET",), add_page, _WHO, Guard.PAGE, "A certificate to tie to a person.", recent=True),
    Rule(_ADD, ("POST",), add, _WHO, Guard.FORM, "Ties a certificate to a person.", recent=True),
    Rule(
        f"{PEOPLE}/{{id}}/certificates/{{pin}}/remove", ("POST",), remove, _WHO, Guard.FORM,
        "Unties a certificate from a person.", recent=True,
    ),
    Rule(
        f"{PEOPLE}/{{id}}/certificates/{{fingerprint}}/revoke", ("POST",), revoke, _WHO, Guard.FORM,
        "Ends what a certificate signed in, for good.", recent=True,
    ),
)  # fmt: skip
