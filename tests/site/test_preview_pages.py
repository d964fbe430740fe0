"""The console's phone preview, and the same by REST: what a phone shows with a value, and the sign-in to try."""

import html
import re

import pytest

from genkan.protocol.reasons import Reason, entry
from genkan.wire import managed
from genkan.wire.managed import OAuthEntry, SiteEntry
from genkan.wire.scopes import Permission
from tests.site.test_mdm_pages import same_origin
from tests.site.world import SiteUnderTest, forms_of

HERE = "/admin/mobile/preview"
REST = "/rest/genkan/1.0/managed-configuration/preview"


async def opened(site: SiteUnderTest) -> str:
    page = await site.client.get(site.base + HERE)
    assert page.status_code == 200
    return page.text


async def previewed(of: SiteUnderTest, pasted: str, **typed: str) -> str:
    """The page after the form was sent."""
    _, fields = next((action, fields) for action, fields in forms_of(await opened(of)) if HERE in action)
    page = await of.client.post(
        of.base + HERE, data={**fields, "pasted": pasted, "phone": "ios", "address": "", **typed}
    )
    assert page.status_code == 200
    return page.text


def titles(page: str) -> list[str]:
    """The headings of the screens."""
    return [html.unescape(found) for found in re.findall(r"<h3>(.*?)</h3>", page)]


def value_of(site: SiteUnderTest, client_id: str) -> str:
    return managed.render([SiteEntry("Front Desk", site.door.public.text, OAuthEntry(client_id))])


async def test_it_begins_with_this_sites_own_value(ours: SiteUnderTest) -> None:
    """Straight on, the browser, signed in; the MDM page leads here."""
    link = await ours.turn_mobile_on()
    page = await opened(ours)
    assert titles(page) == ["Signing in", "Sign-in page of the site", "Signed in"]
    assert link.client_id in page
    assert f'href="{ours.door.public.path}{HERE}"' in (await ours.client.get(f"{ours.base}/admin/mobile/mdm")).text


async def test_the_real_sign_in_can_be_tried(ours: SiteUnderTest) -> None:
    """The button starts the trial of the link with the app's own redirect, and leads to the provider's hub."""
    await ours.turn_mobile_on()
    action, fields = next(form for form in forms_of(await opened(ours)) if form[0].endswith("/trial"))
    assert fields["redirect"] == "jira-server://oauth-callback"
    started = await ours.client.post(ours.door.public.origin + action, data=fields)
    assert started.status_code == 303
    assert started.headers["location"].startswith(f"{ours.door.public.text}/rest/oauth2/latest/authorize/")


async def test_the_switch_off_is_what_the_app_says(ours: SiteUnderTest) -> None:
    """A typed address: the sentence of the app, and no button."""
    page = await previewed(ours, "", phone="unmanaged", address=ours.door.public.text)
    assert titles(page) == ["Site address", "Cannot sign in"]
    assert "is switched off at" in page
    assert "/trial" not in page


async def test_a_client_id_that_is_unknown_here(ours: SiteUnderTest) -> None:
    """The browser shows the provider's own sentence."""
    page = html.unescape(await previewed(ours, value_of(ours, "ab" * 16)))
    assert titles(page)[-1] == "This did not work"
    assert entry(Reason.UNKNOWN_CLIENT).public in page
    assert "/trial" not in page


async def test_a_link_that_gives_too_little(ours: SiteUnderTest) -> None:
    """The app asks for WRITE: a link that gives READ sends it back with the refusal, and nothing can be tried."""
    made = await ours.make_link(permission=Permission.READ)
    page = html.unescape(await previewed(ours, value_of(ours, made.link.client_id)))
    assert titles(page)[-1] == "Cannot sign in"
    assert entry(Reason.SCOPE_TOO_WIDE).public in page
    assert "/trial" not in page


async def test_broken_values_show_faults_and_findings(ours: SiteUnderTest) -> None:
    """On the phone the entry and the fault, below it the findings with their places."""
    page = html.unescape(await previewed(ours, '[{"title": "Old"}, {"baseURL": "https://wiki.example.com/"}]'))
    assert titles(page)[0] == "Set-up not right"
    assert "<strong>Site 1</strong>" in page
    assert "/1/baseURL" in page
    assert "https://wiki.example.com/rest/oauth2/latest/authorize" in page


async def test_choosing_a_site_goes_on_with_it(ours: SiteUnderTest) -> None:
    """The list on the phone is made of buttons of the form, which keep what was pasted."""
    pasted = '[{"title": "A", "baseURL": "https://a.example"}, {"title": "B", "baseURL": "https://b.example"}]'
    page = await previewed(ours, pasted, site="1")
    assert "“B” is open." in html.unescape(page)
    assert page.count('form="preview" name="site"') == 2
    assert html.unescape(page).count(pasted) == 1


async def test_a_whole_file_and_long_lists(ours: SiteUnderTest) -> None:
    """Any form is unwrapped; a phone's list is cut where the page would grow without end."""
    many = managed.render([SiteEntry(f"S{number}", f"https://s{number}.example") for number in range(30)])
    page = await previewed(ours, f"<dict><key>sites</key><string>{html.escape(many)}</string></dict>")
    assert page.count('form="preview" name="site"') == 20
    assert "And 10 more." in page


@pytest.mark.parametrize(("phone", "title"), [("android", "Signed in"), ("nothing", "Signed in"), ("unmanaged", "S")])
async def test_each_phone(ours: SiteUnderTest, phone: str, title: str) -> None:
    """Android signs in inside the app; a phone that is none is the first."""
    link = await ours.turn_mobile_on()
    page = await previewed(ours, value_of(ours, link.client_id), phone=phone, site="x")
    assert title in titles(page)[-1]
    assert ("In the app" in page) is (phone == "android")


async def test_a_stale_page_keeps_what_was_typed(ours: SiteUnderTest) -> None:
    """It is shown again with its text and without screens."""
    page = html.unescape(await previewed(ours, "[{}]", page_token="gnk_pg_old"))
    assert "open too long" in page
    assert "[{}]" in page
    assert titles(page) == []


async def test_the_preview_issues_and_counts_nothing(ours: SiteUnderTest) -> None:
    """Looking at a refusal is no refusal: neither audit nor links change."""
    link = await ours.turn_mobile_on()
    before = (await ours.store.events(0, 1000), await ours.store.link(link.id))
    await previewed(ours, value_of(ours, link.client_id))
    await previewed(ours, value_of(ours, "cd" * 16))
    assert (await ours.store.events(0, 1000), await ours.store.link(link.id)) == before


async def test_the_same_by_rest(ours: SiteUnderTest) -> None:
    """Screens in order with their kinds, sentences and sites; the findings beside them."""
    link = await ours.turn_mobile_on()
    body = {"value": value_of(ours, link.client_id), "phone": "ios"}
    told = (await ours.client.post(ours.base + REST, json=body, headers=same_origin(ours))).json()
    assert [screen["shows"] for screen in told["screens"]] == ["straight", "browser", "signed-in"]
    assert (told["screens"][1]["private"], told["findings"]) == (True, [])


async def test_broken_values_by_rest(ours: SiteUnderTest) -> None:
    """The faults that the phone shows, and the sites that are left to choose."""
    body = {"value": '[{"title": "Old"}, {"title": "Wiki", "baseURL": "https://wiki.example.com"}]', "site": 5}
    told = (await ours.client.post(ours.base + REST, json=body, headers=same_origin(ours))).json()
    first = told["screens"][0]
    assert first["sites"] == [{"title": "Wiki", "baseURL": "https://wiki.example.com"}]
    assert [(found["entry"], found["pointer"]) for found in first["problems"]] == [(0, "/0")]
    assert told["screens"][1]["when"] == "Where the site’s switch is on"


async def test_nothing_delivered_by_rest(ours: SiteUnderTest) -> None:
    """An empty body is a phone whose MDM delivers nothing; a phone that is none is refused."""
    told = (await ours.client.post(ours.base + REST, json={}, headers=same_origin(ours))).json()
    assert [screen["shows"] for screen in told["screens"]] == ["sites"]
    refused = await ours.client.post(ours.base + REST, json={"phone": "pager"}, headers=same_origin(ours))
    assert refused.status_code == 400


async def test_strangers_get_nothing(site: SiteUnderTest) -> None:
    """The preview is for administrators."""
    assert (await site.client.post(site.base + REST, json={})).status_code in {401, 403}
