"""Passkeys of people, by REST: which a person has, and taking one away."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.records import Account
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.openapi import Operation
from genkan.site.api.passkey_documents import PasskeyDocument, passkey_document
from genkan.site.api.passkey_removal import remove_passkey
from genkan.site.api.people import PATH, told_of
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who


async def list_passkeys(received: Received, door: Door) -> Answer:
    """GET people/{id}/passkeys: oldest first."""

    async def known(account: Account) -> list[PasskeyDocument]:
        found = await door.store.passkeys(account.id)
        return [passkey_document(one, door.models.name_of(one.aaguid)) for one in found]

    return await told_of(received, door, known)


async def remove(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/passkeys/{passkey}: it opens nothing any more; nobody is signed out by it."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    gone = await remove_passkey(received, caller, door)
    if isinstance(gone, Refused):
        return answer.error(gone)
    return answer.json(passkey_document(gone, door.models.name_of(gone.aaguid)))


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(f"{PATH}/{{id}}/passkeys{rest}", (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("", "GET", list_passkeys, "The passkeys of a person."), PasskeyDocument, many=True),
    Operation(_rule("/{passkey}", "DELETE", remove, "Takes a passkey from a person."), PasskeyDocument),
)
