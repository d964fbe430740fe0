"""What the site calls itself: the operator's setting, else what administrators chose, else the program's name."""

from genkan.protocol.actors import address_of
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Event, EventKind, NameSite, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site

TITLE_CHARACTERS = 100
UNNAMED = "Genkan"


def title_of(setting: str, site: Site) -> str:
    """The name on pages, in serverInfo and in MDM values."""
    return setting or site.title or UNNAMED


def title_fault(title: str) -> Refused | None:
    """Why a text cannot be the site's name; nothing at all takes a chosen name back."""
    if len(title) > TITLE_CHARACTERS or not title.isprintable():
        return Refused(Reason.INVALID_VALUE, f"site name: up to {TITLE_CHARACTERS} printable characters")
    return None


def named(site: Site, title: str, actor: str, env: Env, *, setting: str = "") -> Change | Refused:
    """The change that names the site; empty where it is called so already. Under a setting it would change nothing."""
    wanted = title.strip()
    fault = Refused(Reason.NAME_IS_SET) if setting else title_fault(wanted)
    if fault is not None:
        return fault
    if wanted == site.title:
        return Change(())
    event = Event(EventKind.SITE_NAMED, env.now, actor, address=address_of(actor), detail=wanted)
    return Change((NameSite(wanted, site.version),), (event,))
