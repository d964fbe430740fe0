"""The console's phone preview: what a phone shows with a value, screen by screen, and the real sign-in to try."""

from dataclasses import dataclass

from genkan.mdm import check as checking
from genkan.mdm.preview import PHONES, REDIRECT, Asked, Here, Phone, Screen, Shows, walk
from genkan.site import console
from genkan.site.admin.managed_said import MOST_SHOWN, said
from genkan.site.answer import Answer
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.phone_guide import mdm_value
from genkan.site.phone_preview import here
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import load_switch
from genkan.wire.managed import Managed
from genkan.wire.urls import LONGEST

HERE = "/admin/mobile/preview"
MOST_ON_A_PHONE = 20
MOST_FAULTS_ON_A_PHONE = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A screen as the page draws it. ``step``: how far along the way, the same for those that come instead of each
    other; ``trial``: where the real sign-in is tried out, empty where it cannot be.
    """

    screen: Screen
    step: int
    trial: str


async def show(received: Received, door: Door) -> Answer:
    """GET /admin/mobile/preview: this site's own value on an iPhone."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    site, link = await load_switch(door.store)
    own = mdm_value(await door.title(), door.public.text, link if site.mobile_enabled else None)
    return await _page(inside, door, {"pasted": own, "address": door.public.text})


async def preview(received: Received, door: Door) -> Answer:
    """POST /admin/mobile/preview: what was pasted, on the phone that was chosen. Nothing is kept."""
    inside = await console.entrance(received, door, back=HERE)
    if isinstance(inside, Answer):
        return inside
    return await _page(inside, door, inside.form)


async def _page(inside: Inside, door: Door, form: dict[str, str]) -> Answer:
    pasted, asked = form.get("pasted", ""), _asked(form)
    report = checking.check(pasted.encode("utf-8", "replace")) if pasted.strip() else None
    managed = report.managed if report is not None else Managed(())
    known = await here(managed, door)
    values = {
        "phones": [{"value": phone.value, "words": words} for phone, words in PHONES.items()],
        "phone": asked.phone.value,
        "pasted": pasted,
        "address": asked.address,
        "screens": [] if inside.again else drawn(walk(managed, asked, known), known, door.public.path),
        "redirect": REDIRECT,
        "most": MOST_ON_A_PHONE,
        "most_faults": MOST_FAULTS_ON_A_PHONE,
        "findings": said(managed.findings[:MOST_SHOWN]),
        "more": max(0, len(managed.findings) - MOST_SHOWN),
    }
    return console.page(inside, door, "admin_preview.html", values)


def _asked(form: dict[str, str]) -> Asked:
    phone, site = form.get("phone", ""), form.get("site", "")
    return Asked(
        Phone(phone) if phone in {known.value for known in Phone} else Phone.IOS,
        int(site) if site.isascii() and site.isdigit() and len(site) < 5 else 0,
        form.get("address", "")[: LONGEST + 1],
    )


def drawn(screens: tuple[Screen, ...], known: Here, path: str) -> list[Drawn]:
    """Each screen with the address at which its sign-in can be tried, where the provider would let it begin."""
    links = f"{path}/admin/links"
    return [
        Drawn(screen, _step(at, screen), f"{links}/{screen.tried}/trial" if screen.tried in known.answers else "")
        for at, screen in enumerate(screens, 1)
    ]


def _step(at: int, screen: Screen) -> int:
    """What can come in place of the sign-in is as far along as that."""
    return 2 if screen.when is not None and screen.shows is Shows.FAULT else at


RULES = (
    Rule(HERE, ("GET",), show, Who.ADMINISTRATOR, Guard.PAGE, "What a phone shows with this site's configuration."),
    Rule(
        HERE,
        ("POST",),
        preview,
        Who.ADMINISTRATOR,
        Guard.FORM,
        "Shows what a phone shows with a value that was pasted.",
        recent=False,
    ),
)
