"""The site's address as a picture that phones can read. It says nothing that the front page does not say."""

from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.phone_guide import QR_PATH
from genkan.site.qr_picture import picture
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

_HEADERS = (
    (b"content-type", b"image/svg+xml"),
    (b"cache-control", b"public, max-age=300"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


async def qr(received: Received, door: Door) -> Answer:
    """GET /qr.svg: dark on white whatever the page around it looks like, since many readers know nothing else."""
    return Answer(200, _HEADERS, picture(door.public.text))


RULES = (Rule(QR_PATH, ("GET",), qr, Who.ANYONE, Guard.MACHINE, "The site's address as a QR code."),)
