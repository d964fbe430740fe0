"""Who is at the other end: the client's address, scheme and certificate, told by a proxy only where the proxy has
proved itself.
"""

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import msgspec

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.presented import Presented, from_base64_der, from_client_cert, from_escaped_pem

PROXY_SECRET = b"x-genkan-proxy"
# Behind the secret of a proxy that tells certificates and lets no client tell them. One that was set up before anybody
# thought of certificates passes on what a client says of them, so that its secret alone does not vouch for that.
TELLS_CERTIFICATES = b" certificates"
CLIENT_CERT, CLIENT_CERT_CHAIN = b"client-cert", b"client-cert-chain"
# What is not RFC 9440's: nginx's percent-encoded PEM, or base64 of the DER and nothing around it.
SSL_CLIENT_CERT = b"x-ssl-client-cert"
CERTIFICATE_HEADERS = frozenset({CLIENT_CERT, CLIENT_CERT_CHAIN, SSL_CLIENT_CERT})
# What a proxy may tell of the client. Each at most once, and no twin spelled with underscores (which some servers
# merge).
PROXY_HEADERS = CERTIFICATE_HEADERS | {
    b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-method", b"x-original-method",
    b"x-forwarded-uri", PROXY_SECRET,
}  # fmt: skip
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def _spellings(name: bytes) -> set[bytes]:
    """A name with - and _ mixed in every way."""
    first, *others = name.split(b"-")
    ways = product((b"-", b"_"), repeat=len(others))
    return {first + b"".join(mark + word for mark, word in zip(way, others, strict=True)) for way in ways}


_SPELLED = frozenset[bytes]().union(*map(_spellings, CERTIFICATE_HEADERS))


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

    def has_any(self, names: frozenset[bytes]) -> bool:
        """Whether one of these was sent."""
        return not names.isdisjoint(self._last)


class Peer(msgspec.Struct, frozen=True):
    """``address`` and ``scheme`` are the client's own. ``trusted``: a proxy of ours speaks, its headers count.
    ``certificate`` is the client's, whose key it has; nothing else is known of it yet.
    """

    address: str
    scheme: str
    trusted: bool
    host: str
    local: bool
    certificate: Presented | CertificateFault | None = None

    @property
    def network(self) -> str:
        """The prefix that budgets and aggregates go by: /24 of IPv4, /48 of IPv6."""
        return network_of(self.address)

    @property
    def source(self) -> str:
        """What counts as one address: IPv4's own, and of IPv6 the /64 that one line or phone is given."""
        return source_of(self.address)


@dataclass(frozen=True, slots=True)
class PeerFault:
    """Headers that can be read in two ways: a second host, or what a trusted proxy tells; ``header`` is the name."""

    header: str


class Peers:
    """Recognises the site's own proxies: a listed address and the secret, both."""

    def __init__(self, trusted: tuple[str, ...], secret: str) -> None:
        self._networks = tuple(_plain_network(text) for text in trusted)
        self._secret = secret.encode()
        self._telling = self._secret + TELLS_CERTIFICATES

    def of(
        self, client: str, scheme: str, headers: Headers, shown: Presented | CertificateFault | None = None
    ) -> Peer | PeerFault:
        """The peer of one request. From anybody but our proxy, forwarding headers say nothing at all, and those of
        certificates are refused: nobody sends them by accident. ``shown`` is the certificate that our own TLS saw.
        """
        hosts = headers.every(b"host")
        if len(hosts) > 1:  # RFC 9112 3.2: more than one Host is answered with 400.
            return PeerFault("host")
        host = hosts[0].decode("latin-1") if hosts else ""
        client = _plain(client)
        if not self._networks or not self._is_proxy(client, headers):
            # RFC 9440 4: who accepts them from anybody lets anybody be anybody.
            if headers.has_any(_SPELLED):
                return PeerFault("client-cert")
            return Peer(client, scheme, False, host, _is_local(client), shown)
        found = _forwarded(headers)
        if isinstance(found, PeerFault):
            return found
        address = self._client_of(client, found.get(b"x-forwarded-for", ""))
        scheme = found.get(b"x-forwarded-proto", scheme).strip().lower()
        certificate = _certificate(found)
        if isinstance(certificate, PeerFault):
            return certificate
        return Peer(address, scheme, True, found.get(b"x-forwarded-host", host), False, certificate)

    def is_listed(self, address: str) -> bool:
        """Whether connections from there are a proxy's of ours, as far as an address can say."""
        return _in_networks(_plain(address), self._networks)

    def _is_proxy(self, client: str, headers: Headers) -> bool:
        shown = headers.every(PROXY_SECRET)
        listed = _in_networks(client, self._networks)
        if not listed or len(shown) != 1:
            return False
        return hmac.compare_digest(shown[0], self._secret) or hmac.compare_digest(shown[0], self._telling)

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


def _certificate(found: dict[bytes, str]) -> Presented | CertificateFault | PeerFault | None:
    """What the proxy says of the client's certificate; a header that is empty says that there is none."""
    if CERTIFICATE_HEADERS.isdisjoint(found):
        return None
    if not found[PROXY_SECRET].encode().endswith(TELLS_CERTIFICATES):
        return PeerFault("client-cert")
    standard, chain, other = (found.get(name, "").strip() for name in (CLIENT_CERT, CLIENT_CERT_CHAIN, SSL_CLIENT_CERT))
    # RFC 9440 2.2, 2.3: an empty byte sequence is no certificate, and a chain without one belongs to nobody.
    standard = "" if standard == "::" else standard
    if (standard and other) or (chain and not standard):
        return PeerFault("client-cert")
    return _read_certificate(standard.encode(), chain.encode(), other.encode()) if standard or other else None


# A phone sends the same ones with every request.
@lru_cache(maxsize=128)
def _read_certificate(standard: bytes, chain: bytes, other: bytes) -> Presented | CertificateFault:
    if standard:
        return from_client_cert(standard, (chain,) if chain else ())
    return from_escaped_pem(other) if other.startswith(b"-----BEGIN") else from_base64_der(other)


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


@lru_cache(maxsize=4096)
def source_of(address: str) -> str:
    """The address as far as one subscriber has it; one that is none stands for itself as ``unknown``."""
    if not _is_address(address):
        return "unknown"
    parsed = ipaddress.ip_address(_plain(address))
    return str(ipaddress.ip_network((parsed, 32 if parsed.version == 4 else 64), strict=False))
