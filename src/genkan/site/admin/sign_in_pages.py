"""The console's page of the sign-in policy: which ways the site takes, how recent a sign-in must be, who could come
in.
"""

from genkan.protocol.link_wishes import SENTENCES
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site, Standing, Way
from genkan.protocol.signin.site_policy import PolicyWish
from genkan.site import console, ways_form
from genkan.site.answer import Answer
from genkan.site.api.policies import put_policy
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.sentences import sentence
from genkan.site.ways_here import entrances_here
from genkan.wire.scopes import Permission

HERE = "/admin/sign-in"
EDIT = HERE + "/edit"
NONE_CHOSEN = "Choose at least one way, or nobody could sign in."


async def show(received: Received, door: Door) -> Answer:
    """GET /admin/sign-in"""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    site = await door.store.site()
    return await _page(inside, site.ways, ways_form.minutes(site.max_age), {}, door)


async def change(received: Received, door: Door) -> Answer:
    """POST /admin/sign-in/edit: the policy from now on. Nobody is signed out by it."""
    inside = await console.entrance(received, door, back=HERE)
    if isinstance(inside, Answer):
        return inside
    if inside.permission < Permission.SYSTEM_ADMIN:
        return door.pages.refusal(Refused(Reason.ABOVE_CALLER), received.request_id, inside.reader)
    ways, typed = ways_form.ticked(inside.form), inside.form.get(ways_form.AGE, "")
    age = ways_form.typed_age(typed, (await door.store.site()).max_age)
    faults = {} if ways else {"ways": NONE_CHOSEN}
    if not ways_form.is_good(age):
        faults["max_age"] = SENTENCES["max_age"]
    if inside.again or faults:
        return await _page(inside, ways, typed, faults, door)
    changed = await put_policy(lambda _: PolicyWish(ways, age), inside.actor, door)
    if isinstance(changed, Site):
        return console.done(door, HERE, Flash.SAVED)
    if changed.reason is Reason.BUSY:
        return console.busy(inside, received, door)
    return await _page(inside, ways, typed, {"ways": sentence(changed)}, door)


async def _page(inside: Inside, ways: Way, age: str, faults: dict[str, str], door: Door) -> Answer:
    own = [link.name for link in await door.store.links() if link.standing is not Standing.DELETED and link.ways]
    values = {
        "action": door.public.path + EDIT,
        "may_change": inside.permission >= Permission.SYSTEM_ADMIN,
        "boxes": ways_form.boxes(ways),
        "max_age": age,
        "faults": faults,
        "ready": await _ready(door),
        "own": own,
        "links_url": f"{door.public.path}/admin/links",
    }
    return console.page(inside, door, "admin_sign_in.html", values, status=400 if faults or inside.again else 200)


async def _ready(door: Door) -> list[tuple[str, bool]]:
    """By way, whether a system administrator could come in by it alone."""
    now, here = door.env().now, entrances_here(door)
    return [
        (words, await door.store.has_administrator_by(here.by(way), Permission.SYSTEM_ADMIN, now))
        for way, words in ways_form.WAY_WORDS.items()
    ]


RULES = (
    Rule(HERE, ("GET",), show, Who.ADMINISTRATOR, Guard.PAGE, "Which ways to sign in the site takes."),
    Rule(EDIT, ("POST",), change, Who.ADMINISTRATOR, Guard.FORM, "Changes the sign-in policy.", recent=True),
)
