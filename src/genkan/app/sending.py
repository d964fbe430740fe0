"""What a program hands to the library for a request, and what it gets of the outcome: values in, or an exception.

Owns the turning of outcomes into exceptions for both faces of the library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from genkan.app.files import is_file, source_of
from genkan.app.keeping import read_account
from genkan.app.outcomes import Access, Problem, SignedOut
from genkan.app.reply import Reply, reply_of
from genkan.app.state import Account, Site
from genkan.app.steps import Answer, Call, Sink, Source
from genkan.app.troubles import ApiRefused, trouble_of
from genkan.wire.uri import has_dot_segment
from genkan.wire.urls import join

JSON = "application/json"
ANY = "*/*"
OWN_HEADERS = frozenset({"authorization", "host", "content-length", "transfer-encoding", "connection", "cookie"})
LONGEST_SECONDS = 7 * 24 * 3600
TOKEN = frozenset(ascii_letters + digits + "!#$%&'*+-.^_`|~")


def headers_of(given: Mapping[str, str] | None, *, has_json: bool, accept: str = JSON) -> tuple[tuple[str, str], ...]:
    """The caller's headers, with those that JSON wants where the caller does not say otherwise.

    Raises ``ValueError`` for one that cannot be sent.
    """
    headers = dict(given or {})
    for name, value in headers.items():
        see_header(name, value)
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"the header {name} is the session's own to send")
    named = {name.lower() for name in headers}
    if "accept" not in named:
        headers["Accept"] = accept
    if has_json and "content-type" not in named:
        headers["Content-Type"] = JSON
    return tuple(headers.items())


def see_header(name: str, value: str) -> None:
    """Raise ``ValueError`` for a header that cannot be sent; its value is not quoted, for it may be a secret."""
    # RFC 9110 5.6.2: a name is a token; 5.5: a value has no line end in it, and beyond ASCII no meaning that is known
    if not _is_token(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if not all(" " <= character <= "~" or character == "\t" for character in value):
        raise ValueError(f"the header {name} holds a character that cannot be sent")


def checked_method(method: str) -> str:
    """The method, or ``ValueError``."""
    # RFC 9110 9.1: a method is a token
    if not _is_token(method):
        raise ValueError(f"{method!r} is not a method of HTTP")
    return method


def _is_token(text: str) -> bool:
    return bool(text) and TOKEN.issuperset(text)


def see_path(site: Site, path: str) -> None:
    """Raise ``ValueError`` for a path that is not below the site."""
    join(site.base_url, path)


def see_below(site: Site, url: str) -> None:
    """Raise ``ValueError`` for an address that is not the site's own: its token is sent nowhere else."""
    asked, own = urlsplit(url), urlsplit(site.base_url)
    path = unquote(asked.path)
    same = (asked.scheme.lower(), asked.hostname, _port(asked)) == (own.scheme, own.hostname, _port(own))
    below = path == own.path or path.startswith(own.path.rstrip("/") + "/")
    # RFC 3986 5.2.4: a server takes dot segments out, and what is left may lie elsewhere
    if not same or not below or has_dot_segment(asked.path) or asked.username is not None:
        raise ValueError(f"{asked.hostname} with this path is not at {site.name}: its token is not sent there")


def is_below(site: Site, url: str) -> bool:
    """Whether an address is the site's own."""
    try:
        see_below(site, url)
    except ValueError:
        return False
    return True


def path_below(site: Site, url: str) -> str:
    """What such an address asks for below the site's; raises ``ValueError`` as ``see_below`` does."""
    see_below(site, url)
    return urlsplit(url).path[len(urlsplit(site.base_url).path) :]


def _port(parts: SplitResult) -> int | None:
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower())


def encoded(value: object) -> bytes:
    """A body of JSON; raises ``ValueError`` for what JSON cannot say."""
    try:
        return msgspec.json.encode(value)
    except (TypeError, OverflowError, RecursionError, UnicodeError, msgspec.MsgspecError) as wrong:
        # Only its kind: the value may hold a secret.
        raise ValueError(f"the body cannot be sent as JSON ({type(wrong).__name__})") from None


@dataclass(frozen=True, slots=True)
class Given:
    """What a program says of one request; ``timeout`` is in seconds, ``accept`` what headers without it stand for."""

    method: str
    path: str
    json: object = field(default=None, repr=False)
    body: bytes | Path | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    timeout: float | None = None
    accept: str = JSON


def call_of(given: Given) -> Call:
    """The request that is meant; raises ``ValueError`` for what cannot be sent, ``OSError`` for what cannot be read."""
    headers = headers_of(given.headers, has_json=given.json is not None, accept=given.accept)
    content = content_of(given.json, given.body)
    return Call(checked_method(given.method), given.path, headers, content, seconds=checked_seconds(given.timeout))


def content_of(json: object, body: bytes | Path | None) -> bytes | Source | None:
    """The one body that is meant; raises ``ValueError`` for two."""
    if json is None:
        return source_of([body]) if isinstance(body, Path) else body
    if body is not None:
        raise ValueError("give json or body, not both")
    return encoded(json)


def taker_of(to: object, *, waits: bool = True) -> Path | Sink:
    """Where a download goes, or ``TypeError``; ``waits`` is for what is called and not awaited."""
    if isinstance(to, Path):
        return to
    if not callable(to) or (waits and iscoroutinefunction(to)):
        raise TypeError("a download goes to a pathlib.Path, or to a function that is called with each piece")
    return Sink(to, waits=waits)


def checked_seconds(timeout: float | None) -> float | None:
    """The most seconds of an exchange, or ``ValueError``."""
    if timeout is not None and not 0 < timeout <= LONGEST_SECONDS:
        raise ValueError(f"a timeout is a number of seconds above 0, and at most {LONGEST_SECONDS} (a week)")
    return timeout


def access_in(found: Access | Problem) -> Access:
    """The access token, or the exception for why there is none."""
    if isinstance(found, Access):
        return found
    raise trouble_of(found)


def reply_in(found: Answer | Problem, site: Site) -> Reply:
    """The answer, or the exception for why there is none."""
    if isinstance(found, Answer):
        return reply_of(found, site.name)
    raise trouble_of(found)


def file_in(reply: Reply) -> Reply:
    """The answer whose body was a file; raises ``ApiRefused`` for any other, a page in the place of one included."""
    if not is_file(reply.checked().status, reply.headers):
        raise ApiRefused(f"{reply.site} answered with a web page where a file belongs.", reply.status)
    return reply


def account_in(found: Answer | Problem, site: Site) -> Account:
    """The account in the site's ``myself`` document."""
    reply = reply_in(found, site).checked()
    account = read_account(Answer(reply.status, reply.headers, reply.body))
    if account is None:
        raise ApiRefused(f"{site.name} does not say who is signed in.", reply.status)
    return account


def see_ended(outcome: SignedOut | Problem, *, forget: bool) -> None:
    """Raise what kept a session from being ended, unless it was to be forgotten all the same."""
    if not isinstance(outcome, SignedOut) and not forget:
        raise trouble_of(outcome)
