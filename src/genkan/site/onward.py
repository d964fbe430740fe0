"""Where somebody was going who makes a new way in first: carried along by the pages that make one, and shown there."""

from dataclasses import dataclass
from urllib.parse import urlencode

from genkan.protocol.env import Env
from genkan.protocol.interaction import seal_interaction
from genkan.site.door import Door
from genkan.site.read import Form
from genkan.site.sign_in_form import GOING_ON, HUB, interaction_of, next_address


@dataclass(frozen=True, slots=True)
class Onward:
    """The address that leads on, and the application that waits there; empty where it is a page of the site."""

    address: str
    application: str


def carried(parameters: Form) -> dict[str, str]:
    """For the hidden fields of a form."""
    return {name: parameters[name] for name in GOING_ON if parameters.get(name)}


def along(path: str, parameters: Form) -> str:
    """The address of a page that carries it on."""
    kept = carried(parameters)
    return f"{path}?{urlencode(kept)}" if kept else path


async def onward(parameters: Form, door: Door, env: Env) -> Onward | None:
    """What the page shows; None where nobody waits, or not any more."""
    interaction = interaction_of(parameters, door, env)
    link = await door.store.link(interaction.link_id) if interaction else None
    if interaction is not None and link is not None:
        return Onward(f"{door.public.text}{HUB}/{seal_interaction(door.sealer, interaction, env)}", link.name)
    there = next_address(parameters.get("next", ""), door)
    return None if there == door.public.text + "/" else Onward(there, "")
