"""One HTTP request as it arrived, read once and never written to; and the ways in which reading it can fail."""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

import msgspec

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site.arrival import nobody_left
from genkan.site.peer import Headers, Peer
from genkan.site.reader import Reader, reader_of

MOST_PARAMETERS = 100
Cookies = dict[str, str | None]


class Malformed(Exception):
    """The request cannot be read as what it should be; raised by ``read`` only and answered in one place."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.value)
        self.refused = Refused(reason, detail)


class Received(msgspec.Struct, frozen=True):
    """A request below the base URL's path. ``recent``: its rule asks for a sign-in of a moment ago. ``gone``: whether
    the other end sends no more, as browsers do only when they leave.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    peer: Peer
    request_id: str
    parameters: dict[str, str]
    recent: bool = False
    gone: Callable[[], bool] = nobody_left

    def __repr__(self) -> str:
        # Query, headers and body carry secrets.
        return f"<Received {self.request_id}: {self.method} {self.path}>"

    @property
    def reader(self) -> Reader:
        """For whom to write as long as nobody is known to be signed in."""
        return reader_of(self.headers, None)

    def header(self, name: bytes) -> str | None:
        """The one value of a header, None when absent. Malformed when it is there twice or is not ASCII."""
        found = self.headers.every(name)
        if not found:
            return None
        if len(found) > 1 or not found[0].isascii():
            raise Malformed(Reason.MALFORMED, f"header {name.decode('ascii', 'replace')}")
        return found[0].decode("ascii")

    def text(self, name: bytes, longest: int) -> str:
        """A header for display or record only: first value, printable, cut at ``longest``."""
        found = self.headers.every(name)
        text = found[0].decode("latin-1") if found else ""
        return (text if text.isprintable() else "".join(c for c in text if c.isprintable()))[:longest]

    def cookie(self, name: str) -> str | None:
        """A cookie's value; where a browser sends two of one name, none is believed."""
        return self.cookies().get(name)

    def cookies(self) -> Cookies:
        """Every cookie's value; where a browser sends two of one name, none is believed."""
        found: Cookies = {}
        for jar in self.headers.every(b"cookie"):
            for part in jar.decode("latin-1").split(";"):
                name, _, value = part.strip().partition("=")
                found[name] = None if name in found else value
        return found


def set_cookie(name: str, value: str, *, secure: bool, longest: int | None, same_site: str = "Lax") -> bytes:
    """A Set-Cookie value for the whole host, never readable by scripts. ``longest`` is seconds; None ends with the
    browser.

    Raises CookieError for a name or value that no cookie may have.
    """
    jar: SimpleCookie = SimpleCookie()
    jar[name] = value
    if value and jar[name].coded_value != value:
        raise CookieError(name)
    parts = [f"{name}={value}", "Path=/", "HttpOnly", f"SameSite={same_site}"]
    if secure:
        parts.append("Secure")
    if longest is not None:
        parts.append(f"Max-Age={longest}")
    return "; ".join(parts).encode("ascii")
