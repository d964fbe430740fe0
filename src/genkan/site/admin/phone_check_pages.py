"""The console's side of a check from a phone: the QR code, and what phones tell while one looks on."""

import hashlib

from genkan.protocol.env import Env
from genkan.protocol.phone_checks import KEPT, LIFE, Check, issue, open_check
from genkan.site import console, phone_checked
from genkan.site.answer import Answer, redirect
from genkan.site.door import Door
from genkan.site.qr_picture import picture
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

PATH = "/admin/health/phone"
HERE = PATH + "/{check}"
_PICTURE = (
    (b"content-type", b"image/svg+xml"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)
# htmx asks no more after this status.
_ENOUGH = 286


async def before(received: Received, door: Door) -> Answer:
    """GET /admin/health/phone: what it is, and the button."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    return console.page(inside, door, "phone_checks.html", {**_frame(door), "link": ""})


async def make(received: Received, door: Door) -> Answer:
    """POST /admin/health/phone: a new check, which is kept nowhere but in its address."""
    inside = await console.entrance(received, door, back=PATH)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, PATH)
    return redirect(f"{door.public.text}{PATH}/{issue(door.sealer, door.env()).sealed}", 303)


async def show(received: Received, door: Door) -> Answer:
    """GET /admin/health/phone/{check}: the code while it opens, and every phone that told something."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    env = door.env()
    check = _check(received, door, env)
    if check is None:
        return console.not_found(inside, received, door)
    sealed = received.parameters["check"]
    values = {
        **_frame(door),
        "link": phone_checked.address_of(sealed, door.public),
        "picture_url": f"{door.public.path}{PATH}/{sealed}/picture",
        "here_url": f"{door.public.path}{PATH}/{sealed}",
        "opens": env.now <= check.expires_at,
        "expires_at": check.expires_at,
        **await _seen(check, sealed, door, env),
    }
    return console.page(inside, door, "phone_checks.html", values)


async def seen(received: Received, door: Door) -> Answer:
    """GET /admin/health/phone/{check}/seen: that part of the page anew, or 204 where it would say the same."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    env = door.env()
    check = _check(received, door, env)
    if check is None:
        return console.not_found(inside, received, door)
    values = await _seen(check, received.parameters["check"], door, env)
    if values["waiting"] and inside.query.get("known") == values["known"]:
        return Answer(204, ((b"cache-control", b"no-store"),))
    status = 200 if values["waiting"] else _ENOUGH
    return door.pages.page("phone_checks_seen.html", values, inside.reader, status=status)


async def image(received: Received, door: Door) -> Answer:
    """GET /admin/health/phone/{check}/picture: the address as a QR code."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    if _check(received, door, door.env()) is None:
        return console.not_found(inside, received, door)
    return Answer(200, _PICTURE, picture(phone_checked.address_of(received.parameters["check"], door.public)))


def _check(received: Received, door: Door, env: Env) -> Check | None:
    return open_check(received.parameters["check"], door.sealer, env, KEPT)


async def _seen(check: Check, sealed: str, door: Door, env: Env) -> dict[str, object]:
    """``known`` changes when anything would be said otherwise."""
    found = await phone_checked.checked_of(check, door, env.now)
    said = [(one.visit.id, one.visit.version, [probe.answered for probe in one.probes]) for one in found]
    known = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    return {
        "phones": [phone_checked.shown(one) for one in found],
        # Whoever opened the address in time may still tell something.
        "waiting": env.now <= check.expires_at + LIFE,
        "known": known,
        "seen_url": f"{door.public.path}{PATH}/{sealed}/seen?known={known}",
    }


def _frame(door: Door) -> dict[str, object]:
    return {
        "action": door.public.path + PATH,
        "health_url": f"{door.public.path}/admin/health",
        "loopback": door.public.is_loopback,
    }


_ADMIN, _PAGE = Who.ADMINISTRATOR, Guard.PAGE
RULES = (
    Rule(PATH, ("GET",), before, _ADMIN, _PAGE, "Where a phone is asked to look at the site."),
    Rule(PATH, ("POST",), make, _ADMIN, Guard.FORM, "Makes a check from a phone.", recent=False),
    Rule(HERE, ("GET",), show, _ADMIN, _PAGE, "A check’s QR code, and what phones told."),
    Rule(HERE + "/seen", ("GET",), seen, _ADMIN, _PAGE, "What phones told, as a part of that page."),
    Rule(HERE + "/picture", ("GET",), image, _ADMIN, _PAGE, "The QR code as a picture."),
)
