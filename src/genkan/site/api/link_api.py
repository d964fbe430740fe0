"""Application links by REST: list, create, show, change, new secret, sign out, delete. The rules are in
protocol.links.
"""

from genkan.protocol import links
from genkan.protocol.env import SECOND, Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, Standing
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import Administrator, administrator, turn_away
from genkan.site.api.bodies import LinkBody, LinkChange, NewLinkBody, NothingBody, SecretBody, read_body
from genkan.site.api.documents import (
    LinkDocument,
    UsageDocument,
    link_document,
    new_link_document,
    usage_document,
)
from genkan.site.api.link_store import Decide, act_on_link, find_link, rotate_link
from genkan.site.api.openapi import Operation
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.api import PhoneQuery
from genkan.store.rounds import TRIES


async def list_links(received: Received, door: Door) -> Answer:
    """GET client: every link that is not deleted. Anonymous callers get 401, which some clients probe."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    found = await door.store.links()
    return answer.json([link_document(link) for link in found if link.standing is not Standing.DELETED])


async def create_link(received: Received, door: Door) -> Answer:
    """POST client: a new link. The answer is the only one that ever tells its secret."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, NewLinkBody)
    for _ in range(TRIES):
        if body.client_id and await door.store.link_by_client_id(body.client_id) is not None:
            return answer.error(Refused(Reason.TAKEN))
        allow_http = door.settings.insecure_redirects
        made = links.create(body.wish(body.client_id), caller.actor, door.env(), allow_http=allow_http)
        if isinstance(made, Refused):
            return answer.error(made)
        change = caller.on_link(made.change, await door.store.site())
        if isinstance(change, Refused):
            return answer.error(change)
        if await door.store.apply(change):
            created = answer.json(new_link_document(made), 201)
            return created.plus((b"location", f"{door.endpoints.client}/{made.link.client_id}".encode()))
    return answer.busy()


async def show_link(received: Received, door: Door) -> Answer:
    """GET client/{id}, by id or client id."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return await _shown(received, door)


async def replace_link(received: Received, door: Door) -> Answer:
    """PUT client/{id}: what is not said goes back to its default."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    wish = read_body(received, LinkBody).wish()
    allow_http = door.settings.insecure_redirects

    def decide(link: Link, actor: str, env: Env) -> Change | Refused:
        return links.change(link, wish, actor, env, allow_http=allow_http)

    return await _act(received, door, caller, decide)


async def change_link(received: Received, door: Door) -> Answer:
    """PATCH client/{id}: what is not said stays. ``state`` disables and enables."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, LinkChange)
    standing = body.standing()
    allow_http = door.settings.insecure_redirects

    def decide(link: Link, actor: str, env: Env) -> Change | Refused:
        if standing is None:
            return links.change(link, body.wish(link), actor, env, allow_http=allow_http)
        return links.set_standing(link, standing, actor, env)

    return await _act(received, door, caller, decide)


async def delete_link(received: Received, door: Door) -> Answer:
    """DELETE client/{id}: ends every sign-in of it at once and for ever."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)

    def decide(link: Link, actor: str, env: Env) -> Change | Refused:
        return links.set_standing(link, Standing.DELETED, actor, env)

    return await _act(received, door, caller, decide)


async def sign_out_link(received: Received, door: Door) -> Answer:
    """POST client/{id}/sign-out: ends every sign-in of it; the link stays usable."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    read_body(received, NothingBody)
    return await _act(received, door, caller, links.sign_out_all)


async def rotate_secret(received: Received, door: Door) -> Answer:
    """POST client/{id}/secret: a new secret, told this once; the one before works on for the overlap."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    overlap = read_body(received, SecretBody).overlap_seconds * SECOND
    made = await rotate_link(received.parameters["id"], overlap, caller, door)
    return answer.error(made) if isinstance(made, Refused) else answer.json(new_link_document(made))


async def show_usage(received: Received, door: Door) -> Answer:
    """GET client/{id}/usage: what deleting it would end, and when it was last used."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return answer.error(Refused(Reason.NOT_FOUND))
    usage = await door.store.usage(PhoneQuery(link_id=link.id), door.env().now)
    return answer.json(usage_document(usage))


async def _act(received: Received, door: Door, caller: Administrator, decide: Decide) -> Answer:
    """Load, decide, apply, and show the link as it stands then."""
    done = await act_on_link(received.parameters["id"], caller, door, decide)
    return answer.error(done) if isinstance(done, Refused) else answer.json(link_document(done))


async def _shown(received: Received, door: Door) -> Answer:
    link = await find_link(received.parameters["id"], door)
    return answer.error(Refused(Reason.NOT_FOUND)) if link is None else answer.json(link_document(link))


def _rule(version: str, rest: str, method: str, handler: Handler, about: str) -> Rule:
    path = f"/rest/oauth2/{version}/client{rest}"
    return Rule(path, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


def _operations(version: str) -> tuple[Operation, ...]:
    one, secret, sign_out, usage = "/{id}", "/{id}/secret", "/{id}/sign-out", "/{id}/usage"
    document = LinkDocument
    return (
        Operation(_rule(version, "", "GET", list_links, "The application links."), document, many=True),
        Operation(_rule(version, "", "POST", create_link, "Creates a link."), document, NewLinkBody, 201),
        Operation(_rule(version, one, "GET", show_link, "Shows a link."), document),
        Operation(_rule(version, one, "PUT", replace_link, "Writes a link anew."), document, LinkBody),
        Operation(_rule(version, one, "PATCH", change_link, "Changes or disables a link."), document, LinkChange),
        Operation(_rule(version, one, "DELETE", delete_link, "Deletes a link and ends its sign-ins."), document),
        Operation(_rule(version, secret, "POST", rotate_secret, "Gives a new secret."), document, SecretBody),
        Operation(_rule(version, sign_out, "POST", sign_out_link, "Ends its sign-ins."), document, NothingBody),
        Operation(_rule(version, usage, "GET", show_usage, "How many sign-ins it has."), UsageDocument),
    )


OPERATIONS = (*_operations("latest"), *_operations("1.0"))
