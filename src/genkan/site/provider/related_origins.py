"""Where else passkeys of a host may be used: the document that browsers ask the host for (WebAuthn 5.11.1). A site that
moved goes on answering for its former host, so that the passkeys of before the move go on working.
"""

from genkan.protocol.signin.passkey_options import related_origins
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

PATH = "/.well-known/webauthn"
# The type is fixed; the same for everybody, so that caches may have it for minutes.
_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"public, max-age=300"))


async def document(received: Received, door: Door) -> Answer:
    """GET /.well-known/webauthn: the site's own origins, the present one first."""
    return answer.json({"origins": related_origins(door.public, door.settings.former)}, headers=_HEADERS)


RULES = (
    Rule(
        PATH, ("GET",), document, Who.ANYONE, Guard.MACHINE, "Origins that may use the passkeys of this host.",
        also_at=PATH,
    ),
)  # fmt: skip
