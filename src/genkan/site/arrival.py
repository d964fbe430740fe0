"""A request as a server hands it over: whole and bounded, with nothing looked into yet."""

import msgspec

from genkan.site.peer import Headers

MOST_BODY_BYTES = 64 * 1024
# RFC 9110 9.3.1: what a body would mean here is not defined, so none is looked at.
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Arrival(msgspec.Struct, frozen=True):
    """``path`` is decoded, ``client`` the other end's address, ``version`` HTTP's; names of headers are lower-case.

    ``too_large``: the body is longer than MOST_BODY_BYTES, and was not read.
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

    def __repr__(self) -> str:
        # Query, headers and body carry secrets.
        return f"<Arrival {self.number}: {self.method} {self.path}>"
