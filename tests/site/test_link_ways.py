"""An application link's own ways through the door: sign-in page, form and hub, and who may give them."""

from urllib.parse import parse_qs, urlsplit

import httpx2

from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.records import Link, Way
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire.scopes import Permission
from tests.site.api_world import a_key
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


# --- Who may give them ------------------------------------------------------------------------------------------------

LINKS = "/rest/oauth2/latest/client"
ASKED = {"name": "Reports", "redirects": ["https://app.example/cb"], "scope": "WRITE"}
ABOVE = "This takes a permission that the caller does not have."


async def narrowed(site: SiteUnderTest, ways: Way = Way.PASSKEY) -> None:
    """From now on the site takes these ways alone."""
    version = (await site.store.site()).version
    assert await site.store.apply(Change((PutSignInPolicy(ways, None, version),)))


async def test_only_a_system_administrator_gives_a_link_what_the_site_does_not_take(site: SiteUnderTest) -> None:
    """Made or changed: whoever may not change the policy finds no way around it. What the site takes is everybody's."""
    admin, root = await a_key(site, Permission.ADMIN), await a_key(site, Permission.SYSTEM_ADMIN)
    await narrowed(site)
    beyond = {**ASKED, "ways": ["passkey", "password"]}
    refused = await admin("POST", LINKS, json=beyond)
    assert (refused.status_code, refused.json()["error_description"]) == (403, ABOVE)
    own = await admin.post(LINKS, **ASKED, ways=["passkey"])
    for method in ("PUT", "PATCH"):
        assert (await admin(method, f"{LINKS}/{own['id']}", json=beyond)).status_code == 403
    made = await root.post(LINKS, **beyond)
    one = f"{LINKS}/{made['id']}"
    assert (await admin("PATCH", one, json={"name": "Named anew"})).json()["ways"] == ["password", "passkey"]
    assert (await admin("PATCH", one, json={"ways": ["password", "certificate"]})).status_code == 403
    assert (await admin("PATCH", one, json={"ways": ["passkey"]})).status_code == 200
    assert (await admin("PATCH", one, json={"ways": ["password"]})).status_code == 403


async def test_the_form_says_so_beside_the_ways(site: SiteUnderTest) -> None:
    """Nothing is made, and what was typed stays."""
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    await narrowed(site, Way.PASSWORD)
    page = await site.client.get(f"{site.base}/admin/links/create?type=external&direction=incoming")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/create"))
    hidden = {name: value for name, value in fields.items() if value != "yes"}
    form = {**hidden, "name": "Reports", "redirect-1": "https://app.example/cb", "permission": "WRITE"}
    refused = await site.client.post(site.absolute(action), data={**form, "way-passkey": "yes"})
    assert refused.status_code == 400
    assert f'id="ways-fault">{ABOVE}' in refused.text
    assert await site.store.links() == []
    assert (await site.client.post(site.absolute(action), data={**form, "way-password": "yes"})).status_code == 303


async def test_a_token_administers_only_where_its_sign_in_would(site: SiteUnderTest) -> None:
    """A link's own ways are for its application: the administration API asks what the console asks."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    made = await site.make_link(permission=Permission.ADMIN, ways=Way.PASSWORD)
    token = str((await site.issue_tokens(made.link, "root", scope="ADMIN"))["access_token"])
    shown, browser = {"authorization": f"Bearer {token}"}, site.browser()
    people = f"{site.base}/rest/genkan/1.0/people"
    assert (await browser.get(people, headers=shown)).status_code == 200
    await narrowed(site)
    refused = await browser.get(people, headers=shown)
    assert refused.status_code == 401
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    eve = await browser.post(people, json={"name": "eve"}, headers=shown)
    assert (eve.status_code, await site.store.account_by_name("eve")) == (401, None)
    assert (await site.myself(token)).status_code == 200
