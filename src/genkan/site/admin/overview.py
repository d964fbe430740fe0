"""The first page of the console: how the site stands, in a few facts that cost little to know."""

from collections import Counter

from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.phones import judge
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Link, Site, Standing
from genkan.site import answer, console
from genkan.site.admin.phone_rows import phone_row
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.api import PhoneQuery

ADMIN = "/admin"
NEWEST = 5
MOST_TALLIES = 200
LATELY = HOUR


async def overview(received: Received, door: Door) -> Answer:
    """GET /admin"""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    site, base = await door.store.site(), door.public.path
    links = [link for link in await door.store.links() if link.standing is not Standing.DELETED]
    values = {
        "mobile_on": _announced(site, links),
        "mobile_url": f"{base}/admin/mobile",
        "links": len(links),
        "disabled_links": sum(not link.usable for link in links),
        "links_url": f"{base}/admin/links",
        "newest": await _newest(door),
        "phones_url": f"{base}/admin/phones",
        "refused": await _refused(door),
        "refusals_url": f"{base}/admin/audit/refusals",
        "unsettled": (await door.store.storage()).unsettled,
    }
    return console.page(inside, door, "admin.html", values)


def _announced(site: Site, links: list[Link]) -> bool:
    """What phones are told, which is more than what the switch says: the link may have been stopped meanwhile."""
    return site.mobile_enabled and any(link.id == site.mobile_link_id and link.usable for link in links)


async def _newest(door: Door) -> list[dict[str, object]]:
    """The newest sign-ins, whatever became of them."""
    env = door.env()
    found = await door.store.phones(PhoneQuery(limit=NEWEST))
    return [phone_row(judge(row, env), frozenset(), door.public.path) for row in found]


async def _refused(door: Door) -> list[dict[str, object]]:
    """What callers who proved nothing were refused for within the last hour, the most frequent first."""
    since = (door.env().now - LATELY) // MINUTE
    counts: Counter[str] = Counter()
    for tally in await door.store.tallies(MOST_TALLIES):
        if tally.minute >= since and tally.reason in frozenset(Reason):
            counts[tally.reason] += tally.count
    return [{"sentence": entry(Reason(reason)).public, "count": count} for reason, count in counts.most_common(NEWEST)]


async def slashed(received: Received, door: Door) -> Answer:
    """A slash too many."""
    inside = await console.entrance(received, door)
    return inside if isinstance(inside, Answer) else answer.redirect(door.public.text + ADMIN)


RULES = (
    Rule(ADMIN, ("GET",), overview, Who.ADMINISTRATOR, Guard.PAGE, "The console's first page."),
    Rule(ADMIN + "/", ("GET",), slashed, Who.ADMINISTRATOR, Guard.PAGE, f"Leads to {ADMIN}."),
    Rule("/secure/AdminSummary.jspa", ("GET",), console.leads_to(ADMIN), Who.ANYONE, Guard.PAGE, f"Leads to {ADMIN}."),
)
