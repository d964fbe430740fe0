"""Bad input everywhere: a clear error in the protocol's words or a page, within bounds, and nothing changed."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genkan.protocol.records import LinkKind
from genkan.site import read
from genkan.site.app import route_table
from genkan.site.arrival import MOST_BODY_BYTES
from genkan.site.received import Malformed
from genkan.store.api import PhoneQuery
from genkan.wire import pkce
from genkan.wire.scopes import Permission
from tests.site.world import VERIFIER, SiteUnderTest

TOKEN = "/rest/oauth2/latest/token"
AUTHORIZE = "/rest/oauth2/latest/authorize"
FORM = {"content-type": "application/x-www-form-urlencoded"}
ENDPOINTS = ["token", "revoke", "introspect"]


async def _post(site: SiteUnderTest, path: str, body: bytes, headers: dict[str, str] | None = None) -> httpx2.Response:
    return await site.client.post(site.base + path, content=body, headers=headers or FORM)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (b"", FORM, 401, "invalid_client"),
        (b"client_id=a&client_id=b", FORM, 400, "invalid_request"),
        (b"client_id=%ff%fe", FORM, 400, "invalid_request"),
        (b"client_id=a%00b", FORM, 400, "invalid_request"),
        (b"client_id=a%zz", FORM, 400, "invalid_request"),
        (b"client_id=a%", FORM, 400, "invalid_request"),
        (b'{"client_id": "a"}', {"content-type": "application/json"}, 415, "invalid_request"),
        (b"client_id=a", {"content-type": "multipart/form-data; boundary=x"}, 415, "invalid_request"),
        (b"client_id=a", {"content-type": "text/plain"}, 415, "invalid_request"),
        (b"a=" + b"x" * MOST_BODY_BYTES, FORM, 413, "invalid_request"),
        (b"&".join(b"p%d=1" % n for n in range(200)), FORM, 413, "invalid_request"),
        (b"client_id=unknown", FORM, 401, "invalid_client"),
    ],
)
async def test_every_endpoint_refuses_in_the_words_of_oauth(
    site: SiteUnderTest, endpoint: str, body: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    """RFC 6749 5.2: status, JSON error code, no-store; never a 500 and never a page."""
    answer = await _post(site, f"/rest/oauth2/latest/{endpoint}", body, headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_body_that_never_ends_is_cut_off(site: SiteUnderTest) -> None:
    """413 as soon as it has grown too long: what was taken in by then is all that is ever held."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(10_000):
            taken += 4096
            yield b"a" * 4096

    answer = await site.client.post(site.base + TOKEN, content=endless(), headers=FORM)
    assert answer.status_code == 413


async def test_parameters_in_query_and_body_are_refused(site: SiteUnderTest) -> None:
    """RFC 6749 2.3.1: one place or the other."""
    answer = await site.client.post(f"{site.base}{TOKEN}?client_id=a", data={"grant_type": "refresh_token"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "gnk_ac_nonsense"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "\u2603"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "gnk_rt_" + "A" * 52}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "gnk_rt_\u2603"}, "invalid_grant"),
    ],
)
async def test_a_known_client_with_a_bad_request_is_told_which_part(
    site: SiteUnderTest, form: dict[str, str], error: str
) -> None:
    """RFC 6749 5.2: the code that the clause names, status 400."""
    made = await site.make_link()
    answer = await site.token(client_id=made.link.client_id, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"client_id": "unknown", "redirect_uri": "https://evil.example/"},
        {"redirect_uri": "https://evil.example/"},
        {"client_id": "CLIENT", "redirect_uri": "https://evil.example/"},
        {"client_id": "CLIENT", "redirect_uri": "jira-server://oauth-callback/"},
        {"client_id": "CLIENT", "redirect_uri": "JIRA-SERVER://oauth-callback"},
        {"client_id": "CLIENT", "redirect_uri": "jira-server://oauth-callback?x=1"},
        {"client_id": "CLIENT", "redirect_uri": "jira-server://user@oauth-callback"},
        {"client_id": "CLIENT", "redirect_uri": "javascript:alert(1)"},
    ],
)
async def test_before_the_redirect_is_known_to_be_good_nothing_is_redirected(
    site: SiteUnderTest, query: dict[str, str]
) -> None:
    """RFC 6749 4.1.2.1: unknown client or redirect: a page, status 400, no Location."""
    made = await site.make_link()
    sent = {name: made.link.client_id if value == "CLIENT" else value for name, value in query.items()}
    answer = await site.client.get(site.base + AUTHORIZE, params={**sent, "response_type": "code", "state": "s"})
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "read:jira-work"}, "invalid_scope"),
        ({"scope": "ADMIN"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_errors_of_a_good_redirect_travel_with_state_and_issuer(
    site: SiteUnderTest, changed: dict[str, str], error: str
) -> None:
    """RFC 6749 4.1.2.1 and RFC 9207 2: error, the very state, iss; the address is the registered one."""
    made = await site.make_link()
    query = {
        "client_id": made.link.client_id,
        "redirect_uri": made.link.redirects[0],
        "response_type": "code",
        "state": "ein <b>Zustand</b>",
        "code_challenge": pkce.challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changed,
    }
    answer = await site.client.get(site.base + AUTHORIZE, params=query)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["location"])
    assert (target.scheme, target.netloc) == ("jira-server", "oauth-callback")
    back = parse_qs(target.query)
    assert (back["error"], back["state"], back["iss"]) == ([error], ["ein <b>Zustand</b>"], ["https://site.example"])


async def test_repeated_parameters_of_the_authorization_request_are_refused(site: SiteUnderTest) -> None:
    """RFC 6749 3.1: a page, since not even the redirect URI can be believed."""
    made = await site.make_link()
    query = urlencode({"client_id": made.link.client_id, "response_type": "code"})
    evil = f"{query}&redirect_uri=jira-server%3A%2F%2Foauth-callback&redirect_uri=https%3A%2F%2Fevil.example"
    answer = await site.client.get(f"{site.base}{AUTHORIZE}?{evil}")
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_wrong_try_consumes_no_code(site: SiteUnderTest) -> None:
    """Wrong client, secret, verifier, redirect or none of them: refused, and the code still works afterwards."""
    await site.make_account()
    made = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    other = await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)
    code = await site.get_code(made.link)
    right = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": made.link.client_id,
        "client_secret": str(made.secret),
        "redirect_uri": "https://app.example/cb",
        "code_verifier": VERIFIER,
    }
    wrong: list[dict[str, str]] = [
        {"client_secret": "0" * 64},
        {"client_id": other.link.client_id, "client_secret": str(other.secret)},
        {"redirect_uri": "https://app.example/cb2"},
        {"redirect_uri": ""},
        {"code_verifier": "A" * 43},
        {"code_verifier": ""},
        {"code": code[:-1]},
    ]
    for change in wrong:
        answer = await site.token(**{**right, **change})
        assert answer.status_code in (400, 401), change
    for left_out in ("redirect_uri", "code_verifier", "client_secret"):
        answer = await site.token(**{name: value for name, value in right.items() if name != left_out})
        assert answer.status_code in (400, 401), left_out
    assert await site.store.phones(PhoneQuery()) == []
    assert (await site.token(**right)).status_code == 200


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_are_parameters_or_malformed(encoded: bytes) -> None:
    """The form reader gives a value or Malformed, never anything else, and never loses a repeat."""
    try:
        found = read.pairs(encoded)
    except Malformed:
        return
    names = [pair.partition(b"=")[0] for pair in encoded.split(b"&") if pair]
    assert len(found) == len(names)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=20))
def test_what_a_browser_encodes_is_read_back(fields: dict[str, str]) -> None:
    """Round trip with the standard library's encoder, for all text without NUL."""
    clean = {n.replace("\0", ""): v.replace("\0", "") for n, v in fields.items() if n.replace("\0", "")}
    try:
        encoded = urlencode(clean).encode()
    except UnicodeEncodeError:
        return
    assert read.pairs(encoded) == clean


async def test_unknown_paths_and_methods_are_told_apart(site: SiteUnderTest) -> None:
    """404 for what is not there, 405 with Allow for a method that is not; paths outside the base URL are not ours."""
    assert (await site.client.get(f"{site.base}/nothing/here")).status_code == 404
    wrong_method = await site.client.get(site.base + TOKEN)
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "OPTIONS, POST")


async def test_hostile_forwarding_headers_change_nothing(site: SiteUnderTest) -> None:
    """Nothing of Host or X-Forwarded-* shows in metadata, info/login or redirects (machine routes ignore them)."""
    hostile = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "gopher",
        "forwarded": "host=evil.example",
        "x-forwarded-for": "6.6.6.6",
    }
    await site.turn_mobile_on()
    for path in (
        "/.well-known/oauth-authorization-server",
        "/rest/nativemobile/1.1/info/login",
        "/rest/api/2/serverInfo",
    ):
        plain = await site.client.get(site.base + path)
        shown = await site.client.get(site.base + path, headers=hostile)
        assert "evil" not in shown.text
        assert plain.status_code == shown.status_code == 200
    page = await site.client.get(f"{site.base}/login", headers=hostile)
    assert page.status_code == 400


@pytest.mark.parametrize("length", [7999, 8000])
async def test_a_long_state_comes_back_whole(site: SiteUnderTest, length: int) -> None:
    """RFC 6749 4.1.2: through sign-in and consent, byte for byte."""
    await site.make_account()
    link = await site.turn_mobile_on()
    await site.sign_in()
    answer = await site.decide(await site.authorize(link, state="s" * length))
    assert parse_qs(urlsplit(answer.headers["location"]).query)["state"] == ["s" * length]


async def test_a_longer_state_is_refused_at_once(site: SiteUnderTest) -> None:
    """The application hears of it by redirect, before anybody is asked to sign in."""
    link = await site.turn_mobile_on()
    answer = await site.authorize(link, state="s" * 8001)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (back["error"], len(back["state"][0])) == (["invalid_request"], 8001)


async def test_a_prompt_of_other_providers_is_ignored(site: SiteUnderTest) -> None:
    """RFC 6749 3.1: what is not known is ignored; the person is asked as always."""
    link = await site.turn_mobile_on()
    answer = await site.authorize(link, prompt="select_account")
    assert (answer.status_code, 'name="password"' in answer.text) == (200, True)


@pytest.mark.parametrize("name", ["f" * 16, "8" + "0" * 15, "f" * 32, "0" * 16, "x"])
async def test_no_id_in_an_address_is_too_large(site: SiteUnderTest, name: str) -> None:
    """Whatever stands where an id belongs: it is not there, or leads elsewhere, and nothing breaks."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.sign_in("root")
    rules = [rule for rule in route_table(site.base) if "{" in rule.path and "GET" in rule.methods]
    assert rules
    for rule in rules:
        path = re.sub(r"\{[^}]*\}", name, rule.path)
        answer = await site.client.get(site.base + path)
        assert answer.status_code < 500, path
    for query in (f"/admin/phones?account={name}", f"/admin/phones?link={name}", f"/admin/audit?person={name}"):
        assert (await site.client.get(site.base + query)).status_code in (200, 400), query
