"""What pages of other origins may read (CORS): what is public anyway, and what a public client is told at the token
endpoint. No cookie counts there, so every origin may ask, and none is named.
"""

from genkan.site.answer import Answer, Headers
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

READABLE: Headers = ((b"access-control-allow-origin", b"*"),)
_PREFLIGHT = Answer(
    204,
    (
        *READABLE,
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type"),
        (b"access-control-max-age", b"86400"),
    ),
)


async def preflight(received: Received, door: Door) -> Answer:
    """OPTIONS: the question that a browser asks first (Fetch 3.3). Without an Authorization header: who has a secret is
    no page.
    """
    return _PREFLIGHT


def preflights(*paths: str) -> tuple[Rule, ...]:
    """The routes of the question."""
    about = "What pages of other origins may send here."
    return tuple(Rule(path, ("OPTIONS",), preflight, Who.ANYONE, Guard.MACHINE, about) for path in paths)
