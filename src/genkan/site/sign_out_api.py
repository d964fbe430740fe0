"""Signing many phones out by REST: some by their ids, all of a person, all of a link."""

from genkan.protocol import accounts, links
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.phones import PhoneRow, PhoneState, judge, sign_out
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Standing
from genkan.site import answer
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.asked import account_named, link_named
from genkan.site.bodies import read_body
from genkan.site.documents import read_phone_id
from genkan.site.door import Door
from genkan.site.openapi import Operation
from genkan.site.people_bodies import SignOutBody
from genkan.site.phone_documents import SignedOutDocument
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.api import PhoneQuery, Usage
from genkan.store.rounds import TRIES

PATH = "/rest/genkan/1.0/phones/sign-out"
Decided = tuple[Change, Usage]


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
        return await _of_person(body.person, actor, door, env)
    if isinstance(body.link, str):
        return await _of_link(body.link, actor, door, env)
    return await _of_ids(body.ids if isinstance(body.ids, tuple) else (), actor, door, env)


async def _of_person(name: str, actor: str, door: Door, env: Env) -> Decided | Refused:
    """Their browser sessions end too."""
    account = await account_named(name, door)
    if account is None:
        return Refused(Reason.NOT_FOUND)
    usage = await door.store.usage(PhoneQuery(account_id=account.id), env.now)
    return accounts.sign_out_everywhere(account, EndReason.SIGNED_OUT_BY_ADMIN, actor, env), usage


async def _of_link(text: str, actor: str, door: Door, env: Env) -> Decided | Refused:
    link = await link_named(text, door)
    if link is None or link.standing is Standing.DELETED:
        return Refused(Reason.NOT_FOUND)
    usage = await door.store.usage(PhoneQuery(link_id=link.id), env.now)
    return links.sign_out_all(link, actor, env), usage


async def _of_ids(ids: tuple[str, ...], actor: str, door: Door, env: Env) -> Decided | Refused:
    rows: dict[bytes, PhoneRow] = {}
    for text in ids:
        row = await door.store.phone(read_phone_id(text) or b"")
        if row is None:
            return Refused(Reason.NOT_FOUND)
        rows[row.grant.id] = row
    live = [row.grant for row in rows.values() if judge(row, env).state is PhoneState.SIGNED_IN]
    changes = [sign_out(grant, EndReason.SIGNED_OUT_BY_ADMIN, actor, env) for grant in live]
    steps = tuple(step for change in changes for step in change.steps)
    events = tuple(event for change in changes for event in change.events)
    return Change(steps, events), Usage(len(live), 0, complete=True)


OPERATIONS = (
    Operation(
        Rule(PATH, ("POST",), sign_out_many, Who.ADMINISTRATOR, Guard.MACHINE, "Signs many phones out."),
        SignedOutDocument,
        SignOutBody,
    ),
)
