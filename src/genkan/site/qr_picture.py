"""A text as a picture that phones can read: dark on white, whatever is around it."""

from functools import lru_cache
from io import BytesIO, StringIO

import segno

# Four modules of quiet around the code, as readers want them (ISO/IEC 18004).
QUIET = 4


@lru_cache(maxsize=8)
def picture(text: str) -> bytes:
    """The text as an SVG picture of any size."""
    drawn = BytesIO()
    code = segno.make_qr(text, error="m")
    code.save(drawn, kind="svg", border=QUIET, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return drawn.getvalue()


def blocks(text: str) -> str:
    """The same for a terminal, in half blocks, for light letters on a dark ground as most terminals have them."""
    drawn = StringIO()
    segno.make_qr(text, error="l").terminal(out=drawn, border=QUIET, compact=True)
    return drawn.getvalue()
