"""What the site calls itself and where it is, by REST: show and name it, and what a move to another address takes. The
rules are in protocol.naming and moving.
"""

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from genkan.protocol.administration import reach_fault
from genkan.protocol.naming import named
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Standing
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import parameters
from genkan.site.api.bodies import PolicyBody, SiteBody, read_body
from genkan.site.api.documents import PolicyDocument, policy_document
from genkan.site.api.moving import plan
from genkan.site.api.openapi import Operation, Query
from genkan.site.api.policies import put_policy
from genkan.site.door import Door
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.site.switch import load_switch
from genkan.store.rounds import TRIES
from genkan.wire.scopes import Permission
from genkan.wire.urls import BaseURLProblem

PATH = "/rest/genkan/1.0/site"
SIGN_IN = PATH + "/sign-in"
TO = Query("to", "string", "Also tell what a move to this base URL takes.")


class MoveDocument(Struct, frozen=True, rename={"to": "baseURL", "mdm_value": "mdmValue", "same_host": "sameHost",
                   "behind_proxy": "behindProxy"}, kw_only=True):  # fmt: skip
    """What a move to another base URL takes: what to write into the environment (``settings``) or genkan.toml, the MDM
    value, and links that answer at the host that the site leaves (``neighbours``, by name).
    """

    to: str
    settings: str
    toml: str
    mdm_value: str
    same_host: bool
    behind_proxy: bool
    neighbours: tuple[str, ...]


class SiteDocument(Struct, frozen=True, kw_only=True, rename={"base_url": "baseURL", "chosen_title": "chosenTitle",
                   "title_is_set": "titleIsSet"}):  # fmt: skip
    """The site. ``title`` is what it calls itself, ``chosenTitle`` what administrators chose; the two differ where the
    operator's setting stands above it (``titleIsSet``). ``move`` is there where one was asked for; null is the address
    that the site has already.
    """

    title: str
    chosen_title: str
    title_is_set: bool
    base_url: str
    move: MoveDocument | UnsetType | None = UNSET


async def show_site(received: Received, door: Door) -> Answer:
    """GET site: its name and address; with ``to`` what a move there takes."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked, shown = parameters(received, (TO,)), await _document(door)
    return answer.json(replace(shown, move=await _move(asked["to"], door)) if "to" in asked else shown)


async def _move(to: str, door: Door) -> MoveDocument | None:
    _, app = await load_switch(door.store)
    links = [link for link in await door.store.links() if link.standing is not Standing.DELETED]
    found = plan(to, door.settings, await door.title(), app, links)
    if isinstance(found, BaseURLProblem):
        raise Malformed(Reason.INVALID_VALUE, f"to: {found.sentence}")
    if found is None:
        return None
    return MoveDocument(
        to=found.to,
        settings=found.lines,
        toml=found.toml,
        mdm_value=found.mdm_value,
        same_host=found.same_host,
        behind_proxy=found.behind_proxy,
        neighbours=found.neighbours,
    )


async def name_site(received: Received, door: Door) -> Answer:
    """PUT site: name it; pages and serverInfo follow at once."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, SiteBody)
    for _ in range(TRIES):
        site = await door.store.site()
        change = named(site, body.title, caller.actor, door.env(), setting=door.settings.site_title)
        if isinstance(change, Refused):
            return answer.error(change)
        if await door.store.apply(change):
            return answer.json(await _document(door))
    return answer.busy()


async def show_policy(received: Received, door: Door) -> Answer:
    """GET site/sign-in: which ways to sign in are taken, and how recent a sign-in must be."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return answer.json(policy_document(await door.store.site()))


async def change_policy(received: Received, door: Door) -> Answer:
    """PUT site/sign-in: refused where no system administrator could come in by what is left."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    fault = reach_fault(caller.permission, Permission.SYSTEM_ADMIN)
    if fault is not None:
        return answer.error(fault)
    changed = await put_policy(read_body(received, PolicyBody).wish, caller.actor, door)
    return answer.error(changed) if isinstance(changed, Refused) else answer.json(policy_document(changed))


async def _document(door: Door) -> SiteDocument:
    return SiteDocument(
        title=await door.title(),
        chosen_title=(await door.store.site()).title,
        title_is_set=bool(door.settings.site_title),
        base_url=door.public.text,
    )


def _rule(method: str, handler: Handler, about: str, path: str = PATH) -> Rule:
    return Rule(path, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("GET", show_site, "Shows the site's name and address."), SiteDocument, query=(TO,)),
    Operation(_rule("PUT", name_site, "Names the site."), SiteDocument, SiteBody),
    Operation(_rule("GET", show_policy, "Shows the sign-in policy.", SIGN_IN), PolicyDocument),
    Operation(_rule("PUT", change_policy, "Changes the sign-in policy.", SIGN_IN), PolicyDocument, PolicyBody),
)
