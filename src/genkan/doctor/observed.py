"""What was seen of a site from outside, as values: names, connections, handshakes, answers. Judges nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from genkan.doctor.saying import plain, say
from genkan.wire.jsontext import decode_object, shown
from genkan.wire.login_info import LoginInfo
from genkan.wire.sentences import Sentence
from genkan.wire.urls import BaseURL

APP_REDIRECT = "jira-server://oauth-callback"
CONFLUENCE_REDIRECT = "confluence-server://oauth-callback"
APP_SCOPE = "WRITE"


class Silence(StrEnum):
    """Why there is no answer."""

    CONNECTION = "connection"  # nobody takes the connection, or it breaks
    TLS = "tls"  # the handshake fails
    CLIENT_CERTIFICATE = "client certificate"  # the server wants one before it answers
    SLOW = "slow"
    GARBAGE = "garbage"  # what came is no HTTP
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Silent:
    """A question without an answer."""

    url: str
    silence: Silence
    detail: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, of any status. Names of headers are in lower case; ``at`` is this machine's clock when it came."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    ms: int
    at: int

    def header(self, name: str) -> str:
        """The first header of this name, empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All headers of this name."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def redirects(self) -> bool:
        """Whether it sends the caller elsewhere."""
        return 300 <= self.status <= 399 and bool(self.header("location"))

    @property
    def target(self) -> str:
        """Where it sends the caller, in full; empty where that cannot be read."""
        try:
            return urljoin(self.url, self.header("location"))
        except ValueError:
            return ""

    @property
    def json(self) -> Mapping[str, object] | None:
        """The JSON object that it carries, else None."""
        return decode_object(self.body)

    @property
    def text(self) -> str:
        """The body as text, for looking for words in it."""
        return self.body[:65536].decode("utf-8", "replace")

    @property
    def briefly(self) -> Sentence:
        """Status, and what kind of thing came or where it leads; never a query, which may hold a session."""
        if self.redirects:
            return say("%(status)s, to %(place)s", status=self.status, place=place(self.target))
        kind = shown(self.header("content-type").partition(";")[0].strip(), 60)
        return plain(f"{self.status}" + (f", {kind}" if kind else ""))


Answered = Heard | Silent


def place(url: str) -> str:
    """Scheme, host and path of an address, fit to be shown."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an address that cannot be read"
    text = f"{parts.scheme}://{host}{parts.path}" if host or parts.scheme else parts.path
    return shown(text, 200) or "an empty address"


def host_of(url: str) -> str:
    """The host of an address in lower case, empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def path_of(url: str) -> str:
    """The path of an address, empty where it cannot be read."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def origin_of(url: str) -> str:
    """Scheme, host and port of an address with the scheme's own port left out; empty where it cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    spelled = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{spelled}" + ("" if port in {None, usual} else f":{port}")


@dataclass(frozen=True, slots=True)
class Names:
    """What the host's name leads to; ``fault`` says why it leads nowhere, ``silent`` that nobody said anything."""

    addresses: tuple[str, ...] = ()
    fault: Sentence | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """One address that was tried; ``fault`` is None where somebody took the connection. ``unrouted``: this machine has
    no way to such addresses at all, which tells nothing of the site; ``silent``: nobody said anything.
    """

    address: str
    fault: Sentence | None = None
    unrouted: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Handshake:
    """One TLS handshake with everything offered. ``chain`` is what the server sent, its own certificate first;
    ``path`` is the way to the root that was taken where it is trusted;
    ``refused`` says why the chain is not trusted, empty where it is; ``fault`` why there was no handshake at all.
    """

    version: str = ""
    cipher: str = ""
    alpn: str = ""
    chain: tuple[bytes, ...] = ()
    refused: str = ""
    refused_code: int = 0
    fault: Sentence | None = None
    wants_certificate: bool = False
    path: tuple[bytes, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether somebody who looks closely would go on."""
        return not self.fault and not self.refused


class Q(StrEnum):
    """The questions that are asked by HTTP."""

    SERVER_INFO = "serverInfo"
    INFO_LOGIN = "info/login"
    INFO_LOGIN_OLD = "info/login 1.0"
    LOGIN_OPTIONS = "login-options"
    MANIFEST = "manifest"
    INFO_BELOW = "serverInfo where the page leads"
    MANIFEST_BELOW = "manifest where the page leads"
    METADATA = "metadata"
    METADATA_BELOW = "metadata below"
    CLIENTS = "client list"
    PAGE = "page"
    PLAIN = "plain http"
    TOKEN = "token"
    UNKNOWN_BARE = "authorize, unknown client"
    UNKNOWN_APP = "authorize, unknown client, app's redirect"
    UNKNOWN_LOOPBACK = "authorize, unknown client, loopback redirect"
    UNKNOWN_LONG = "authorize, unknown client, long"
    CLIENT = "authorize, sign in"
    CLIENT_LOOPBACK = "authorize, loopback redirect"
    CLIENT_SILENT = "authorize, nobody asked"
    CLIENT_WRONG = "authorize, to be refused"
    OAUTH_PLUGIN = "OAuth plugin"
    MOBILE_PLUGIN = "mobile plugin"
    PLUGINS = "plugins"


@dataclass(frozen=True, slots=True)
class Target:
    """Which site is looked at, and what is known of it beforehand. ``client_id``: from an MDM value or typed;
    ``skip_info``: the app is told not to ask ``serverInfo``.
    """

    typed: str
    base: BaseURL
    pasted: bool = False
    client_id: str | None = None
    redirect_uri: str = APP_REDIRECT
    scope: str = APP_SCOPE
    skip_info: bool = False
    has_token: bool = False
    has_authorities: bool = False
    app_version: str = ""


@dataclass(slots=True)
class Seen:
    """Everything seen so far. ``hops`` holds each question's answers, the last one after redirects within the site.

    ``manifest``: what a Confluence says of itself; ``below``: the address at which a site was found in place of this;
    ``now``: this machine's clock in milliseconds when it is judged.
    """

    target: Target
    names: Names | None = None
    tried: tuple[Tried, ...] = ()
    handshake: Handshake | None = None
    old_tls: str = ""
    http_2_alone: bool = False
    hops: dict[Q, tuple[Answered, ...]] = field(default_factory=dict)
    info: LoginInfo | None = None
    manifest: Mapping[str, str] = field(default_factory=dict)
    below: str = ""
    now: int = 0
    token_kept: Sentence | None = None
    out_of_time: bool = False

    def first(self, question: Q) -> Answered:
        """The answer as it came, before any redirect was followed."""
        return self.hops[question][0] if self.hops.get(question) else Silent("", Silence.NOT_ASKED)

    def last(self, question: Q) -> Answered:
        """The answer at the end of the redirects within the site."""
        return self.hops[question][-1] if self.hops.get(question) else Silent("", Silence.NOT_ASKED)

    def heard(self, question: Q) -> Heard | None:
        """The first answer where there is one."""
        answer = self.first(question)
        return answer if isinstance(answer, Heard) else None

    @property
    def client_id(self) -> str | None:
        """The client id to try: the one that was given, else the one that the site announces."""
        if self.target.client_id is not None:
            return self.target.client_id
        return self.info.client_id if self.info is not None and self.info.enabled else None
