"""Client certificates through real proxies with the printed configuration, shown by curl."""

import base64
import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from genkan.ops.proxy import Layout
from tests.proxy.conftest import EACH
from tests.proxy.curl import Answered, Curl
from tests.proxy.world import Front, free_port

NOT_FOUND = ["/", "/login", "/login/certificate/start", "/rest/api/2/myself", "/healthz", "/auth/verify", "/static/x"]


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


@pytest.fixture(scope="module", params=EACH)
def split(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Certificates are asked for on the same host at another port."""
    url = f"https://localhost:{free_port()}"
    opened = Opened(request.param, tmp_path_factory.mktemp("split"), certificate_url=url)
    try:
        yield opened.start()
    finally:
        opened.front.stop()


@pytest.fixture(scope="module", params=EACH)
def everywhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Certificates are asked for on every hop, and at an origin of another host at the same port too."""
    url = "https://certs.localhost:{port}"
    opened = Opened(
        request.param, tmp_path_factory.mktemp("everywhere"), certificate_url=url, certificate_on_every_hop=True
    )
    try:
        yield opened.start()
    finally:
        opened.front.stop()


def test_a_certificate_signs_in_through_the_proxy(split: Opened) -> None:
    """A whole sign-in: the person of the certificate is in the application, in this browser alone."""
    curl = split.browser(split.people.issue("alice"))
    done = split.sign_in(curl)
    assert (done.status, done.location) == (303, f"{split.front.base}/account")
    assert split.name_in(curl) == "alice"
    assert split.name_in(split.browser(split.people.issue("alice"))) == ""


def test_what_is_wrong_with_a_certificate_is_said(split: Opened) -> None:
    """The proxy lets every certificate through to the site, which says it on its own sign-in page."""
    people = split.people
    cases = [
        (people.issue("alice", days=-2), "Your certificate expired on"),
        (people.issue("alice", people.strangers), "was not issued by an authority that this site accepts"),
        (people.issue("nobody"), "No account on this site belongs to your certificate"),
        (None, "No certificate came"),
    ]
    for shown, words in cases:
        curl = split.browser(shown)
        page = split.sign_in(curl)
        assert (page.status, words in page.body) == (403, True), (words, page.body)
        assert split.name_in(curl) == ""


def test_the_origin_serves_nothing_else(split: Opened) -> None:
    """404, with a certificate and without; the site's own origin knows no such page."""
    for shown in (split.people.issue("alice"), None):
        curl = split.browser(shown)
        for path in NOT_FOUND:
            assert curl(split.origin + path).status == 404, path
    assert split.browser()(f"{split.front.base}/login/certificate").status == 404


def test_nobody_is_asked_at_the_sites_own_origin(split: Opened) -> None:
    """What a client itself says there of certificates is refused or dropped, whoever it is."""
    alice = split.people.issue("alice")
    curl = split.browser(alice)
    assert curl(f"{split.front.base}/login").status == 200
    for path in ("/login", "/rest/api/2/serverInfo", "/rest/api/2/myself"):
        said = in_headers(alice)
        answers = [curl(split.front.base + path, *said[at : at + 2]).status for at in range(0, len(said), 2)]
        assert set(answers) <= {400, 401, 200}
        assert answers[0] == 400, "the site's proxy tells no certificates there"
    assert curl(f"{split.front.origin}/app/x", *in_headers(alice)).status in (400, 401, 403, 503)
    assert split.front.application.asked == 0 or split.name_in(split.browser()) == ""


def test_what_a_client_says_of_its_certificate_is_dropped(split: Opened, everywhere: Opened) -> None:
    """Only what TLS proved counts: neither another's certificate in a header nor one beside none."""
    for opened in (split, everywhere):
        alice, nobody = opened.people.issue("alice"), opened.people.issue("nobody")
        for shown, words in ((nobody, "No account on this site"), (None, "No certificate came")):
            curl = opened.browser(shown)
            page = opened.sign_in(curl, *in_headers(alice)) if opened is split else _at_origin(opened, curl, alice)
            assert words in page.body, page.body


def _at_origin(opened: Opened, curl: Curl, alice: Path) -> Answered:
    there = curl(f"{opened.front.base}/login/certificate/start")
    return curl(curl(there.location, *in_headers(alice)).location)


def test_on_every_hop_programs_are_their_person(everywhere: Opened) -> None:
    """The REST API, the application behind forward authentication and sign-in without a form."""
    curl, base = everywhere.browser(everywhere.people.issue("alice")), everywhere.front.base
    assert '"name":"alice"' in curl(f"{base}/rest/api/2/myself").body
    assert everywhere.name_in(curl) == "alice"
    signed_in = curl(f"{base}/login")
    assert (signed_in.status, signed_in.location) == (303, f"{base}/")
    assert "genkan-session" in (curl.folder / "jar").read_text()
    assert everywhere.browser()(f"{base}/rest/api/2/myself").status == 401
    assert 'name="password"' in everywhere.browser()(f"{base}/login").body


def test_on_every_hop_a_form_changes_nothing(everywhere: Opened) -> None:
    """JSON and headers of one's own pass, what any page could make a browser send does not."""
    curl, app = everywhere.browser(everywhere.people.issue("alice")), f"{everywhere.front.origin}/app/x"
    assert curl(app, "-X", "POST", "-d", "a=1").status in (401, 403)
    assert curl(app, "-X", "POST", "-d", "{}", content_type="application/json").status == 200
    assert curl(app, "-X", "DELETE", x_requested_with="curl").status == 200
    assert curl(app, "-X", "DELETE").status in (401, 403)


def test_on_every_hop_nobody_else_is_believed(everywhere: Opened) -> None:
    """A client's own headers, strangers' certificates and expired ones open nothing; a token goes on to count."""
    people, base = everywhere.people, everywhere.front.base
    alice = people.issue("alice")
    for shown in (
        None,
        people.issue("nobody"),
        people.issue("alice", people.strangers),
        people.issue("alice", days=-2),
    ):
        curl = everywhere.browser(shown)
        assert curl(f"{base}/rest/api/2/myself", *in_headers(alice)).status == 401
        # nginx answers for a certificate that is out of date outside of the application's place: 404, and never in it.
        assert curl(f"{everywhere.front.origin}/app/x", *in_headers(alice)).status in (401, 403, 404)
    assert everywhere.name_in(everywhere.browser(alice)) == "alice"
    token = everywhere.front.passing_token()
    answer = everywhere.browser(people.issue("alice", days=-2))(
        f"{base}/rest/api/2/myself", authorization=f"Bearer {token}"
    )
    assert '"name":"alice"' in answer.body
    expired = everywhere.browser(people.issue("alice", days=-2))(f"{base}/rest/api/2/myself")
    assert "Your certificate expired on" in expired.body


@pytest.mark.parametrize("kind", EACH)
def test_a_connection_of_another_host_is_sent_away(kind: str, tmp_path: Path) -> None:
    """RFC 9110 15.5.20: who asks for the certificate origin on a connection of the site's own host, where nobody was
    asked for a certificate, is told to make another one; each on its own connection both answer.
    """
    opened = Opened(kind, tmp_path, certificate_url="https://certs.localhost:{port}")
    try:
        opened.start()
        curl, authority = opened.browser(opened.people.issue("alice")), opened.origin.partition("://")[2]
        assert (opened.sign_in(curl).status, opened.name_in(curl)) == (303, "alice")
        there = curl(f"{opened.front.base}/login/certificate/start").location
        reused = curl(there.replace(opened.origin, opened.front.base), host=authority)
        assert reused.status == 421
    finally:
        opened.front.stop()
