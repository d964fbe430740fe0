"""A link's credentials in the console: what goes into the application and the MDM, its secret in the one moment that
tells it, and a new secret.
"""

from genkan.protocol.env import DAY, HOUR
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, LinkKind
from genkan.site import console, shown_once
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.link_store import find_link, rotate_link
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.wire import managed
from genkan.wire.managed import OAuthEntry, SiteEntry

LINKS = "/admin/links"
# How long the secret before may go on working, in hours; the second is chosen beforehand.
OVERLAPS = {0: 0, 1: HOUR, 24: DAY, 168: 7 * DAY, 720: 30 * DAY}
USUAL_OVERLAP = 24
VERSION = "version"


async def credentials_page(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}/credentials"""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return console.not_found(inside, received, door)
    here = f"{door.public.path}{LINKS}/{public_id(link.id)}"
    secret = shown_once.take(received, link.client_id, inside.session, door)
    values = {
        "link": link,
        "secret": secret,
        "link_url": here,
        "list_url": door.public.path + LINKS,
        "secret_url": f"{here}/secret" if link.kind is LinkKind.CONFIDENTIAL else "",
        "endpoints": door.endpoints,
        "managed": await _managed(link, door) if link.kind is LinkKind.NATIVE else "",
    }
    page = console.page(inside, door, "link_credentials.html", values)
    return shown_once.taken(page, door) if secret else page


async def _managed(link: Link, door: Door) -> str:
    """The value of the MDM key ``sites`` that signs phones in through this link."""
    entry = SiteEntry(await door.title(), door.public.text, OAuthEntry(link.client_id))
    return managed.render([entry])


async def secret_page(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}/secret: what a new secret does, and how long the one before shall go on working."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None or link.kind is LinkKind.NATIVE:
        return console.not_found(inside, received, door)
    return _secret_form(inside, door, link, USUAL_OVERLAP)


async def new_secret(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/secret: a new secret, told on the next page."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None or link.kind is LinkKind.NATIVE:
        return console.not_found(inside, received, door)
    chosen = inside.form.get("overlap", "")
    hours = int(chosen) if chosen in map(str, OVERLAPS) else USUAL_OVERLAP
    if inside.again or inside.form.get(VERSION) != str(link.version):
        # A second secret would end the one before it, which may have been taken to the application already.
        return _secret_form(inside, door, link, hours, stale=not inside.again)
    made = await rotate_link(received.parameters["id"], OVERLAPS[hours], inside.administrator, door, link.version)
    if isinstance(made, Refused):
        if made.reason is Reason.CONFLICT:
            return _secret_form(inside, door, link, hours, stale=True)
        return door.pages.refusal(made, received.request_id, inside.reader)
    done = console.done(door, f"{LINKS}/{public_id(link.id)}/credentials", Flash.SECRET_MADE)
    return shown_once.give(done, link.client_id, made.secret or "", inside.session, door)


def _secret_form(inside: Inside, door: Door, link: Link, hours: int, *, stale: bool = False) -> Answer:
    here = f"{door.public.path}{LINKS}/{public_id(link.id)}"
    values = {
        "link": link,
        "action": f"{here}/secret",
        "carried": {**inside.hidden, VERSION: str(link.version)},
        "overlap": hours,
        "overlaps": list(OVERLAPS),
        "stale": stale,
        "link_url": here,
        "list_url": door.public.path + LINKS,
        "back_url": f"{here}/credentials",
    }
    return console.page(inside, door, "link_secret.html", values)


_HERE = (Who.ADMINISTRATOR, Guard.PAGE)
RULES = (
    Rule(LINKS + "/{id}/credentials", ("GET",), credentials_page, *_HERE, "A link's credentials."),
    Rule(LINKS + "/{id}/secret", ("GET",), secret_page, *_HERE, "Asks about a new secret.", recent=True),
    Rule(
        LINKS + "/{id}/secret",
        ("POST",),
        new_secret,
        Who.ADMINISTRATOR,
        Guard.FORM,
        "Gives a new secret.",
        recent=True,
    ),
)
