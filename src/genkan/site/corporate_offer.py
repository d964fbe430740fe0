"""The buttons that lead from the sign-in page to the organisation's own sign-in."""

from dataclasses import dataclass
from urllib.parse import urlencode

from genkan.site.door import Door
from genkan.site.read import Form

BELOW = "/login/openid"
CARRIED = ("next", "acr_values")
CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Button:
    """One provider: what people read on it, and where it leads."""

    title: str
    address: str


def buttons(parameters: Form, door: Door) -> tuple[Button, ...]:
    """One for each OpenID provider, in the order of the file; the way goes on as the page's own parameters say."""
    return tuple(
        Button(upstream.source.title, start_address(name, parameters, door))
        for name, upstream in door.sign_on.upstreams.items()
    )


def confirming_buttons(parameters: Form, source: str, door: Door) -> tuple[Button, ...]:
    """The provider that this session came by: it can say once more who is there."""
    upstream = door.sign_on.upstreams.get(source)
    if upstream is None:
        return ()
    return (Button(upstream.source.title, start_address(source, {**parameters, CONFIRM: "1"}, door)),)


def start_address(name: str, parameters: Form, door: Door) -> str:
    """The address that begins a sign-in at a provider. What was typed into a form is too long for one."""
    kept = {key: parameters[key] for key in ("interaction", CONFIRM, *CARRIED) if parameters.get(key)}
    return f"{door.public.path}{BELOW}/{name}" + (f"?{urlencode(kept)}" if kept else "")
