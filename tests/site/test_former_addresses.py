"""After a move: pages under a former address lead to the same page now, programs are answered there, and every address
that is made comes from the base URL.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.settings import Settings, SettingsProblem, load
from genkan.site.former import FormerAddresses
from genkan.wire.urls import BaseURL, parse_base_url
from tests.site.world import VERIFIER, SiteUnderTest, TestClock, close_site, open_site

OLD = "https://old.example/jira"


@pytest.fixture
async def moved(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site that was at OLD, and on a port before that."""
    opened = await open_site(
        tmp_path / "moved",
        TestClock(),
        base_url="https://site.example/desk",
        former_base_urls=(OLD, "http://older.example:8080"),
    )
    yield opened
    await close_site(opened)


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("https://old.example/jira", "https://site.example/desk/"),
        ("https://old.example/jira/", "https://site.example/desk/"),
        ("https://old.example:443/jira/login?next=a%20b&x=%E3%81%82", "https://site.example/desk/login?next=a%20b&x=%E3%81%82"),
        ("http://older.example:8080/account/apps", "https://site.example/desk/account/apps"),
        ("https://old.example/jira/setup/abc", "https://site.example/desk/setup/abc"),
        ("https://old.example/jira/setup/a%3Fb%23c%2525", "https://site.example/desk/setup/a%3Fb%23c%2525"),
    ],
)  # fmt: skip
async def test_a_page_leads_on(moved: SiteUnderTest, asked: str, led_to: str) -> None:
    """To the same place under the base URL, with its query; kept by no cache, and without a cookie."""
    answer = await moved.client.get(asked, headers={"host": urlsplit(asked).netloc})
    assert (answer.status_code, answer.headers["location"]) == (302, led_to)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("https://old.example/elsewhere/login", 404),
        ("https://old.example/jirate/login", 404),
        ("https://old.example/jira/nowhere", 404),
        ("https://old.example/desk/login", 400),
        ("http://old.example/jira/login", 404),
        ("https://evil.example/jira/login", 404),
        ("https://evil.example/desk/login", 400),
    ],
)
async def test_nothing_else_leads_anywhere(moved: SiteUnderTest, asked: str, status: int) -> None:
    """Another path, another scheme, another host: told as before there was a list."""
    answer = await moved.client.get(asked, headers={"host": urlsplit(asked).netloc})
    assert answer.status_code == status
    assert "location" not in answer.headers


async def test_a_phone_that_kept_the_old_address_goes_on(moved: SiteUnderTest) -> None:
    """What it asks first, refreshes and calls are answered under the old address; what is told names the new one."""
    await moved.make_account()
    link = await moved.turn_mobile_on()
    tokens = await moved.issue_tokens(link)
    told = (await moved.client.get(f"{OLD}/rest/nativemobile/1.1/info/login")).json()
    assert told["oauth"]["tokenEndpoint"] == "https://site.example/desk/rest/oauth2/latest/token"
    form = {"grant_type": "refresh_token", "refresh_token": str(tokens["refresh_token"]), "client_id": link.client_id}
    fresh = await moved.client.post(f"{OLD}/rest/oauth2/latest/token", data=form)
    assert fresh.status_code == 200, fresh.text
    shown = {"authorization": f"Bearer {fresh.json()['access_token']}"}
    assert (await moved.client.get(f"{OLD}/rest/api/2/myself", headers=shown)).status_code == 200


async def test_a_sign_in_that_begins_at_the_old_address_ends_well(moved: SiteUnderTest) -> None:
    """The request is led to the new address, which names itself as issuer; the code is redeemed at the old one."""
    await moved.make_account()
    link = await moved.turn_mobile_on()
    query = {"client_id": link.client_id, "response_type": "code", "redirect_uri": link.redirects[0]}
    asked = await moved.client.get(f"{OLD}/rest/oauth2/latest/authorize", params=query)
    assert asked.headers["location"].startswith("https://site.example/desk/rest/oauth2/latest/authorize?")
    code = await moved.get_code(link)
    form = {"grant_type": "authorization_code", "code": code, "client_id": link.client_id,
            "redirect_uri": link.redirects[0], "code_verifier": VERIFIER}  # fmt: skip
    assert (await moved.client.post(f"{OLD}/rest/oauth2/latest/token", data=form)).status_code == 200
    document = (await moved.client.get(f"{OLD}/.well-known/oauth-authorization-server")).json()
    assert document["issuer"] == "https://site.example/desk"


async def test_a_form_that_was_open_during_the_move_is_told_of_it(moved: SiteUnderTest) -> None:
    """Nothing is acted on: the browser's session was the old host's. The page names the new address."""
    answer = await moved.client.post(f"{OLD}/login", data={"username": "alice", "password": "guess"})
    assert answer.status_code == 400
    assert "The site has moved." in answer.text
    assert 'href="https://site.example/desk/"' in answer.text
    assert "GENKAN_BASE_URL" not in answer.text


async def test_a_new_path_on_the_same_host_keeps_sessions(tmp_path: Path) -> None:
    """Cookies are the host's: whoever is signed in stays so, and a form that was open is taken."""
    site = await open_site(
        tmp_path / "path", TestClock(), base_url="https://site.example/desk", former_base_urls=("https://site.example",)
    )
    await site.make_account()
    await site.sign_in()
    page = await site.client.get("https://site.example/account/apps", follow_redirects=True)
    assert (page.status_code, str(page.url)) == (200, "https://site.example/desk/account/apps")
    assert (await site.client.get("https://site.example/desk/login")).status_code == 200
    await close_site(site)


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("https://site.example/desk/", "is the base URL itself"),
        ("old.example", "not absolute"),
        ("https://old.example,https://old.example/?x", "holds a query"),
    ],
)
def test_a_former_address_is_one_that_a_site_can_have(value: str, wrong: str) -> None:
    """Said in one sentence that names the setting."""
    problem = load({"GENKAN_BASE_URL": "https://site.example/desk", "GENKAN_FORMER_BASE_URLS": value})
    assert isinstance(problem, SettingsProblem)
    assert problem.sentence.startswith("GENKAN_FORMER_BASE_URLS: ")
    assert wrong in problem.sentence


def test_former_addresses_are_read_from_the_settings() -> None:
    """Several, plain http among them, since a first try was often that."""
    settings = load({"GENKAN_FORMER_BASE_URLS": "https://old.example/jira, http://older.example:8080"})
    assert isinstance(settings, Settings)
    assert [base.text for base in settings.former] == ["https://old.example/jira", "http://older.example:8080"]


def a_base(text: str) -> BaseURL:
    parsed = parse_base_url(text, allow_http=True)
    assert isinstance(parsed, BaseURL)
    return parsed


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_asked_leads_to_the_base_url(path: str, query: str) -> None:
    """Scheme, host, port and context path are the base URL's own, or there is no address at all."""
    former = FormerAddresses(a_base("https://site.example/desk"), (a_base(OLD),))
    below = former.below("https://old.example", f"/jira/{path}")
    target = None if below is None else former.present(below, query)
    assert target is None or target.startswith("https://site.example/desk/")


def test_the_nearest_former_address_counts() -> None:
    """Of two on one host the one with the longer path, if the request is below it."""
    former = FormerAddresses(a_base("https://site.example"), (a_base("https://old.example"), a_base(OLD)))
    assert former.below("https://old.example", "/jira/login") == "/login"
    assert former.below("https://old.example", "/jirate/login") == "/jirate/login"
