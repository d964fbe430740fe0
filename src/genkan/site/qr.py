"""The site's address as a picture that phones can read. It says nothing that the front page does not say."""

from functools import lru_cache
from io import BytesIO

import segno

from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.phone_guide import QR_PATH
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

# Four modules of quiet around the code, as readers want them (ISO/IEC 18004).
QUIET = 4
_HEADERS = (
    (b"content-type", b"image/svg+xml"),
    (b"cache-control", b"public, max-age=300"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


async def qr(received: Received, door: Door) -> Answer:
    """GET /qr.svg: dark on white whatever the page around it looks like, since many readers know nothing else."""
    return Answer(200, _HEADERS, picture(door.public.text))


@lru_cache(maxsize=8)
def picture(text: str) -> bytes:
    """The text as an SVG picture of any size."""
    drawn = BytesIO()
    code = segno.make_qr(text, error="m")
    code.save(drawn, kind="svg", border=QUIET, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return drawn.getvalue()


RULES = (Rule(QR_PATH, ("GET",), qr, Who.ANYONE, Guard.MACHINE, "The site's address as a QR code."),)
