"""The state of this installation by REST: everything that the health page shows."""

from genkan.protocol.outcomes import Refused
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.administrators import administrator, turn_away
from genkan.site.api.documents import mobile_document
from genkan.site.api.installation import load_installation
from genkan.site.api.installation_documents import InstallationDocument, installation_document
from genkan.site.api.openapi import Operation
from genkan.site.api.request_seen import request_seen
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import load_switch

PATH = "/rest/genkan/1.0/installation"


async def show_installation(received: Received, door: Door) -> Answer:
    """GET installation: looks, and changes nothing."""
    caller = await administrator(received, door)
    if isinstance(caller, Refused):
        return turn_away(caller, received, door)
    seen = await load_installation(door)
    mobile = mobile_document(*await load_switch(door.store)).enabled
    return answer.json(installation_document(seen, request_seen(received, door), door, mobile=mobile))


OPERATIONS = (
    Operation(
        Rule(PATH, ("GET",), show_installation, Who.ADMINISTRATOR, Guard.MACHINE, "The state of this installation."),
        InstallationDocument,
    ),
)
