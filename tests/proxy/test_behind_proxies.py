"""The printed configurations at work: who reaches the application, as whom, and what nobody can pretend."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from genkan.site.browser import DEVICE, KNOWN, SESSION
from tests.ports import free_port
from tests.proxy.conftest import EACH
from tests.proxy.kinds import KINDS
from tests.proxy.world import SECRET, Front

IDENTITY = ["remote-user", "remote-groups", "remote-name", "remote-email", "remote-scope"]
OURS = [f"{prefix}{name}" for prefix in ("", "__Host-") for name in (SESSION, DEVICE, KNOWN)]
PAGE = [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none")]


def heard(answer: httpx2.Response) -> dict[str, Any]:
    """What the application was told; a header that came twice fails the test."""
    assert answer.status_code == 200, answer.text
    told = dict(answer.json())
    names = [name.lower() for name, _ in told["headers"]]
    assert len(set(names)) == len(names), names
    told["headers"] = {name.lower(): value for name, value in told["headers"]}
    return told


def cookies_heard(front: Front, *jars: str) -> list[str]:
    """What cookies the application got of each of these Cookie headers."""
    sign = ("authorization", f"Bearer {front.passing_token()}")
    with front.browser() as client:
        answers = [client.get(f"{front.origin}/app/", headers=[sign, ("cookie", jar)]) for jar in jars]
    return [str(heard(answer)["headers"].get("cookie", "")) for answer in answers]


def test_a_read_token_reads_and_a_write_token_writes(front: Front) -> None:
    """GET passes with READ, POST is refused with 403 insufficient_scope; with WRITE the body arrives whole."""
    reader, writer = front.token("READ")["access_token"], front.token("WRITE")["access_token"]
    read = heard(front.app("GET", reader))
    assert (read["method"], read["target"]) == ("GET", "/app/list?page=2")
    assert (read["headers"]["remote-user"], read["headers"]["remote-scope"]) == ("alice", "READ")
    refused = front.app("POST", reader, content=b"x" * 300_000)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    for method in ("PUT", "DELETE"):
        assert front.app(method, reader).status_code == 403
    written = heard(front.app("POST", writer, content=b"x" * 300_000))
    assert (written["method"], written["body"], written["headers"]["remote-scope"]) == ("POST", 300_000, "WRITE")


def test_without_a_token_nothing_passes(front: Front) -> None:
    """401 with exactly one challenge, for programs and for dead tokens alike."""
    for token in ("", "nonsense", "gnk_at_" + "A" * 52):
        answer = front.app("GET", token)
        assert answer.status_code == 401
        assert answer.headers.get_list("www-authenticate")[0].startswith('Bearer realm="Genkan"')
        assert len(answer.headers.get_list("www-authenticate")) == 1
    refresh = front.token()["refresh_token"]
    assert front.app("GET", refresh).status_code == 401


def test_the_person_comes_from_the_site_and_never_from_the_client(front: Front) -> None:
    """Identity headers that a client sends are dropped, in every spelling, with a token and without groups too."""
    token = front.token(name="zoë")["access_token"]
    spoofed = [(name, "root") for name in IDENTITY] + [
        ("Remote_User", "root"), ("REMOTE_GROUPS", "admins"), ("Remote-Admin", "yes"), ("X-Genkan-Proxy", SECRET),
        ("X_Genkan_Proxy", SECRET),
    ]  # fmt: skip
    told = heard(front.app("GET", token, headers=spoofed))["headers"]
    assert [name for name in told if "_" in name or "genkan" in name] == []
    assert told["remote-user"] == "zo%C3%AB"
    assert told["remote-name"] == "Zo%C3%AB 100%25"
    assert told.get("remote-groups", "") == ""
    assert told.get("remote-email", "") == ""
    assert "root" not in told.values()
    assert front.app("GET", headers=spoofed).status_code == 401


@pytest.mark.parametrize("name", ["X-Forwarded-Method", "X-Original-Method", "X_Forwarded_Method", "x-original-method"])
def test_the_method_comes_from_the_proxy(front: Front, name: str) -> None:
    """A client cannot call its POST a GET."""
    token = front.token("READ")["access_token"]
    assert front.app("POST", token, headers=[(name, "GET")], content=b"x").status_code in (400, 403, 503)
    assert front.app("GET", token, headers=[(name.replace("_", "-"), "GET")]).status_code == 200


def test_the_application_hears_neither_token_nor_overridden_method(front: Front) -> None:
    """Nothing that would let it act as the person, nor a header that turns a passed GET into something else."""
    token = front.token("READ")["access_token"]
    overrides = [(name, "DELETE") for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")]
    told = heard(front.app("GET", token, headers=overrides))["headers"]
    assert token not in str(told)
    assert SECRET not in str(told)
    assert [name for name in told if "method" in name and name != "x-forwarded-method"] == []


def test_sign_out_counts_from_the_next_request(front: Front) -> None:
    """The app signs out; the application behind the proxy is closed to it at once."""
    tokens = front.token()
    assert front.app("GET", tokens["access_token"]).status_code == 200
    with front.browser() as client:
        form = {"token": tokens["refresh_token"], "client_id": front.client_id}
        assert client.post(f"{front.base}/rest/oauth2/latest/revoke", data=form).status_code == 200
    assert front.app("GET", tokens["access_token"]).status_code == 401


def test_a_refresh_moves_the_application_to_the_new_token(front: Front) -> None:
    """The old access token opens nothing any more, the new one does."""
    tokens = front.token()
    with front.browser() as client:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": front.client_id}
        fresh = client.post(f"{front.base}/rest/oauth2/latest/token", data=form).json()
    assert front.app("GET", tokens["access_token"]).status_code == 401
    assert front.app("GET", fresh["access_token"]).status_code == 200


def test_what_the_app_asks_first_is_never_redirected(front: Front) -> None:
    """info/login answers anybody, whatever it is called with."""
    with front.browser() as client:
        answer = client.get(f"{front.base}/rest/nativemobile/1.1/info/login", headers={"x-forwarded-proto": "https"})
    assert answer.status_code == 200
    assert answer.json()["oauth"]["clientID"] == front.client_id


def test_a_browser_signs_in_once_for_site_and_application(front: Front) -> None:
    """Sent to sign-in and back to the page; then the session passes, and the application never sees it."""
    with front.browser() as client:
        page = f"{front.origin}/app/report?year=2026&of=%C3%A4"
        sent = client.get(page, headers=PAGE)
        assert sent.status_code == 302
        location = urlsplit(sent.headers["location"])
        assert parse_qs(location.query) == {"next": [page]}
        assert sent.headers["location"].startswith(f"{front.base}/login?")
        back = front.sign_in(client, sent.headers["location"])
        assert (back.status_code, back.headers["location"]) == (303, page)
        client.cookies.set("theme", "dark")
        told = heard(client.get(page, headers=PAGE))
        assert told["target"] == "/app/report?year=2026&of=%C3%A4"
        assert told["headers"]["remote-user"] == "alice"
        assert "theme=dark" in told["headers"]["cookie"]
        assert "genkan-session" not in told["headers"]["cookie"]
        from_elsewhere = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]
        assert client.post(page, headers=from_elsewhere).status_code == 403
        ours = [("origin", front.origin), ("sec-fetch-site", "same-origin")]
        assert heard(client.post(page, headers=ours, content=b"x" * 1000))["body"] == 1000


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("planted", [SESSION, f"__Host-{SESSION}"])
def test_a_planted_cookie_does_not_shield_the_sites_own(front: Front, name: str, planted: str) -> None:
    """The application may plant one by a name of the site, which comes first where its path is longer (RFC 6265 5.4):
    whichever stands first, neither passes, and what is the application's does.
    """
    ours, bait = f"{name}=REAL", f"{planted}=x"
    orders = [(bait, ours), (ours, bait), (bait, ours, ours), (bait, ours, bait)]
    assert cookies_heard(front, *("; ".join(sent) for sent in orders)) == [""] * 4
    for sent in orders:
        around = [("theme=dark", *sent), (*sent, "theme=dark"), (sent[0], "theme=dark", *sent[1:])]
        assert cookies_heard(front, *("; ".join(jar) for jar in around)) == ["theme=dark"] * 3


def test_no_cookie_of_the_site_passes_however_many_there_are(front: Front) -> None:
    """All that one browser can hold are taken out; where more were planted, no cookie passes rather than one of the
    site's.
    """
    all_of_them = "; ".join(("a=1", *(f"{name}=REAL; c={name[-1]}" for name in OURS)))
    assert cookies_heard(front, all_of_them) == ["a=1; c=n; c=e; c=n; c=n; c=e; c=n"]
    for count in (2, 6, 7, 40):
        baits = f"{SESSION}=x; c=3; " * count
        for told in cookies_heard(front, *(f"a=1; {baits}{last}=REAL; b=2" for last in OURS)):
            assert "REAL" not in told, count
            assert "genkan" not in told, count


@pytest.mark.parametrize(
    "mine", ["agenkan-session=mine", "a=genkan-session", "my__Host-genkan-device=1", "a=__Host-genkan-known=2"]
)
def test_what_only_looks_like_the_sites_cookie_is_the_applications(front: Front, mine: str) -> None:
    """A name is compared from its beginning: nothing is cut out of the middle of another cookie."""
    sent = [f"{mine}; {SESSION}=REAL; theme=dark", f"theme=dark; {mine}", mine]
    assert cookies_heard(front, *sent) == [f"{mine}; theme=dark", f"theme=dark; {mine}", mine]


@pytest.mark.parametrize("between", [", ", ",", ";", ";\t", ";  "])
def test_cookies_joined_in_another_way_hide_nothing(front: Front, between: str) -> None:
    """What some program on the way joined by commas or tabs is taken out, or nothing passes."""
    for told in cookies_heard(front, *(between.join(("a=1", f"{name}=REAL", "b=2")) for name in OURS)):
        assert "REAL" not in told
        assert "," not in between or told == ""


def test_cookies_in_two_lines_hide_nothing(front: Front) -> None:
    """HTTP/2 lets browsers send each cookie by itself (RFC 9113 8.2.3)."""
    for name in OURS:
        lines = [("cookie", f"{SESSION}=x"), ("cookie", f"{name}=REAL"), ("cookie", "theme=dark")]
        answer = front.app("GET", front.passing_token(), headers=lines)
        assert answer.status_code == 200
        assert "theme=dark" in answer.text
        assert "REAL" not in answer.text
        assert "genkan-session" not in answer.text


def test_programs_without_a_token_get_no_sign_in_page(front: Front) -> None:
    """A script or program is told 401, not handed a page."""
    for headers in ([("accept", "application/json")], [("accept", "text/html"), ("sec-fetch-mode", "cors")]):
        answer = front.app("GET", headers=headers)
        assert answer.status_code == 401
        assert "location" not in answer.headers


def test_the_question_cannot_be_asked_in_the_proxys_name(front: Front) -> None:
    """Asking /auth/verify oneself, with whatever headers, gives no more than one's own token allows."""
    token = front.token("READ")["access_token"]
    told = {"authorization": f"Bearer {token}", "x-original-method": "GET", "x-forwarded-method": "GET"}
    with front.browser() as client:
        assert client.get(f"{front.base}/auth/verify", headers=told).status_code == 403
        assert client.get(f"{front.origin}/_genkan_verify", headers=told).status_code == 404


@pytest.mark.parametrize(
    "target", ["/app/../rest/api/2/myself", "/x/../app/list", "//app/list", "/app%2flist", "/%61pp/list"]
)
def test_no_spelling_of_the_path_leads_around_the_guard(front: Front, target: str) -> None:
    """Whatever is made of dots, slashes and escapes, the application is not reached without a token."""
    address = urlsplit(front.origin)
    import http.client  # httpx2 tidies paths up before it sends them

    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=20)
    try:
        connection.putrequest("GET", target, skip_host=True)
        connection.putheader("Host", address.netloc)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status != 200 or b'"target"' not in answer.read()
    finally:
        connection.close()


def test_the_client_address_is_the_proxys_word(front: Front) -> None:
    """A chain that the client made up is not what the site goes by: guess budgets cannot be escaped by a header."""
    before = front.refusals()
    with front.browser() as client:
        for number in range(3):
            forged = {"authorization": "Bearer nonsense", "x-forwarded-for": f"198.51.{number}.7"}
            assert client.get(f"{front.base}/rest/api/2/myself", headers=forged).status_code == 401
    assert set(front.refusals(before.total() + 3)) == {"127.0.0.0/24"}


def test_no_query_reaches_a_log(front: Front) -> None:
    """Vendor samples put secrets into the query of the POST; neither proxy nor site writes them down."""
    tokens = front.token()
    query = {"grant_type": "refresh_token", "client_id": front.client_id, "refresh_token": tokens["refresh_token"]}
    with front.browser() as client:
        assert client.post(f"{front.base}/rest/oauth2/latest/token", params=query).status_code == 200
    written = front.written()
    assert "/rest/oauth2/latest/token" in written
    for secret in ("gnk_", "code=", "code_challenge", SECRET, "Bearer"):
        assert secret not in written, secret


@pytest.mark.parametrize("kind", EACH)
def test_no_query_reaches_a_log_while_the_site_is_down(kind: str, tmp_path: Path) -> None:
    """A failed request is written with its address into error logs: not that of the token endpoint."""
    front = Front(kind, tmp_path / kind, with_site=False)
    try:
        front.start()
        with front.browser() as client:
            for version in ("latest", "1.0"):
                for name in ("token", "revoke", "introspect"):
                    address = f"{front.base}/rest/oauth2/{version}/{name}"
                    assert client.post(address, params={"client_secret": "hush-hush"}).status_code == 502
            guarded = client.get(f"{front.origin}/app/", headers={"authorization": "Bearer x"})
            assert guarded.status_code in (502, 503)
        assert "hush-hush" not in front.written()
    finally:
        front.stop()


def test_over_tls_below_a_context_path_all_of_it_works(below: Front) -> None:
    """Flow, API and guarded application; the metadata document stands where RFC 8414 3.1 puts it."""
    tokens = below.token()
    with below.browser() as client:
        me = client.get(
            f"{below.base}/rest/api/2/myself", headers={"authorization": f"Bearer {tokens['access_token']}"}
        )
        assert me.json()["self"].startswith(f"{below.base}/rest/api/2/user")
        metadata = client.get(f"{below.origin}/.well-known/oauth-authorization-server/front-door")
        assert metadata.json()["issuer"] == below.base
        assert client.get(f"{below.base}/rest/oauth2/1.0/client").status_code == 401
        assert client.get(f"{below.origin}/elsewhere").status_code == 404
        assert client.get(below.base).headers["location"] == f"{below.base}/"
    told = heard(below.app("POST", tokens["access_token"], content=b"12345"))
    assert (told["body"], told["headers"]["remote-user"]) == (5, "alice")
    assert told["headers"]["x-forwarded-proto"] == "https"


def test_without_sessions_a_signed_in_browser_does_not_pass(below: Front) -> None:
    """Only what the operator asked for is let through."""
    with below.browser() as client:
        assert below.sign_in(client, f"{below.base}/login").status_code == 303
        answer = client.get(f"{below.origin}/app/", headers=PAGE)
        assert answer.status_code == 401
        assert "location" not in answer.headers


def test_cookies_over_tls_are_bound_to_the_host(below: Front) -> None:
    """The proxy's word on the scheme makes the cookies Secure and __Host-."""
    with below.browser() as client:
        answer = below.sign_in(client, f"{below.base}/login")
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-genkan-")
        assert "; Secure" in cookie


@pytest.mark.parametrize("kind", EACH)
def test_a_proxy_that_hides_the_scheme_gets_a_page_that_says_so(kind: str, tmp_path: Path) -> None:
    """Without X-Forwarded-Proto a person sees which header to mend, not a login loop; machines are served as ever."""

    said, silenced = KINDS[kind].hidden_scheme

    def without_scheme(text: str) -> str:
        assert said in text
        return text.replace(said, silenced)

    front = Front(kind, tmp_path / kind, tls=True, edit=without_scheme)
    try:
        front.start()
        with front.browser() as client:
            page = client.get(f"{front.base}/login")
            assert page.status_code == 400
            assert "X-Forwarded-Proto" in page.text
            told = client.get(f"{front.base}/rest/nativemobile/1.1/info/login").json()
            assert told["oauth"]["tokenEndpoint"] == f"{front.base}/rest/oauth2/latest/token"
    finally:
        front.stop()


@pytest.mark.parametrize("kind", EACH)
def test_a_former_address_is_passed_on(kind: str, tmp_path: Path) -> None:
    """On another host and below another path of this one: pages lead to the base URL, a phone is answered there, and
    browsers learn where the passkeys of before may be used.
    """
    host = f"http://127.0.0.1:{free_port()}"
    elsewhere, former = f"{host}/jira", (f"{host}/jira", f"{host}/tracker", "{origin}/old")
    front = Front(kind, tmp_path / kind, path="/front-door", former=former)
    try:
        front.start()
        with front.browser() as client:
            for before in (elsewhere, f"{host}/tracker", f"{front.origin}/old"):
                page = client.get(f"{before}/login?next=x")
                assert (page.status_code, page.headers["location"]) == (302, f"{front.base}/login?next=x")
                told = client.get(f"{before}/rest/nativemobile/1.1/info/login").json()
                assert told["oauth"]["tokenEndpoint"] == f"{front.base}/rest/oauth2/latest/token"
            form = {"grant_type": "refresh_token", "refresh_token": front.token()["refresh_token"],
                    "client_id": front.client_id}  # fmt: skip
            assert client.post(f"{elsewhere}/rest/oauth2/latest/token", data=form).status_code == 200
            assert client.get(f"{front.origin}/elsewhere").status_code == 404
            for asked in (host, front.origin):
                # WebAuthn 5.11.1: browsers ask the host of a passkey where else it may be used, at its very root.
                related = client.get(f"{asked}/.well-known/webauthn")
                assert (related.status_code, related.headers["content-type"]) == (200, "application/json")
                assert related.json() == {"origins": [front.origin, host]}
    finally:
        front.stop()


def test_no_proxy_complains_of_its_configuration(front: Front) -> None:
    """What it says at its start does not make an operator look for a fault that is none."""
    said = (front.folder / f"{front.kind}-output.log").read_text("utf-8")
    said += "".join(path.read_text("utf-8") for path in front.folder.glob("nginx-start.log"))
    for complaint in ("Unnecessary", "[warn]", "[error]", "[emerg]", '"level":"error"'):
        assert complaint not in said, said


def test_the_site_hears_one_address_and_one_scheme(front: Front) -> None:
    """Whatever a client says of the way it came, once or twice or in another header, the proxy says it anew."""
    before = front.refusals()
    spellings = [
        [("x-forwarded-for", "198.51.100.7, 198.51.101.7")],
        [("x-forwarded-for", "198.51.102.7"), ("x-forwarded-for", "198.51.103.7")],
        [("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example")],
        [("forwarded", "for=198.51.105.7;proto=https"), ("x-real-ip", "198.51.106.7")],
    ]
    with front.browser() as client:
        for headers in spellings:
            sent = [("authorization", "Bearer nonsense"), *headers]
            assert client.get(f"{front.base}/rest/api/2/myself", headers=sent).status_code == 401
        page = client.get(f"{front.base}/login", headers=[("x-forwarded-proto", "https"), *PAGE])
        assert page.status_code == 200
    assert set(front.refusals(before.total() + len(spellings))) == {"127.0.0.0/24"}
