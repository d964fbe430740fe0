"""What real clients stumbled on: scopes, parameters that change the request, other origins, errors, small addresses."""

import json
from typing import Any

import httpx2
import pytest
from oauthlib.oauth2 import WebApplicationClient  # type: ignore[import-untyped]

from genkan.protocol.records import Link, LinkKind
from genkan.wire.scopes import Permission, scope_to_tell
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

REDIRECT = "https://app.example/cb"


@pytest.mark.parametrize("asked", ["READ WRITE", "WRITE", "WRITE READ"])
async def test_oauthlib_takes_a_scope_of_several_words(site: SiteUnderTest, asked: str) -> None:
    """It raises where the words of the answer are not those that it asked for: WRITE is not READ WRITE to it."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link, scope=asked)
    client = WebApplicationClient(link.client_id)
    client.parse_request_body_response(json.dumps(tokens), scope=asked.split(" "))
    again = await site.refresh(str(tokens["refresh_token"]), link, scope=asked)
    client.parse_request_body_response(again.text, scope=asked.split(" "))
    assert "scope" not in {**tokens, **again.json()}


@pytest.mark.parametrize(
    ("asked", "given", "told"),
    [
        (None, Permission.WRITE, None),
        (Permission.WRITE, Permission.WRITE, None),
        (Permission.READ, Permission.WRITE, None),
        (Permission.ADMIN, Permission.WRITE, "READ WRITE"),
        (Permission.SYSTEM_ADMIN, Permission.READ, "READ"),
    ],
)
def test_less_than_what_was_asked_is_told_whole(asked: Permission | None, given: Permission, told: str | None) -> None:
    """RFC 6749 5.1: the scope has to be there where it differs; then with every word that it covers."""
    assert scope_to_tell(asked, given) == told


@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        ("response_mode", "form_post", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://app.example/request", "request_uri_not_supported"),
        ("resource", "wiki", "invalid_target"),
        ("resource", "https://wiki.example/#part", "invalid_target"),
        ("resource", "https://wiki.example/ x", "invalid_target"),
    ],
)
async def test_what_would_mean_another_request_is_refused_not_ignored(
    site: SiteUnderTest, parameter: str, value: str, error: str
) -> None:
    """To the application, in the words of the standard that the parameter is of."""
    made = await site.make_link(REDIRECT, kind=LinkKind.CONFIDENTIAL)
    answer = await site.authorize(made.link, None, **{parameter: value})
    assert answer.status_code == 302
    back = httpx2.URL(answer.headers["location"])
    assert str(back).startswith(REDIRECT)
    assert back.params["error"] == error


@pytest.mark.parametrize(("parameter", "value"), [("response_mode", "query"), ("resource", "https://wiki.example/")])
async def test_what_changes_nothing_goes_on(site: SiteUnderTest, parameter: str, value: str) -> None:
    """The mode that is offered, and a good resource."""
    made = await site.make_link(REDIRECT, kind=LinkKind.CONFIDENTIAL)
    answer = await site.authorize(made.link, None, **{parameter: value})
    assert (answer.status_code, 'name="password"' in answer.text) == (200, True)


async def test_a_resource_that_is_none_is_refused_at_the_token_endpoint(site: SiteUnderTest) -> None:
    """RFC 8707 2.2, before anything is consumed."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    refused = await site.refresh(str(tokens["refresh_token"]), link, resource="wiki")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 200


async def test_pages_of_other_origins_read_what_a_public_client_is_told(site: SiteUnderTest) -> None:
    """Good answers and refusals of the token endpoint, revocation and the metadata; never with credentials."""
    await site.make_account()
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    good = await site.refresh(str(tokens["refresh_token"]), link)
    bad = await site.refresh("gnk_rt_x", link)
    revoked = await site.client.post(
        f"{site.base}/rest/oauth2/latest/revoke",
        data={"token": good.json()["refresh_token"], "client_id": link.client_id},
    )
    for answer in (good, bad, revoked):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    assert (good.status_code, bad.status_code, revoked.status_code) == (200, 400, 200)


async def test_the_answer_to_a_secret_is_for_no_page(site: SiteUnderTest) -> None:
    """Who has a secret is no page of another origin."""
    await site.make_account()
    made = await site.make_link(REDIRECT, kind=LinkKind.CONFIDENTIAL)
    tokens = await site.issue_tokens(made.link, secret=made.secret)
    answer = await site.refresh(str(tokens["refresh_token"]), made.link, client_secret=str(made.secret))
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("version", ["latest", "1.0"])
@pytest.mark.parametrize("endpoint", ["token", "revoke"])
async def test_a_browsers_first_question_is_answered(site: SiteUnderTest, version: str, endpoint: str) -> None:
    """OPTIONS: 204, any origin, POST; no word of an Authorization header."""
    asked = {"origin": "https://spa.example", "access-control-request-method": "POST"}
    answer = await site.client.request("OPTIONS", f"{site.base}/rest/oauth2/{version}/{endpoint}", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert "authorization" not in answer.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize(
    "path", ["/rest/api/2/issue/X-1", "/rest/agile/1.0/board", "/rest/", "/rest/oauth2/latest/register"]
)
async def test_an_unknown_path_below_rest_is_told_in_json(site: SiteUnderTest, path: str) -> None:
    """In Jira's shape beside OAuth's members, for who reads either; elsewhere people get a page."""
    answer = await site.client.get(site.base + path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json;charset=UTF-8")
    told = answer.json()
    assert told["errorMessages"] == [told["error_description"]]
    assert told["errors"] == {}
    assert "text/html" in (await site.client.get(f"{site.base}/nowhere")).headers["content-type"]


async def test_refusals_below_rest_have_both_shapes(site: SiteUnderTest) -> None:
    """A missing and a bad token, a method that is not there, a client that is unknown."""
    api = f"{site.base}/rest/api/2/myself"
    answers = [
        await site.client.get(api),
        await site.client.get(api, headers={"authorization": "Bearer x"}),
        await site.client.delete(api),
        await site.client.post(f"{site.base}/rest/oauth2/latest/token", data={"client_id": "x"}),
        await site.client.get(f"{site.base}/rest/oauth2/1.0/client"),
    ]
    for answer in answers:
        told = answer.json()
        assert answer.status_code in (401, 405)
        assert {"error", "error_description"} <= told.keys()
        assert told["errorMessages"] == [told["error_description"]]


async def whom(site: SiteUnderTest, token: str, **asked: str) -> httpx2.Response:
    """The user that is asked for."""
    return await site.client.get(
        f"{site.base}/rest/api/2/user", params=asked, headers={"authorization": f"Bearer {token}"}
    )


async def token_of(site: SiteUnderTest, name: str, link: Link, secret: str) -> str:
    """An access token of that person through that link."""
    return str((await site.issue_tokens(link, name, secret=secret))["access_token"])


async def test_myself_points_to_an_address_that_answers(site: SiteUnderTest) -> None:
    """``self`` leads to the very same document, by name and by key; READ is enough for oneself."""
    await site.make_account()
    link = await site.turn_mobile_on()
    token = str((await site.issue_tokens(link))["access_token"])
    mine: dict[str, Any] = (await site.myself(token)).json()
    followed = await site.client.get(mine["self"], headers={"authorization": f"Bearer {token}"})
    assert (followed.status_code, followed.json()) == (200, mine)
    assert (await whom(site, token, key=mine["key"])).json() == mine
    assert (await whom(site, token, username=" ALICE ")).json() == mine
    assert (await whom(site, token)).status_code == 400


async def test_others_are_seen_by_administrators_up_to_their_own_right(site: SiteUnderTest) -> None:
    """Whoever may not see somebody is told the same as of nobody."""
    for name, right in (("alice", "WRITE"), ("bob", "ADMIN"), ("carol", "SYSTEM_ADMIN")):
        await site.make_account(name, permission=Permission[right])
    made = await site.make_link(REDIRECT, kind=LinkKind.CONFIDENTIAL, permission=Permission.SYSTEM_ADMIN)
    secret = str(made.secret)
    seen = {}
    for name in ("alice", "bob", "carol"):
        site.client.cookies.clear()
        token = await token_of(site, name, made.link, secret)
        found = [(await whom(site, token, username=other)).status_code for other in ("alice", "bob", "carol", "nobody")]
        seen[name] = found
    assert seen == {"alice": [200, 404, 404, 404], "bob": [200, 200, 404, 404], "carol": [200, 200, 200, 404]}
    assert (await site.client.get(f"{site.base}/rest/api/2/user?username=alice")).status_code == 401


async def test_a_password_manager_finds_the_page(context_site: SiteUnderTest) -> None:
    """At the host's root and below the base URL; to a page that is there."""
    there = f"{context_site.base}/account/sign-in"
    for address in ("https://site.example", context_site.base):
        answer = await context_site.client.get(f"{address}/.well-known/change-password")
        assert (answer.status_code, answer.headers["location"]) == (302, there)
    page = await context_site.client.get(there)
    assert page.status_code in (200, 302, 303)


async def test_whom_to_tell_of_a_hole_is_the_operators_to_say(site: SiteUnderTest, tmp_path: Any) -> None:
    """RFC 9116: contact, an end within a year, its own address; nothing where nobody is named."""
    assert (await site.client.get(f"{site.base}/.well-known/security.txt")).status_code == 404
    named = await open_site(tmp_path / "named", TestClock(), security_contact="mailto:security@example.com")
    try:
        answer = await named.client.get("https://site.example/.well-known/security.txt")
    finally:
        await close_site(named)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    contact, expires, canonical = answer.text.splitlines()
    assert contact == "Contact: mailto:security@example.com"
    assert expires.startswith("Expires: 20")
    assert expires.endswith("Z")
    assert canonical == "Canonical: https://site.example/.well-known/security.txt"
