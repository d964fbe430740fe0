"""The console's page of the mobile app: the switch by its buttons, what it shows in each state, and who may use it."""

import html
from dataclasses import replace

import httpx2

from genkan.protocol import links
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import Change, PutLink
from genkan.protocol.records import Standing
from genkan.wire import managed
from genkan.wire.scopes import Permission
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

HERE = "/admin/mobile"
INFO = "/rest/nativemobile/1.1/info/login"


async def shown(site: SiteUnderTest, path: str = HERE) -> str:
    """The page, as text."""
    page = await site.client.get(site.base + path)
    assert page.status_code == 200, page.text
    return html.unescape(page.text)


async def press(site: SiteUnderTest, page: str, action: str, **changed: str) -> httpx2.Response:
    """Press the button of the form that is sent there, on the page at this path."""
    forms = forms_of((await site.client.get(site.base + page)).text)
    fields = next(fields for target, fields in forms if target.endswith(action))
    return await site.client.post(site.base + HERE + action, data={**fields, **changed})


async def is_announced(site: SiteUnderTest) -> bool:
    told = await site.browser().get(site.base + INFO)
    return bool(told.json()["oauth"]["enabled"])


async def test_the_switch_goes_on_off_and_on_with_one_client_id(ours: SiteUnderTest) -> None:
    """Each turn is said, shown and announced; off says that the client id stays."""
    assert "makes the application link of the app" in await shown(ours)
    done = await press(ours, HERE, "/on")
    assert (done.status_code, done.headers["location"]) == (303, f"{ours.base}{HERE}?done=mobile-on")
    assert "The mobile app is on." in await shown(ours, f"{HERE}?done=mobile-on")
    assert await is_announced(ours)
    (link,) = await ours.store.links()
    await press(ours, f"{HERE}/off", "/off")
    assert not await is_announced(ours)
    assert "the client ID is the same as before" in await shown(ours)
    await press(ours, HERE, "/on")
    assert await is_announced(ours)
    assert [one.client_id for one in await ours.store.links()] == [link.client_id]
    kinds = [event.kind.value for _, event in await ours.store.events() if event.kind.value.startswith("mobile.")]
    assert kinds == ["mobile.on", "mobile.off", "mobile.on"]


async def test_on_shows_what_phones_and_mdm_need(ours: SiteUnderTest) -> None:
    """Client id, redirects, permission, the answer that phones get, and an MDM value that phones understand."""
    await press(ours, HERE, "/on")
    page = await shown(ours)
    (link,) = await ours.store.links()
    value = page.partition('id="sites"')[2].partition(">")[2].partition("</textarea>")[0]
    (entry,) = managed.parse(value).sites
    assert (entry.base_url, entry.oauth and entry.oauth.client_id) == (ours.base, link.client_id)
    for words in (link.client_id, *link.redirects, "WRITE", f'data-asks="{ours.base}{INFO}"', "/qr.svg",
                  '"tokenEndpoint": "https://site.example/rest/oauth2/latest/token"'):  # fmt: skip
        assert words in page


async def test_turning_off_asks_about_the_phones(ours: SiteUnderTest) -> None:
    """How many are signed in; kept, they go on; signed out, they end with their next request and the link is off."""
    await ours.make_account()
    await press(ours, HERE, "/on")
    (link,) = await ours.store.links()
    person = ours.client
    ours.client = ours.browser()
    tokens = await ours.issue_tokens(link)
    ours.client = person
    assert "1 phone is signed in." in await shown(ours, f"{HERE}/off")
    await press(ours, f"{HERE}/off", "/off")
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 200
    await press(ours, HERE, "/on")
    done = await press(ours, f"{HERE}/off", "/sign-out-all")
    assert done.headers["location"] == f"{ours.base}{HERE}?done=mobile-out"
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    assert [one.standing for one in await ours.store.links()] == [Standing.DISABLED]


async def test_signing_out_needs_a_recent_sign_in(ours: SiteUnderTest) -> None:
    """After a while the person is asked whether it is still them, and nothing has happened until then."""
    await press(ours, HERE, "/on")
    ours.env.advance(2 * HOUR)
    asked = await press(ours, f"{HERE}/off", "/sign-out-all")
    assert asked.status_code == 401
    assert await is_announced(ours)
    action, fields = next(form for form in forms_of(asked.text) if form[0].endswith("/confirm"))
    back = await ours.client.post(ours.absolute(action), data={**fields, "password": PASSWORD}, follow_redirects=True)
    assert "Turn the mobile app off?" in back.text
    assert await is_announced(ours)
    await press(ours, f"{HERE}/off", "/sign-out-all")
    assert not await is_announced(ours)


async def test_a_link_that_was_disabled_by_itself_is_told(ours: SiteUnderTest) -> None:
    """The switch is on and tells nothing: the page says so, and its button mends it."""
    await press(ours, HERE, "/on")
    (link,) = await ours.store.links()
    change = links.set_standing(link, Standing.DISABLED, "test", ours.env())
    assert isinstance(change, Change)
    assert await ours.store.apply(change)
    assert "On, but not told" in await shown(ours)
    await press(ours, HERE, "/on")
    assert await is_announced(ours)


async def test_a_link_above_the_administrator_is_not_enabled(ours: SiteUnderTest) -> None:
    """Neither by the page's button nor by that of the first run; both are pressed as they were shown before."""
    await press(ours, HERE, "/on")
    (link,) = await ours.store.links()
    await press(ours, f"{HERE}/off", "/off")
    page = (await ours.client.get(f"{ours.base}/setup/done")).text
    first_run = next(fields for action, fields in forms_of(page) if action.endswith("/setup/mobile"))
    raised = replace(link, permission=Permission.SYSTEM_ADMIN, standing=Standing.DISABLED, version=link.version + 1)
    assert await ours.store.apply(Change((PutLink(raised),)))
    assert (await press(ours, HERE, "/on")).status_code == 403
    assert (await ours.client.post(f"{ours.base}/setup/mobile", data=first_run)).status_code == 403
    assert await ours.store.links() == [raised]
    assert not await is_announced(ours)


async def test_who_asked_is_listed(ours: SiteUnderTest) -> None:
    """App, device and network, with markup as text; nobody yet is said too."""
    assert "Nobody has asked." in await shown(ours)
    phone = "AtlassianMobileApp/2.0.1 (iPhone; iOS 26.1) <b>"
    await ours.browser().get(ours.base + INFO, headers={"user-agent": phone})
    await ours.store.flush()
    page = (await ours.client.get(ours.base + HERE)).text
    assert "AtlassianMobileApp 2.0.1" in page
    assert "&lt;b&gt;" in page
    assert "127.0.0.0/24" in page


async def test_a_stale_page_turns_nothing(ours: SiteUnderTest) -> None:
    """It leads back to a fresh one that says why; so does a second press after the switch was turned already."""
    stale = await press(ours, HERE, "/on", page_token="gnk_pg_old")
    assert stale.headers["location"] == f"{ours.base}{HERE}?done=once-more"
    assert not await is_announced(ours)
    await press(ours, HERE, "/on")
    fields = forms_of((await ours.client.get(f"{ours.base}{HERE}/off")).text)[-1][1]
    for _ in range(2):
        answer = await ours.client.post(f"{ours.base}{HERE}/off", data=fields)
        assert answer.headers["location"] == f"{ours.base}{HERE}?done=mobile-off"
    gone = await ours.client.get(f"{ours.base}{HERE}/off")
    assert gone.headers["location"] == f"{ours.base}{HERE}?done=mobile-off"


async def test_others_do_not_get_in(ours: SiteUnderTest) -> None:
    """Nobody is led to sign-in, a person without the right is told 403, another site's form too; nothing turns."""
    await ours.make_account()
    nobody, person = ours.browser(), ours.browser()
    await ours.sign_in(browser=person)
    assert (await nobody.get(ours.base + HERE)).headers["location"].startswith(f"{ours.base}/login?")
    for path in (HERE, f"{HERE}/off"):
        assert (await person.get(ours.base + path)).status_code == 403
    for path in ("/on", "/off", "/sign-out-all"):
        assert (await nobody.post(ours.base + HERE + path, data={})).status_code == 401
        assert (await person.post(ours.base + HERE + path, data={})).status_code == 403
    fields = forms_of((await ours.client.get(ours.base + HERE)).text)[-1][1]
    headers = {"origin": "https://evil.example"}
    assert (await ours.client.post(f"{ours.base}{HERE}/on", data=fields, headers=headers)).status_code == 403
    assert not await is_announced(ours)
