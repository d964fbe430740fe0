"""API keys by REST: list, make, revoke. The rules are in protocol.api_keys."""

from genkan.protocol import api_keys
from genkan.protocol.administration import reach_fault
from genkan.protocol.outcomes import Refused
from genkan.protocol.records import ApiKey
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.bodies import read_body
from genkan.site.api.key_documents import ApiKeyDocument, served_key_document
from genkan.site.api.key_store import revoke_named
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
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    wish = read_body(received, NewApiKeyBody).wish()
    fault = reach_fault(caller.permission, wish.permission)
    if fault is not None:
        return answer.error(fault)
    for _ in range(TRIES):
        env = door.env()
        made = api_keys.create(wish, await door.store.api_keys(), caller.actor, env)
        if isinstance(made, Refused):
            return answer.error(made)
        if await door.store.apply(made.change):
            return answer.json(_document(made.key, door, env.now, made.text), 201)
    return answer.busy()


async def revoke_key(received: Received, door: Door) -> Answer:
    """DELETE api-keys/{id}: from the next request on it opens nothing."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    gone = await revoke_named(received, caller, door)
    return answer.error(gone) if isinstance(gone, Refused) else answer.json(_document(gone, door, door.env().now))


def _document(key: ApiKey, door: Door, now: int, text: str | None = None) -> ApiKeyDocument:
    return served_key_document(key, now, door.measures.key_last_used(key.id), text)


def _rule(rest: str, method: str, handler: Handler, about: str) -> Rule:
    return Rule(PATH + rest, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("", "GET", list_keys, "The API keys, oldest first."), ApiKeyDocument, many=True),
    Operation(_rule("", "POST", create_key, "Makes an API key."), ApiKeyDocument, NewApiKeyBody, 201),
    Operation(_rule("/{id}", "DELETE", revoke_key, "Revokes an API key."), ApiKeyDocument),
)
