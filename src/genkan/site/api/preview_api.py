"""The phone preview by REST: the screens that a phone shows with a value, in order."""

from typing import Literal

from msgspec import Struct

from genkan.mdm import check as checking
from genkan.mdm.preview import Asked, Phone, Screen, walk
from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.bodies import read_body
from genkan.site.api.managed_documents import ManagedFindingDocument, finding_document
from genkan.site.api.openapi import Operation
from genkan.site.door import Door
from genkan.site.phone_preview import here
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.wire.managed import Managed

PATH = "/rest/genkan/1.0/managed-configuration/preview"


class PreviewBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The value of ``sites``, or a whole file of any form; empty where the MDM delivers nothing. ``site`` counts from
    0 among those that the first screen lists; ``address`` is typed, on a phone without MDM.
    """

    value: str = ""
    phone: Literal["ios", "unmanaged", "android"] = "ios"
    site: int = 0
    address: str = ""


class PreviewSiteDocument(Struct, frozen=True, kw_only=True, rename={"base_url": "baseURL"}):
    """A line of the list."""

    title: str
    base_url: str


class ScreenDocument(Struct, frozen=True, kw_only=True):
    """One screen. ``shows``: sites, straight, address, fault, browser, refused, in-app or signed-in; ``when``: under
    which circumstance, null where there is one way only; ``address``: in the browser's bar or the field for it.
    """

    shows: str
    title: str
    text: tuple[str, ...]
    caption: str
    when: str | None
    address: str
    private: bool
    sites: tuple[PreviewSiteDocument, ...]
    problems: tuple[ManagedFindingDocument, ...]


class PreviewDocument(Struct, frozen=True, kw_only=True):
    """The screens in order, and everything that was found in the value."""

    screens: tuple[ScreenDocument, ...]
    findings: tuple[ManagedFindingDocument, ...]


async def preview_managed(received: Received, door: Door) -> Answer:
    """POST managed-configuration/preview: what a phone shows with a value; nothing is kept."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, PreviewBody)
    octets = body.value.encode("utf-8", "replace")
    managed = checking.check(octets).managed if body.value.strip() else Managed(())
    screens = walk(managed, Asked(Phone(body.phone), body.site, body.address), await here(managed, door))
    document = PreviewDocument(
        screens=tuple(map(_screen, screens)), findings=tuple(map(finding_document, managed.findings))
    )
    return answer.json(document)


def _screen(screen: Screen) -> ScreenDocument:
    return ScreenDocument(
        shows=screen.shows.value,
        title=str(screen.title),
        text=tuple(map(str, screen.text)),
        caption=str(screen.caption),
        when=str(screen.when) if screen.when is not None else None,
        address=screen.address,
        private=screen.private,
        sites=tuple(PreviewSiteDocument(title=one.title, base_url=one.base_url) for one in screen.choices),
        problems=tuple(map(finding_document, screen.problems)),
    )


OPERATIONS = (
    Operation(
        Rule(PATH, ("POST",), preview_managed, Who.ADMINISTRATOR, Guard.MACHINE, "Shows what a phone shows."),
        PreviewDocument,
        PreviewBody,
    ),
)
