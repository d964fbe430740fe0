"""Passkeys in Chromium with its virtual authenticator: made on the account page, used by autofill and by button."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import hand_over
from tests.browser.authenticators import VirtualKey, another, plug_in
from tests.browser.serving import PASSWORD
from tests.browser.test_main_job import handed_over
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium"), pytest.mark.whole_browser]

MAKE = "Create a passkey on this device"
USE = "Use a passkey"
WITH_PASSKEY = "Use a passkey instead"
# A browser of before autofill with passkeys.
NO_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"
# What the page asks the browser for, and tells it, is written down and then done.
RECORDED = """
const note = (name, told) => sessionStorage.setItem(name, JSON.stringify(told));
const get = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = (options) => {
  note("hints", options.publicKey.hints ?? []);
  return get(options);
};
const tell = PublicKeyCredential.signalCurrentUserDetails.bind(PublicKeyCredential);
PublicKeyCredential.signalCurrentUserDetails = (told) => {
  note("details", told);
  return tell(told);
};
"""


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
    # What keeps it proved nothing of itself, so it counts as software.
    assert set(phone["method"].split("+")) == {"mfa", "swk", "user"}


async def test_a_person_who_is_not_recognised_is_not_let_in(page: Page, watch: Watch, fresh_site: Served) -> None:
    """Wrong finger or PIN: the page says what happened and what to do, and the next try works."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    key = await make_passkey(page, fresh_site)
    await sign_out(page)
    await key.verify(False)
    await page.goto(fresh_site.base + "/login")
    await press(page, USE)
    await page.get_by_text("No passkey was used").wait_for()
    assert page.url.endswith("/login")
    await key.verify(True)
    await press(page, USE)
    await at(page, "Start")


async def test_a_copy_of_a_key_is_found_out(page: Page, watch: Watch, fresh_site: Served) -> None:
    """The original signs in after the copy was taken; the copy, which counts less, is refused and both stay so."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    key = await make_passkey(page, fresh_site)
    [copy] = await key.credentials()
    for _ in range(2):
        await sign_out(page)
        await page.goto(fresh_site.base + "/login")
        await press(page, USE)
        await at(page, "Start")
    await sign_out(page)
    await key.forget()
    await key.add(copy)
    await page.goto(fresh_site.base + "/login")
    await press(page, USE)
    await page.get_by_text("This passkey counts backwards").wait_for()
    await sign_in(page)
    await page.goto(fresh_site.base + "/account/sign-in")
    assert "it counted backwards, as a copy of it would" in " ".join((await said(page)).split())


async def test_a_removed_key_leaves_the_device(page: Page, watch: Watch, fresh_site: Served) -> None:
    """Removed on the account page, the browser is told at once and its authenticator keeps it no more."""
    fresh_site.set_up()
    key = await make_passkey(page, fresh_site)
    assert len(await key.credentials()) == 1
    await page.get_by_role("link", name="Remove").click()
    await press(page, "Remove")
    await page.get_by_text("The passkey is removed").wait_for()
    await gone(key)


async def test_a_key_that_the_site_forgot_leaves_the_device_at_the_next_try(
    page: Page, watch: Watch, fresh_site: Served
) -> None:
    """An administrator took it away meanwhile: the person is told to go another way, and the list is mended."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    key = await make_passkey(page, fresh_site)
    await sign_out(page)
    [kept] = json.loads(fresh_site.run("user", "passkeys", "list", "alice", "--json").stdout)
    assert fresh_site.run("user", "passkeys", "remove", "alice", kept["id"]).returncode == 0
    await page.goto(fresh_site.base + "/login")
    await press(page, USE)
    await page.get_by_text("This passkey does not open anything here.").wait_for()
    await gone(key)
    await sign_in(page)
    await at(page, "Start")


async def recorded(page: Page, name: str) -> Any:
    return json.loads(await page.evaluate("(name) => sessionStorage.getItem(name)", name))


@pytest.mark.parametrize(
    ("button", "hints"), [(USE, []), ("Use a phone or a security key", ["hybrid", "security-key"])]
)
async def test_a_button_says_where_the_passkey_is(
    page: Page, watch: Watch, fresh_site: Served, button: str, hints: list[str]
) -> None:
    """WebAuthn 5.8.7: whoever has it elsewhere is shown that way first, and is signed in like everybody."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    await page.add_init_script(RECORDED)
    await make_passkey(page, fresh_site)
    await sign_out(page)
    await page.goto(fresh_site.base + "/login")
    await press(page, button)
    await at(page, "Start")
    assert await recorded(page, "hints") == hints


async def test_a_new_name_reaches_the_browser_s_list(page: Page, watch: Watch, fresh_site: Served) -> None:
    """WebAuthn 5.1.10.3: the browser is told of whom its passkey is, under the name of today."""
    fresh_site.set_up()
    await page.add_init_script(RECORDED)
    key = await make_passkey(page, fresh_site)
    [kept] = await key.credentials()
    assert fresh_site.run("user", "change", "alice", "--name", "Alice Baker").returncode == 0
    await page.goto(fresh_site.base + "/account/sign-in")
    told = await recorded(page, "details")
    assert (told["rpId"], told["name"], told["displayName"]) == ("localhost", "alice", "Alice Baker")
    handle = kept["userHandle"].rstrip("=").replace("+", "-").replace("/", "_")
    assert told["userId"] == handle
    await renamed(key, "Alice Baker")


async def renamed(key: VirtualKey, name: str) -> None:
    """Wait until the authenticator has it too."""
    for _ in range(100):
        if [kept["userDisplayName"] for kept in await key.credentials()] == [name]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the key still has the old name")


async def gone(key: VirtualKey) -> None:
    """Wait until the browser has told the authenticator."""
    for _ in range(100):
        if not await key.credentials():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the key is still there")


async def test_one_device_has_one_key_and_another_device_another(page: Page, watch: Watch, fresh_site: Served) -> None:
    """The same device is told that it has one already; a second key is added beside it, and either signs in."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    first = await make_passkey(page, fresh_site, "First")
    await page.goto(fresh_site.base + "/account/passkeys/create")
    await press(page, MAKE)
    await page.get_by_text("There is a passkey of yours on this device already.").wait_for()
    await first.touch(False)
    second = await another(first.session, transport="usb")
    await page.reload()
    await page.get_by_label("Name (may be left empty)").fill("Second")
    await press(page, "On a phone or a security key")
    await page.get_by_text("The passkey is added.").wait_for()
    assert (len(await first.credentials()), len(await second.credentials())) == (1, 1)
    await sign_out(page)
    await first.unplug()
    await page.goto(fresh_site.base + "/login")
    await press(page, USE)
    await at(page, "Start")


async def test_it_is_still_you_says_a_passkey_as_well(page: Page, watch: Watch, fresh_site: Served) -> None:
    """The page that asks again takes it by itself where the browser can, and leads on."""
    fresh_site.set_up()
    await page.add_init_script(NO_AUTOFILL)
    await make_passkey(page, fresh_site)
    await page.goto(fresh_site.base + "/confirm?next=" + fresh_site.base + "/account/apps")
    await press(page, USE)
    await at(page, "Phones and applications")


async def test_a_browser_without_passkeys_is_told_so_and_goes_on(page: Page, watch: Watch, site: Served) -> None:
    """No button that fails: a sentence instead, on the sign-in page and where one is made; the password works."""
    await page.add_init_script("delete globalThis.PublicKeyCredential")
    await page.goto(site.base + "/login?next=" + site.base + "/account/passkeys/create")
    await page.get_by_text("This browser knows no passkeys.").wait_for()
    assert await page.get_by_role("button", name=USE).count() == 0
    await sign_in(page)
    await at(page, "Create a passkey")
    await page.get_by_text("This browser knows no passkeys.").wait_for()
    assert await page.get_by_role("button", name=MAKE).count() == 0


async def test_without_scripts_the_page_says_why(chromium: Browser, site: Served) -> None:
    """And signing in by password works as before."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(site.base + "/login")
    assert "Passkeys need JavaScript" in await said(page)
    await sign_in(page)
    await page.get_by_text("Signed in as").first.wait_for()
    await context.close()


async def test_in_japanese_what_went_wrong_is_said_in_japanese(chromium: Browser, site: Served) -> None:
    """The browser's error as a sentence in the reader's language."""
    context = await chromium.new_context(locale="ja-JP")
    page = await context.new_page()
    await plug_in(page, verified=False)
    await page.goto(site.base + "/login")
    await press(page, "パスキーを使う")
    await page.get_by_text("パスキーは使われませんでした。").wait_for()
    await context.close()
