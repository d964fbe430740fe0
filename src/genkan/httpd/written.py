"""How answers are spelled on the wire (RFC 9112 4): one piece each, head and body together."""

from collections.abc import Iterable
from http import HTTPStatus

from genkan.site.answer import JSON, NO_CONTENT, TOKEN, Answer

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines, each with its end."""
    return b"".join([part for name, value in headers for part in (name, b": ", value, b"\r\n")])


# Most answers to programs have these headers and no others.
_CONSTANT = {headers: lines(headers) for headers in (JSON, TOKEN)}


def whole(answer: Answer, more: bytes, number: str, *, head: bool, last: bool) -> bytes:
    """The answer with ``more`` header lines before its own. ``head``: the request was HEAD; ``last``: then we close.
    Raises ValueError.
    """
    parts = _begun(answer, more, number)
    if answer.status != NO_CONTENT:
        parts.append(b"content-length: %d\r\n" % len(answer.body))
    # RFC 9112 9.6: who will close says so.
    parts.append(b"connection: close\r\n\r\n" if last else b"\r\n")
    if not head:
        # RFC 9110 9.3.2: HEAD is told how long the body would be, and is not sent it.
        parts.append(answer.body)
    return b"".join(parts)


def opened(answer: Answer, more: bytes, number: str, *, chunked: bool, last: bool) -> bytes:
    """The head of an answer that comes in parts (RFC 9112 7.1), or that ends when we close (6.3). Raises ValueError."""
    parts = _begun(answer, more, number)
    if chunked:
        parts.append(b"transfer-encoding: chunked\r\n")
    parts.append(b"connection: close\r\n\r\n" if last else b"\r\n")
    return b"".join(parts)


def chunk(part: bytes) -> bytes:
    """RFC 9112 7.1: one chunk; of nothing, the one that ends the body."""
    return b"%x\r\n%b\r\n" % (len(part), part)


def _begun(answer: Answer, more: bytes, number: str) -> list[bytes]:
    own = _CONSTANT.get(answer.headers)
    if own is None:
        own = lines(answer.headers)
        if not own.count(b"\r") == own.count(b"\n") == len(answer.headers):
            # RFC 9112 11.1: the last line of defence; what a header says is checked where it is made.
            raise ValueError("a line break in a header")
    return [_STATUS_LINES[answer.status], more, own, b"x-request-id: %b\r\n" % number.encode()]


def refusal(status: HTTPStatus, more: bytes) -> bytes:
    """What is said of a request that cannot be read, before the connection closes."""
    body = b'{"error": "invalid_request", "error_description": "%s."}' % status.phrase.encode()
    headers = ((b"content-type", b"application/json;charset=UTF-8"), (b"cache-control", b"no-store"))
    # RFC 9110 10.2.3: who is turned away for now is told when to come back.
    later = ((b"retry-after", b"1"),) if status is HTTPStatus.SERVICE_UNAVAILABLE else ()
    fields = lines((*headers, *later, (b"content-length", b"%d" % len(body)), (b"connection", b"close")))
    return _STATUS_LINES[status] + more + fields + b"\r\n" + body
