"""What the site calls itself, by REST: show it and change it. The rules are in protocol.naming."""

from msgspec import Struct

from genkan.protocol.naming import named
from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.administrators import administrator, turn_away
from genkan.site.answer import Answer
from genkan.site.bodies import SiteBody, read_body
from genkan.site.door import Door
from genkan.site.openapi import Operation
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.rounds import TRIES

PATH = "/rest/genkan/1.0/site"


class SiteDocument(Struct, frozen=True, kw_only=True, rename={"base_url": "baseURL", "chosen_title": "chosenTitle",
                   "title_is_set": "titleIsSet"}):  # fmt: skip
    """The site. ``title`` is what it calls itself, ``chosenTitle`` what administrators chose; the two differ where the
    operator's setting stands above it (``titleIsSet``).
    """

    title: str
    chosen_title: str
    title_is_set: bool
    base_url: str


async def show_site(received: Received, door: Door) -> Answer:
    """GET site: its name and address."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    return answer.json(await _document(door))


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


async def _document(door: Door) -> SiteDocument:
    return SiteDocument(
        title=await door.title(),
        chosen_title=(await door.store.site()).title,
        title_is_set=bool(door.settings.site_title),
        base_url=door.public.text,
    )


def _rule(method: str, handler: Handler, about: str) -> Rule:
    return Rule(PATH, (method,), handler, Who.ADMINISTRATOR, Guard.MACHINE, about)


OPERATIONS = (
    Operation(_rule("GET", show_site, "Shows the site's name and address."), SiteDocument),
    Operation(_rule("PUT", name_site, "Names the site."), SiteDocument, SiteBody),
)
