"""Passkeys in Chromium with its virtual authenticator: made on the account page, used by autofill and by button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.authenticators import VirtualKey, plug_in
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

MAKE = "Create a passkey on this device"
USE = "Use a passkey"
# A browser of before autofill with passkeys.
NO_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"


async def make_passkey(page: Page, site: Served, name: str = "") -> VirtualKey:
    """Sign in by password and make one on the account page."""
    key = await plug_in(page)
    await page.goto(site.base + "/account/sign-in")
    await sign_in(page)
    await at(page, "Sign-in methods")
    await page.get_by_role("link", name="Create a passkey").click()
    await at(page, "Create a passkey")
    await page.get_by_label("Name (may be left empty)").fill(name)
    await press(page, MAKE)
    await page.get_by_text("The passkey is added.").wait_for()
    return key


async def sign_out(page: Page) -> None:
    await press(page, "Sign out")
    await at(page, "Signed out")


async def test_a_passkey_is_made_and_signs_in_by_button(page: Page, watch: Watch, fresh_site: Served) -> None:
    """From the account page to the start page without a password, in a browser that cannot offer it by itself."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    key = await make_passkey(page, fresh_site, "Laptop")
    assert "Laptop" in await said(page)
    [kept] = await key.credentials()
    assert (kept["rpId"], kept["isResidentCredential"], kept["userName"]) == ("localhost", True, "alice")
    await sign_out(page)
    await page.goto(fresh_site.base + "/login")
    await press(page, USE)
    await at(page, "Start")
    await page.goto(fresh_site.base + "/account/sign-in")
    assert "never used" not in await said(page)


async def test_autofill_signs_in_where_the_browser_offers_it(page: Page, watch: Watch, fresh_site: Served) -> None:
    """The page waits for a passkey beside the field for the user name; choosing one is all there is to do."""
    fresh_site.set_up()
    await make_passkey(page, fresh_site)
    await sign_out(page)
    # Nothing is pressed: the browser's list of passkeys is up at once, and the key takes the first.
    await page.goto(fresh_site.base + "/login?next=" + fresh_site.base + "/account/apps")
    await at(page, "Phones and applications")
