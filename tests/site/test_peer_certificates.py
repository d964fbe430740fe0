"""Whose word counts about a client's certificate: our own TLS's, and that of a proxy that proved itself."""

import base64
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.presented import Presented
from genkan.site.peer import CERTIFICATE_HEADERS, Headers, Peer, PeerFault, Peers
from tests.site.world import SiteUnderTest

PLAIN_SECRET = "a-secret-of-the-proxy"
SECRET = f"{PLAIN_SECRET} certificates"
PEERS = Peers(("127.0.0.1",), PLAIN_SECRET)
DER, ISSUER = b"\x30\x03\x02\x01\x2a", b"\x30\x03\x02\x01\x2b"
BASE64, ISSUER64 = base64.b64encode(DER).decode(), base64.b64encode(ISSUER).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{BASE64}\n-----END CERTIFICATE-----\n"


def told(*pairs: tuple[str, str], secret: str | None = SECRET) -> Headers:
    own = [("host", "site.example"), *([("x-genkan-proxy", secret)] if secret is not None else [])]
    return Headers((name.encode(), value.encode()) for name, value in (*own, *pairs))


def of(*pairs: tuple[str, str]) -> Presented | CertificateFault | PeerFault | None:
    """What a proxy that proved itself has told."""
    peer = PEERS.of("127.0.0.1", "http", told(*pairs))
    return peer if isinstance(peer, PeerFault) else peer.certificate


@pytest.mark.parametrize(
    ("pairs", "presented"),
    [
        ((("client-cert", f":{BASE64}:"),), Presented(DER)),
        ((("client-cert", f":{BASE64}:"), ("client-cert-chain", f":{ISSUER64}:")), Presented(DER, (ISSUER,))),
        ((("client-cert", f":{BASE64}:"), ("client-cert-chain", "")), Presented(DER)),
        ((("x-ssl-client-cert", quote(PEM, safe="")),), Presented(DER)),
        ((("x-ssl-client-cert", BASE64),), Presented(DER)),
        ((("client-cert", ""),), None),
        ((("client-cert", "::"),), None),
        ((("x-ssl-client-cert", ""),), None),
        ((), None),
    ],
    ids=["RFC 9440", "with a chain", "empty chain", "nginx", "Caddy", "empty", "empty bytes", "empty other", "nothing"],
)
def test_a_proxy_of_ours_tells_the_certificate(pairs: tuple[tuple[str, str], ...], presented: Presented | None) -> None:
    """In every form; a header without a value says that there is none."""
    assert of(*pairs) == presented


@pytest.mark.parametrize(
    "pairs",
    [
        (("client-cert", BASE64),),
        (("client-cert", f":{BASE64}"),),
        (("client-cert", f":{BASE64}:"), ("client-cert-chain", "x")),
        (("x-ssl-client-cert", "!"),),
        (("x-ssl-client-cert", quote(PEM + PEM)),),
        (("x-ssl-client-cert", "-----BEGIN CERTIFICATE-----"),),
    ],
    ids=["no colons", "one colon", "chain", "no base64", "two", "begun"],
)
def test_what_cannot_be_read_is_a_fault_of_the_certificate(pairs: tuple[tuple[str, str], ...]) -> None:
    """The request is answered all the same: who shows it is told so where it is asked for."""
    fault = of(*pairs)
    assert isinstance(fault, CertificateFault)
    assert fault.fault is Fault.HEADER


def test_a_certificate_that_is_too_large_is_told_so() -> None:
    """16 kB in one header are too many for one certificate."""
    fault = of(("client-cert", f":{base64.b64encode(bytes(16_384)).decode()}:"))
    assert isinstance(fault, CertificateFault)
    assert fault.fault is Fault.TOO_LARGE


@pytest.mark.parametrize(
    "pairs",
    [
        (("client-cert", f":{BASE64}:"), ("x-ssl-client-cert", BASE64)),
        (("client-cert-chain", f":{ISSUER64}:"),),
        (("client-cert", ""), ("client-cert-chain", f":{ISSUER64}:")),
        (("client-cert", f":{BASE64}:"), ("client-cert", f":{BASE64}:")),
        (("client-cert", ""), ("client-cert", f":{BASE64}:")),
        (("client-cert", f":{BASE64}:"), ("client-cert-chain", ""), ("client-cert-chain", "")),
        (("client-cert", f":{BASE64}:"), ("client_cert", f":{ISSUER64}:")),
        (("client_cert", ""),),
        (("client-cert", "ï"),),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(pairs: tuple[tuple[str, str], ...]) -> None:
    """Two forms, two values, twins and chains of nobody: one of them may be the client's own."""
    assert isinstance(of(*pairs), PeerFault)


@pytest.mark.parametrize("name", sorted(name.decode() for name in CERTIFICATE_HEADERS))
@pytest.mark.parametrize(
    ("client", "secret"),
    [("127.0.0.1", None), ("127.0.0.1", "wrong"), ("192.0.2.1", SECRET), ("127.0.0.1", "wrong certificates"),
     ("127.0.0.1", PLAIN_SECRET), ("127.0.0.1", " certificates"), ("127.0.0.1", f"{SECRET} ")],
)  # fmt: skip
def test_anybody_else_who_sends_them_is_refused(name: str, client: str, secret: str | None) -> None:
    """RFC 9440 4, in every spelling, also without a value, and where no proxy is listed at all. A proxy that does not
    say that it tells certificates itself is such a one: it passes on what a client says.
    """
    first, *words = name.split("-")
    for marks in product("-_", repeat=len(words)):
        spelled = first + "".join(mark + word for mark, word in zip(marks, words, strict=True))
        for peers in (PEERS, Peers((), "")):
            fault = peers.of(client, "https", told((spelled, ""), secret=secret))
            assert isinstance(fault, PeerFault)
            assert fault.header in ("client-cert", name)


def test_our_own_tls_is_believed_and_a_proxy_speaks_for_its_clients_alone() -> None:
    """What a proxy shows of itself in TLS is not its client's."""
    shown = Presented(DER)
    direct = PEERS.of("192.0.2.1", "https", told(secret=None), shown)
    assert isinstance(direct, Peer)
    assert direct.certificate == shown
    through = PEERS.of("127.0.0.1", "https", told(), shown)
    assert isinstance(through, Peer)
    assert through.certificate is None


def test_a_proxy_that_tells_no_certificates_is_believed_in_all_else() -> None:
    """Its secret alone is as good as ever."""
    peer = PEERS.of("127.0.0.1", "http", told(("x-forwarded-for", "203.0.113.7"), secret=PLAIN_SECRET))
    assert isinstance(peer, Peer)
    assert (peer.trusted, peer.address, peer.certificate) == (True, "203.0.113.7", None)


@given(
    st.dictionaries(
        st.sampled_from(sorted(CERTIFICATE_HEADERS)),
        st.one_of(st.binary(max_size=80), st.sampled_from([PEM.encode(), f":{BASE64}:".encode(), BASE64.encode()])),
        max_size=3,
    )
)
def test_any_value_is_a_certificate_none_or_a_fault(values: dict[bytes, bytes]) -> None:
    """Whatever a proxy passes on."""
    headers = Headers((*told().pairs, *values.items()))
    peer = PEERS.of("127.0.0.1", "http", headers)
    assert isinstance(peer, PeerFault) or isinstance(peer.certificate, Presented | CertificateFault | None)


@pytest.mark.parametrize("path", ["/login", "/rest/oauth2/latest/token", "/auth/verify", "/rest/api/2/serverInfo"])
async def test_who_claims_a_certificate_is_refused_and_counted(site: SiteUnderTest, path: str) -> None:
    """400 on pages and for programs alike, mixed case included, as an aggregate."""
    for name in ("Client-Cert", "CLIENT_cert", "X-SSL-Client-Cert"):
        answer = await site.client.get(f"{site.base}{path}", headers={name: f":{BASE64}:"})
        assert answer.status_code == 400
    assert site.door.measures.refusals["malformed"] == 3
