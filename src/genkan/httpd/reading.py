"""What one connection reads: the parser's words become whole, bounded requests. When to stop and what to say is the
connection's to decide.
"""

from abc import ABC, abstractmethod
from enum import Enum, auto
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import httptools

from genkan.httpd.written import lines
from genkan.site.arrival import MOST_BODY_BYTES, Arrival, Secured
from genkan.site.peer import Headers

MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 100
VERSIONS = ("1.1", "1.0")  # RFC 9110 15.6.6; the parser knows others, of which some have no headers to answer with


class Stage(Enum):
    """How much of the request that is being read is here."""

    HEAD = auto()
    BODY = auto()
    WHOLE = auto()


class Stop(httptools.HttpParserError):
    """Makes the parser stop within a read: nothing that follows is read."""


class Reading(ABC):
    """httptools' callbacks. The parser joins a header that comes in pieces anew at each piece, so a header without end
    would cost the square of its length: what belongs to an unfinished head is counted.
    """

    def __init__(self) -> None:
        self._parser = _parser(self)
        self._client, self._scheme = "", "http"
        self._secured: Secured | None = None
        self._url = b""
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._pairs: list[tuple[bytes, bytes]] = []
        self._stage = Stage.HEAD
        self._read = 0  # bytes of the present read
        self._unframed = 0  # bytes of earlier reads that belong to an unfinished head or to what frames a body
        self._moved = False  # the present read has brought a further part, so that it is not known how much of it waits
        self._continued = False  # the client was told to go on
        self._fault = HTTPStatus.BAD_REQUEST  # what is said when the parser stops
        self._over = False  # nothing more is read at all

    def on_message_begin(self) -> None:
        """What one read brings after a whole request shares its bytes with it: they count for neither."""
        self._moved = self._stage is Stage.WHOLE
        self._stage = Stage.HEAD
        self._unframed = 0
        self._continued = False
        self._url, self._pairs, self._body, self._body_bytes = b"", [], [], 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """RFC 9110 6.5.1: trailers are not headers. Those of a chunked body come here too."""
        if self._stage is Stage.HEAD:
            self._pairs.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Refuse what is too much, before a body is waited for."""
        if len(self._pairs) > MOST_HEADERS or (
            self._unframed + self._read > MOST_HEAD_BYTES and self._head_bytes() > MOST_HEAD_BYTES
        ):
            self._fault = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise Stop
        for name, value in self._pairs:
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                # RFC 9112 6.1: a coding that is not understood; left in the body it would be read as what it is not.
                self._fault = HTTPStatus.NOT_IMPLEMENTED
                raise Stop
        if not self._takes_more():
            # RFC 9112 9.3.2: who sends requests ahead of the answers must live with a closed connection.
            raise Stop
        self._stage = Stage.BODY
        self._moved = True
        self._stop_clock()

    def on_body(self, body: bytes) -> None:
        """RFC 9110 15.5.14: a body is read so far and no further."""
        self._moved = True
        self._body.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > MOST_BODY_BYTES:
            self._take(too_large=True)
            raise Stop

    def on_message_complete(self) -> None:
        """A whole request; or one whose body the parser takes for another protocol's."""
        if self._parser.should_upgrade() and self._wish_is_idle():
            return
        self._take(too_large=False)
        if self._over:
            raise Stop

    def _feed(self, data: bytes) -> None:
        """Raises HttpParserError, as the parser does, and Stop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as wish:
            head = self._head_without_wish()
            self._parser = _parser(self)
            self._feed(head + data[wish.args[0] :])

    def _wish_is_idle(self) -> bool:
        """RFC 9110 7.8: a body comes before the protocol that is wished for, and is read as if nothing were wished."""
        has_body = self._announced() > 0 or any(name == b"transfer-encoding" for name, _ in self._pairs)
        return has_body and self._parser.get_method() != b"CONNECT"

    def _head_without_wish(self) -> bytes:
        parser = self._parser
        begun = b"%b %b HTTP/%b\r\n" % (parser.get_method(), self._url, parser.get_http_version().encode())
        return begun + lines(pair for pair in self._pairs if pair[0] != b"upgrade") + b"\r\n"

    @abstractmethod
    def _take(self, *, too_large: bool) -> None:
        """A request is whole, or longer than we read; raises what ``_arrival`` raises."""

    @abstractmethod
    def _takes_more(self) -> bool:
        """Whether one more request may wait for its answer."""

    @abstractmethod
    def _gone(self) -> bool:
        """Whether the other end sends no more."""

    @abstractmethod
    def _stop_clock(self) -> None:
        """What was waited for has come."""

    def _arrival(self, number: str, *, too_large: bool) -> Arrival:
        """The request as it stands. Raises HttpParserInvalidURLError and Stop."""
        parser = self._parser
        path, query = self._target()
        version = parser.get_http_version()
        if version not in VERSIONS:
            self._fault = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
            raise Stop
        keep = version != "1.0" and not too_large and parser.should_keep_alive() and not parser.should_upgrade()
        return Arrival(
            parser.get_method().decode("ascii"),
            path,
            query,
            Headers(self._pairs),
            b"" if too_large else b"".join(self._body),
            self._client,
            self._scheme,
            version,
            number,
            keep,
            too_large,
            self._secured,
            self._gone,
        )

    def _target(self) -> tuple[str, bytes]:
        """Path, decoded, and query."""
        # RFC 9112 3.2: no form of a target has a fragment. Dropped in silence, it would hide the end of a query from us
        # that a proxy has seen.
        if b"#" in self._url:
            raise httptools.HttpParserInvalidURLError("fragment")
        target: Any = httptools.parse_url(self._url)  # whose stubs promise a path where there may be none
        if target.path is None or not target.path.isascii():
            raise httptools.HttpParserInvalidURLError("no path")
        if not self._url.startswith(b"/"):
            self._take_authority(target)
        path: str = target.path.decode("ascii")
        return unquote(path) if "%" in path else path, target.query or b""

    def _take_authority(self, target: Any) -> None:
        """RFC 9112 3.2.2: the authority of a target in absolute form stands for the Host that came beside it."""
        if target.host:
            host = b"[%s]" % target.host if b":" in target.host else target.host
            authority = host if target.port is None else b"%s:%d" % (host, target.port)
            others = [pair for pair in self._pairs if pair[0] != b"host"]
            if len(self._pairs) - len(others) < 2:  # RFC 9112 3.2: two are refused, whatever the target says.
                self._pairs = [(b"host", authority), *others]

    def _head_bytes(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._pairs)

    def _announced(self) -> int:
        # The parser lets a number begin with any number of zeros; Python reads so many digits and no more.
        lengths = [value.lstrip(b"0") or b"0" for name, value in self._pairs if name == b"content-length"]
        return int(lengths[0]) if lengths else 0


def _parser(reading: Reading) -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(reading)
    # Another request behind one that said Connection: close is none of ours, and no reason not to answer the first.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
