"""Application links as an administrator walks through them in a browser: the dialog, its faults, the trial, the end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.browser.conftest import PATIENCE_MS
from tests.browser.serving import PASSWORD
from tests.browser.walking import at, heading, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

LINKS = "/admin/links"
START = "/admin/links/create?type=external&direction=incoming"
WEB = "https://wiki.example.com/cb"


@pytest_asyncio.fixture(loop_scope="session")
async def admin(page: Page, watch: Watch, site: Served) -> AsyncIterator[Page]:
    """alice at the list of application links; no policy is broken and no script fails, whatever the test does."""
    await page.goto(site.base + LINKS)
    await sign_in(page)
    await at(page, "Application links")
    yield page
    await watch.look(page)


async def fill(page: Page, name: str, redirect: str = WEB) -> None:
    """What the documented recipe asks for: name, redirect URL, permission."""
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Redirect URL 1").fill(redirect)
    await page.get_by_label("WRITE").check()


async def made(page: Page, site: Served, name: str) -> str:
    """A link, made by the dialog; the address of its own page."""
    await page.goto(site.base + START)
    await fill(page, name)
    await press(page, "Save")
    await at(page, f"Credentials of {name}")
    return page.url.partition("/credentials")[0]


async def test_a_link_is_made_by_the_clicks_that_administrators_know(admin: Page) -> None:
    """Create link, Continue, name and redirect URL and permission, Save: the credentials, with a secret to copy."""
    await admin.get_by_role("link", name="Create link").click()
    assert await admin.get_by_label("Atlassian product").is_disabled()
    assert await admin.get_by_label("Outgoing").is_disabled()
    await press(admin, "Continue")
    await at(admin, "New external application")
    await fill(admin, "Clicked")
    await press(admin, "Save")
    await at(admin, "Credentials of Clicked")
    assert len(await admin.get_by_label("Client secret").input_value()) == 64
    await admin.reload()
    assert await admin.get_by_label("Client secret").count() == 0
    await admin.get_by_role("link", name="Done").click()
    assert await heading(admin) == "Clicked"


async def test_a_link_is_made_by_keyboard_alone(admin: Page, site: Served) -> None:
    """Tab, space and Enter are enough, and Enter in a field saves instead of adding or removing rows."""
    await admin.goto(site.base + START)
    assert await admin.evaluate("() => document.activeElement.id") == "name"
    await admin.keyboard.type("Typed")
    await admin.keyboard.press("Tab")
    await admin.keyboard.type(WEB)
    await admin.get_by_label("READ").focus()
    await admin.keyboard.press("Space")
    await admin.keyboard.press("ArrowDown")
    await admin.get_by_label("Name", exact=True).focus()
    await admin.keyboard.press("Enter")
    await at(admin, "Credentials of Typed")
    assert await admin.get_by_label("Scope").input_value() == "WRITE"


async def test_faults_are_told_while_typing(admin: Page, site: Served) -> None:
    """Without a reload the sentence appears below the field, the field is marked, and both go when it is mended."""
    await admin.goto(site.base + START)
    field = admin.get_by_label("Redirect URL 1")
    await field.press_sequentially("http://wiki.example.com/cb")
    await admin.get_by_text("The redirect URL is plain http").wait_for()
    await admin.wait_for_function("() => document.getElementById('redirect-1').ariaInvalid === 'true'")
    assert await admin.locator("#name-said .fault").count() == 0, "what is not written yet is no fault yet"
    await field.fill("jira-server://oauth-callback")
    await admin.get_by_text("It will be native").wait_for()
    await admin.get_by_text("is not a reverse domain name").wait_for()
    assert await field.get_attribute("aria-invalid") is None
    await field.fill(WEB)
    await admin.get_by_text("It will be confidential").wait_for()
    assert "create" in admin.url


async def test_what_is_wrong_at_saving_is_marked_and_nothing_typed_is_lost(admin: Page, site: Served) -> None:
    """The form comes back with the sentences; mended and saved, it makes the link."""
    await admin.goto(site.base + START)
    await admin.get_by_label("Redirect URL 1").fill("javascript:alert(1)")
    await press(admin, "Save")
    await at(admin, "Error: New external application")
    words = await said(admin)
    for sentence in ("Write a name", "cannot carry an answer", "Choose what the application may do"):
        assert sentence in words
    await fill(admin, "Mended")
    await press(admin, "Save")
    await at(admin, "Credentials of Mended")


async def test_a_session_that_ends_in_the_middle_loses_nothing(admin: Page, site: Served) -> None:
    """Saving asks to sign in; then everything typed stands in the form again, and one more Save makes the link."""
    await admin.goto(site.base + START)
    await fill(admin, "Interrupted")
    await press(admin, "Add another redirect URL")
    await admin.get_by_label("Redirect URL 2").fill(f"{WEB}/2")
    await admin.get_by_label("Require PKCE").check()
    await admin.context.clear_cookies(name="genkan-session")
    await press(admin, "Save")
    await at(admin, "Sign in")
    assert "what you typed is kept" in await said(admin)
    await sign_in(admin)
    await press(admin, "Show what I typed")
    assert "nothing was changed yet" in await said(admin)
    assert await admin.get_by_label("Name", exact=True).input_value() == "Interrupted"
    assert await admin.get_by_label("Redirect URL 2").input_value() == f"{WEB}/2"
    assert await admin.get_by_label("Require PKCE").is_checked()
    assert await admin.get_by_label("WRITE").is_checked()
    await press(admin, "Save")
    await at(admin, "Credentials of Interrupted")


async def test_pressing_twice_or_going_back_makes_no_second_link(admin: Page, site: Served) -> None:
    """A double click makes one link, and the way back and forth again sends nothing a second time."""
    await admin.goto(site.base + START)
    await fill(admin, "Once")
    await admin.get_by_role("button", name="Save").last.dblclick()
    await at(admin, "Credentials of Once")
    await admin.go_back()
    await at(admin, "New external application")
    await admin.go_forward()
    await at(admin, "Credentials of Once")
    await admin.goto(site.base + LINKS)
    assert await admin.get_by_role("link", name="Once", exact=True).count() == 1


async def test_a_link_is_tried_out_in_this_browser(admin: Page, site: Served) -> None:
    """Start the trial, Allow: the answer stands in the console, and Deny says what the application would be told."""
    address = await made(admin, site, "Tried")
    await admin.goto(address)
    await press(admin, "Start the trial")
    await at(admin, "Allow Tried?")
    assert "This is a trial" in await said(admin)
    await press(admin, "Allow")
    await at(admin, "Trial of Tried")
    assert "It works" in await said(admin)
    await press(admin, "Try once more")
    await press(admin, "Deny")
    await at(admin, "Trial of Tried")
    assert "You did not allow it" in await said(admin)


async def test_a_link_is_edited_disabled_given_a_secret_and_deleted(admin: Page, site: Served) -> None:
    """Each act is where it is looked for, says what it does, and says afterwards that it is done."""
    address = await made(admin, site, "Kept")
    await admin.goto(address)
    await admin.get_by_role("link", name="Edit").click()
    await admin.get_by_label("Name", exact=True).fill("Renamed")
    await press(admin, "Save")
    await at(admin, "Renamed")
    assert "Saved." in await said(admin)
    await press(admin, "Disable")
    await admin.get_by_text("The link is disabled").wait_for()
    await press(admin, "Enable")
    await admin.get_by_text("The link is enabled").wait_for()
    await admin.get_by_role("link", name="Rotate secret").click()
    await admin.get_by_label("How long").select_option("168")
    await press(admin, "Make a new secret")
    await at(admin, "Credentials of Renamed")
    assert len(await admin.get_by_label("Client secret").input_value()) == 64
    await admin.goto(address)
    await admin.get_by_role("link", name="Delete").click()
    assert "Nobody is signed in through this link." in await said(admin)
    await press(admin, "Delete")
    await admin.get_by_text("The link is deleted").wait_for()
    assert await admin.get_by_role("link", name="Renamed").count() == 0
    await admin.go_back()
    await at(admin, "Nothing is here")


async def test_what_is_dangerous_asks_who_is_there(admin: Page, site: Served) -> None:
    """A browser that was left alone for an hour is asked for the password; a wrong one asks again, the right one goes
    on to where the way led.
    """
    address = await made(admin, site, "Guarded")
    leave_alone(site)
    await admin.goto(address)
    await admin.get_by_role("link", name="Delete").click()
    await at(admin, "Confirm that it is you")
    await admin.get_by_label("Password", exact=True).fill("not this one")
    await press(admin, "Confirm")
    await at(admin, "Error: Confirm that it is you")
    await admin.keyboard.type(PASSWORD)
    await admin.keyboard.press("Enter")
    await at(admin, "Delete Guarded?")
    await press(admin, "Delete")
    await admin.get_by_text("The link is deleted").wait_for()


def leave_alone(site: Served) -> None:
    """Make every sign-in of this site an hour older."""
    with closing(sqlite3.connect(site.folder / "data" / "genkan.sqlite3", timeout=20)) as db, db:
        db.execute("UPDATE sessions SET auth_time = auth_time - 3600000")


async def test_it_works_on_a_phone_in_japanese_without_a_script(chromium: Browser, site: Served) -> None:
    """The menu opens, rows are added and taken away, and a link is made, all without JavaScript."""
    context = await chromium.new_context(
        viewport={"width": 360, "height": 740}, locale="ja-JP", java_script_enabled=False, has_touch=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(site.base + "/admin")
    await page.locator("#username").fill("alice")
    await page.locator("#password").fill("a door, a step, a bell")
    await page.get_by_role("button", name="サインイン").tap()
    await page.get_by_text("メニュー").tap()
    await page.get_by_role("navigation").get_by_role("link", name="アプリケーションリンク", exact=True).tap()
    await page.get_by_role("link", name="リンクを作成").first.tap()
    await page.get_by_role("button", name="続ける").tap()
    await page.get_by_role("button", name="リダイレクト URL を追加").tap()
    await page.locator("#redirect-2").fill("jira-server://oauth-callback")
    await page.get_by_role("button", name="削除 リダイレクト URL 1").tap()
    await page.locator("#redirect-2").wait_for(state="detached")
    assert await page.locator("#redirect-1").input_value() == "jira-server://oauth-callback"
    await page.locator("#name").fill("電話")
    await page.locator("#permission-READ").check()
    await page.get_by_role("button", name="保存").last.tap()
    await page.get_by_role("heading", name="電話 の資格情報").wait_for()
    assert site.base in await page.locator("#managed").input_value()
    await context.close()
