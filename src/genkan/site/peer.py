"""Who is at the other end: the client's address and scheme, told by a proxy only where the proxy has proved itself."""

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import msgspec

PROXY_SECRET = b"x-genkan-proxy"
# What a proxy may tell of the client. Each at most once, and no twin spelled with underscores (which some servers
# merge).
PROXY_HEADERS = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-method", b"x-original-method",
     b"x-forwarded-uri", PROXY_SECRET}
)  # fmt: skip
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class Headers:
    """A request's headers: lower-case names with every value, in order of arrival."""

    __slots__ = ("_last", "_repeats", "pairs")

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self.pairs = tuple(pairs)
        self._last = dict(self.pairs)
        self._repeats = len(self._last) != len(self.pairs)

    def every(self, name: bytes) -> list[bytes]:
        """All values of one name, in order of arrival."""
        if self._repeats:
            return [value for key, value in self.pairs if key == name]
        value = self._last.get(name)
        return [] if value is None else [value]


class Peer(msgspec.Struct, frozen=True):
    """``address`` and ``scheme`` are the client's own. ``trusted``: a proxy of ours speaks, its headers count."""

    address: str
    scheme: str
    trusted: bool
    host: str
    local: bool

    @property
    def network(self) -> str:
        """The prefix that budgets and aggregates go by: /24 of IPv4, /48 of IPv6."""
        return network_of(self.address)


@dataclass(frozen=True, slots=True)
class PeerFault:
    """Headers that can be read in two ways: a second host, or what a trusted proxy tells; ``header`` is the name."""

    header: str


class Peers:
    """Recognises the site's own proxies: a listed address and the secret, both."""

    def __init__(self, trusted: tuple[str, ...], secret: str) -> None:
        self._networks = tuple(_plain_network(text) for text in trusted)
        self._secret = secret.encode()

    def of(self, client: str, scheme: str, headers: Headers) -> Peer | PeerFault:
        """The peer of one request. From anybody but our proxy, forwarding headers say nothing at all."""
        hosts = headers.every(b"host")
        if len(hosts) > 1:  # RFC 9112 3.2: more than one Host is answered with 400.
            return PeerFault("host")
        host = hosts[0].decode("latin-1") if hosts else ""
        client = _plain(client)
        if not self._networks or not self._is_proxy(client, headers):
            return Peer(client, scheme, False, host, _is_local(client))
        found = _forwarded(headers)
        if isinstance(found, PeerFault):
            return found
        address = self._client_of(client, found.get(b"x-forwarded-for", ""))
        scheme = found.get(b"x-forwarded-proto", scheme).strip().lower()
        return Peer(address, scheme, True, found.get(b"x-forwarded-host", host), False)

    def _is_proxy(self, client: str, headers: Headers) -> bool:
        shown = headers.every(PROXY_SECRET)
        listed = _in_networks(client, self._networks)
        return listed and len(shown) == 1 and hmac.compare_digest(shown[0], self._secret)

    def _client_of(self, proxy: str, forwarded: str) -> str:
        """The rightmost address that is not one of our proxies; everything left of it is the client's own claim."""
        for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            bare = _plain(hop[1:].partition("]")[0] if hop.startswith("[") else hop)
            if not _is_address(bare):
                return proxy
            if not _in_networks(bare, self._networks):
                return bare
        return proxy


def _forwarded(headers: Headers) -> dict[bytes, str] | PeerFault:
    found: dict[bytes, str] = {}
    for name, value in headers.pairs:
        plain = name.replace(b"_", b"-")
        if plain not in PROXY_HEADERS:
            continue
        if name != plain or plain in found or not value.isascii():
            return PeerFault(plain.decode("ascii"))
        found[plain] = value.decode("ascii")
    return found


def _plain_network(text: str) -> _Network:
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((network.network_address.packed[-4:], network.prefixlen - 96))
    return network


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """RFC 4291 2.5.5.2: a socket for both families shows an IPv4 address mapped into IPv6; it is the same peer."""
    if ":" not in text or not _is_address(text):
        return text
    parsed = ipaddress.ip_address(text)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return text if mapped is None else str(mapped)


@lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _in_networks(client: str, networks: tuple[_Network, ...]) -> bool:
    if not _is_address(client):
        return False
    return any(ipaddress.ip_address(client) in network for network in networks)


@lru_cache(maxsize=4096)
def _is_local(client: str) -> bool:
    return _is_address(client) and ipaddress.ip_address(client).is_loopback


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network prefix of an address as text; an address that is none stands for itself as ``unknown``."""
    if not _is_address(address):
        return "unknown"
    parsed = ipaddress.ip_address(_plain(address))
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
