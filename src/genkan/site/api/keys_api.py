"""API keys by REST: list, make, revoke, adopt. The rules are in protocol.api_keys."""

from dataclasses import replace

from genkan.protocol import api_keys
from genkan.protocol.administration import Administrator, reach_fault
from genkan.protocol.facts import KeyFacts
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, person_at_hand, turn_away
from genkan.site.api.bodies import NothingBody, read_body
from genkan.site.api.key_documents import ApiKeyDocument, served_key_document
from genkan.site.api.key_store import adopt_named, revoke_named
from genkan.site.api.openapi import Operation
from genkan.site.api.people_bodies import NewApiKeyBody
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.rounds import TRIES

PATH = "/rest/genkan/1.0/api-keys"


async def list_keys(received: Received, door: Door) -> Answer:
    """GET api-keys: oldest first, those that were revoked too."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    now = door.env().now
    return answer.json([_document(key, door, now) for key in await door.store.api_keys()])


async def create_key(received: Received, door: Door) -> Answer:
    """POST api-keys: a new key, with no more than the caller may. The answer is the only one that tells it."""
    came = await _maker(received, door)
    if isinstance(came, Refused):
        return turn_away(came, received, door)
    caller, maker = came
    wish = read_body(received, NewApiKeyBody).wish()
    fault = reach_fault(caller.permission, wish.permission)
    if fault is not None:
        return answer.error(fault)
    for _ in range(TRIES):
        env = door.env()
        made = api_keys.create(wish, await door.store.api_keys(), caller.actor, maker.id, env)
        if isinstance(made, Refused):
            return answer.error(made)
        if await door.store.apply(made.change):
            return answer.json(_document(KeyFacts(made.key, maker), door, env.now, made.text), 201)
    return answer.busy()


async def revoke_key(received: Received, door: Door) -> Answer:
    """DELETE api-keys/{id}: from the next request on it opens nothing."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    gone = await revoke_named(received, caller, door)
    return answer.error(gone) if isinstance(gone, Refused) else answer.json(_document(gone, door, door.env().now))


async def adopt_key(received: Received, door: Door) -> Answer:
    """POST api-keys/{id}/adopt: the caller, a system administrator, answers for the key from now on."""
    came = await _maker(received, door)
    if isinstance(came, Refused):
        return turn_away(came, received, door)
    read_body(received, NothingBody)
    kept = await adopt_named(received, *came, door)
    return answer.error(kept) if isinstance(kept, Refused) else answer.json(_document(kept, door, door.env().now))


async def _maker(received: Received, door: Door) -> tuple[Administrator, Account] | Refused:
    caller = await person_at_hand(received, door)
    if isinstance(caller, Refused):
        return caller
    account = None if caller.account_id is None else await door.store.account(caller.account_id)
    return Refused(Reason.PERSON_NEEDED) if account is None else (caller, account)


def _document(facts: KeyFacts, door: Door, now: int, text: str | None = None) -> ApiKeyDocument:
    return served_key_document(facts, now, door.measures.key_last_used(facts.key.id), text)


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(PATH + rest, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("", "GET", list_keys, "The API keys, oldest first."), ApiKeyDocument, many=True),
    Operation(
        replace(_rule("", "POST", create_key, "Makes an API key."), recent=True), ApiKeyDocument, NewApiKeyBody, 201
    ),
    Operation(
        replace(_rule("/{id}/adopt", "POST", adopt_key, "Answers for an API key from now on."), recent=True),
        ApiKeyDocument,
        NothingBody,
    ),
    Operation(_rule("/{id}", "DELETE", revoke_key, "Revokes an API key."), ApiKeyDocument),
)
