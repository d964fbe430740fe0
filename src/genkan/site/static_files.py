"""Our own stylesheet, scripts and pictures, kept whole in memory and cached for ever by their digest."""

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who


async def static(received: Received, door: Door) -> Answer:
    """GET /static/{digest}/{name}"""
    asset = door.pages.assets.get(received.parameters["name"])
    if asset is None or asset.digest != received.parameters["digest"]:
        return door.pages.refusal(Refused(Reason.NOT_FOUND), received.request_id, received.reader)
    headers = (
        (b"content-type", asset.content_type),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"x-content-type-options", b"nosniff"),
    )
    return Answer(200, headers, asset.body)


RULES = (
    Rule("/static/{digest}/{name}", ("GET",), static, Who.ANYONE, Guard.MACHINE, "Stylesheet, scripts and pictures."),
)
