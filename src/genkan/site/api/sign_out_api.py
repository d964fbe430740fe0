"""Signing many phones out by REST: some by their ids, all of a person, all of a link."""

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.phones import PhoneRow
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Standing
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import account_named, link_named
from genkan.site.api.bodies import read_body
from genkan.site.api.documents import read_phone_id
from genkan.site.api.openapi import Operation
from genkan.site.api.people_bodies import SignOutBody
from genkan.site.api.phone_documents import SignedOutDocument
from genkan.site.api.signing_out import Decided, of_link, of_person, of_phones
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.rounds import TRIES

PATH = "/rest/genkan/1.0/phones/sign-out"


async def sign_out_many(received: Received, door: Door) -> Answer:
    """POST phones/sign-out: all of what is named, or nothing where an id, person or link is not known."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, SignOutBody)
    for _ in range(TRIES):
        decided = await _decided(body, caller.actor, door)
        if isinstance(decided, Refused):
            return answer.error(decided)
        change, usage = decided
        if await door.store.apply(change):
            return answer.json(SignedOutDocument(signed_out=usage.live, complete=usage.complete))
    return answer.busy()


async def _decided(body: SignOutBody, actor: str, door: Door) -> Decided | Refused:
    env = door.env()
    if isinstance(body.person, str):
        account = await account_named(body.person, door)
        return Refused(Reason.NOT_FOUND) if account is None else await of_person(account, actor, door.store, env)
    if isinstance(body.link, str):
        link = await link_named(body.link, door)
        if link is None or link.standing is Standing.DELETED:
            return Refused(Reason.NOT_FOUND)
        return await of_link(link, actor, door.store, env)
    return await _of_ids(body.ids if isinstance(body.ids, tuple) else (), actor, door, env)


async def _of_ids(ids: tuple[str, ...], actor: str, door: Door, env: Env) -> Decided | Refused:
    rows: dict[bytes, PhoneRow] = {}
    for text in ids:
        row = await door.store.phone(read_phone_id(text) or b"")
        if row is None:
            return Refused(Reason.NOT_FOUND)
        rows[row.grant.id] = row
    return of_phones(rows.values(), actor, env)


OPERATIONS = (
    Operation(
        Rule(PATH, ("POST",), sign_out_many, Who.ADMINISTRATOR, Guard.MACHINE, "Signs many phones out."),
        SignedOutDocument,
        SignOutBody,
    ),
)
