"""A request as a server hands it over: whole and bounded, with nothing looked into yet."""

from collections.abc import Callable

import msgspec

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.presented import Presented
from genkan.site.peer import Headers

MOST_BODY_BYTES = 64 * 1024
# RFC 9110 9.3.1: what a body would mean here is not defined, so none is looked at.
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Secured(msgspec.Struct, frozen=True):
    """What our own TLS knows of a connection. ``name``: the host that the client asked for (RFC 6066 3). ``asks``: this
    listener asks for a certificate; ``certificate`` is the one that came, whose key the client has, else None.
    """

    name: str | None
    asks: bool
    certificate: Presented | CertificateFault | None = None


def nobody_left() -> bool:
    """Where a server cannot tell whether the client is still there."""
    return False


class Arrival(msgspec.Struct, frozen=True):
    """``path`` is decoded, ``client`` the other end's address, ``version`` HTTP's; names of headers are lower-case.

    ``too_large``: the body is longer than MOST_BODY_BYTES, and was not read. ``secured``: None without TLS of our own.
    ``gone``: whether the other end sends no more, as browsers do only when they leave.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    client: str
    scheme: str
    version: str
    number: str
    keep_alive: bool = True
    too_large: bool = False
    secured: Secured | None = None
    gone: Callable[[], bool] = nobody_left

    def __repr__(self) -> str:
        # Query, headers and body carry secrets.
        return f"<Arrival {self.number}: {self.method} {self.path}>"
