"""The organisation's directories by REST: who a person is in them, linking and unlinking, and how they stand."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.records import Account
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.bodies import read_body
from genkan.site.api.documents import moment
from genkan.site.api.identity_documents import (
    IdentityDocument,
    NewIdentityBody,
    SignOnDocument,
    SourceDocument,
    StrangerDocument,
    identity_document,
)
from genkan.site.api.linked import link_identity, unlink_identity
from genkan.site.api.openapi import Operation
from genkan.site.api.people import PATH, told_of
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who

SIGN_ON = "/rest/genkan/1.0/sign-on"


async def list_identities(received: Received, door: Door) -> Answer:
    """GET people/{id}/identities: by directory."""

    async def linked(account: Account) -> list[IdentityDocument]:
        return [identity_document(one, door.sign_on) for one in await door.store.identities_of(account.id)]

    return await told_of(received, door, linked)


async def add_identity(received: Received, door: Door) -> Answer:
    """POST people/{id}/identities: whoever signs in there as this subject is this person from now on."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, NewIdentityBody)
    made = await link_identity(received, caller, body.source, body.subject, body.label, door)
    return answer.error(made) if isinstance(made, Refused) else answer.json(identity_document(made, door.sign_on), 201)


async def remove_identity(received: Received, door: Door) -> Answer:
    """DELETE people/{id}/identities/{source}: nobody is signed out by it."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    gone = await unlink_identity(received, caller, door)
    return answer.error(gone) if isinstance(gone, Refused) else answer.json(identity_document(gone, door.sign_on))


async def sign_on(received: Received, door: Door) -> Answer:
    """GET sign-on: the directories, and who of them was not let in lately."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    states = {state.source: state for state in await door.store.source_states()}
    sources = []
    for source in door.sign_on.sources:
        state = states.get(source.name)
        reached, missed = (state.reached_at, state.missed_since) if state else (None, None)
        sources.append(
            SourceDocument(
                name=source.name,
                title=source.title,
                reached_at=None if reached is None else moment(reached),
                missed_since=None if missed is None else moment(missed),
            )
        )
    strangers = tuple(
        StrangerDocument(at=moment(one.at), source=one.source, subject=one.subject, name=one.name, why=one.why)
        for one in reversed(door.sign_on.strangers)
    )
    return answer.json(SignOnDocument(sources=tuple(sources), strangers=strangers))


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(f"{PATH}/{{id}}/identities{rest}", (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("", "GET", list_identities, "Who a person is in directories."), IdentityDocument, many=True),
    Operation(
        _rule("", "POST", add_identity, "Links a person to a directory."), IdentityDocument, NewIdentityBody, 201
    ),
    Operation(_rule("/{source}", "DELETE", remove_identity, "Unlinks a person from a directory."), IdentityDocument),
    Operation(
        Rule(SIGN_ON, ("GET",), sign_on, Who.ADMINISTRATOR, Guard.MACHINE, "The organisation's own sign-in."),
        SignOnDocument,
    ),
)
