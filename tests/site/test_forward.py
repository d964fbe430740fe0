"""Forward authentication: who passes, as whom, and whose word counts."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire.identity_headers import written
from genkan.wire.scopes import Permission
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

SECRET = "proxy-secret-of-the-tests"
PROXY = {"x-genkan-proxy": SECRET, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-site": "none"}


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site that knows a proxy at 127.0.0.1, which is where the test's requests come from."""
    opened = await open_site(tmp_path, TestClock(), trusted_proxies=("127.0.0.1",))
    yield opened
    await close_site(opened)


async def a_token(site: SiteUnderTest, scope: str = "WRITE") -> str:
    """Alice's access token with this scope."""
    if await site.store.account_by_name("alice") is None:
        await site.make_account(display_name="Alice A.", email="alice@example.com", groups=("dev", "all staff"))
    link = await site.make_link()
    tokens = await site.issue_tokens(link.link, scope=scope)
    return str(tokens["access_token"])


async def verify(
    site: SiteUnderTest, *headers: dict[str, str], query: str = "", browser: httpx2.AsyncClient | None = None
) -> httpx2.Response:
    """Ask as a proxy would."""
    merged = {name: value for given in headers for name, value in given.items()}
    return await (browser or site.client).get(f"{site.base}/auth/verify{query}", headers=merged)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_good_token_passes_with_the_person_in_headers(proxied: SiteUnderTest) -> None:
    """Name, groups, display name, e-mail and what may be done go to the application; nothing is stored anywhere."""
    token = await a_token(proxied)
    anew = proxied.browser()
    answer = await verify(proxied, PROXY, bearer(token), {"x-forwarded-method": "POST"}, browser=anew)
    assert answer.status_code == 200
    told = {name: value for name, value in answer.headers.items() if name.startswith("remote-")}
    assert told == {
        "remote-user": "alice",
        "remote-groups": "all staff,dev",
        "remote-name": "Alice A.",
        "remote-email": "alice@example.com",
        "remote-scope": "WRITE",
    }
    assert answer.content == b""
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


async def test_headers_are_there_even_when_there_is_nothing_to_say(proxied: SiteUnderTest) -> None:
    """A proxy that copies a header only where it is there would leave a client's own in place."""
    await proxied.make_account("bob")
    link = await proxied.make_link()
    tokens = await proxied.issue_tokens(link.link, "bob")
    answer = await verify(proxied, PROXY, bearer(str(tokens["access_token"])))
    assert (answer.headers["remote-groups"], answer.headers["remote-email"]) == ("", "")


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [
        ("READ", "GET", 200),
        ("READ", "HEAD", 200),
        ("READ", "OPTIONS", 200),
        ("READ", "POST", 403),
        ("READ", "PUT", 403),
        ("READ", "PATCH", 403),
        ("READ", "DELETE", 403),
        ("READ", "PROPFIND", 200),
        ("READ", "REPORT", 200),
        ("READ", "SEARCH", 200),
        ("READ", "QUERY", 200),
        ("READ", "PROPPATCH", 403),
        ("READ", "MKCALENDAR", 403),
        ("READ", "TRACE", 403),
        ("READ", "CONNECT", 403),
        ("READ", "get", 403),
        ("READ", "", 403),
        ("WRITE", "GET", 200),
        ("WRITE", "DELETE", 200),
    ],
)
async def test_the_method_decides_what_is_needed(proxied: SiteUnderTest, scope: str, method: str, status: int) -> None:
    """READ passes what IANA's registry calls safe (RFC 9110 9.2.1), in its exact spelling; all else needs WRITE."""
    token = await a_token(proxied, scope)
    for header in ("x-forwarded-method", "x-original-method"):
        assert (await verify(proxied, PROXY, bearer(token), {header: method})).status_code == status


async def test_a_method_that_is_missing_or_told_twice_counts_as_a_write(proxied: SiteUnderTest) -> None:
    """Two different methods may mean that one of them is the client's own."""
    token = await a_token(proxied, "READ")
    assert (await verify(proxied, PROXY, bearer(token))).status_code == 403
    for told in (("GET", "POST"), ("POST", "GET")):
        both = dict(zip(("x-forwarded-method", "x-original-method"), told, strict=True))
        assert (await verify(proxied, PROXY, bearer(token), both)).status_code == 403
    agreed = {"x-forwarded-method": "GET", "x-original-method": "GET"}
    assert (await verify(proxied, PROXY, bearer(token), agreed)).status_code == 200


@pytest.mark.parametrize("words", [{}, {"x-genkan-proxy": "guessed-secret-0123456"}])
async def test_a_stranger_word_on_the_method_counts_for_nothing(proxied: SiteUnderTest, words: dict[str, str]) -> None:
    """Without the proxy's secret a forwarded method is nobody's; WRITE is needed."""
    token = await a_token(proxied, "READ")
    told = {"x-forwarded-method": "GET", "x-original-method": "GET"}
    assert (await verify(proxied, words, bearer(token), told)).status_code == 403
    writer = await a_token(proxied, "WRITE")
    assert (await verify(proxied, words, bearer(writer), told)).status_code == 200


async def test_the_secret_from_an_unlisted_address_counts_for_nothing(proxied: SiteUnderTest) -> None:
    """Address and secret, both."""
    token = await a_token(proxied, "READ")
    transport = httpx2.ASGITransport(app=proxied.app, client=("127.0.0.2", 5))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url=proxied.base) as elsewhere:
        answer = await verify(proxied, PROXY, bearer(token), {"x-forwarded-method": "GET"}, browser=elsewhere)
    assert answer.status_code == 403


async def test_scope_in_the_address_overrides_the_method(proxied: SiteUnderTest) -> None:
    """What the operator wrote counts, narrower or wider, and the refusal names what is needed."""
    token = await a_token(proxied, "WRITE")
    assert (await verify(proxied, PROXY, bearer(token), query="?scope=WRITE")).status_code == 200
    narrow = await a_token(proxied, "READ")
    assert (await verify(proxied, bearer(narrow), query="?scope=READ")).status_code == 200
    refused = await verify(proxied, PROXY, bearer(token), {"x-forwarded-method": "GET"}, query="?scope=ADMIN")
    assert refused.status_code == 403
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="ADMIN"' in challenge


@pytest.mark.parametrize(
    "query", ["?scop=ADMIN", "?scope=", "?scope=admin", "?scope=READ&scope=ADMIN", "?session=yes", "?session="]
)
async def test_an_address_that_is_not_understood_lets_nobody_pass(proxied: SiteUnderTest, query: str) -> None:
    """A misspelt demand must not let more pass than was meant."""
    token = await a_token(proxied)
    assert (await verify(proxied, PROXY, bearer(token), {"x-forwarded-method": "GET"}, query=query)).status_code == 400


@pytest.mark.parametrize("words", [PROXY, {}])
async def test_a_client_cannot_word_the_question(proxied: SiteUnderTest, words: dict[str, str]) -> None:
    """Where a proxy sends the client's own query along, that query lets nobody pass, trusted proxy or not."""
    token = await a_token(proxied, "READ")
    for query in ("?scope=READ", "?session=1", "?scope=READ&session=1"):
        told = {"x-forwarded-method": "POST", "x-forwarded-uri": f"/app/x{query}"}
        assert (await verify(proxied, words, bearer(token), told, query=query)).status_code == 400
    told = {"x-forwarded-method": "GET", "x-forwarded-uri": "/app/x?scope=ADMIN"}
    assert (await verify(proxied, PROXY, bearer(token), told, query="?session=0")).status_code == 200


async def test_without_a_token_the_answer_is_a_bare_challenge(proxied: SiteUnderTest) -> None:
    """RFC 6750 3: 401 with WWW-Authenticate; a session counts only where it was asked for."""
    await proxied.make_account()
    await proxied.sign_in()
    answer = await verify(proxied, PROXY, PAGE, {"x-forwarded-method": "GET"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="Genkan"')
    assert answer.headers["cache-control"] == "no-store"


async def test_a_refresh_token_never_passes(proxied: SiteUnderTest) -> None:
    """Only access tokens open applications."""
    await proxied.make_account()
    link = await proxied.make_link()
    tokens = await proxied.issue_tokens(link.link)
    assert (await verify(proxied, PROXY, bearer(str(tokens["refresh_token"])))).status_code == 401


async def test_a_session_passes_where_it_was_asked_for(proxied: SiteUnderTest) -> None:
    """A signed-in browser passes as its person, with the person's own right."""
    await proxied.make_account(permission=Permission.READ)
    await proxied.sign_in()
    read = await verify(proxied, PROXY, PAGE, {"x-forwarded-method": "GET"}, query="?session=1")
    assert (read.status_code, read.headers["remote-user"], read.headers["remote-scope"]) == (200, "alice", "READ")
    assert "set-cookie" not in read.headers
    same = {"sec-fetch-site": "same-origin", "x-forwarded-method": "POST"}
    assert (await verify(proxied, PROXY, same, query="?session=1")).status_code == 403


async def test_a_token_that_is_shown_decides_whatever_the_session(proxied: SiteUnderTest) -> None:
    """A dead token is not made up for by a cookie, and a narrow one not widened."""
    token = await a_token(proxied, "READ")
    assert (await verify(proxied, PROXY, {"authorization": "Bearer x"}, query="?session=1")).status_code == 401
    answer = await verify(proxied, PROXY, bearer(token), {"x-forwarded-method": "POST"}, query="?session=1")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "https://site.example"}, 200),
        ({"origin": "https://site.example"}, 200),
    ],
)
async def test_other_origins_cannot_make_a_browser_change_something(
    proxied: SiteUnderTest, words: dict[str, str], status: int
) -> None:
    """Unsafe methods by session pass from our own origin only; so do WebSocket handshakes, which are GETs."""
    await proxied.make_account()
    await proxied.sign_in()
    for method in ({"x-forwarded-method": "POST"}, {"x-forwarded-method": "GET", "sec-fetch-mode": "websocket"}, {}):
        answer = await verify(proxied, PROXY, words, method, query="?session=1")
        assert answer.status_code == status, method
    assert (await verify(proxied, PROXY, words, {"x-forwarded-method": "GET"}, query="?session=1")).status_code == 200


# What Chromium 140 sends to open a WebSocket, as a proxy passes it on: no Sec-Fetch-*, and Upgrade only by some.
OPENING = {
    "x-forwarded-method": "GET",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
}


@pytest.mark.parametrize("way", ["sec-websocket-key", "sec-websocket-version", "upgrade", "connection"])
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
        ({"origin": "https://site.example", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://site.example"}, 200),
    ],
)
async def test_a_websocket_without_fetch_metadata_needs_our_own_origin(
    proxied: SiteUnderTest, way: str, words: dict[str, str], status: int
) -> None:
    """RFC 6455 10.2: by each header that an opening has, as Chromium tells nothing else; without Origin nobody passes
    on a session.
    """
    await proxied.make_account()
    await proxied.sign_in()
    opening = {"x-forwarded-method": "GET", way: {"connection": "keep-alive, Upgrade"}.get(way, "websocket")}
    for sent in (opening, {**OPENING, **opening}):
        assert (await verify(proxied, PROXY, sent, words, query="?session=1")).status_code == status


async def test_a_read_token_opens_no_websocket(proxied: SiteUnderTest) -> None:
    """Whoever holds a socket writes on it: it needs WRITE, unless the question says otherwise. No origin is asked of a
    token, which no page makes a browser send.
    """
    reader, writer = await a_token(proxied, "READ"), await a_token(proxied, "WRITE")
    assert (await verify(proxied, PROXY, bearer(reader), OPENING)).status_code == 403
    assert (await verify(proxied, PROXY, bearer(writer), OPENING)).status_code == 200
    assert (await verify(proxied, PROXY, bearer(reader), OPENING, query="?scope=READ")).status_code == 200


async def test_a_person_without_a_session_is_sent_to_sign_in_and_back(proxied: SiteUnderTest) -> None:
    """302 to the sign-in page with the page asked for, which sign-in then leads to."""
    await proxied.make_account()
    asked = {"x-forwarded-method": "GET", "x-forwarded-uri": "/app/list?page=2&q=%C3%A4"}
    answer = await verify(proxied, PROXY, PAGE, asked, query="?session=1")
    assert answer.status_code == 302
    assert answer.headers["cache-control"] == "no-store"
    location = urlsplit(answer.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{proxied.base}/login"
    page = "https://site.example/app/list?page=2&q=%C3%A4"
    assert parse_qs(location.query) == {"next": [page]}
    signed_in = await proxied.sign_in(next=page)
    assert signed_in.headers["location"] == page


async def test_for_nginx_the_same_is_said_with_401(proxied: SiteUnderTest) -> None:
    """nginx passes no redirect of a subrequest on: the address comes with 401 and the challenge."""
    asked = {"x-forwarded-method": "GET", "x-forwarded-uri": "/app/"}
    answer = await verify(proxied, PROXY, PAGE, asked, query="?session=401")
    assert answer.status_code == 401
    assert answer.headers["location"] == "https://site.example/login?next=https%3A%2F%2Fsite.example%2Fapp%2F"
    assert answer.headers["www-authenticate"] == 'Bearer realm="Genkan"'


@pytest.mark.parametrize(
    "words",
    [
        {"x-forwarded-host": "other.example", "x-forwarded-uri": "/app/"},
        {"x-forwarded-proto": "http", "x-forwarded-uri": "/app/"},
        {"x-forwarded-uri": "//evil.example/"},
        {"x-forwarded-uri": "/\\evil.example/"},
        {"x-forwarded-uri": "https://evil.example/"},
        {"x-forwarded-uri": "@evil.example/"},
        {"x-forwarded-uri": "/a/../b"},
        {},
    ],
)
async def test_sign_in_leads_back_to_its_own_origin_or_nowhere(proxied: SiteUnderTest, words: dict[str, str]) -> None:
    """No open redirect: another host, scheme or a doubtful path is left out."""
    answer = await verify(proxied, PROXY, PAGE, {"x-forwarded-method": "GET", **words}, query="?session=1")
    assert answer.headers["location"] == f"{proxied.base}/login"


@pytest.mark.parametrize(
    "words",
    [
        {"x-forwarded-method": "POST", **PAGE},
        {"x-forwarded-method": "GET", "accept": "application/json"},
        {"x-forwarded-method": "GET", "accept": "text/html", "sec-fetch-mode": "cors"},
        PAGE,
    ],
)
async def test_programs_are_told_401_instead_of_a_page(proxied: SiteUnderTest, words: dict[str, str]) -> None:
    """Only a person who waits for a page is sent to sign-in."""
    answer = await verify(proxied, PROXY, words, query="?session=1")
    assert answer.status_code == 401
    assert "location" not in answer.headers


async def test_any_method_of_the_question_itself_is_answered(proxied: SiteUnderTest) -> None:
    """Some proxies ask with the method of the request they hold; what counts is what they say of it."""
    token = await a_token(proxied, "READ")
    headers = {**PROXY, **bearer(token), "x-forwarded-method": "GET"}
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = await proxied.client.request(method, f"{proxied.base}/auth/verify", headers=headers)
        assert answer.status_code == 200


async def test_host_does_not_matter_to_a_proxy_question(proxied: SiteUnderTest) -> None:
    """The question comes over an inner address: no page about a wrong host."""
    token = await a_token(proxied)
    assert (await verify(proxied, PROXY, bearer(token), {"host": "genkan:8080"})).status_code == 200


async def test_a_name_beyond_ascii_travels_as_percent_encoded_utf8(proxied: SiteUnderTest) -> None:
    """Header values are visible ASCII whatever people are called."""
    await proxied.make_account("zoë", display_name="Zoë 100% 山田", groups=("größe",))
    link = await proxied.make_link()
    tokens = await proxied.issue_tokens(link.link, "zoë")
    answer = await verify(proxied, PROXY, bearer(str(tokens["access_token"])))
    assert answer.headers["remote-user"] == "zo%C3%AB"
    assert answer.headers["remote-name"] == "Zo%C3%AB 100%25 %E5%B1%B1%E7%94%B0"
    assert answer.headers["remote-groups"] == "gr%C3%B6%C3%9Fe"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_header_value_is_safe_and_reads_back(text: str) -> None:
    """Whatever the text, the value is printable ASCII, and decoding it gives the text again."""
    value = written(text)
    assert all(0x20 <= byte < 0x7F for byte in value)
    assert unquote(value.decode()) == text


def test_plain_text_stays_as_it_is() -> None:
    """An application that never heard of the encoding reads ordinary names."""
    assert written("Alice A. <a@example.com>") == b"Alice A. <a@example.com>"
    assert written("%41lice") == b"%2541lice"


async def test_every_refusal_is_counted_under_its_reason(proxied: SiteUnderTest) -> None:
    """Operators see why requests are turned away, by reason and network, never by token."""
    await verify(proxied, PROXY, {"authorization": "Bearer nonsense"})
    await proxied.store.flush()
    tallies = await proxied.store.tallies()
    assert [(tally.reason, tally.network) for tally in tallies] == [("token_broken", "203.0.113.0/24")]


async def test_verify_agrees_with_introspection(proxied: SiteUnderTest) -> None:
    """The scope told to applications is the one that introspection tells."""
    token = await a_token(proxied, "READ")
    caller = await proxied.make_link("https://api.example/cb", introspect=True)
    assert caller.secret is not None
    told = await proxied.introspect(token, caller.link, caller.secret)
    answer = await verify(proxied, PROXY, bearer(token), {"x-forwarded-method": "GET"})
    assert (answer.headers["remote-scope"], answer.headers["remote-user"]) == (told["scope"], told["username"])
