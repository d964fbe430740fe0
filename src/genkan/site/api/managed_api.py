"""The managed app configuration by REST: this site's artefact for each MDM, and what is wrong with a value."""

from msgspec import Struct

from genkan.mdm.build import NotBuilt, build
from genkan.mdm.forms import target_named
from genkan.mdm.targets import Target
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.asked import parameters
from genkan.site.api.bodies import read_body
from genkan.site.api.managed_checked import checked
from genkan.site.api.managed_documents import ManagedFindingDocument, finding_document
from genkan.site.api.openapi import Operation, Query
from genkan.site.door import Door
from genkan.site.phone_guide import site_entry
from genkan.site.received import Malformed, Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import load_switch
from genkan.wire.managed import SiteEntry

PATH = "/rest/genkan/1.0/managed-configuration"
CHECK = PATH + "/check"
FOR = Query("for", "string", "The MDM or form.", choices=tuple(target.value for target in Target))
BUNDLE_ID = Query("bundleId", "string", "The app's bundle id on iOS, for mobileconfig and appconfig.")


class ManagedFileDocument(Struct, frozen=True, kw_only=True):
    """A further file of the same set-up."""

    filename: str
    text: str


class ArtefactDocument(Struct, frozen=True, kw_only=True, rename={"target": "for", "media_type": "mediaType",
                       "paste_it_here": "pasteItHere"}):  # fmt: skip
    """What one MDM takes, and where to paste it."""

    target: str
    filename: str
    media_type: str
    text: str
    beside: tuple[ManagedFileDocument, ...]
    paste_it_here: tuple[str, ...]


class ManagedCheckBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"target": "for"}):
    """The value of ``sites``, or a whole file of any form, as text; ``for`` is the MDM that is to take it, if that is
    known: its form is checked too.
    """

    value: str
    target: str | None = None


class ManagedOAuthDocument(Struct, frozen=True, kw_only=True, rename={"client_id": "clientID",
                    "cache_session": "cacheSessionInMobileBrowser"}):  # fmt: skip
    """How the app signs in there."""

    client_id: str
    cache_session: bool


class ManagedSiteDocument(Struct, frozen=True, kw_only=True, rename={"base_url": "baseURL", "skip_info": "skipInfo"}):
    """A site that a phone can use."""

    title: str | None
    base_url: str
    oauth: ManagedOAuthDocument | None
    skip_info: bool


class ManagedCheckDocument(Struct, frozen=True, kw_only=True):
    """What a check came to. ``mended`` is the text put right as far as it can be, null where nothing can be made of
    it; ``left`` are the findings that are then left to a person.
    """

    findings: tuple[ManagedFindingDocument, ...]
    sites: tuple[ManagedSiteDocument, ...]
    format: str
    mended: str | None
    left: tuple[ManagedFindingDocument, ...]


async def build_managed(received: Received, door: Door) -> Answer:
    """GET managed-configuration: this site's artefact for one MDM."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    asked = parameters(received, (FOR, BUNDLE_ID))
    site, link = await load_switch(door.store)
    entry = site_entry(await door.title(), door.public.text, link if site.mobile_enabled else None)
    target, bundle_id = Target(asked.get("for", Target.VALUE.value)), asked.get("bundleId", "")
    built = build(target, [entry], bundle_id=bundle_id, allow_http=not door.public.secure)
    if isinstance(built, NotBuilt):
        raise Malformed(Reason.INVALID_VALUE, f"bundleId: {target} needs the app's bundle id")
    document = ArtefactDocument(
        target=target.value,
        filename=built.filename,
        media_type=built.media_type,
        text=built.text,
        beside=tuple(ManagedFileDocument(filename=name, text=text) for name, text in built.beside),
        paste_it_here=built.guide.steps,
    )
    return answer.json(document)


async def check_managed(received: Received, door: Door) -> Answer:
    """POST managed-configuration/check: what is wrong with a value; nothing is kept."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    body = read_body(received, ManagedCheckBody)
    found, mended = await checked(body.value.encode("utf-8", "replace"), _target(body.target), received)
    document = ManagedCheckDocument(
        findings=tuple(map(finding_document, found.findings)),
        sites=tuple(map(_site, found.sites)),
        format=found.kind.value,
        mended=None if mended.octets is None else mended.octets.decode("utf-8", "replace"),
        left=tuple(map(finding_document, mended.left)),
    )
    return answer.json(document)


def _target(name: str | None) -> Target | None:
    target = None if name is None else target_named(name)
    if name is not None and target is None:
        raise Malformed(Reason.INVALID_VALUE, f"for: {', '.join(Target)}")
    return target


def _site(site: SiteEntry) -> ManagedSiteDocument:
    oauth = None
    if site.oauth is not None:
        share = site.oauth.cache_session_in_mobile_browser
        oauth = ManagedOAuthDocument(client_id=site.oauth.client_id, cache_session=share)
    return ManagedSiteDocument(title=site.title, base_url=site.base_url, oauth=oauth, skip_info=site.skip_info)


OPERATIONS = (
    Operation(
        Rule(PATH, ("GET",), build_managed, Who.ADMINISTRATOR, Guard.MACHINE, "This site's configuration for an MDM."),
        ArtefactDocument,
        query=(FOR, BUNDLE_ID),
    ),
    Operation(
        Rule(CHECK, ("POST",), check_managed, Who.ADMINISTRATOR, Guard.MACHINE, "Checks a managed configuration."),
        ManagedCheckDocument,
        ManagedCheckBody,
    ),
)
