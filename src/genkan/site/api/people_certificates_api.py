"""Client certificates of people, by REST: those tied to a person, and those that the person signed in with."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.records import Account
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.bodies import read_body
from genkan.site.api.certificate_documents import (
    CertificateDocument,
    NewPinBody,
    PinDocument,
    certificate_document,
    kind_named,
    pin_document,
)
from genkan.site.api.openapi import Operation
from genkan.site.api.people import PATH, told_of
from genkan.site.api.pinned import pin_certificate, revoke_certificate, unpin_certificate
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who


async def list_pins(received: Received, door: Door) -> Answer:
    """GET people/{id}/certificate-pins: oldest first."""

    async def pins(account: Account) -> list[PinDocument]:
        return [pin_document(pin) for pin in await door.store.pins(account.id)]

    return await told_of(received, door, pins)


async def add_pin(received: Received, door: Door) -> Answer:
    """POST people/{id}/certificate-pins: whoever holds the certificate's key signs in as this person."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, NewPinBody)
    made = await pin_certificate(received, caller, body.certificate.encode(), kind_named(body.by), door)
    return answer.error(made) if isinstance(made, Refused) else answer.json(pin_document(made), 201)


async def remove_pin(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/certificate-pins/{pin}: nobody is signed out by it."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    gone = await unpin_certificate(received, caller, door)
    return answer.error(gone) if isinstance(gone, Refused) else answer.json(pin_document(gone))


async def list_certificates(received: Received, door: Door) -> Answer:
    """GET people/{id}/certificates: the last used first."""

    async def known(account: Account) -> list[CertificateDocument]:
        return [certificate_document(one) for one in await door.store.certificates(account.id)]

    return await told_of(received, door, known)


async def end_certificate(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/certificates/{fingerprint}: what it signed in ends, and it signs in nobody again."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    gone = await revoke_certificate(received, caller, door)
    return answer.error(gone) if isinstance(gone, Refused) else answer.json(certificate_document(gone))


def _known(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(f"{PATH}/{{id}}/certificates{rest}", (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(f"{PATH}/{{id}}/certificate-pins{rest}", (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("", "GET", list_pins, "The certificates that are tied to a person."), PinDocument, many=True),
    Operation(_rule("", "POST", add_pin, "Ties a certificate to a person."), PinDocument, NewPinBody, 201),
    Operation(_rule("/{pin}", "DELETE", remove_pin, "Unties a certificate from a person."), PinDocument),
    Operation(
        _known("", "GET", list_certificates, "The certificates that a person signed in with."),
        CertificateDocument,
        many=True,
    ),
    Operation(
        _known("/{fingerprint}", "DELETE", end_certificate, "Ends what a certificate signed in, for good."),
        CertificateDocument,
    ),
)
