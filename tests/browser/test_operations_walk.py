"""The audit log, API keys and health as an administrator walks through them in a browser."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
import pytest_asyncio

from tests.browser.conftest import PATIENCE_MS
from tests.browser.serving import PASSWORD
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

AUDIT, KEYS, HEALTH = "/admin/audit", "/admin/api-keys", "/admin/health"
SESSION = "genkan-session"


@pytest_asyncio.fixture(loop_scope="session")
async def admin(page: Page, watch: Watch, site: Served) -> AsyncIterator[Page]:
    """alice at the audit log; no policy is broken and no script fails, whatever the test does."""
    await page.goto(site.base + AUDIT)
    await sign_in(page)
    await at(page, "Audit log")
    yield page
    await watch.look(page)


async def test_the_audit_says_what_happened_and_is_narrowed(admin: Page) -> None:
    """The sign-in of a moment ago stands first; a filter leaves what fits, and going back brings the rest."""
    assert "Alice" in await said(admin) or "alice" in await said(admin)
    await admin.get_by_text("Filter", exact=True).click()
    await admin.get_by_label("What happened").select_option("mobile")
    await press(admin, "Show")
    await admin.get_by_role("link", name="Show everything").wait_for()
    assert "The mobile app was turned on." in await said(admin)
    assert "signed in in a browser" not in await said(admin)
    assert await admin.get_by_label("What happened").input_value() == "mobile"
    await admin.go_back()
    await admin.get_by_text("signed in in a browser").first.wait_for()


async def test_a_filter_that_names_nobody_is_mended(admin: Page) -> None:
    """The sentence stands at its field, what was typed stays, and the mended filter finds."""
    await admin.get_by_text("Filter", exact=True).click()
    await admin.get_by_label("To whom").fill("alcie")
    await press(admin, "Show")
    await at(admin, "Error: Audit log")
    assert await admin.get_by_label("To whom").get_attribute("aria-invalid") == "true"
    assert "There is no account with this name." in await said(admin)
    await admin.get_by_label("To whom").fill("alice")
    await admin.get_by_label("To whom").press("Enter")
    await at(admin, "Audit log")
    assert "signed in in a browser" in await said(admin)


async def test_what_fits_is_kept_as_a_file(admin: Page, tmp_path: Path) -> None:
    """Both buttons download a whole file of what the filter finds."""
    await admin.goto(admin.url + "?kind=account.added")
    async with admin.expect_download() as waiting:
        await admin.get_by_role("link", name="CSV, for spreadsheets").click()
    await (await waiting.value).save_as(tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    async with admin.expect_download() as waiting:
        await admin.get_by_role("link", name="JSON lines, for programs").click()
    await (await waiting.value).save_as(tmp_path / "audit.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    assert [row["kind"] for row in rows] == [line["kind"] for line in lines]
    assert {line["kind"] for line in lines} == {"account.added"}


async def test_the_seals_are_checked_by_a_button(admin: Page, site: Served) -> None:
    """The check says its verdict at the top, and the newest head can be copied for the place outside."""
    await admin.get_by_role("link", name="Seals").click()
    await press(admin, "Check the seals")
    await admin.get_by_role("heading", name="What the check has found").wait_for()
    words = await said(admin)
    assert "All that was sealed is as it was" in words or "Nothing is sealed yet" in words
    await admin.get_by_role("link", name="Counted refusals").click()
    assert "Whoever proves nothing" in await said(admin)


async def test_a_key_is_made_told_used_and_revoked(admin: Page, site: Served) -> None:
    """By its clicks alone; the text stands there once, works, and stops working."""
    await admin.goto(site.base + KEYS)
    await admin.get_by_role("link", name="Make an API key").click()
    await admin.get_by_label("Name", exact=True).fill("Clicked key")
    await admin.get_by_label("ADMIN: administer this site", exact=True).check()
    await press(admin, "Make the key")
    await at(admin, "API key Clicked key")
    text = await admin.get_by_label("API key", exact=True).input_value()
    assert _asks(site, text) == 200
    await admin.reload()
    assert await admin.get_by_label("API key", exact=True).count() == 0
    await admin.get_by_role("link", name="Revoke", exact=True).click()
    await admin.get_by_role("link", name="Cancel").click()
    await at(admin, "API keys")
    assert _asks(site, text) == 200
    await admin.get_by_role("row", name="Clicked key").get_by_role("link", name="Revoke").click()
    await press(admin, "Revoke the key")
    await admin.get_by_text("The API key is revoked").wait_for()
    assert _asks(site, text) == 401
    await admin.go_back()
    await admin.reload()
    assert "It is revoked already." in await said(admin)


def _asks(site: Served, key: str) -> int:
    """The status that the API answers this key."""
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.get(f"{site.base}/rest/genkan/1.0/installation", headers=headers, timeout=20).status_code


async def test_a_key_is_made_by_keyboard_alone_and_once(admin: Page, site: Served) -> None:
    """Typing begins in the name, arrows choose, Enter sends; sent twice there is one key."""
    await admin.goto(site.base + KEYS + "/create")
    # The browser moves the focus when it first paints, which may come after all is loaded.
    await admin.locator("input:focus").wait_for()
    await admin.keyboard.type("Typed key")
    await admin.keyboard.press("Tab")
    await admin.keyboard.press("ArrowDown")
    await admin.keyboard.press("ArrowDown")
    await admin.keyboard.press("Tab")
    await admin.keyboard.press("ArrowUp")
    await admin.get_by_label("Name", exact=True).focus()
    await admin.keyboard.press("Enter")
    await at(admin, "API key Typed key")
    assert "ADMIN" in await said(admin)
    await admin.goto(site.base + KEYS + "/create")
    await admin.get_by_label("Name", exact=True).fill("Twice")
    await admin.get_by_role("button", name="Make the key").dblclick()
    await at(admin, "API key Twice")
    assert (await admin.get_by_label("API key", exact=True).input_value()).startswith("gnk_ak_")
    await admin.goto(site.base + KEYS)
    assert await admin.get_by_role("row", name="Twice").count() == 1


async def test_a_session_that_ends_in_the_middle_loses_nothing(admin: Page, site: Served) -> None:
    """Sending asks to sign in; then what was typed stands there again, and one more press makes the key."""
    await admin.goto(site.base + KEYS + "/create")
    await admin.get_by_label("Name", exact=True).fill("Interrupted key")
    await admin.get_by_label("A year").check()
    await admin.context.clear_cookies(name=SESSION)
    await press(admin, "Make the key")
    await at(admin, "Sign in")
    await sign_in(admin)
    await press(admin, "Show what I typed")
    assert await admin.get_by_label("Name", exact=True).input_value() == "Interrupted key"
    assert await admin.get_by_label("A year").is_checked()
    await press(admin, "Make the key")
    await at(admin, "API key Interrupted key")


async def test_what_is_wrong_with_a_key_is_said_at_its_field(admin: Page, site: Served) -> None:
    """A name that is taken: the field is marked, the choices stay, another name makes it."""
    await typed(admin, site, "Taken")
    await at(admin, "API key Taken")
    await typed(admin, site, "Taken")
    await at(admin, "Error: Make an API key")
    assert await admin.get_by_label("Name", exact=True).get_attribute("aria-invalid") == "true"
    assert await admin.get_by_label("30 days").is_checked()
    await admin.get_by_label("Name", exact=True).fill("Not taken")
    await press(admin, "Make the key")
    await at(admin, "API key Not taken")


async def typed(page: Page, site: Served, name: str) -> None:
    """A key of this name for 30 days, asked for."""
    await page.goto(site.base + KEYS + "/create")
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("30 days").check()
    await press(page, "Make the key")


async def test_a_finding_is_mended_where_it_is_shown(admin: Page, site: Served) -> None:
    """The link that permits too much is named; one press, and it is not there any more."""
    site.link("Lax reports", "https://reports.example/cb")
    await admin.goto(site.base + HEALTH)
    weak = admin.locator(".verdicts li", has_text="Lax reports may sign people in without PKCE")
    await weak.get_by_role("button", name="Require PKCE").click()
    await admin.get_by_text("Saved.").wait_for()
    assert "Lax reports may sign people in" not in await said(admin)
    assert "Good for trying out." in await said(admin), "a site on loopback says so"


async def test_the_path_that_administrators_know_leads_to_health(chromium: Browser, site: Served) -> None:
    """By way of sign-in, for a browser that has never been here."""
    context = await chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(site.base + "/secure/admin/ViewSystemInfo.jspa")
    await sign_in(page)
    await at(page, "Health")
    assert "What could be safer" in await said(page)
    await context.close()


async def test_it_works_on_a_phone_in_japanese_without_a_script(chromium: Browser, site: Served) -> None:
    """The menu opens, the audit is filtered, a key is made and health is read, all without JavaScript."""
    context = await chromium.new_context(
        viewport={"width": 360, "height": 740}, locale="ja-JP", java_script_enabled=False, has_touch=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(site.base + "/auditing/view")
    await page.locator("#username").fill("alice")
    await page.locator("#password").fill(PASSWORD)
    await page.get_by_role("button", name="サインイン").tap()
    await page.get_by_text("絞り込み", exact=True).tap()
    await page.locator("#kind").select_option("mobile.on")
    await page.get_by_role("button", name="表示").tap()
    await page.get_by_text("モバイルアプリがオンにされました。").first.wait_for()
    await page.get_by_text("メニュー").tap()
    await page.get_by_role("link", name="API キー", exact=True).tap()
    await page.get_by_role("link", name="API キーを作成する").tap()
    await page.locator("#name").fill("電話から")
    await page.get_by_role("button", name="キーを作成する").tap()
    await page.get_by_role("heading", name="API キー 電話から").wait_for()
    assert (await page.locator("#api-key").input_value()).startswith("gnk_ak_")
    await page.get_by_text("メニュー").tap()
    await page.get_by_role("link", name="稼働状況", exact=True).tap()
    await page.get_by_role("heading", name="項目ごとの評価").wait_for()
    await context.close()
