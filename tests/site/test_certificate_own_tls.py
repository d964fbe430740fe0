"""Two listeners of our own TLS, one that asks for certificates and one that does not, and what each of them serves."""

import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from genkan.httpd.tls import TLS
from genkan.site.dispatch import Dispatcher
from tests.site.certificate_world import ORIGIN, CertificateSite, certificate_site
from tests.site.tls_world import House, ask, der_of, speaking

HOSTS = ("localhost", "site.example", "certs.site.example")


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[tuple[CertificateSite, House]]:
    """A site that speaks TLS itself; nobody is its proxy."""
    house = House(tmp_path / "house")
    house.issue_own(*HOSTS)
    chosen = {"trusted_proxies": (), "tls_cert": house.files.certificate, "tls_key": house.files.key}
    async with certificate_site(tmp_path, None, **chosen) as opened:
        house.ca.write_bytes(opened.root.pem)
        yield opened, house


def shown_by(site: CertificateSite, house: House) -> ssl.SSLContext:
    """A client with a certificate of the site's authority."""
    made = site.issue()
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = house.folder / "alice.pem"
    path.write_bytes(key + made.pem)
    assert der_of(path) == made.der
    return house.trusting(path)


def respond(site: CertificateSite) -> Dispatcher:
    assert isinstance(site.site.app, Dispatcher)
    return site.site.app


async def get(
    port: int, context: ssl.SSLContext, path: str, host: str, name: str | None = None, *more: str
) -> tuple[int, dict[str, str]]:
    """Status and headers of one request: ``host`` in the header, ``name`` in the handshake."""
    answer = await ask(port, context, path, name or host, header=host, more=more)
    head = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(head[0].split()[1]), {n.lower(): v for n, _, v in (line.partition(": ") for line in head[1:])}


async def test_the_whole_way_through_our_own_tls(
    ours: tuple[CertificateSite, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The asking listener judges what TLS proved, and hands over; the site's own page takes it."""
    site, house = ours
    client = shown_by(site, house)
    there = (await site.start()).removeprefix(ORIGIN)
    async with speaking(respond(site).respond, TLS(house.asking), monkeypatch) as port:
        status, headers = await get(port, client, there, "certs.site.example")
        assert status == 302
        assert headers["location"].startswith("https://site.example/login/certificate/done?outcome=")
    assert (await site.site.client.get(headers["location"])).status_code == 303
    assert await site.myself_in() == "alice"


async def test_each_listener_serves_its_own_origin(
    ours: tuple[CertificateSite, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 15.5.20: 421 for the other's host, and for a name in the handshake that is not the host's; nothing is
    judged; 404 for everything else at the certificate origin.
    """
    site, house = ours
    client = shown_by(site, house)
    there = (await site.start()).removeprefix(ORIGIN)
    async with speaking(respond(site).respond, TLS(house.asking), monkeypatch) as port:
        assert (await get(port, client, "/login", "site.example"))[0] == 421
        assert (await get(port, client, there, "site.example"))[0] == 421
        assert (await get(port, client, there, "certs.site.example", "site.example"))[0] == 421
        assert (await get(port, client, "/login", "certs.site.example"))[0] == 404
        assert (await get(port, client, "/healthz", "localhost"))[0] == 421
    async with speaking(respond(site).respond, TLS(house.files), monkeypatch) as port:
        assert (await get(port, client, there, "certs.site.example"))[0] == 421
        assert (await get(port, client, "/login", "site.example"))[0] == 200
        assert (await get(port, client, "/healthz", "localhost"))[0] == 200


async def test_headers_say_nothing_beside_our_own_tls(
    ours: tuple[CertificateSite, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """400, also from who has a certificate."""
    site, house = ours
    said = f"Client-Cert: :{base64.b64encode(site.issue().der).decode()}:"
    there = (await site.start()).removeprefix(ORIGIN)
    async with speaking(respond(site).respond, TLS(house.asking), monkeypatch) as port:
        for client in (shown_by(site, house), house.trusting()):
            assert (await get(port, client, there, "certs.site.example", None, said))[0] == 400


async def test_on_every_hop_the_site_itself_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person of the certificate, without a proxy, a form or a cookie."""
    house = House(tmp_path / "house")
    house.issue_own(*HOSTS)
    chosen = {"trusted_proxies": (), "certificate_url": "", "certificate_on_every_hop": True}
    async with certificate_site(tmp_path, None, **chosen) as site:
        house.ca.write_bytes(site.root.pem)
        client = shown_by(site, house)
        async with speaking(respond(site).respond, TLS(house.asking), monkeypatch) as port:
            answer = await ask(port, client, "/rest/api/2/myself", "site.example")
            assert b'"name":"alice"' in answer
            status, headers = await get(port, client, "/login", "site.example")
            assert (status, headers["location"]) == (303, "https://site.example/")
            assert (await get(port, house.trusting(), "/rest/api/2/myself", "site.example"))[0] == 401
