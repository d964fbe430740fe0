"""The one guarded way out to addresses that stand in data: CRLs, OCSP, discovery documents, key sets.

A name is resolved once and the connection goes to that very address, so that an answer checked is the answer used;
closed addresses are refused (``reach``), redirects are not followed, size and time are bounded.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import httpx2

from genkan.outside.reach import Reach
from genkan.outside.watching import watching
from genkan.wire import uri
from genkan.wire.addresses import Address

LONGEST_URL = 2000
MOST_TRIES = 3  # addresses of one name
_PORTS = {"https": 443, "http": 80}
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


class Trouble(StrEnum):
    """What kept a fetch from an answer."""

    URL = "url"  # the address cannot be used at all
    CLOSED = "closed"  # it leads where fetches may not go
    NAME = "name"  # its host cannot be resolved
    CONNECTION = "connection"
    SLOW = "slow"
    LARGE = "large"
    ANSWER = "answer"  # what came is not HTTP, or encoded in a way that was not asked for


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of any status, whole. Header names are in lower case; of a repeated one the last counts."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class FetchFault:
    """Why there is no answer: one sentence for the operator, without the URL's query."""

    trouble: Trouble
    sentence: str


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    authority: str
    path: str


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, from the system's resolver. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def fetch(
    url: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: Sequence[tuple[str, str]] = (),
    most_bytes: int,
    seconds: float,
    allow: Reach,
    resolver: Resolver = resolve,
) -> Fetched | FetchFault:
    """Ask once. ``seconds`` covers all of it, the look-up of the name included; never raises for what others do."""
    target = _target_of(url, allow)
    if isinstance(target, FetchFault):
        return target
    try:
        async with asyncio.timeout(seconds), watching("fetch", method=method, host=target.host):
            addresses = await _open_addresses(target, allow, resolver)
            if isinstance(addresses, FetchFault):
                return addresses
            return await _ask_in_turn(target, addresses, _Asked(method, body, tuple(headers), most_bytes), allow)
    except TimeoutError:
        return FetchFault(Trouble.SLOW, f"{target.host} did not answer within {seconds:g} seconds")


def _target_of(url: str, allow: Reach) -> _Target | FetchFault:
    # The address is read strictly, by our grammar alone: two readers that disagree are how such a guard is passed.
    readable = len(url) <= LONGEST_URL and uri.odd_character(url) is None and uri.escapes_hold(url)
    parts = uri.split(url) if readable else None
    authority = uri.split_authority(parts.authority or "") if parts else None
    if parts is None or authority is None or parts.fragment is not None:
        return FetchFault(Trouble.URL, "the address is not one that can be fetched")
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        return FetchFault(Trouble.URL, f"addresses with {scheme}: are not fetched, only https: and http:")
    if scheme == "http" and not allow.plain_http:
        return FetchFault(Trouble.URL, f"{authority.host} would be asked by plain http; it must be https")
    path = (parts.path or "/") + ("" if parts.query is None else f"?{parts.query}")
    port = authority.port or _PORTS[scheme]
    return _Target(scheme, authority.host.lower(), port, parts.authority or "", path)


async def _open_addresses(target: _Target, allow: Reach, resolver: Resolver) -> list[Address] | FetchFault:
    try:
        texts = [target.host] if _is_literal(target.host) else await resolver(target.host, target.port)
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in texts]
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else "no address"
        return FetchFault(Trouble.NAME, f"the name {target.host} cannot be resolved: {why}")
    faults = [allow.fault_of(target.host, address) for address in found]
    opened = [address for address, fault in zip(found, faults, strict=True) if not fault]
    if opened:
        return opened[:MOST_TRIES]
    if not found:
        return FetchFault(Trouble.NAME, f"the name {target.host} has no address")
    return FetchFault(
        Trouble.CLOSED,
        f"{target.host} is at {found[0]}, {faults[0]}; name its network or host in GENKAN_FETCH_ALLOW if it is yours",
    )


def _is_literal(host: str) -> bool:
    return uri.is_ipv4(host) or uri.is_ipv6(host)


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    body: bytes
    headers: tuple[tuple[str, str], ...]
    most_bytes: int


async def _ask_in_turn(
    target: _Target, addresses: Sequence[Address], asked: _Asked, allow: Reach
) -> Fetched | FetchFault:
    fault = FetchFault(Trouble.CONNECTION, f"{target.host} cannot be reached")
    for address in addresses:
        answer = await _ask(target, address, asked, allow)
        if not (isinstance(answer, FetchFault) and answer.trouble is Trouble.CONNECTION):
            return answer
        fault = answer
    return fault


async def _ask(target: _Target, address: Address, asked: _Asked, allow: Reach) -> Fetched | FetchFault:
    place = f"[{address}]" if address.version == 6 else str(address)
    # The URL names the very address that was judged; Host and the name in TLS stay those of the host, and the
    # certificate is verified against that name (RFC 9110 4.3.4).
    url = httpx2.URL(f"{target.scheme}://{place}:{target.port}{target.path}")
    own = {"host": target.authority, "accept-encoding": "identity", "user-agent": "genkan"}
    headers = {name.lower(): value for name, value in asked.headers} | own
    verify = _trust(allow.authorities) if target.scheme == "https" else False
    transport = httpx2.AsyncHTTPTransport(verify=verify, trust_env=False)
    try:
        async with (
            httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=None) as client,
            client.stream(
                asked.method, url, content=asked.body or None, headers=headers, extensions={"sni_hostname": target.host}
            ) as response,
        ):
            return await _read(target, response, asked.most_bytes)
    except (httpx2.NetworkError, httpx2.TimeoutException, OSError) as problem:
        return FetchFault(Trouble.CONNECTION, f"{target.host} cannot be reached: {_why(problem)}")
    except httpx2.HTTPError:
        return FetchFault(Trouble.ANSWER, f"{target.host} does not answer in HTTP")


async def _read(target: _Target, response: httpx2.Response, most: int) -> Fetched | FetchFault:
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        # It was asked for plain; a few bytes that unpack to gigabytes are not read.
        return FetchFault(Trouble.ANSWER, f"{target.host} answers in an encoding that was not asked for")
    parts, size = [], 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > most:
            return FetchFault(Trouble.LARGE, f"{target.host} answers with more than {most} bytes")
        parts.append(part)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Fetched(response.status_code, headers, b"".join(parts))


@lru_cache(maxsize=8)
def _trust(authorities: str) -> ssl.SSLContext:
    """Whom https servers must be verified by; read once, as every other setting's file."""
    return ssl.create_default_context(cafile=authorities or None)


def _why(problem: Exception) -> str:
    text = " ".join(str(problem).split())
    return text[:200] or type(problem).__name__
