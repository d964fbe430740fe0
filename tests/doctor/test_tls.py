"""TLS and certificates as an iPhone judges them: each fault is named, a good chain passes, and no secret goes over a
bad one.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from genkan.doctor.judge_tls import CERTIFICATE
from genkan.doctor.observed import Handshake, Seen
from genkan.doctor.verdicts import Report, Verdict
from tests.doctor.certs import DAY, NOW, Issued, authority, issue, root_file, serving, signed_with_sha1
from tests.doctor.world import (
    ADMIN_TOKEN,
    Front,
    Jira,
    Told,
    faults,
    looked,
    means,
    opened,
    page,
    probe,
    resolving,
    sent_to,
    target,
)
from tests.tls_alerts import alerting

HOST = "localhost"


@contextlib.asynccontextmanager
async def at_https(context: ssl.SSLContext, host: str = HOST, jira: Jira | None = None) -> AsyncIterator[Jira]:
    """An imitated Jira behind this TLS, reached by this name."""
    jira = jira or Jira()
    async with opened(Front(jira), context) as front:
        jira.base = f"https://{host}:{front.port}"
        yield jira


async def looked_over(context: ssl.SSLContext, folder: Path, host: str = HOST, *, trusted: bool = True) -> Report:
    """What the doctor says of a site with this TLS."""
    async with at_https(context, host) as jira:
        return await looked(jira.base, reaching=means(authorities=root_file(folder) if trusted else ""))


@contextlib.contextmanager
def handshaking(context: ssl.SSLContext) -> Iterator[int]:
    """A server in a thread that makes handshakes and says by an alert what it misses; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as spoken:
                    spoken.recv(65536)
                    spoken.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def good(**options: object) -> Issued:
    return issue(HOST, authority()[1], names=(HOST,), **options)  # type: ignore[arg-type]


async def test_a_good_chain_passes(tmp_path: Path) -> None:
    """A full chain to a root that the phones have: TLS and certificate are ok."""
    report = await looked_over(serving(tmp_path, good(), authority()[1], h2=True), tmp_path)
    assert faults(report) == {"oauth-plugin": "unknown", "permission": "unknown"}
    assert probe(report, "http-version").answered == "HTTP/2"
    assert probe(report, "tls").answered.startswith("TLSv1.3")


async def test_an_expired_certificate(tmp_path: Path) -> None:
    """The day of its end is told."""
    leaf = good(end=NOW - DAY)
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert f"{NOW - DAY:%Y-%m-%d}" in named.answered
    assert named.fix.startswith("Renew it")


async def test_a_certificate_from_the_future(tmp_path: Path) -> None:
    """One that is not valid yet is told from an expired one."""
    leaf = good(start=NOW + DAY)
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "not valid before" in named.answered


async def test_the_certificate_of_another_host(tmp_path: Path) -> None:
    """The names it is for, and the one it should be for, are told."""
    leaf = issue("other.example", authority()[1], names=("other.example", "*.example"))
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "other.example" in named.answered
    assert HOST in named.fix


async def test_a_common_name_alone_does_not_count(tmp_path: Path) -> None:
    """Without subject alternative names no iPhone takes it, whatever the common name says."""
    leaf = issue(HOST, authority()[1])
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "common name" in named.answered


async def test_an_authority_that_phones_do_not_know(tmp_path: Path) -> None:
    """A private root: put it on the phones by MDM, and name it with --ca-file."""
    root, intermediate = authority()
    report = await looked_over(serving(tmp_path, good(), intermediate, root), tmp_path, trusted=False)
    named = probe(report, "certificate")
    assert named.verdict is Verdict.WRONG
    assert "MDM" in named.fix
    assert "--ca-file" in named.fix
    assert report.first == named


async def test_the_intermediate_is_missing(tmp_path: Path) -> None:
    """The server sends its own certificate only: the full chain is what to send, and where the rest can be had."""
    leaf = good(issuer_at="http://ca.example/intermediate.der")
    named = probe(await looked_over(serving(tmp_path, leaf), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "full chain" in named.fix
    assert "http://ca.example/intermediate.der" in named.fix


async def test_signed_by_itself(tmp_path: Path) -> None:
    """A self-signed certificate is called one."""
    leaf = issue(HOST, None, names=(HOST,))
    named = probe(await looked_over(serving(tmp_path, leaf), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "signed by itself" in named.answered


async def test_a_signature_with_sha1(tmp_path: Path) -> None:
    """SHA-1 is refused by an iPhone even where OpenSSL would take it."""
    leaf = signed_with_sha1(tmp_path, good(), authority()[1])
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "SHA1" in named.answered


async def test_a_short_rsa_key(tmp_path: Path) -> None:
    """RSA of 1024 bits is too little."""
    leaf = good(key=rsa.generate_private_key(65537, 1024))
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WRONG
    assert "2048" in named.answered


async def test_valid_for_too_long(tmp_path: Path) -> None:
    """A validity of three years is doubtful, whoever issued it."""
    leaf = good(end=NOW + 1100 * DAY)
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WARNING
    assert "1110 days" in named.answered


async def test_it_expires_soon(tmp_path: Path) -> None:
    """A week before the end it is told, and nothing is wrong yet."""
    leaf = good(end=NOW + 7 * DAY + timedelta(hours=1))
    named = probe(await looked_over(serving(tmp_path, leaf, authority()[1]), tmp_path), "certificate")
    assert named.verdict is Verdict.WARNING
    assert "expires in 7 days" in named.answered


async def test_a_wildcard_covers_one_label(tmp_path: Path) -> None:
    """RFC 9525 6.3: the first label alone."""
    leaf = issue("wild", authority()[1], names=("*.site.example",))
    context = serving(tmp_path, leaf, authority()[1])
    assert probe(await looked_over(context, tmp_path, "jira.site.example"), "certificate").verdict is Verdict.OK
    assert probe(await looked_over(context, tmp_path, "a.b.site.example"), "certificate").verdict is Verdict.WRONG


async def test_no_forward_secrecy(tmp_path: Path) -> None:
    """TLS 1.2 with an RSA key exchange: App Transport Security refuses it."""
    leaf = good(key=rsa.generate_private_key(65537, 2048))
    context = serving(tmp_path, leaf, authority()[1], ciphers="AES128-GCM-SHA256", highest=0x303)
    named = probe(await looked_over(context, tmp_path), "tls")
    assert named.verdict is Verdict.WRONG
    assert "ECDHE" in named.fix


async def test_nothing_newer_than_tls_1_1(tmp_path: Path) -> None:
    """A server of old is seen for what it is."""
    context = serving(tmp_path, good(), authority()[1], lowest=0x301, highest=0x302)
    named = probe(await looked_over(context, tmp_path), "tls")
    assert named.verdict is Verdict.WRONG
    assert "TLSv1.1" in named.answered
    assert "1.2" in named.fix


async def test_old_versions_beside_new_ones(tmp_path: Path) -> None:
    """TLS 1.1 beside 1.3 is a warning: the app works."""
    context = serving(tmp_path, good(), authority()[1], lowest=0x301)
    named = probe(await looked_over(context, tmp_path), "tls")
    assert named.verdict is Verdict.WARNING
    assert "TLSv1.1 is taken too" in named.answered


async def test_a_client_certificate_on_every_path(tmp_path: Path) -> None:
    """A server that wants a certificate before it answers: said to belong on an origin of its own."""
    with handshaking(wanting(tmp_path)) as port:
        report = await _wanting(tmp_path, port)
    named = probe(report, "client-certificate")
    assert named.verdict is Verdict.WRONG, faults(report)
    assert "GENKAN_CERTIFICATE_URL" in named.fix
    assert report.first == named


async def _wanting(folder: Path, port: int) -> Report:
    return await looked(f"https://{HOST}:{port}", reaching=means(authorities=root_file(folder)))


def wanting(folder: Path, highest: int = 0x304) -> ssl.SSLContext:
    """A server's side that wants a client certificate."""
    context = serving(folder, good(), authority()[1], highest=highest)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(root_file(folder))
    return context


@pytest.mark.parametrize("highest", [0x303, 0x304], ids=["1.2", "1.3"])
async def test_bad_certificate_means_that_one_is_missing(tmp_path: Path, highest: int) -> None:
    """Servers written in Go say bad_certificate where none was shown: named as the one thing to change."""
    with alerting(wanting(tmp_path, highest), tmp_path) as port:
        report = await _wanting(tmp_path, port)
    assert report.first == probe(report, "client-certificate"), faults(report)
    assert "GENKAN_CERTIFICATE_URL" in report.first.fix


async def test_a_handshake_failure_after_asking_for_one(tmp_path: Path) -> None:
    """OpenSSL says handshake_failure below TLS 1.3: it means a certificate where the server has asked for one."""
    with handshaking(wanting(tmp_path, 0x303)) as port:
        report = await _wanting(tmp_path, port)
    assert report.first == probe(report, "client-certificate"), faults(report)


async def test_a_handshake_failure_without_asking_for_one(tmp_path: Path) -> None:
    """The same alert of a server that asks for no certificate is a fault of TLS, and no certificate is blamed."""
    context = serving(tmp_path, good(), authority()[1], ciphers="AECDH-AES128-SHA:@SECLEVEL=0", highest=0x303)
    with handshaking(context) as port:
        report = await _wanting(tmp_path, port)
    assert report.first == probe(report, "tls"), faults(report)
    assert "handshake failure" in report.first.answered
    assert probe(report, "client-certificate").verdict is Verdict.UNKNOWN


async def test_nginx_asks_for_a_client_certificate(tmp_path: Path) -> None:
    """nginx makes the handshake and says by a page what it misses; that is the same fault."""
    async with at_https(serving(tmp_path, good(), authority()[1])) as jira:
        jira.front = page("<h1>400 Bad Request</h1> No required SSL certificate was sent", 400)
        named = probe(await looked(jira.base, reaching=means(authorities=root_file(tmp_path))), "client-certificate")
    assert named.verdict is Verdict.WRONG
    assert "GENKAN_CERTIFICATE_URL" in named.fix


async def test_plain_http_where_tls_belongs(tmp_path: Path) -> None:
    """A port that speaks no TLS is told so."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        report = await looked(f"https://localhost:{server.sockets[0].getsockname()[1]}")
    named = probe(report, "tls")
    assert named.verdict is Verdict.WRONG
    assert "not TLS" in named.answered
    assert report.first == named


async def test_plain_http_redirects(tmp_path: Path) -> None:
    """Port 80 leads to https on the same host: ok; to another host, or nowhere: a warning, and it is not followed."""
    async with at_https(serving(tmp_path, good(), authority()[1])) as jira:

        async def seen(told: Told) -> str:
            async def plain(asked: object, site: object) -> Told:
                return told

            async with opened(Front(jira, plain)) as front:
                reaching = means(authorities=root_file(tmp_path), plain_port=front.port)
                return probe(await looked(jira.base, reaching=reaching), "http-redirect").verdict.value

        assert await seen(sent_to("https://localhost/")) == "ok"
        assert await seen(sent_to("https://www.example.com/")) == "warning"
        assert await seen(sent_to("http://10.0.0.7/")) == "warning"
        assert await seen(Told(200, (("content-type", "text/html"),), b"hello")) == "warning"
        assert await seen(Told(403)) == "ok"


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_token_goes_only_over_verified_tls(tmp_path: Path, trusted: bool) -> None:
    """A certificate that is not trusted keeps the administrator's token here, and the report says so."""
    async with at_https(serving(tmp_path, good(), authority()[1])) as jira:
        reaching = means(authorities=root_file(tmp_path) if trusted else "", token=ADMIN_TOKEN)
        report = await looked(jira.base, reaching=reaching)
    if trusted:
        assert set(jira.tokens) == {f"Bearer {ADMIN_TOKEN}"}
        assert probe(report, "oauth-plugin").verdict is Verdict.OK
    else:
        assert jira.tokens == []
        assert probe(report, "oauth-plugin").verdict is Verdict.UNKNOWN
        assert any("token was not sent" in str(note) for note in report.notes)


async def test_the_token_follows_no_redirect(tmp_path: Path) -> None:
    """A site that redirects its plugin manager elsewhere does not take the token along."""
    other = Jira()
    async with opened(Front(other)) as elsewhere, at_https(serving(tmp_path, good(), authority()[1])) as jira:
        jira.elsewhere = f"http://localhost:{elsewhere.port}/rest/plugins/1.0/"
        await looked(jira.base, reaching=means(authorities=root_file(tmp_path), token=ADMIN_TOKEN))
        assert elsewhere.heard == []
    assert len(jira.tokens) == 3


async def test_each_address_must_answer(tmp_path: Path) -> None:
    """A name with one dead address among its two is a warning that names it."""
    leaf = issue("site", authority()[1], names=("jira.example.com", HOST))
    context = serving(tmp_path, leaf, authority()[1])
    reaching = means(authorities=root_file(tmp_path), resolver=resolving("127.0.0.1", "127.0.0.99"))
    async with at_https(context, "jira.example.com") as jira:
        named = probe(await looked(jira.base, reaching=reaching), "connection")
    assert named.verdict is Verdict.WARNING
    assert "127.0.0.99" in named.fix
    async with at_https(context) as jira:
        assert probe(await looked(jira.base, reaching=reaching), "connection").verdict is Verdict.OK


async def test_a_surplus_expired_root_is_no_fault_of_a_trusted_chain(tmp_path: Path) -> None:
    """A cross-signed root that has expired is still sent by many: the chain is trusted without it."""
    root, middle = authority()
    old = issue("Old Root", None, authority=True, start=NOW - 900 * DAY, end=NOW - 100 * DAY)
    crossed = issue("Test Root", old, authority=True, start=NOW - 900 * DAY, end=NOW - 100 * DAY, key=root.key)
    context = serving(tmp_path, good(), middle, crossed)
    named = probe(await looked_over(context, tmp_path), "certificate")
    assert named.verdict is Verdict.WARNING
    assert "Test Root" in named.answered
    assert "Leave it out" in named.fix
    untrusted = probe(await looked_over(context, tmp_path, trusted=False), "certificate")
    assert untrusted.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    "usages", [(), (ExtendedKeyUsageOID.CLIENT_AUTH,), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)]
)
async def test_a_certificate_that_is_not_for_servers(usages: tuple[ObjectIdentifier, ...], tmp_path: Path) -> None:
    """Apple wants serverAuth in the extended key usage of every server's certificate, whoever issued it."""
    report = await looked_over(serving(tmp_path, good(usages=usages), authority()[1]), tmp_path)
    named = probe(report, "certificate")
    assert named.verdict is Verdict.WRONG
    assert "serverAuth" in named.answered
    assert report.first == named


@pytest.mark.parametrize(
    ("start", "days", "logged", "verdict"),
    [((2026, 3, 15), 200, True, "ok"), ((2026, 3, 15), 201, True, "warning"), ((2026, 3, 14), 398, True, "ok"),
     ((2026, 3, 15), 398, False, "ok"), ((2026, 3, 15), 826, False, "warning"), ((2027, 3, 15), 101, True, "warning")],
)  # fmt: skip
def test_how_long_a_certificate_may_be_valid(
    start: tuple[int, int, int], days: int, logged: bool, verdict: str
) -> None:
    """Baseline Requirements 6.3.2: those of public authorities, known by the proof of a log, have shorter bounds."""
    begins = datetime(*start, tzinfo=UTC)
    leaf = good(start=begins, end=begins + days * DAY, logged=logged)
    der = (leaf.certificate.public_bytes(Encoding.DER),)
    site = replace(target(f"https://{HOST}"), has_authorities=True)
    seen = Seen(site, handshake=Handshake("TLSv1.3", "X", chain=der, path=der))
    moment = (begins + 20 * DAY).timestamp() * 1000
    seen.now = round(moment)
    assert CERTIFICATE.judge(seen).verdict.value == verdict
