"""Reaching out: names, connections, handshakes and questions over a site's own address. Judges nothing.

The name is resolved once and every connection goes to those very addresses; redirects are followed within the site's
own origin only; no cookie is kept, and nothing but the one token that was handed over is ever sent as a secret.
"""

import asyncio
import errno
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from genkan import __version__
from genkan.doctor.inflate import inflated
from genkan.doctor.observed import Answered, Handshake, Heard, Names, Silence, Silent, Tried, origin_of
from genkan.doctor.saying import plain, say
from genkan.doctor.trust import chain_of, listening, looking, offering_old, path_of
from genkan.wire import alerts, uri
from genkan.wire.addresses import kind_of
from genkan.wire.sentences import Sentence
from genkan.wire.urls import BaseURL

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
NAME_SECONDS = 5.0
CONNECT_SECONDS = 5.0
QUESTION_SECONDS = 8.0
ALERT_SECONDS = 0.4
# RFC 9113 3.4: how a client of HTTP/2 begins, an empty SETTINGS frame included.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
CERTIFICATE_REQUEST = 13  # RFC 8446 4: the message with which a server asks for a client's certificate
MOST_ADDRESSES = 4
MOST_BYTES = 256 * 1024
MOST_HOPS = 4
MOST_AT_ONCE = 4
USER_AGENT = f"genkan-check/{__version__} AtlassianMobileApp"
# What a system says that has no address or no route of the family.
_UNROUTED = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_OWN = {
    "user-agent": USER_AGENT,
    "accept": "application/json, text/html;q=0.9",
    "accept-language": "en",
    "accept-encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One question. ``follow``: redirects within the site are followed; ``secret`` goes into ``Authorization``."""

    url: str
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    follow: bool = False
    most_bytes: int = MOST_BYTES
    secret: str = field(default="", repr=False)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, from the system's resolver. Raises OSError.

    In a thread that nobody waits for: the loop's own would keep a program from ending as long as a resolver hangs.
    """
    loop = asyncio.get_running_loop()
    came: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Sequence[str], trouble: OSError | UnicodeError | None) -> None:
        if came.done():
            return
        if trouble is None:
            came.set_result(found)
        else:
            came.set_exception(trouble)

    def look_up() -> None:
        found: Sequence[str] = ()
        trouble: OSError | UnicodeError | None = None
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except (OSError, UnicodeError) as problem:
            trouble = problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, found, trouble)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return await came


async def names(base: BaseURL, resolver: Resolver) -> Names:
    """What the site's host leads to."""
    if uri.is_ipv4(base.host) or uri.is_ipv6(base.host):
        return Names((base.host,))
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = await resolver(base.host, port_of(base))
    except TimeoutError:
        return Names(fault=_too_late(NAME_SECONDS), silent=True)
    except (OSError, UnicodeError) as problem:
        words = problem.strerror if isinstance(problem, OSError) else None
        return Names(fault=plain(words) if words else say("the name cannot be looked up"))
    return Names(tuple(address for address in found if _is_address(address)))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def port_of(base: BaseURL) -> int:
    """The port that is meant."""
    return base.port or (443 if base.secure else 80)


async def tried(addresses: Sequence[str], port: int) -> tuple[Tried, ...]:
    """Whether each of the addresses takes a connection."""
    return tuple(await asyncio.gather(*(_connected(address, port) for address in addresses[:MOST_ADDRESSES])))


async def _connected(address: str, port: int) -> Tried:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return Tried(address, _too_late(CONNECT_SECONDS), unrouted=_stays_within(address), silent=True)
    except OSError as problem:
        is_lost = problem.errno in _UNROUTED or (problem.errno == errno.EHOSTUNREACH and _stays_within(address))
        return Tried(address, why_not(problem), unrouted=is_lost)
    writer.transport.abort()
    return Tried(address)


def _stays_within(address: str) -> bool:
    """Whether this machine has but an address of its own network to reach the open one with.

    RFC 4193 4.1: unique local addresses are not routed beyond it, whatever default route there is. Nothing is sent.
    """
    if ":" not in address or kind_of(ipaddress.ip_address(address.partition("%")[0]))[0]:
        return False
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((address, 9))
            return bool(kind_of(ipaddress.ip_address(asking.getsockname()[0].partition("%")[0]))[0])
        except OSError:
            return True


async def handshake(base: BaseURL, address: str, authorities: str) -> Handshake:
    """A handshake that verifies, and where the chain is not trusted one that looks at it all the same."""
    first = await _shaken(base, address, looking(authorities, verify=True))
    if not isinstance(first, ssl.SSLCertVerificationError):
        return first if isinstance(first, Handshake) else await _broken(base, address, first)
    second = await _shaken(base, address, looking(authorities, verify=False))
    if not isinstance(second, Handshake):
        return await _broken(base, address, second)
    return replace(second, refused=first.verify_message, refused_code=first.verify_code)


async def _broken(base: BaseURL, address: str, trouble: Exception) -> Handshake:
    """Why there was no handshake. RFC 5246 7.4.6: below TLS 1.3 a missing certificate ends it before it is made."""
    words = _causes(trouble)
    wants = alerts.wants_client_certificate(words)
    if alerts.may_want_client_certificate(words):
        heard: set[int] = set()
        await _shaken(base, address, listening(heard))
        wants = CERTIFICATE_REQUEST in heard
    return Handshake(fault=_tls_words(trouble), wants_certificate=wants)


async def old_tls(base: BaseURL, address: str) -> str:
    """The version below 1.2 that the server still takes; empty where it takes none."""
    shaken = await _shaken(base, address, offering_old())
    return shaken.version if isinstance(shaken, Handshake) else ""


async def speaks_http_2(base: BaseURL, address: str, context: ssl.SSLContext | None) -> bool:
    """Whether HTTP/2 is what is spoken there: RFC 9113 3.4, a server begins with SETTINGS (type 4) on stream 0."""
    name = base.host if context is not None else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(address, port_of(base), ssl=context, server_hostname=name)
            try:
                writer.write(_PREFACE)
                head = await reader.readexactly(9)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return False
    return head[3] == 4 and head[5:] == bytes(4)


async def _shaken(base: BaseURL, address: str, context: ssl.SSLContext) -> Handshake | Exception:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                address, port_of(base), ssl=context, server_hostname=base.host, ssl_handshake_timeout=CONNECT_SECONDS
            )
    except (OSError, TimeoutError, ValueError) as problem:
        return problem
    spoken: ssl.SSLObject = writer.get_extra_info("ssl_object")
    cipher = spoken.cipher()
    version = spoken.version() or ""
    seen = Handshake(version, cipher[0] if cipher else "", spoken.selected_alpn_protocol() or "", chain_of(spoken))
    if context.verify_mode is ssl.CERT_REQUIRED:
        seen = replace(seen, path=path_of(spoken))
    wants = version == "TLSv1.3" and await _wants_certificate(reader)
    # No farewell is waited for: some servers never send theirs.
    writer.transport.abort()
    return replace(seen, wants_certificate=wants)


async def _wants_certificate(reader: asyncio.StreamReader) -> bool:
    """RFC 8446 4.4.2.4: a server that misses a client's certificate says so after the handshake, unasked.

    Behind a request the alert would often be lost, since the connection is then reset.
    """
    try:
        async with asyncio.timeout(ALERT_SECONDS):
            await reader.read(1)
    except ssl.SSLError as problem:
        return alerts.wants_client_certificate(_causes(problem))
    except (OSError, TimeoutError):
        return False
    return False


class Line:
    """The way to one site: every question goes to the address that was found for it, over one set of rules."""

    def __init__(
        self, base: BaseURL, address: str, context: ssl.SSLContext | None, clocks: "Clocks", seconds: float
    ) -> None:
        self._base = base
        self._seconds = seconds
        self._address = f"[{address}]" if ":" in address else address
        self._clocks = clocks
        transport = httpx2.AsyncHTTPTransport(
            verify=context if context is not None else False,
            trust_env=False,
            limits=httpx2.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE),
        )
        # Waiting for a turn is not the site's doing, and counts for no deadline of a question.
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        # A cookie that rode along would make the next answer another person's.
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx2.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=None, cookies=jar
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def ask(self, asking: Asking) -> tuple[Answered, ...]:
        """The answer, and those behind redirects that stay within the site's origin."""
        hops: list[Answered] = [await self._asked(asking)]
        while asking.follow and len(hops) <= MOST_HOPS:
            answer = hops[-1]
            if not isinstance(answer, Heard) or not answer.redirects or not self._is_ours(answer.target):
                break
            hops.append(await self._asked(Asking(answer.target, headers=asking.headers)))
        return tuple(hops)

    def _is_ours(self, url: str) -> bool:
        return origin_of(url) == self._base.origin

    async def _asked(self, asking: Asking) -> Answered:
        try:
            async with self._turns, asyncio.timeout(self._seconds):
                return await self._exchange(asking)
        except TimeoutError:
            return Silent(asking.url, Silence.SLOW, _too_late(self._seconds))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, RuntimeError) as trouble:
            # RuntimeError: how a transport that was torn off tells of it. ValueError: an address that no client reads.
            return silent(asking.url, trouble)

    async def _exchange(self, asking: Asking) -> Heard:
        began = self._clocks.ticks()
        # One that is not ours is only ever the plain form of the site's own address, on the same host.
        url = httpx2.URL(asking.url).copy_with(host=self._address)
        headers = {**_OWN, "host": httpx2.URL(asking.url).netloc.decode("ascii"), **asking.headers}
        if asking.secret:
            headers["authorization"] = f"Bearer {asking.secret}"
        extensions = {"sni_hostname": self._base.host}
        async with self._client.stream(
            asking.method, url, content=asking.body or None, headers=headers, extensions=extensions
        ) as response:
            ms, at = round((self._clocks.ticks() - began) * 1000), self._clocks.now()
            body = await _read(response, asking.most_bytes)
            body = inflated(body, response.headers.get("content-encoding", ""), asking.most_bytes)
            raw = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw)
            return Heard(asking.url, response.status_code, tuple(raw), body, ms, at)


@dataclass(frozen=True, slots=True)
class Clocks:
    """This machine's clock in milliseconds, and one for measuring in seconds."""

    now: Callable[[], int]
    ticks: Callable[[], float]


async def _read(response: httpx2.Response, most: int) -> bytes:
    """The body up to a bound: what is longer is cut, since nothing that is looked for stands at its end."""
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size >= most:
            break
    return b"".join(parts)[:most]


def silent(url: str, trouble: Exception) -> Silent:
    """Name what kept an answer away."""
    words = _causes(trouble)
    if alerts.wants_client_certificate(words):
        return Silent(
            url, Silence.CLIENT_CERTIFICATE, say("the server ends the connection: it wants a client certificate")
        )
    if isinstance(trouble, httpx2.ProtocolError) and "disconnected" not in words:
        return Silent(url, Silence.GARBAGE, say("what came is not HTTP"))
    if "SSL" in words or "CertificateError" in words:
        return Silent(url, Silence.TLS, say("the handshake fails"))
    if isinstance(trouble, httpx2.InvalidURL | ValueError | httpx2.UnsupportedProtocol):
        return Silent(url, Silence.GARBAGE, say("the address cannot be read"))
    return Silent(url, Silence.CONNECTION, say("the connection breaks before the answer comes"))


def _causes(trouble: BaseException | None) -> str:
    words: list[str] = []
    while trouble is not None and len(words) < 10:
        words.append(f"{type(trouble).__name__} {trouble}")
        trouble = trouble.__cause__ or trouble.__context__
    return " | ".join(words)


def _too_late(seconds: float) -> Sentence:
    return say("no answer within %(seconds)s seconds", seconds=f"{seconds:g}")


def why_not(problem: OSError) -> Sentence:
    """Why nobody took a connection, in words."""
    if problem.errno == errno.ECONNREFUSED:
        return say("refuses the connection")
    if problem.errno in {errno.EHOSTUNREACH, *_UNROUTED}:
        return say("cannot be reached")
    return say("does not take the connection (%(words)s)", words=_system_words(problem))


def _system_words(problem: OSError) -> str:
    # The loop puts words of its own, with the address in them, in place of the system's.
    return (os.strerror(problem.errno) if problem.errno and problem.errno > 0 else _words(problem))[:120]


def _words(problem: OSError) -> str:
    return (problem.strerror or type(problem).__name__)[:120]


def _tls_words(problem: Exception) -> Sentence:
    """Why there was no handshake, in words that an operator can look for."""
    words = _causes(problem)
    if isinstance(problem, TimeoutError):
        return say("no handshake within %(seconds)s seconds", seconds=f"{CONNECT_SECONDS:g}")
    if "WRONG_VERSION_NUMBER" in words or "HTTP_REQUEST" in words or "UNKNOWN_PROTOCOL" in words:
        return say("what answers there is not TLS")
    if isinstance(problem, ssl.SSLError):
        return plain(problem.reason.replace("_", " ").lower()) if problem.reason else say("the handshake fails")
    return say("the connection is closed during the handshake")


def see_authorities(file: str) -> None:
    """Read a PEM file of authorities as the handshakes will. Raises ValueError."""
    try:
        looking(file, verify=True)
    except (ssl.SSLError, OSError) as problem:
        raise ValueError(_words(problem)) from None
