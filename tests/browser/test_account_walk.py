"""A person's own pages as they are walked: language, browsers, the password, a session that is over meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.authenticators import plug_in
from tests.browser.serving import PASSWORD, Served
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser, Page

    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

PHONE = {"width": 390, "height": 844}
NEW = "another door, another bell"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose people may change their passwords without harm to other tests."""
    served = Served(tmp_path_factory.mktemp("account"))
    try:
        served.set_up()
        for name in ("berta", "carla", "dora", "erik", "frieda"):
            added = served.run("user", "add", name, "--password-stdin", "--name", name.title(), given=PASSWORD)
            assert added.returncode == 0, added.stderr
        yield served
    finally:
        served.stop()


async def entered(page: Page, site: Served, path: str, name: str) -> None:
    """Go to a page of the account by signing in on the way."""
    await page.goto(site.base + path)
    await sign_in(page, name)


async def test_the_account_is_found_from_the_start_page(page: Page, watch: Watch, own: Served) -> None:
    """One link, and from there every page by the navigation, each with its own name."""
    await entered(page, own, "/login", "berta")
    await page.get_by_role("link", name="Your account", exact=True).click()
    await at(page, "Profile")
    side = page.get_by_role("navigation", name="Your account")
    for words in ("Phones and applications", "Browsers", "Sign-in methods", "Profile"):
        await side.get_by_role("link", name=words, exact=True).click()
        await at(page, words)
        assert await side.locator("[aria-current=page]").inner_text() == words


async def test_the_language_changes_at_once(chromium: Browser, own: Served) -> None:
    """On a phone, against what the browser asks for, on this page and the next, and back again."""
    context = await chromium.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = await context.new_page()
    await entered(page, own, "/account/profile", "berta")
    await page.get_by_label("Language").select_option("日本語")
    await page.get_by_label("Time zone").select_option("Asia/Tokyo")
    await press(page, "Save")
    await at(page, "プロフィール")
    assert "保存しました" in await said(page)
    await page.get_by_text("メニュー", exact=True).click()
    await page.get_by_role("link", name="ブラウザー", exact=True).click()
    await at(page, "ブラウザー")
    assert await page.evaluate("() => document.documentElement.lang") == "ja"
    await page.goto(own.base + "/account/profile")
    await page.get_by_label("言語").select_option("")
    await press(page, "保存")
    await at(page, "Profile")
    await context.close()


async def test_a_fault_stands_at_its_field(page: Page, watch: Watch, own: Served) -> None:
    """What the browser lets through and the site does not: the field is marked, tied to its sentence, and filled in."""
    await entered(page, own, "/account/profile", "carla")
    field = page.get_by_label("Name that others see")
    await page.evaluate("() => document.getElementById('display_name').removeAttribute('maxlength')")
    await field.fill("x" * 300)
    await press(page, "Save")
    await at(page, "Error: Profile")
    assert await field.get_attribute("aria-invalid") == "true"
    told = await field.get_attribute("aria-describedby") or ""
    assert "at most 200" in await page.locator(f"#{told.split()[0]}").inner_text()
    assert await field.input_value() == "x" * 300


async def test_nothing_typed_is_lost_when_the_session_is_over(page: Page, watch: Watch, own: Served) -> None:
    """Signed out meanwhile: after signing in the form stands there as it was left, and is saved by one more press."""
    await entered(page, own, "/account/profile", "carla")
    await page.get_by_label("Name that others see").fill("Carla the Second")
    ended = own.run("user", "sign-out", "carla")
    assert ended.returncode == 0, ended.stderr
    await press(page, "Save")
    assert "what you typed is kept" in await said(page)
    await sign_in(page, "carla")
    if not await page.title() or "Profile" not in await page.title():
        await page.get_by_role("main").get_by_role("button").click()
    await at(page, "Profile")
    assert await page.get_by_label("Name that others see").input_value() == "Carla the Second"
    await press(page, "Save")
    await page.get_by_text("Saved.").wait_for()
    assert await page.get_by_label("Name that others see").input_value() == "Carla the Second"


async def test_another_browser_is_signed_out(page: Page, watch: Watch, chromium: Browser, own: Served) -> None:
    """Found in the list, ended by its button, out at its next step; the back button brings nothing back."""
    context = await chromium.new_context(viewport=PHONE)  # type: ignore[arg-type]
    other = await context.new_page()
    await entered(other, own, "/account/sessions", "dora")
    await at(other, "Browsers")
    await entered(page, own, "/account/sessions", "dora")
    await at(page, "Browsers")
    rows = page.get_by_role("main").get_by_role("listitem")
    assert await rows.count() == 2
    assert "This browser" in await rows.first.inner_text()
    assert await rows.first.get_by_role("button").count() == 0
    await rows.last.get_by_role("button", name="Sign out").click()
    await page.get_by_text("Signed out there.").wait_for()
    assert await rows.count() == 1
    await other.reload()
    await at(other, "Sign in")
    await page.go_back()
    await at(page, "Browsers")
    await context.close()


async def test_the_password_is_changed_by_keyboard_alone(
    page: Page, watch: Watch, chromium: Browser, own: Served
) -> None:
    """Wrong at first, then right with everything else signed out: this browser stays, the other one is out."""
    context = await chromium.new_context()
    other = await context.new_page()
    await entered(other, own, "/account/profile", "berta")
    await at(other, "Profile")
    await entered(page, own, "/account/sign-in", "berta")
    await at(page, "Sign-in methods")
    await typed(page, "not this one")
    await at(page, "Error: Sign-in methods")
    assert "The present password is not right" in await said(page)
    assert await page.get_by_label("Present password", exact=True).input_value() == ""
    await typed(page, PASSWORD)
    await page.get_by_text("Your password is changed, and everything else is signed out.").wait_for()
    await page.reload()
    await at(page, "Sign-in methods")
    await other.reload()
    await at(other, "Sign in")
    await sign_in(other, "berta", NEW)
    await at(other, "Profile")
    await context.close()


async def test_a_recovery_code_lets_in_who_lost_everything(
    page: Page, watch: Watch, chromium: Browser, own: Served
) -> None:
    """Made and written down; in another browser one of them leads to a new password without the old one, and once."""
    await entered(page, own, "/account/sign-in", "erik")
    await press(page, "Make recovery codes")
    await at(page, "Your recovery codes")
    codes = await page.get_by_role("listitem").get_by_role("code").all_inner_texts()
    assert len(set(codes)) == 10
    await page.get_by_role("link", name="I have them").click()
    assert "Codes that were not used yet: 10" in await said(page)
    context = await chromium.new_context(viewport=PHONE)  # type: ignore[arg-type]
    lost = await context.new_page()
    await with_code(lost, own, codes[0].upper().replace("-", " "))
    await lost.get_by_text("You are signed in, and the code is used up.").wait_for()
    assert await lost.get_by_label("Present password").count() == 0
    for label in ("New password", "New password again"):
        await lost.get_by_label(label, exact=True).fill(NEW)
    await press(lost, "Set the password")
    await lost.get_by_text("Your password is changed").wait_for()
    assert "Codes that were not used yet: 9" in await said(lost)
    await context.clear_cookies()
    await with_code(lost, own, codes[0])
    await at(lost, "Error: Use a recovery code")
    await lost.goto(own.base + "/account/profile")
    await sign_in(lost, "erik", NEW)
    await at(lost, "Profile")
    await context.close()


async def with_code(page: Page, site: Served, code: str) -> None:
    """From the sign-in page to the form for a code, and send it."""
    await page.goto(site.base + "/login")
    await page.get_by_role("link", name="Use a recovery code").click()
    await page.get_by_label("User name").fill("erik")
    await page.get_by_label("Recovery code").fill(code)
    await press(page, "Sign in")


@pytest.mark.whole_browser
async def test_a_second_device_comes_in_by_the_code_on_the_screen(
    page: Page, watch: Watch, chromium: Browser, own: Served
) -> None:
    """The picture is there; the phone shows a number, is not let in before it was typed on the first device, and makes
    a passkey of its own.
    """
    await entered(page, own, "/account/sign-in", "frieda")
    await press(page, "Add a device by QR code")
    await at(page, "Add another device")
    picture = page.get_by_role("img", name="QR code for your other device")
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    address = await page.get_by_label("Or open this address there").input_value()
    context = await chromium.new_context(viewport=PHONE)  # type: ignore[arg-type]
    phone = await context.new_page()
    await plug_in(phone)
    await phone.goto(address)
    await at(phone, "Add this device")
    await press(phone, "I have typed it: go on")
    await at(phone, "Error: Add this device")
    number = await phone.locator(".number").inner_text()
    await page.get_by_label("Number", exact=True).fill(number)
    await press(page, "Let it in")
    await page.get_by_text("The number is noted. Go on at your other device.").wait_for()
    await press(phone, "I have typed it: go on")
    await phone.get_by_text("You are signed in on this device.").wait_for()
    await phone.get_by_role("link", name="Create a passkey").click()
    await press(phone, "Create a passkey on this device")
    await at(phone, "Sign-in methods")
    await context.close()
    await page.reload()
    assert "You have none yet" not in await said(page)


async def typed(page: Page, present: str) -> None:
    """Fill in the form for a new password from its first field on, and send it with the space bar."""
    keys = page.keyboard
    await page.get_by_label("Present password", exact=True).focus()
    for text in (present, NEW, NEW):
        await keys.type(text)
        await keys.press("Tab")
        await keys.press("Tab")
    if not await page.get_by_label("Sign out everywhere else").is_checked():
        await keys.press("Space")
    await keys.press("Tab")
    assert await page.evaluate("() => document.activeElement.textContent") == "Change the password"
    await keys.press("Space")
