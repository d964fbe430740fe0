"""Passkeys in Chromium with its virtual authenticator: made on the account page, used by autofill and by button."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import hand_over
from tests.browser.authenticators import VirtualKey, plug_in
from tests.browser.serving import PASSWORD
from tests.browser.test_main_job import handed_over
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

MAKE = "Create a passkey on this device"
USE = "Use a passkey"
WITH_PASSKEY = "Use a passkey instead"
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


async def test_the_first_administrator_needs_no_password(page: Page, watch: Watch, fresh_site: Served) -> None:
    """What is typed is looked at first; the passkey is made under that name, and signs in once more later."""
    key = await plug_in(page)
    await page.goto(fresh_site.setup_link)
    await press(page, WITH_PASSKEY)
    assert await page.evaluate("() => document.activeElement.id") == "username", "a name is asked for"
    assert await key.credentials() == []
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Name that others see").fill("Alice Adams")
    await press(page, WITH_PASSKEY)
    await at(page, "Turn on the mobile app?")
    [kept] = await key.credentials()
    assert (kept["userName"], kept["userDisplayName"]) == ("alice", "Alice Adams")
    await page.goto(fresh_site.base + "/account/sign-in")
    assert "You have no password." in await said(page)
    await sign_out(page)
    await page.goto(fresh_site.base + "/login")
    await at(page, "Start")


async def test_after_the_password_a_passkey_is_offered(page: Page, watch: Watch, fresh_site: Served) -> None:
    """Set-up ends with the way to one, and says nothing of it any more once it is there."""
    await plug_in(page)
    await page.goto(fresh_site.setup_link)
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await press(page, "Make the administrator")
    await page.get_by_role("link", name="Create a passkey").click()
    await press(page, MAKE)
    await page.get_by_text("The passkey is added.").wait_for()
    await page.goto(fresh_site.base + "/setup/done")
    await at(page, "Turn on the mobile app?")
    assert await page.get_by_role("link", name="Create a passkey").count() == 0


async def test_a_one_time_link_makes_a_passkey_in_place_of_a_password(page: Page, watch: Watch, site: Served) -> None:
    """The old password goes with it; signing in needs the passkey from now on."""
    assert site.run("user", "add", "rose", "--password-stdin", given=PASSWORD).returncode == 0
    await plug_in(page)
    admin = await page.context.browser.new_context()  # type: ignore[union-attr]
    console = await admin.new_page()
    await console.goto(site.base + "/admin/people?prefix=rose")
    await sign_in(console)
    await console.get_by_role("link", name="rose").click()
    await console.get_by_role("link", name="Make a one-time link").click()
    await press(console, "Make the link")
    link = await console.locator("textarea").first.input_value()
    await admin.close()
    await page.goto(link)
    await press(page, "Create a passkey and sign in")
    await at(page, "Profile")
    await page.goto(site.base + "/account/sign-in")
    assert "You have no password." in await said(page)
    await sign_out(page)
    await page.goto(site.base + "/login?next=" + site.base + "/account/apps")
    await at(page, "Phones and applications")


async def test_the_app_is_signed_in_with_a_passkey_from_the_first_run_on(
    page: Page, watch: Watch, fresh_site: Served, tmp_path: Path
) -> None:
    """From the set-up link over a passkey to an app that is signed in, without any password."""
    await plug_in(page)
    await page.goto(fresh_site.setup_link)
    await page.get_by_label("User name").fill("alice")
    await press(page, WITH_PASSKEY)
    await press(page, "Turn on OAuth 2.0 for the mobile app")
    await at(page, "The site is ready")
    await page.goto(fresh_site.base + "/")
    await sign_out(page)
    place = tmp_path / "address"
    browser = shlex.join([sys.executable, str(Path(hand_over.__file__)), str(place), "%s"])
    login = fresh_site.start("app", "login", fresh_site.base, GENKAN_BROWSER=browser)
    try:
        # The page of the request, on which the browser offers the passkey by itself.
        await page.goto(await handed_over(place))
        await at(page, "Allow Mobile app?")
        await press(page, "Allow")
        await at(page, "Back to the app")
        told, complaint = await asyncio.to_thread(login.communicate, timeout=30)
    finally:
        login.kill()
        login.wait()
    assert (login.returncode, "Signed in as" in told) == (0, True), complaint
    assert json.loads(fresh_site.run("app", "whoami", "--json").stdout)["name"] == "alice"
    [phone] = json.loads(fresh_site.run("phones", "list", "--json").stdout)
    assert set(phone["method"].split("+")) == {"mfa", "hwk", "user"}
