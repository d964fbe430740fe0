"""Application links in the console: the list, one link with what can be done to it, and the pages that ask before its
sign-ins end.
"""

from collections.abc import Callable
from itertools import islice

from genkan.protocol import links
from genkan.protocol.administration import reach_fault
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, Standing
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.link_store import Decide, act_on_link, find_link
from genkan.site.api.phone_filters import Filters
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.ways_form import WAY_WORDS
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import WORDS

LINKS = "/admin/links"
PAGE = 25
# Beyond so many of a link's newest sign-ins a page says "or more": the list, and the link's own page. The page that
# asks before they end counts on as far as the store goes.
MOST_COUNTED = 200
MOST_COUNTED_OF_ONE = 2000


async def list_page(received: Received, door: Door) -> Answer:
    """GET /admin/links: by name, a page of them at a time."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    after = inside.query.get("after", "")
    standing = [link for link in await door.store.links() if link.standing is not Standing.DELETED]
    coming = (link for link in sorted(standing, key=_place) if not after or _place(link) > after)
    shown = list(islice(coming, PAGE))
    values = {
        "links": [await _row(link, door) for link in shown],
        "first": f"{door.public.path}{LINKS}" if after else "",
        "next": f"{door.public.path}{LINKS}?after={_place(shown[-1])}" if next(coming, None) else "",
        "create_url": f"{door.public.path}{LINKS}/create",
    }
    return console.page(inside, door, "links.html", values)


def _place(link: Link) -> str:
    """Where it stands in the list: by name, whatever its case, as text that an address can hold."""
    return f"{link.name.casefold().encode().hex()}-{public_id(link.id)}"


async def _row(link: Link, door: Door) -> dict[str, object]:
    usage = await door.store.usage(PhoneQuery(link_id=link.id), door.env().now, MOST_COUNTED)
    return {**told(link, door), "usage": usage}


def told(link: Link, door: Door) -> dict[str, object]:
    """A link as every page tells it."""
    return {
        "name": link.name,
        "address": f"{door.public.path}{LINKS}/{public_id(link.id)}",
        "kind": link.kind.value,
        "state": link.standing.value,
        "permission": link.permission.name,
    }


async def link_page(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}: what it is, who uses it, and what can be done."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return console.not_found(inside, received, door)
    site = await door.store.site()
    values = {
        "link": told(link, door),
        "details": link,
        "permission_words": WORDS[link.permission],
        "way_words": [words for way, words in WAY_WORDS.items() if way in link.ways],
        "usage": await door.store.usage(PhoneQuery(link_id=link.id), door.env().now, MOST_COUNTED_OF_ONE),
        "sign_ins_url": door.public.path + Filters(link.kind, link=link.id).path,
        "is_app_link": site.mobile_link_id == link.id,
        "mobile_on": site.mobile_enabled,
        "in_reach": reach_fault(inside.permission, link.permission) is None,
        "list_url": f"{door.public.path}{LINKS}",
    }
    return console.page(inside, door, "link.html", values)


async def disable(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/disable: suspends it; nobody is signed out."""
    return await _set_standing(received, door, Standing.DISABLED, Flash.LINK_DISABLED)


async def enable(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/enable"""
    return await _set_standing(received, door, Standing.ACTIVE, Flash.LINK_ENABLED)


async def _set_standing(received: Received, door: Door, standing: Standing, flash: Flash) -> Answer:
    here = f"{LINKS}/{received.parameters['id']}"
    inside = await console.entrance(received, door, back=here)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, here)

    def decide(link: Link, actor: str, env: Env) -> Change | Refused:
        return Change(()) if link.standing is standing else links.set_standing(link, standing, actor, env)

    return await _done(received, inside, door, decide, here, flash)


async def ask_delete(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}/delete: what deleting it would end."""
    return await _ask(received, door, "delete")


async def delete(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/delete: its sign-ins end at once and for ever."""

    def decide(link: Link, actor: str, env: Env) -> Change | Refused:
        return links.set_standing(link, Standing.DELETED, actor, env)

    return await _end(received, door, "delete", decide, lambda _: (LINKS, Flash.LINK_DELETED))


async def ask_sign_out(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}/sign-out-all: how many it would sign out."""
    return await _ask(received, door, "sign-out-all")


async def sign_out(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/sign-out-all: ends every sign-in; the link stays usable."""
    return await _end(received, door, "sign-out-all", links.sign_out_all, lambda here: (here, Flash.LINK_SIGNED_OUT))


async def _ask(received: Received, door: Door, act: str) -> Answer:
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return console.not_found(inside, received, door)
    site = await door.store.site()
    values = {
        "act": act,
        "link": told(link, door),
        "usage": await door.store.usage(PhoneQuery(link_id=link.id), door.env().now),
        "announced": site.mobile_enabled and site.mobile_link_id == link.id,
        "list_url": f"{door.public.path}{LINKS}",
    }
    return console.page(inside, door, "link_confirm.html", values)


async def _end(
    received: Received, door: Door, act: str, decide: Decide, leads_to: Callable[[str], tuple[str, Flash]]
) -> Answer:
    here = f"{LINKS}/{received.parameters['id']}"
    inside = await console.entrance(received, door, back=f"{here}/{act}")
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, f"{here}/{act}")
    path, flash = leads_to(here)
    return await _done(received, inside, door, decide, path, flash)


async def _done(received: Received, inside: Inside, door: Door, decide: Decide, path: str, flash: Flash) -> Answer:
    outcome = await act_on_link(received.parameters["id"], inside.administrator, door, decide)
    if not isinstance(outcome, Refused):
        return console.done(door, path, flash)
    if outcome.reason is Reason.NOT_FOUND:
        # Sent twice, or somebody else was faster: the list says what is there.
        return console.done(door, LINKS, Flash.GONE)
    if outcome.reason is Reason.ABOVE_CALLER:
        return door.pages.refusal(outcome, received.request_id, inside.reader)
    return console.busy(inside, received, door)


_HERE = (Who.ADMINISTRATOR, Guard.PAGE)
_FORM = (Who.ADMINISTRATOR, Guard.FORM)
RULES = (
    Rule(LINKS, ("GET",), list_page, *_HERE, "The application links."),
    Rule(LINKS + "/{id}", ("GET",), link_page, *_HERE, "One application link."),
    Rule(LINKS + "/{id}/disable", ("POST",), disable, *_FORM, "Suspends it.", recent=False),
    Rule(LINKS + "/{id}/enable", ("POST",), enable, *_FORM, "Lets it go on.", recent=False),
    Rule(LINKS + "/{id}/delete", ("GET",), ask_delete, *_HERE, "Says what deleting it ends.", recent=True),
    Rule(LINKS + "/{id}/delete", ("POST",), delete, *_FORM, "Deletes it and ends its sign-ins.", recent=True),
    Rule(LINKS + "/{id}/sign-out-all", ("GET",), ask_sign_out, *_HERE, "Says how many it signs out.", recent=True),
    Rule(LINKS + "/{id}/sign-out-all", ("POST",), sign_out, *_FORM, "Ends its sign-ins.", recent=True),
    Rule(
        "/plugins/servlet/applinks/listApplicationLinks",
        ("GET",),
        console.leads_to(LINKS),
        Who.ANYONE,
        Guard.PAGE,
        "Leads to /admin/links.",
    ),
)
