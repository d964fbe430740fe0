"""An application link's own ways through the door, narrower than the site's: sign-in page, form and hub."""

from urllib.parse import parse_qs, urlsplit

import httpx2

from genkan.protocol.outcomes import EventKind
from genkan.protocol.records import Link, Way
from tests.site.passkey_house import ask, events, make, use
from tests.site.world import PASSWORD, SiteUnderTest, forms_of
from tests.software_key import SoftwareKey

SESSION = "__Host-genkan-session"


async def of_passkeys_alone(site: SiteUnderTest) -> Link:
    """A link that takes passkeys and nothing else, on a site that takes everything; alice has a password."""
    await site.make_account()
    return (await site.make_link(ways=Way.PASSKEY)).link


def interaction_of(page: httpx2.Response) -> str:
    """On whose behalf the sign-in page is shown."""
    return parse_qs(urlsplit(str(page.url)).query)["interaction"][0]


async def sent(site: SiteUnderTest, browser: httpx2.AsyncClient, interaction: str) -> httpx2.Response:
    """The right password, in the form of the site's own sign-in page, for an application."""
    page = await browser.get(f"{site.base}/login")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/login"))
    form = {**fields, "interaction": interaction, "username": "alice", "password": PASSWORD}
    return await browser.post(site.absolute(action), data={name: value for name, value in form.items() if value})


async def test_the_page_of_such_a_link_asks_for_no_password(site: SiteUnderTest) -> None:
    """The site's own page does, so it is the link that decides."""
    link = await of_passkeys_alone(site)
    page = await site.authorize(link)
    assert 'name="password"' not in page.text
    assert "Use a passkey" in page.text
    assert 'name="password"' in (await site.client.get(f"{site.base}/login")).text


async def test_a_password_that_is_sent_all_the_same_opens_nothing(site: SiteUnderTest) -> None:
    """The same form without the interaction signs in: what is refused is the way, not the password."""
    link = await of_passkeys_alone(site)
    browser = site.browser()
    interaction = interaction_of(await site.authorize(link, browser))
    refused = await sent(site, browser, interaction)
    assert refused.status_code == 403
    assert SESSION not in browser.cookies
    assert await events(site, EventKind.SIGNED_IN) == 0
    assert (await sent(site, browser, "")).status_code == 303
    assert SESSION in browser.cookies


async def test_a_password_session_is_asked_again_and_a_passkey_goes_on(site: SiteUnderTest) -> None:
    """Signed in at the site is not signed in for this application; its consent page waits behind the passkey."""
    link = await of_passkeys_alone(site)
    await site.sign_in()
    key = SoftwareKey()
    await make(site, key)
    page = await site.authorize(link)
    assert urlsplit(str(page.url)).path == "/login"
    assert 'name="decision"' not in page.text
    assert 'name="password"' not in page.text
    given = await ask(site.client, site)
    given["carried"]["interaction"] = interaction_of(page)
    done = await use(site, key, site.client, given)
    assert done.status_code == 303
    page = await site.client.get(site.absolute(done.headers["location"]), follow_redirects=True)
    assert 'name="decision"' in page.text


async def test_a_link_without_ways_of_its_own_takes_the_password(site: SiteUnderTest) -> None:
    """As the site says."""
    await site.make_account()
    link = (await site.make_link()).link
    await site.sign_in()
    assert 'name="decision"' in (await site.authorize(link)).text
