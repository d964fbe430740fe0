"""TLS without the internet: authorities, certificates in files, and a real server on loopback that speaks it."""

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from genkan.httpd.server import SecuredListener, Server
from genkan.httpd.shared import Shared, Site
from genkan.httpd.tls import TLS, Files

HOST = "localhost"


@dataclass
class House:
    """A folder with the site's certificate, the authority that issues it, and one for people."""

    folder: Path
    web: trustme.CA = field(default_factory=lambda: trustme.CA(organization_name="Web"))
    people: trustme.CA = field(default_factory=lambda: trustme.CA(organization_name="People"))

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.issue_own()
        self.people.cert_pem.write_to_path(str(self.ca))
        self.web.cert_pem.write_to_path(str(self.folder / "web.pem"))

    @property
    def ca(self) -> Path:
        """The bundle of people's authorities."""
        return self.folder / "people.pem"

    @property
    def files(self) -> Files:
        """What the site speaks TLS with."""
        return Files(str(self.folder / "site.pem"), str(self.folder / "site.key"))

    @property
    def asking(self) -> Files:
        """The same, where clients are asked for theirs."""
        return Files(self.files.certificate, self.files.key, str(self.ca))

    def issue_own(self, *hosts: str) -> None:
        """A new certificate and key of the site, over the old ones."""
        leaf = self.web.issue_cert(*(hosts or (HOST,)))
        (self.folder / "site.key").write_bytes(leaf.private_key_pem.bytes())
        (self.folder / "site.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))

    def client(self, name: str = "alice@site.example", by: trustme.CA | None = None, *, days: int = 30) -> Path:
        """A person's certificate, its chain and key in one file; with negative ``days`` it was over so long ago."""
        now = datetime.datetime.now(datetime.UTC)
        ends = now + datetime.timedelta(days=days)
        leaf = (by or self.people).issue_cert(name, not_before=ends - datetime.timedelta(days=365), not_after=ends)
        path = self.folder / f"client-{len(list(self.folder.iterdir()))}.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
        return path

    def trusting(self, client: Path | None = None) -> ssl.SSLContext:
        """A client's side: it knows the site's authority, and shows this certificate if it is asked."""
        context = ssl.create_default_context(cafile=str(self.folder / "web.pem"))
        if client is not None:
            context.load_cert_chain(client)
        return context


def der_of(path: Path) -> bytes:
    """The first certificate in a file."""
    text = path.read_text()
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(begin + text.split(begin)[1].split(end)[0] + end)


@contextlib.asynccontextmanager
async def speaking(
    site: Site, tls: TLS, monkeypatch: pytest.MonkeyPatch, log: Any = lambda *_, **__: None
) -> AsyncIterator[int]:
    """The port of a real server on loopback that speaks TLS."""
    monkeypatch.setattr("genkan.httpd.server.gc.freeze", lambda: None)
    ready = asyncio.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        secured = SecuredListener(listener, tls, tls.files.authorities is not None)
        server = Server(Shared(site, log), ready.set, lambda: None, (secured,))
        running = asyncio.create_task(server.serve([]))
        await ready.wait()
        yield listener.getsockname()[1]
        server.should_exit = True
        await running


async def ask(
    port: int, context: ssl.SSLContext, path: str = "/", host: str = HOST, header: str = "", more: Sequence[str] = ()
) -> bytes:
    """One request on a connection of its own; empty where the server breaks it off. ``host`` is named in the handshake,
    ``header`` in the request where that differs.
    """
    head = [f"GET {path} HTTP/1.1", f"Host: {header or host}", "Connection: close", *more]
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
        writer.write("\r\n".join([*head, "", ""]).encode())
        async with asyncio.timeout(30):
            answer = await reader.read()
    except (ssl.SSLError, ConnectionError):
        return b""
    writer.close()
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()
    return answer
