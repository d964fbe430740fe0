"""Whose word counts: a listed address with the secret, and nobody else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.site.peer import PROXY_HEADERS, Headers, Peer, PeerFault, Peers, network_of
from tests.site.world import SiteUnderTest

SECRET = "a-secret-of-the-proxy"
PEERS = Peers(("127.0.0.1", "10.0.0.0/8", "fd00::/8"), SECRET)


def told(*pairs: tuple[str, str], secret: str | None = SECRET, host: str = "site.example") -> Headers:
    own = [("host", host), *([("x-genkan-proxy", secret)] if secret is not None else [])]
    return Headers((name.encode(), value.encode()) for name, value in (*own, *pairs))


def test_a_proxy_with_address_and_secret_is_believed() -> None:
    """Client address, scheme and host are then what the proxy says."""
    pairs = told(("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "s.example"))
    assert PEERS.of("127.0.0.1", "http", pairs) == Peer("203.0.113.7", "https", True, "s.example", False)


@pytest.mark.parametrize(
    ("client", "secret"), [("127.0.0.1", None), ("127.0.0.1", "wrong"), ("127.0.0.1", ""), ("192.0.2.1", SECRET)]
)
def test_anybody_else_speaks_for_himself_alone(client: str, secret: str | None) -> None:
    """Without both proofs every forwarding header says nothing."""
    pairs = told(("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil"),
                 secret=secret)  # fmt: skip
    assert PEERS.of(client, "http", pairs) == Peer(client, "http", False, "site.example", client == "127.0.0.1")


def test_the_secret_shown_twice_proves_nothing() -> None:
    """A second copy may be the client's own try."""
    pairs = told(("x-genkan-proxy", SECRET), ("x-forwarded-proto", "https"))
    peer = PEERS.of("127.0.0.1", "http", pairs)
    assert isinstance(peer, Peer)
    assert not peer.trusted


def test_without_a_list_nobody_is_a_proxy() -> None:
    """An empty secret and no list never meet."""
    peer = Peers((), "").of("127.0.0.1", "http", told(("x-forwarded-proto", "https"), secret=""))
    assert isinstance(peer, Peer)
    assert (peer.trusted, peer.scheme) == (False, "http")


@pytest.mark.parametrize("name", sorted(header.decode() for header in PROXY_HEADERS))
def test_a_twin_with_underscores_is_refused(name: str) -> None:
    """What passed the proxy under another spelling may be read as the real one behind it."""
    twin = name.replace("-", "_")
    assert PEERS.of("127.0.0.1", "http", told((twin, "x"))) == PeerFault(name)
    mixed = name.replace("-", "_", 1)
    assert PEERS.of("127.0.0.1", "http", told((mixed, "x"))) == PeerFault(name)


@pytest.mark.parametrize("name", sorted(header.decode() for header in PROXY_HEADERS - {b"x-genkan-proxy"}))
def test_a_header_told_twice_is_refused(name: str) -> None:
    """One of the two may be the client's."""
    assert PEERS.of("127.0.0.1", "http", told((name, "a"), (name, "a"))) == PeerFault(name)


def test_a_header_beyond_ascii_is_refused() -> None:
    """Bytes that each program reads differently are read by nobody."""
    pairs = Headers((*told().pairs, (b"x-forwarded-host", "sïte".encode())))
    assert PEERS.of("127.0.0.1", "http", pairs) == PeerFault("x-forwarded-host")


def test_a_stranger_may_send_what_he_likes() -> None:
    """Twins and repeats from somebody who is no proxy are no fault, just not heard."""
    pairs = told(("x_forwarded_for", "1"), ("x-forwarded-for", "2"), ("x-forwarded-for", "3"), secret=None)
    assert isinstance(PEERS.of("198.51.100.1", "https", pairs), Peer)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.1.1", "203.0.113.7"),
        ("203.0.113.7, 10.1.1.1, 10.2.2.2", "203.0.113.7"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1, fd00::5", "2001:db8::1"),
        ("10.1.1.1", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
        ("203.0.113.7, unknown", "127.0.0.1"),
        (" , ,203.0.113.7", "203.0.113.7"),
    ],
)
def test_the_client_is_the_last_that_no_proxy_of_ours_is(chain: str, address: str) -> None:
    """What stands further left is the client's own claim."""
    peer = PEERS.of("127.0.0.1", "http", told(("x-forwarded-for", chain)))
    assert isinstance(peer, Peer)
    assert peer.address == address


@given(st.text(st.characters(codec="ascii"), max_size=60))
def test_any_chain_gives_an_address(chain: str) -> None:
    """Whatever a proxy passes on, the client is an address or the proxy itself."""
    peer = PEERS.of("127.0.0.1", "http", told(("x-forwarded-for", chain)))
    assert isinstance(peer, Peer)
    assert peer.network != "unknown"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("not an address", "unknown"),
        ("", "unknown"),
    ],
)
def test_networks_lump_neighbours_together(address: str, network: str) -> None:
    """/24 of IPv4, mapped or not, /48 of IPv6."""
    assert network_of(address) == network


@pytest.mark.parametrize(("client", "local"), [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("", False)])
def test_only_a_loopback_caller_is_local(client: str, local: bool) -> None:
    """And never one that a proxy speaks for."""
    peer = Peers((), "").of(client, "http", told(secret=None))
    assert isinstance(peer, Peer)
    assert peer.local is local
    behind = PEERS.of("127.0.0.1", "http", told(("x-forwarded-for", "127.0.0.1")))
    assert isinstance(behind, Peer)
    assert not behind.local


@pytest.mark.parametrize("proxy", ["::ffff:127.0.0.1", "::FFFF:7f00:1", "::ffff:10.9.9.9"])
def test_a_proxy_seen_through_a_socket_for_both_families_is_believed(proxy: str) -> None:
    """An IPv4 peer of a socket bound to :: is shown mapped into IPv6, and is the listed proxy all the same."""
    pairs = told(("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"))
    assert PEERS.of(proxy, "http", pairs) == Peer("203.0.113.7", "https", True, "site.example", False)


@pytest.mark.parametrize("listed", ["::ffff:192.0.2.1", "::ffff:192.0.2.0/120", "192.0.2.1", "192.0.2.0/24"])
@pytest.mark.parametrize("client", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_either_spelling_may_be_listed(listed: str, client: str) -> None:
    """A list that names the mapped address means the IPv4 proxy, however the socket shows it."""
    peers = Peers((listed,), SECRET)
    peer = peers.of(client, "http", told(("x-forwarded-for", "203.0.113.7")))
    assert isinstance(peer, Peer)
    assert (peer.trusted, peer.address) == (True, "203.0.113.7")
    stranger = peers.of("::ffff:198.51.100.1", "http", told())
    assert isinstance(stranger, Peer)
    assert (stranger.trusted, stranger.address) == (False, "198.51.100.1")


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.1.1.1", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:4711, [::ffff:10.1.1.1]:80", "203.0.113.7"),
        ("::ffff:10.1.1.1", "127.0.0.1"),
    ],
)
def test_a_hop_mapped_into_ipv6_is_the_ipv4_hop(chain: str, address: str) -> None:
    """A mapped proxy of ours is passed over, a mapped client is told by its own address."""
    peer = PEERS.of("::ffff:127.0.0.1", "http", told(("x-forwarded-for", chain)))
    assert isinstance(peer, Peer)
    assert peer.address == address


@pytest.mark.parametrize(("client", "local"), [("::ffff:127.0.0.1", True), ("::ffff:192.0.2.1", False)])
def test_a_mapped_loopback_caller_is_local(client: str, local: bool) -> None:
    """The same machine is the same machine on a socket for both families."""
    peer = Peers((), "").of(client, "http", told(secret=None))
    assert isinstance(peer, Peer)
    assert peer.local is local


@pytest.mark.parametrize("second", ["site.example", "evil.example", ""])
@pytest.mark.parametrize(("client", "secret"), [("198.51.100.1", None), ("127.0.0.1", SECRET)])
def test_two_hosts_are_refused(client: str, secret: str | None, second: str) -> None:
    """RFC 9112 3.2: whoever sends them, and be they alike."""
    assert PEERS.of(client, "http", told(("host", second), secret=secret)) == PeerFault("host")


@pytest.mark.parametrize("path", ["/login", "/rest/api/2/myself", "/no/such/page"])
async def test_a_request_with_two_hosts_gets_400(site: SiteUnderTest, path: str) -> None:
    """On pages, on the API and where nothing is: no rule sees such a request."""
    twice = [("host", "site.example"), ("host", "site.example")]
    assert (await site.client.get(f"{site.base}{path}", headers=twice[:1])).status_code != 400
    assert (await site.client.get(f"{site.base}{path}", headers=twice)).status_code == 400


@pytest.mark.parametrize(("version", "status"), [("1.1", 400), ("1.0", 200)])
@pytest.mark.parametrize("headers", [[], [(b"host", b"")]])
async def test_only_http_1_0_may_leave_the_host_out(
    site: SiteUnderTest, version: str, status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    """RFC 9112 3.2: HTTP/1.1 without a host is refused, machine endpoints included; a health check of old is not."""
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    path = f"{site.door.public.path}/healthz"
    scope = {"type": "http", "http_version": version, "method": "GET", "path": path, "query_string": b"",
             "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http"}  # fmt: skip
    await site.app(scope, receive, send)  # type: ignore[operator]
    assert told[0]["status"] == status
