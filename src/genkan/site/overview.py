"""The first page of the console: how the site stands, in a few facts that cost little to know."""

from genkan.protocol.records import Standing
from genkan.site import console
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who


async def overview(received: Received, door: Door) -> Answer:
    """GET /admin"""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    site = await door.store.site()
    links = [link for link in await door.store.links() if link.standing is not Standing.DELETED]
    storage = await door.store.storage()
    values = {
        "mobile_on": site.mobile_enabled,
        "links": len(links),
        "disabled_links": sum(not link.usable for link in links),
        "storage": storage.engine,
        "unsettled": storage.unsettled,
    }
    return console.page(inside, door, "admin.html", values)


RULES = (Rule("/admin", ("GET",), overview, Who.ADMINISTRATOR, Guard.PAGE, "The console's first page."),)
