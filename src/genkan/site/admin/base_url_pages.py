"""The console's page of the base URL: does this browser see it, what is the site called, what does a move take?"""

from genkan.protocol.naming import TITLE_CHARACTERS, named
from genkan.protocol.outcomes import Refused
from genkan.protocol.records import Standing
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.api.moving import Plan, plan
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sentences import sentence
from genkan.site.switch import load_switch
from genkan.store.rounds import TRIES
from genkan.wire.urls import BaseURLProblem

HERE = "/admin/base-url"
NAME = HERE + "/name"
LONGEST = 2000


async def show(received: Received, door: Door) -> Answer:
    """GET /admin/base-url, with ``to`` for what a move there takes."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    return await _page(inside, door)


async def _page(inside: Inside, door: Door, faults: dict[str, str] | None = None) -> Answer:
    site, app = await load_switch(door.store)
    asked = inside.query.get("to", "")[:LONGEST]
    links = [link for link in await door.store.links() if link.standing is not Standing.DELETED]
    found = plan(asked, door.settings, await door.title(), app, links) if asked.strip() else None
    problem = found if isinstance(found, BaseURLProblem) else None
    values = {
        "below": inside.here,
        "title": inside.form.get("site_title", site.title),
        "title_is_set": bool(door.settings.site_title),
        "most": TITLE_CHARACTERS,
        "former": [base.text for base in door.settings.former],
        "to": asked,
        "problem": problem and (problem.what, problem.instead),
        "plan": found if isinstance(found, Plan) else None,
        "faults": {**(faults or {}), **({"to": "wrong"} if problem else {})},
        "mobile_on": site.mobile_enabled,
    }
    return console.page(inside, door, "admin_base_url.html", values, status=400 if faults else 200)


async def name(received: Received, door: Door) -> Answer:
    """POST /admin/base-url/name: what the site is called from now on."""
    inside = await console.entrance(received, door, back=HERE)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return await _page(inside, door)
    for _ in range(TRIES):
        site, wanted = await door.store.site(), inside.form.get("site_title", "")
        change = named(site, wanted, inside.actor, door.env(), setting=door.settings.site_title)
        if isinstance(change, Refused):
            return await _page(inside, door, {"site_title": sentence(change)})
        if await door.store.apply(change):
            return console.done(door, HERE, Flash.SAVED)
    return console.busy(inside, received, door)


RULES = (
    Rule(HERE, ("GET",), show, Who.ADMINISTRATOR, Guard.PAGE, "The base URL, the site's name, and moving the site."),
    Rule(NAME, ("POST",), name, Who.ADMINISTRATOR, Guard.FORM, "Names the site.", recent=False),
    Rule(
        "/secure/admin/ViewApplicationProperties.jspa",
        ("GET",),
        console.leads_to(HERE),
        Who.ADMINISTRATOR,
        Guard.PAGE,
        "Leads to /admin/base-url.",
    ),
)
