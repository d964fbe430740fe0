"""What the sign-in page is given where it is shown inside another app: the way to the phone's own browser."""

from dataclasses import dataclass
from urllib.parse import urlencode

from genkan.protocol.webviews import System, embedded, intent_of
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.read import Form

# Somebody whose browser is taken for a web view, and is none, says so with this parameter.
ANYWAY = "embedded"


@dataclass(frozen=True, slots=True)
class WayOut:
    """``address`` opens the same sign-in in any browser, ``intent`` on Android by a tap (empty elsewhere); ``anyway``
    shows this page as to any browser.
    """

    app: str
    system: System
    address: str
    intent: str
    anyway: str


def way_out(parameters: Form, address: str, who: Visitor, door: Door) -> WayOut | None:
    """None in a browser. ``address`` is where sign-in begins anew with nothing lost: the hub, for an application."""
    view = None if parameters.get(ANYWAY) == "no" else embedded(who.user_agent)
    if view is None:
        return None
    intent = intent_of(address) if view.system is System.ANDROID else ""
    kept = {name: parameters[name] for name in ("interaction", "next", "acr_values") if parameters.get(name)}
    anyway = f"{door.public.path}/login?{urlencode({**kept, ANYWAY: 'no'})}"
    return WayOut(view.app, view.system, address, intent, anyway)
