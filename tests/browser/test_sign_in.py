"""Signing in as people do it: with mistakes, impatience, the back button, and pages left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from genkan.protocol.reasons import Reason, entry
from tests.browser.serving import PASSWORD
from tests.browser.walking import at, heading, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium"), pytest.mark.whole_browser]

FAILED = entry(Reason.SIGN_IN_FAILED).public
STALE = "This page was open too long. Please try once more."


async def test_a_wrong_password_keeps_the_name(page: Page, watch: Watch, site: Served) -> None:
    """After a wrong password the name stands there, the password does not, and the next try goes on to consent."""
    await page.goto(site.authorize_url())
    await sign_in(page, password="not this one")
    await at(page, "Error: Sign in")
    assert await page.get_by_role("alert").inner_text() == FAILED
    assert await page.get_by_label("User name").input_value() == "alice"
    assert await page.get_by_label("Password", exact=True).input_value() == ""
    assert await page.evaluate("() => document.activeElement.id") == "password"
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await at(page, "Allow Mobile app?")


async def test_an_unknown_name_is_told_the_same(page: Page, watch: Watch, site: Served) -> None:
    """Nobody learns from the page whether a name is known."""
    await page.goto(site.base + "/login")
    await sign_in(page, "nobody at all", "not this one")
    await at(page, "Error: Sign in")
    assert await page.get_by_role("alert").inner_text() == FAILED


async def test_the_page_names_the_application_that_asks(page: Page, watch: Watch, site: Served) -> None:
    """On behalf of an application the sign-in page says so; for the site itself it does not."""
    await page.goto(site.authorize_url())
    assert "Mobile app sent you here to sign in to Genkan." in await said(page)
    await page.goto(site.base + "/login")
    assert "sent you here" not in await said(page)


async def test_the_back_button_leads_back_and_on_again(page: Page, watch: Watch, site: Served) -> None:
    """From consent back to sign-in and through it once more ends at consent again."""
    await page.goto(site.authorize_url())
    await sign_in(page)
    await at(page, "Allow Mobile app?")
    await page.go_back()
    await at(page, "Sign in")
    await sign_in(page)
    await at(page, "Allow Mobile app?")


async def test_an_impatient_double_click_signs_in_once(page: Page, watch: Watch, site: Served) -> None:
    """Two presses in a row send the form once and end at consent."""
    await page.goto(site.authorize_url())
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").dblclick()
    await at(page, "Allow Mobile app?")
    assert len(watch.posted) == 1


async def test_everything_works_without_scripts(chromium: Browser, site: Served) -> None:
    """With JavaScript off a person signs in, sees consent and gets the answer's address."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(site.authorize_url())
    await sign_in(page)
    await page.get_by_role("link", name="Show the answer’s address instead").click()
    await press(page, "Allow")
    assert (await page.get_by_label("The answer’s address").input_value()).startswith("jira-server://oauth-callback?")
    await context.close()


async def test_a_page_of_before_is_asked_again_and_keeps_the_name(page: Page, watch: Watch, site: Served) -> None:
    """A form whose page token does not count any more comes back with the typed name, and works the next time."""
    await page.goto(site.authorize_url())
    await page.context.clear_cookies()
    await sign_in(page)
    await at(page, "Error: Sign in")
    assert await page.get_by_role("alert").inner_text() == STALE
    assert await page.get_by_label("User name").input_value() == "alice"
    await sign_in(page)
    await at(page, "Allow Mobile app?")


async def test_an_edited_page_token_does_not_count(page: Page, watch: Watch, site: Served) -> None:
    """A form with a page token that is not ours signs nobody in."""
    await page.goto(site.base + "/login")
    await page.evaluate("() => { document.querySelector('[name=page_token]').value += 'x' }")
    await sign_in(page)
    await at(page, "Error: Sign in")
    await page.goto(site.base + "/")
    assert await page.get_by_role("link", name="Sign in").count() == 1


async def test_the_site_itself_is_signed_in_to_and_out_of(page: Page, watch: Watch, site: Served) -> None:
    """Sign-in without an application ends at the start page; after sign-out the back button shows nothing private."""
    await page.goto(site.base + "/account/apps")
    await sign_in(page)
    await at(page, "Phones and applications")
    await page.get_by_role("link", name="Genkan").click()
    await at(page, "Start")
    assert "Signed in as Alice Adams" in " ".join((await said(page)).split())
    await press(page, "Sign out")
    await at(page, "Signed out")
    await page.goto(site.base + "/account/apps")
    await at(page, "Sign in")
    await page.go_back()
    await page.go_back()
    await at(page, "Start")
    assert "Alice" not in await said(page)


async def test_nobody_is_sent_elsewhere_after_signing_in(page: Page, watch: Watch, site: Served) -> None:
    """An address of another host to go to after sign-in does not count."""
    await page.goto(site.base + "/login?next=https://evil.example/")
    await sign_in(page)
    await at(page, "Start")
    assert page.url == site.base + "/"


async def test_a_wrong_address_says_what_to_mend(page: Page, watch: Watch, site: Served) -> None:
    """Reached under another host than its own, the site names both addresses and leads to its own."""
    await page.goto(site.base.replace("localhost", "127.0.0.1") + "/login")
    assert await heading(page) == "This is not the site’s own address"
    told = await said(page)
    assert "http://127.0.0.1:" in told
    assert "X-Forwarded-Proto" not in told  # no proxy leads to a loopback address
    await page.get_by_role("link", name=site.base + "/").click()
    await at(page, "Start")
