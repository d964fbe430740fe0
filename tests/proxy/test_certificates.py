"""Client certificates through real proxies with the printed configuration, shown by curl."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.proxy.certificate_front import Opened, in_headers
from tests.proxy.conftest import EACH
from tests.proxy.curl import Answered, Curl

NOT_FOUND = ["/", "/login", "/login/certificate/start", "/rest/api/2/myself", "/healthz", "/auth/verify", "/static/x"]


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
