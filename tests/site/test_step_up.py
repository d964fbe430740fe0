"""Step-up over the wire: acr_values and max_age at authorize, introspection and forward authentication (RFC 9470)."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from genkan.protocol.env import MINUTE, SECOND
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Account, ConsentMode, Method, Way
from genkan.protocol.signin.gate import enter
from genkan.protocol.signin.session import Browser, NewSession
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire import acr
from tests.site.world import PASSWORD, SiteUnderTest, TestClock, close_site, forms_of, open_site

PROXY = {
    "x-genkan-proxy": "proxy-secret-of-the-tests", "x-forwarded-proto": "https", "x-forwarded-host": "site.example",
    "x-forwarded-uri": "/app/page?a=1", "x-forwarded-method": "GET",
}  # fmt: skip
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}
KEY = Method.SWK | Method.USER | Method.MFA


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site that knows a proxy at 127.0.0.1, which is where the test's requests come from."""
    opened = await open_site(tmp_path, TestClock(), trusted_proxies=("127.0.0.1",))
    yield opened
    await close_site(opened)


async def a_session(site: SiteUnderTest, account: Account, method: Method) -> None:
    """The browser, signed in by this method as a ceremony would."""
    opened = enter(account, method, Way(15), Browser("", "", None), site.env(), site.door.lifetimes)
    assert isinstance(opened, NewSession)
    assert await site.store.apply(opened.change)
    site.client.cookies.set("__Host-genkan-session", opened.cookie, domain="site.example")


async def taken(site: SiteUnderTest, ways: Way, max_age: int | None = None) -> None:
    """The site takes these ways from now on."""
    put = PutSignInPolicy(ways, max_age, (await site.store.site()).version)
    assert await site.store.apply(Change((put,)))


def told(answer: httpx2.Response) -> dict[str, str]:
    """What went back to the application."""
    return {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def test_the_request_survives_the_step_up(site: SiteUnderTest) -> None:
    """A sign-in that is too old leads through the sign-in page and on to the very code that was asked for; the session
    has a new id, and the old one is dead (row 15).
    """
    await site.make_account()
    link = (await site.make_link("https://wiki.example/cb", consent=ConsentMode.REMEMBER)).link
    await site.sign_in()
    before = site.client.cookies["__Host-genkan-session"]
    site.env.advance(5 * MINUTE)
    page = await site.authorize(link, state="kept", max_age="60", scope="READ")
    assert "Please sign in once more" in page.text
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/login"))
    answer = await site.client.post(site.absolute(action), data={**fields, "username": "alice", "password": PASSWORD})
    after = site.client.cookies["__Host-genkan-session"]
    assert after != before
    page = await site.client.get(site.absolute(answer.headers["location"]), follow_redirects=True)
    assert "READ" in page.text
    done = await site.decide(page)
    assert told(done)["state"] == "kept"
    assert "code" in told(done)
    stale = site.browser(cookies={"__Host-genkan-session": before})
    assert (await stale.get(f"{site.base}/account/profile")).headers["location"].startswith(f"{site.base}/login")


async def test_a_password_does_not_pass_for_a_passkey(site: SiteUnderTest) -> None:
    """Row 6: the page asks for no password, and one that is sent all the same opens nothing."""
    await site.make_account()
    link = (await site.make_link()).link
    await site.sign_in()
    before = site.client.cookies["__Host-genkan-session"]
    page = await site.authorize(link, acr_values="phr")
    assert 'name="password"' not in page.text
    assert "asks for another way" in page.text
    interaction = parse_qs(urlsplit(str(page.url)).query)["interaction"][0]
    fields = next(fields for _, fields in forms_of((await site.client.get(f"{site.base}/login")).text))
    form = {**fields, "interaction": interaction, "username": "alice", "password": PASSWORD}
    refused = await site.client.post(f"{site.base}/login", data=form)
    assert refused.status_code == 403
    assert site.client.cookies["__Host-genkan-session"] == before


async def test_a_stronger_sign_in_goes_straight_on(site: SiteUnderTest) -> None:
    """Who signed in with a passkey is asked nothing more, and introspection says how and when."""
    account = await site.make_account()
    link = (await site.make_link()).link
    await a_session(site, account, KEY)
    site.env.advance(30 * SECOND)
    tokens = await site.issue_tokens(link, acr_values="phr", max_age="60")
    api = await site.make_link("https://api.example/cb", introspect=True)
    found = await site.introspect(str(tokens["access_token"]), api.link, str(api.secret))
    assert (found["acr"], found["amr"]) == ("phr", ["mfa", "swk", "user"])
    assert found["auth_time"] == (site.env.now - 30 * SECOND) // 1000


async def test_a_code_of_the_consent_page_asks_the_policy_once_more(site: SiteUnderTest) -> None:
    """Row 37: a policy that is narrowed while somebody reads the consent page gets no code by a password."""
    await site.make_account()
    link = (await site.make_link()).link
    await site.sign_in()
    page = await site.authorize(link)
    await taken(site, Way.PASSKEY)
    answer = await site.decide(page)
    login = await site.client.get(answer.headers["location"], follow_redirects=True)
    assert urlsplit(str(login.url)).path == "/login"


async def test_a_narrowed_policy_ends_nothing(site: SiteUnderTest) -> None:
    """tokens.md 4: phones go on refreshing; only a new sign-in, and the site's own pages, ask for another way."""
    await site.make_account()
    link = (await site.make_link()).link
    tokens = await site.issue_tokens(link)
    await taken(site, Way.PASSKEY)
    assert (await site.myself(str(tokens["access_token"]))).status_code == 200
    renewed = await site.refresh(str(tokens["refresh_token"]), link)
    assert renewed.status_code == 200
    answer = await site.client.get(f"{site.base}/account/apps")
    assert answer.headers["location"].startswith(f"{site.base}/login")


async def test_who_cannot_do_what_is_asked_finds_back(site: SiteUnderTest) -> None:
    """RFC 9470 5: a person without any of the ways tells the application so, with its state."""
    link = (await site.make_link()).link
    page = await site.authorize(link, acr_values="phrh", state="kept")
    interaction = parse_qs(urlsplit(str(page.url)).query)["interaction"][0]
    answer = await site.client.get(f"{site.base}/rest/oauth2/latest/authorize/{interaction}?answer=unmet")
    assert told(answer) == {
        "error": "unmet_authentication_requirements",
        "error_description": "The sign-in that the application asks for is not possible here.",
        "state": "kept",
        "iss": site.base,
    }


async def test_a_request_that_asks_nothing_has_no_such_answer(site: SiteUnderTest) -> None:
    """The parameter is nobody's way around the sign-in page."""
    link = (await site.make_link()).link
    page = await site.authorize(link)
    interaction = parse_qs(urlsplit(str(page.url)).query)["interaction"][0]
    answer = await site.client.get(f"{site.base}/rest/oauth2/latest/authorize/{interaction}?answer=unmet")
    assert answer.headers["location"].startswith(f"{site.base}/login")


@pytest.mark.parametrize("name", ["max_age", "acr_values"])
async def test_each_is_given_once(site: SiteUnderTest, name: str) -> None:
    """RFC 6749 3.1: twice is an error, whatever the values are."""
    link = (await site.make_link()).link
    answer = await site.client.get(
        f"{site.base}/rest/oauth2/latest/authorize?client_id={link.client_id}&{name}=1&{name}=2"
    )
    assert answer.status_code == 400


async def test_metadata_names_the_classes(site: SiteUnderTest) -> None:
    """RFC 9470 7."""
    found = await site.client.get(f"{site.base}/.well-known/oauth-authorization-server")
    assert found.json()["acr_values_supported"] == list(acr.VALUES)


# --- Forward authentication -------------------------------------------------------------------------------------------


async def test_a_token_that_is_too_weak_is_told_what_to_ask_for(site: SiteUnderTest) -> None:
    """RFC 9470 3: the challenge names classes and age, so that the app can sign in again with exactly these."""
    await site.make_account()
    link = (await site.make_link()).link
    token = str((await site.issue_tokens(link))["access_token"])
    shown = {**PROXY, "authorization": f"Bearer {token}"}
    site.env.advance(2 * MINUTE)
    good = await site.client.get(f"{site.base}/auth/verify?acr={acr.PASSWORD}&max_age=3600", headers=shown)
    assert good.status_code == 200
    for query, needs in (
        ("acr=phr+phrh", 'acr_values="phr phrh"'),
        ("max_age=60", 'max_age="60"'),
        ("acr=phr&max_age=60", 'acr_values="phr", max_age="60"'),
    ):
        answer = await site.client.get(f"{site.base}/auth/verify?{query}", headers=shown)
        challenge = answer.headers["www-authenticate"]
        assert answer.status_code == 401
        assert challenge.startswith('Bearer realm="Genkan", error="insufficient_user_authentication"')
        assert challenge.endswith(needs)
        assert answer.json()["error"] == "insufficient_user_authentication"


async def test_a_browser_steps_up_and_comes_back(site: SiteUnderTest) -> None:
    """A proxied page that asks for more leads to sign-in with what it asks, and back; strong and recent passes."""
    account = await site.make_account()
    await site.sign_in()
    address = f"{site.base}/auth/verify?session=1&acr=phr&max_age=600"
    answer = await site.client.get(address, headers={**PROXY, **PAGE})
    wanted = told(answer)
    assert answer.status_code == 302
    assert wanted == {"next": f"{site.base}/app/page?a=1", "acr_values": "phr", "max_age": "600"}
    page = await site.client.get(answer.headers["location"])
    assert 'name="password"' not in page.text
    await a_session(site, account, KEY)
    assert (await site.client.get(address, headers={**PROXY, **PAGE})).status_code == 200
    site.env.advance(11 * MINUTE)
    assert (await site.client.get(address, headers={**PROXY, **PAGE})).status_code == 302
    script = await site.client.get(address, headers=PROXY)
    assert 'max_age="600"' in script.headers["www-authenticate"]


async def test_a_policy_that_was_narrowed_counts_behind_the_proxy_too(site: SiteUnderTest) -> None:
    """Row 37: a browser session by a way that the site does not take any more passes nowhere."""
    await site.make_account()
    await site.sign_in()
    address = f"{site.base}/auth/verify?session=1"
    assert (await site.client.get(address, headers={**PROXY, **PAGE})).status_code == 200
    await taken(site, Way.PASSKEY | Way.CERTIFICATE)
    assert (await site.client.get(address, headers={**PROXY, **PAGE})).status_code == 302


@pytest.mark.parametrize(
    "query", ["acr=strong", "acr=phr+strong", "acr=PHR", "max_age=59", "max_age=-1", "max_age=soon", "max_age="]
)
async def test_a_misspelt_demand_lets_nobody_pass(site: SiteUnderTest, query: str) -> None:
    """What the operator wrote and nobody understands is refused by name."""
    await site.make_account()
    await site.sign_in()
    answer = await site.client.get(f"{site.base}/auth/verify?session=1&{query}", headers={**PROXY, **PAGE})
    assert answer.status_code == 400
    assert answer.json()["error_description"].startswith("A value is not valid.")
