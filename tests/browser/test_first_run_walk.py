"""The first run as a person walks it: the address checked by the browser, a name, an administrator, a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import PASSWORD
from tests.browser.walking import at, press, said

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

FRONT = "http://front.example"


async def test_a_proxy_that_hides_the_address_is_found_out(page: Page, fresh_site: Served) -> None:
    """The site is asked under its own address, the browser sees another: the page says so, with the line to write."""

    async def pass_on(route: Route) -> None:
        answer = await route.fetch(url=route.request.url.replace(FRONT, fresh_site.base))
        await route.fulfill(response=answer)

    await page.route(f"{FRONT}/**", pass_on)
    await page.goto(fresh_site.setup_link.replace(fresh_site.base, FRONT))
    await page.get_by_text("This is wrong: your browser sees http://front.example").wait_for()
    assert await page.get_by_label("Line for the settings").input_value() == f"GENKAN_BASE_URL={FRONT}"
    assert "This is right" not in await said(page)


async def test_the_keyboard_alone_sets_the_site_up_in_japanese(chromium: Browser, fresh_site: Served) -> None:
    """On a phone's screen, from field to field and with Enter; going back leads to no second try."""
    context = await chromium.new_context(locale="ja-JP", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(fresh_site.setup_link)
    await at(page, "サイトのセットアップ")
    await page.locator("#site_title").focus()
    for text in ("受付", "alice", "アリス", "", PASSWORD):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await at(page, "モバイルアプリを使えるようにしますか – 受付")
    await page.go_back()
    await page.reload()
    assert "このセットアップリンクは使えません" in await said(page)
    await page.goto(fresh_site.base + "/setup/done")
    await press(page, "モバイルアプリの OAuth 2.0 をオンにする")
    await at(page, "サイトの準備ができました – 受付")
    await context.close()


async def test_without_scripts_the_page_says_what_to_compare(chromium: Browser, fresh_site: Served) -> None:
    """And everything else works as it does with them."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(fresh_site.setup_link)
    words = await said(page)
    assert "has to begin with exactly that" in words
    assert "This is right" not in words
    assert "This is wrong" not in words
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await press(page, "Make the administrator")
    await page.get_by_role("heading", name="Turn on the mobile app?").wait_for()
    await page.get_by_role("link", name="Not now").click()
    await page.get_by_role("heading", name="The mobile app cannot sign in yet").wait_for()
    await context.close()


async def test_sent_twice_makes_one_administrator(page: Page, watch: Watch, fresh_site: Served) -> None:
    """Two presses in a row are one; the page behind says who is signed in."""
    await page.goto(fresh_site.setup_link)
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await page.get_by_role("button", name="Make the administrator").dblclick()
    await at(page, "Turn on the mobile app?")
    assert "alice" in await said(page)
