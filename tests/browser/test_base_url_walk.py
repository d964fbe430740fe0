"""The page of the base URL as an administrator uses it: the name, the address compared, a move told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]


@pytest.fixture
def ready_site(fresh_site: Served) -> Served:
    """A site of this test alone, set up."""
    fresh_site.set_up()
    return fresh_site


async def test_a_name_typed_while_the_session_ends_is_not_lost(page: Page, watch: Watch, ready_site: Served) -> None:
    """The page comes back after sign-in with the name in its field; sent again, every page is called so."""
    await page.goto(ready_site.base + "/admin/base-url")
    await sign_in(page)
    await page.get_by_text("This is right").wait_for()
    await page.get_by_label("Name (may be left empty)").fill("Front Desk")
    await page.context.clear_cookies()
    await press(page, "Save")
    await sign_in(page)
    await press(page, "Show what I typed")
    await at(page, "Base URL – ")
    await page.get_by_text("This is right").wait_for()
    assert await page.get_by_label("Name (may be left empty)").input_value() == "Front Desk"
    assert "Front Desk" not in await page.title()
    await page.get_by_role("button", name="Save").dblclick()
    await at(page, "Base URL – Front Desk")
    await page.get_by_text("Saved.").wait_for()
    await page.reload()
    await at(page, "Base URL – Front Desk")


async def test_a_move_is_told_and_a_mistyped_address_mended(page: Page, watch: Watch, site: Served) -> None:
    """What is wrong stands at the field; then every step, with the old address among the former ones."""
    await page.goto(site.base + "/admin/base-url")
    await sign_in(page)
    await page.get_by_label("New address").fill("desk.example.com")
    await press(page, "Show what to do")
    await page.get_by_text("Write it with its scheme: https://desk.example.com.").wait_for()
    await page.get_by_label("New address").fill("https://desk.example.com")
    await page.keyboard.press("Enter")
    await page.get_by_text("What to do, in this order").wait_for()
    lines = await page.get_by_label("Lines for the environment").input_value()
    assert lines == "GENKAN_BASE_URL=https://desk.example.com"
    assert "https://desk.example.com" in await page.get_by_label("Value of “sites”").input_value()
    await page.go_back()
    await page.get_by_text("Write it with its scheme").wait_for()


async def test_a_small_screen_in_japanese(chromium: Browser, site: Served) -> None:
    """Menu, page, move: on a phone, with the keyboard."""
    context = await chromium.new_context(locale="ja-JP", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(site.base + "/admin/mobile")
    await page.locator("#username").fill("alice")
    await page.locator("#password").fill("a door, a step, a bell")
    await page.keyboard.press("Enter")
    await page.get_by_text("メニュー").click()
    await page.get_by_role("link", name="ベース URL").click()
    await page.get_by_text("正しく設定されています。").wait_for()
    await page.locator("#to").fill("https://desk.example.com")
    await page.keyboard.press("Enter")
    await page.get_by_text("手順（この順に行います）").wait_for()  # noqa: RUF001
    assert "変わらないもの" in await said(page)
    await context.close()
