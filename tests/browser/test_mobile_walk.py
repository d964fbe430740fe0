"""The page of the mobile app as an administrator uses it: off and on, and what a gateway in front does to phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Browser, Page, Route

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

INFO = "/rest/nativemobile/1.1/info/login"


@pytest.fixture
def ready_site(fresh_site: Served) -> Served:
    """A site of this test alone, set up, its switch on."""
    fresh_site.set_up()
    return fresh_site


async def come_in(page: Page, site: Served) -> None:
    """Open the page of the mobile app; sign-in is on the way."""
    await page.goto(site.base + "/admin/mobile")
    await sign_in(page)


def is_announced(site: Served) -> bool:
    return bool(httpx2.get(site.base + INFO, timeout=20).json()["oauth"]["enabled"])


async def test_turning_off_asks_first_and_on_brings_it_back(page: Page, watch: Watch, ready_site: Served) -> None:
    """The question, the way back out of it, the answer; back again, everything is as it was."""
    await come_in(page, ready_site)
    await at(page, "Mobile app")
    await page.get_by_text("Right: asked from this browser without cookies").wait_for()
    client_id = await page.get_by_label("Client ID").input_value()
    await page.get_by_role("link", name="Turn off …").click()
    await at(page, "Turn the mobile app off?")
    assert "No phone is signed in." in await said(page)
    await page.get_by_role("link", name="Cancel").click()
    await at(page, "Mobile app")
    await page.go_back()
    await page.get_by_role("button", name="Turn off, keep phones signed in").dblclick()
    await page.get_by_text("The mobile app is off.").wait_for()
    assert not is_announced(ready_site)
    await page.get_by_text("Right: asked from this browser without cookies").wait_for()
    await press(page, "Turn on OAuth 2.0 for the mobile app")
    await page.get_by_text("The mobile app is on.").wait_for()
    assert await page.get_by_label("Client ID").input_value() == client_id
    assert is_announced(ready_site)


async def redirected(route: Route) -> None:
    await route.fulfill(status=302, headers={"location": "https://sso.example/login"})


async def refused(route: Route) -> None:
    await route.fulfill(status=401, body="Who are you?")


async def replaced(route: Route) -> None:
    await route.fulfill(content_type="text/html", body="<h1>Welcome</h1>")


async def lost(route: Route) -> None:
    await route.abort()


@pytest.mark.parametrize(
    ("gateway", "told"),
    [
        (redirected, "the address redirects"),
        (refused, "answers with the status 401"),
        (replaced, "gives another answer"),
        (lost, "could not reach the address"),
    ],
)
async def test_a_gateway_in_front_is_found_out(
    page: Page, site: Served, gateway: Callable[[Route], Awaitable[None]], told: str
) -> None:
    """What this browser gets without cookies is told in one sentence; asked again without the gateway, all is right."""
    await page.route("**" + INFO, gateway)
    await come_in(page, site)
    await page.get_by_text(told).wait_for()
    assert "Right:" not in await said(page)
    assert ("<h1>Welcome</h1>" in await said(page)) == (gateway is replaced)
    assert ("Who are you?" in await said(page)) == (gateway is refused)
    await page.unroute("**" + INFO)
    await press(page, "Ask again")
    await page.get_by_text("Right: asked from this browser").wait_for()
    assert told not in await said(page)


async def test_the_preview_runs_the_real_sign_in(page: Page, watch: Watch, ready_site: Served) -> None:
    """From the switch to the MDM set-up to the preview; the sign-in runs in this browser and comes back here."""
    await come_in(page, ready_site)
    await page.get_by_role("link", name="MDM set-up").click()
    await at(page, "MDM set-up")
    await page.get_by_role("link", name="Phone preview").click()
    await at(page, "Phone preview")
    assert "With one site and no fault" in await said(page)
    await press(page, "Try this sign-in in this browser")
    assert "This is a trial" in await said(page)
    await press(page, "Allow")
    await page.get_by_text("It works").wait_for()
    assert httpx2.get(ready_site.base + INFO, timeout=20).json()["oauth"]["enabled"]


async def test_choosing_a_site_on_the_previews_phone(page: Page, watch: Watch, ready_site: Served) -> None:
    """The list on the drawn phone is one of buttons, by the keyboard too; what was pasted stays."""
    await come_in(page, ready_site)
    await page.goto(ready_site.base + "/admin/mobile/preview")
    pasted = (
        '[{"title": "Desk", "baseURL": "https://desk.example"}, {"title": "Wiki", "baseURL": "https://wiki.example"}]'
    )
    await page.get_by_label("Value or file").fill(pasted)
    await page.get_by_role("button", name="Show", exact=True).click()
    await page.get_by_role("button", name="Wiki").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("“Wiki” is open.").wait_for()
    assert await page.get_by_label("Value or file").input_value() == pasted


async def test_a_session_that_ended_turns_nothing_off(page: Page, watch: Watch, ready_site: Served) -> None:
    """The button leads to sign-in and back to the question, which is asked once more."""
    await come_in(page, ready_site)
    await page.goto(ready_site.base + "/admin/mobile/off")
    await page.context.clear_cookies()
    await press(page, "Turn off and sign all phones out")
    await sign_in(page)
    await at(page, "Turn the mobile app off?")
    assert is_announced(ready_site)
    await press(page, "Turn off and sign all phones out")
    await page.get_by_text("its phones are signed out").wait_for()
    assert not is_announced(ready_site)


async def test_the_keyboard_and_a_small_screen_are_enough_in_japanese(chromium: Browser, ready_site: Served) -> None:
    """From the switch to the question and through it, on a phone, without a pointer."""
    context = await chromium.new_context(locale="ja-JP", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(ready_site.base + "/admin/mobile")
    await page.locator("#username").fill("alice")
    await page.locator("#password").fill("a door, a step, a bell")
    await page.keyboard.press("Enter")
    await at(page, "モバイルアプリ")
    await page.get_by_role("link", name="オフにする…").focus()
    await page.keyboard.press("Enter")
    await at(page, "モバイルアプリをオフにしますか")
    await page.get_by_role("button", name="オフにする（サインインは残す）").focus()  # noqa: RUF001
    await page.keyboard.press("Enter")
    await page.get_by_text("モバイルアプリをオフにしました。").wait_for()
    assert not is_announced(ready_site)
    await context.close()


async def test_without_scripts_the_address_is_there_to_open(chromium: Browser, site: Served) -> None:
    """The link and the site's own answer; nothing claims to have looked."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await come_in(page, site)
    await page.get_by_role("link", name=site.base + INFO).wait_for()
    await page.get_by_text("The site’s answer", exact=True).click()
    words = await said(page)
    assert "Open the address in a private window" in words
    assert site.client_id in words
    assert "Right:" not in words
    assert "Wrong:" not in words
    await context.close()
