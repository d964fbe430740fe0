"""A proxy that asks for client certificates, with people who have some and a client that shows them."""

import base64
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import trustme

from genkan.ops.proxy import Layout
from tests.proxy.curl import Answered, Curl
from tests.proxy.world import Front


class People:
    """Whose certificates the site knows, and some that it does not."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.ca, self.strangers = trustme.CA(organization_name="People"), trustme.CA(organization_name="Strangers")
        self.ca.cert_pem.write_to_path(str(folder / "people.pem"))
        self.bundle = folder / "people.pem"

    def issue(self, name: str, by: trustme.CA | None = None, *, days: int = 30) -> Path:
        """A certificate for an e-mail address, with its key; over so many days ago where ``days`` is negative."""
        ends = datetime.now(UTC) + timedelta(days=days)
        leaf = (by or self.ca).issue_cert(f"{name}@example.com", not_before=ends - timedelta(days=300), not_after=ends)
        path = self.folder / f"{name}{len(list(self.folder.iterdir()))}.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
        return path


def der_of(path: Path) -> bytes:
    """The certificate in a file with its key."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(begin + path.read_text().split(begin)[1].split(end)[0] + end)


def in_headers(shown: Path) -> list[str]:
    """A certificate as clients might try to say it themselves, in every spelling."""
    bare = base64.b64encode(der_of(shown)).decode()
    escaped = quote(ssl.DER_cert_to_PEM_cert(der_of(shown)), safe="")
    told = {
        "Client-Cert": f":{bare}:",
        "client_cert": f":{bare}:",
        "X-SSL-Client-Cert": escaped,
        "x_ssl_client_cert": bare,
        "CLIENT-CERT-CHAIN": f":{bare}:",
    }
    return [part for name, value in told.items() for part in ("-H", f"{name}: {value}")]


class Opened:
    """A front that asks for certificates, and its people."""

    def __init__(self, kind: str, folder: Path, **profile: object) -> None:
        self.people = People(folder / "people")
        more = {
            "client_ca": str(self.people.bundle),
            "certificate_rules": ("email@example.com=name",),
            "certificate_revocation": "off",
            **profile,
        }
        self.front = Front(kind, folder / "front", tls=True, layout=Layout(sessions=True), more=more)
        self.origin = self.front.settings.certificate_url
        self._browsers = 0

    def start(self) -> "Opened":
        """Run it."""
        self.front.start()
        self.trusted = self.front.folder / "web.pem"
        self.front.authority_of_certificates.cert_pem.write_to_path(str(self.trusted))
        return self

    def browser(self, shows: Path | None = None) -> Curl:
        """One of its own."""
        self._browsers += 1
        port = self.origin.rpartition(":")[2]
        resolves = (f"certs.localhost:{port}:127.0.0.1",) if self.origin else ()
        return Curl(self.front.folder / f"curl{self._browsers}", self.trusted, shows, resolves)

    def sign_in(self, curl: Curl, *more: str) -> Answered:
        """From the button to the end; ``more`` is said to the origin that asks for certificates."""
        there = curl(f"{self.front.base}/login/certificate/start?next={quote(self.front.base + '/account', safe='')}")
        assert there.status == 302, there.body
        assert there.location.startswith(f"{self.origin}/login/certificate?ticket=")
        back = curl(there.location, *more)
        assert back.status == 302, back.body
        return curl(back.location)

    def name_in(self, curl: Curl) -> str:
        """Who is signed in in this browser, as the guarded application hears."""
        answer = curl(f"{self.front.origin}/app/x")
        if answer.status != 200:
            return ""
        heard = {name.lower(): value for name, value in json.loads(answer.body)["headers"]}
        assert not [name for name in heard if "cert" in name], "the application hears of people, not of certificates"
        return str(heard["remote-user"])
