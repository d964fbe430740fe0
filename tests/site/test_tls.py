"""TLS of our own: what it speaks, whose certificate it passes on, and files that change while it runs."""

import asyncio
import logging
import os
import socket
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from genkan.httpd.tls import TLS, BadFiles, Files
from genkan.protocol.certificates.presented import Presented
from genkan.site.answer import Answer
from genkan.site.arrival import Arrival, Secured
from tests.site.tls_world import House, ask, der_of, speaking

SEEN: list[Secured | None] = []


async def site(arrival: Arrival) -> Answer:
    """Keeps what TLS told."""
    SEEN.append(arrival.secured)
    return Answer(200, (), arrival.scheme.encode())


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Authorities and files."""
    SEEN.clear()
    return House(tmp_path / "house")


async def spoken(port: int, context: ssl.SSLContext) -> tuple[str, str, str | None] | None:
    """Version, cipher and application protocol of a handshake; None where it fails."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    except (ssl.SSLError, ConnectionError):
        return None
    told = writer.get_extra_info("ssl_object")
    writer.close()
    return told.version(), told.cipher()[0], told.selected_alpn_protocol()


def offering(house: House, most: ssl.TLSVersion, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    """A client that can do nothing newer than this, and old things."""
    context = house.trusting()
    context.set_ciphers(ciphers)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = most
    return context


async def scan(house: House, port: int) -> None:
    """What a scanner would find."""
    v = ssl.TLSVersion
    newest = await spoken(port, offering(house, v.TLSv1_3))
    assert newest is not None
    assert (newest[0], newest[2]) == ("TLSv1.3", "http/1.1")
    for good in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"):
        assert await spoken(port, offering(house, v.TLSv1_2, good)) == ("TLSv1.2", good, "http/1.1")
    for bad in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256", "AECDH-AES128-SHA"):
        assert await spoken(port, offering(house, v.TLSv1_2, f"{bad}:@SECLEVEL=0")) is None
    for old in (v.TLSv1, v.TLSv1_1):
        assert await spoken(port, offering(house, old)) is None


async def test_tls_is_new_enough_and_stays_so_when_files_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS 1.2 with forward secrecy or 1.3 and nothing else, before and after the certificate was renewed."""
    async with speaking(site, TLS(house.files), monkeypatch) as port:
        await scan(house, port)
        house.issue_own()
        await scan(house, port)


async def test_a_renewed_certificate_counts_for_the_next_handshake(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a restart; who is connected already goes on."""

    async def serial(port: int) -> Any:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=house.trusting(), server_hostname="localhost")
        told = writer.get_extra_info("peercert")["serialNumber"]
        writer.close()
        return told

    async with speaking(site, TLS(house.files), monkeypatch) as port:
        before = await serial(port)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=house.trusting(), server_hostname="localhost"
        )
        house.issue_own()
        after = await serial(port)
        assert before != after == await serial(port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"https")
        writer.close()


@pytest.mark.parametrize("broken", ["key of another", "half written", "gone"])
async def test_files_that_cannot_be_used_leave_the_old_ones(
    house: House, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Said once in the log, not with every handshake; once they are whole they count."""
    said: list[tuple[str, str]] = []
    tls = TLS(house.files, lambda level, event, **fields: said.append((level, str(fields))))
    key = Path(house.files.key)
    async with speaking(site, tls, monkeypatch) as port:
        if broken == "gone":
            key.unlink()
        else:
            key.write_bytes(house.web.issue_cert("x").private_key_pem.bytes() if "another" in broken else b"-----BEG")
        for _ in range(3):
            assert (await ask(port, house.trusting())).endswith(b"https")
        assert [level for level, _ in said] == ["error"]
        assert "site.key" in said[0][1]
        house.issue_own()
        assert (await ask(port, house.trusting())).endswith(b"https")
        assert [level for level, _ in said] == ["error", "info"]


async def test_a_clients_certificate_reaches_the_site(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end entity's and what was sent beside it, with the name of the host; None from who has none."""
    middle = house.people.create_child_ca()
    direct, below, over = house.client(), house.client(by=middle), house.client(days=-1)
    tls = TLS(house.asking)
    async with speaking(site, tls, monkeypatch) as port:
        for client in (direct, below, over, None):
            assert (await ask(port, house.trusting(client))).endswith(b"https")
    told = [one.certificate for one in SEEN if one]
    assert [one.leaf if isinstance(one, Presented) else one for one in told] == [
        der_of(direct), der_of(below), der_of(over), None,
    ]  # fmt: skip
    with_chain = told[1]
    assert isinstance(with_chain, Presented)
    assert ssl.PEM_cert_to_DER_cert(middle.cert_pem.bytes().decode()) in with_chain.chain
    assert {(one.name, one.asks) for one in SEEN if one} == {("localhost", True)}
    assert tls.handshakes["done"] == 4


async def test_nobody_is_asked_where_the_site_itself_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that has a certificate shows none to a listener that does not ask."""
    async with speaking(site, TLS(house.files), monkeypatch) as port:
        assert (await ask(port, house.trusting(house.client()))).endswith(b"https")
    assert [Secured("localhost", False, None)] == SEEN


def twice(port: int, context: ssl.SSLContext) -> bool:
    """Whether the second of two connections goes on with what the first has shown."""
    session, _ = session_of(port, context, None)
    return session_of(port, context, session)[1]


def session_of(
    port: int, context: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool]:
    """One request and its answer: what the server gave to go on with, and whether it went on with ``session``."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as secure,
    ):
        secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while secure.recv(4096):
            pass
        return secure.session, bool(secure.session_reused)


async def test_nothing_is_resumed_where_certificates_are_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by a ticket nor by a session's number: each connection proves the key anew."""
    old = house.trusting(house.client())
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.options |= ssl.OP_NO_TICKET
    # Where nobody is asked both are resumed, so this would see it.
    async with speaking(site, TLS(house.files), monkeypatch) as port:
        assert await asyncio.to_thread(twice, port, old)
        assert await asyncio.to_thread(twice, port, house.trusting())
    async with speaking(site, TLS(house.asking), monkeypatch) as port:
        assert await spoken(port, old) is None
        assert not await asyncio.to_thread(twice, port, house.trusting(house.client()))


async def test_a_bundle_may_hold_an_authority_below_its_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every certificate in it is an anchor, whoever issued it."""
    middle = house.people.create_child_ca()
    middle.cert_pem.write_to_path(str(house.ca))
    async with speaking(site, TLS(house.asking), monkeypatch) as port:
        assert (await ask(port, house.trusting(house.client(by=middle)))).endswith(b"https")
        assert not await ask(port, house.trusting(house.client(by=house.people)))


async def test_an_authority_added_while_it_runs_is_accepted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundle is read anew like the site's own files."""
    other = trustme.CA(organization_name="Other people")
    client = house.client(by=other)
    async with speaking(site, TLS(house.asking), monkeypatch) as port:
        assert not await ask(port, house.trusting(client))
        other.cert_pem.write_to_path(str(house.ca))
        assert (await ask(port, house.trusting(client))).endswith(b"https")


async def test_handshakes_that_fail_are_counted_and_not_told(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers' certificates, plain HTTP, noise and hanging up: a number each, no line, and the server lives on."""
    said: list[Any] = []
    tls = TLS(house.asking, lambda *told, **fields: said.append((told, fields)))
    stranger = house.client(by=trustme.CA())
    caplog.set_level(logging.DEBUG, "asyncio")
    async with speaking(site, tls, monkeypatch, lambda *told, **fields: said.append(told)) as port:
        assert not await ask(port, house.trusting(stranger))
        for noise in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + os.urandom(2000), b""):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(noise)
            if noise:
                async with asyncio.timeout(30):
                    await reader.read()
            writer.close()
        assert (await ask(port, house.trusting())).endswith(b"https")
    assert dict(tls.handshakes) == {"certificate": 1, "failed": 2, "done": 1}
    assert (said, [record for record in caplog.records if record.levelno > logging.DEBUG]) == ([], [])


async def test_a_handshake_that_does_not_come_is_broken_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects and says nothing holds no connection for long."""
    monkeypatch.setattr("genkan.httpd.entrance.HANDSHAKE_SECONDS", 0.05)
    async with speaking(site, TLS(house.files), monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()


async def test_who_ends_his_side_is_no_warning(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """asyncio's TLS is never half closed, and it would complain if we asked for it."""
    async with speaking(site, TLS(house.files), monkeypatch) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=house.trusting(), server_hostname="localhost")
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert (await ask(port, house.trusting())).endswith(b"https")
    assert [
        record for record in caplog.records if record.levelno > logging.DEBUG and record.name != "uvicorn.error"
    ] == []


def test_files_that_cannot_be_used_at_start_are_named(house: House, tmp_path: Path) -> None:
    """Half a sentence with the setting to mend; a key with a password never asks for it on the terminal."""
    own = house.files
    key = load_pem_private_key(Path(own.key).read_bytes(), None)
    (tmp_path / "locked").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    (tmp_path / "other").write_bytes(house.web.issue_cert("other").private_key_pem.bytes())
    (tmp_path / "noise").write_bytes(b"noise")
    cases = [
        (Files(str(tmp_path / "none"), own.key), "GENKAN_TLS_CERT: there is no file"),
        (Files(own.certificate, str(tmp_path / "none")), "GENKAN_TLS_KEY: there is no file"),
        (Files(own.certificate, str(tmp_path)), "GENKAN_TLS_KEY: "),
        (Files(own.certificate, str(tmp_path / "locked")), "is encrypted"),
        (Files(own.certificate, str(tmp_path / "other")), "is not the key of"),
        (Files(own.certificate, str(tmp_path / "noise")), "noise does not hold what it should"),
        (Files(str(tmp_path / "noise"), own.key), "noise does not hold what it should"),
        (Files(own.certificate, own.key, str(tmp_path / "noise")), "GENKAN_CLIENT_CA: "),
        (Files(own.certificate, own.key, str(tmp_path / "none")), "GENKAN_CLIENT_CA: "),
    ]
    for files, words in cases:
        with pytest.raises(BadFiles) as fault:
            TLS(files)
        assert words in str(fault.value)
        assert "\n" not in str(fault.value)
