"""The sign-in page inside another app: no button that fails, and a way to the phone's browser with nothing lost."""

from html import unescape
from urllib.parse import parse_qs, urlsplit

from genkan.protocol.outcomes import Change
from genkan.protocol.records import Way
from genkan.protocol.signin_steps import PutSignInPolicy
from tests.protocol.test_webviews import ANDROID, CHROME, IPHONE
from tests.site.world import SiteUnderTest

INSIDE_ANDROID = f"{ANDROID}; wv) {CHROME} Version/4.0 Chrome/142.0.7444.0 Mobile Safari/537.36 Line/15.18.0/IAB"
INSIDE_IPHONE = f"{IPHONE} Mobile/15E148"
SAFARI = f"{IPHONE} Version/18.7 Mobile/15E148 Safari/604.1"


async def test_a_sign_in_begun_inside_an_app_ends_in_the_browser(site: SiteUnderTest) -> None:
    """The address that the page offers is the hub's: another browser signs in there and gets the very code."""
    await site.make_account()
    link = (await site.make_link()).link
    inside = site.browser(headers={"user-agent": INSIDE_ANDROID})
    page = await site.authorize(link, inside, state="kept")
    assert "This page is open inside LINE." in page.text
    assert "/login/passkey" not in page.text
    assert 'name="password"' in page.text
    interaction = parse_qs(urlsplit(str(page.url)).query)["interaction"][0]
    hub = f"{site.base}/rest/oauth2/latest/authorize/{interaction}"
    assert hub in unescape(page.text)
    intent = f"intent://{hub.removeprefix('https://')}#Intent;scheme=https;action=android.intent.action.VIEW;end"
    assert f'href="{intent}"' in unescape(page.text)
    outside = site.browser(headers={"user-agent": SAFARI})
    login = await outside.get(hub, follow_redirects=True)
    assert "open inside" not in login.text
    answer = await site.sign_in(browser=outside, interaction=interaction)
    consent = await outside.get(answer.headers["location"], follow_redirects=True)
    done = await site.decide(consent, browser=outside)
    assert done.headers["location"].startswith("jira-server://oauth-callback?code=")
    assert "state=kept" in done.headers["location"]


async def test_on_an_iphone_it_says_what_to_tap(site: SiteUnderTest) -> None:
    """There is no link that leaves an app there; the address can be copied."""
    inside = site.browser(headers={"user-agent": INSIDE_IPHONE})
    page = await inside.get(f"{site.base}/login", params={"next": f"{site.base}/account/apps"})
    assert "Open in Safari" in page.text
    assert "intent:" not in page.text
    assert f"{site.base}/login?next=https%3A%2F%2Fsite.example%2Faccount%2Fapps" in unescape(page.text)


async def test_where_only_keys_are_taken_nothing_else_is_shown(site: SiteUnderTest) -> None:
    """Neither a field that is refused nor a button that fails."""
    put = PutSignInPolicy(Way.PASSKEY | Way.CERTIFICATE, None, (await site.store.site()).version)
    assert await site.store.apply(Change((put,)))
    inside = site.browser(headers={"user-agent": INSIDE_IPHONE})
    page = await inside.get(f"{site.base}/login")
    assert 'name="password"' not in page.text
    assert "/login/passkey" not in page.text
    assert "Open in Safari" in page.text


async def test_a_browser_that_is_taken_for_one_goes_on(site: SiteUnderTest) -> None:
    """The person knows better than a user agent."""
    await site.make_account()
    inside = site.browser(headers={"user-agent": INSIDE_IPHONE})
    page = await inside.get(f"{site.base}/login", params={"embedded": "no"})
    assert "open inside" not in page.text
    failed = await site.sign_in(password="wrong password", browser=inside, embedded="no")
    assert "open inside" not in failed.text


async def test_a_browser_sees_nothing_of_it(site: SiteUnderTest) -> None:
    """Safari, as apps open it in front of themselves, gets the page with everything on it."""
    page = await site.browser(headers={"user-agent": SAFARI}).get(f"{site.base}/login")
    assert "open inside" not in page.text
