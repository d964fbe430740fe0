"""The main job as the README tells it: from the set-up link to an app that is signed in, and out again."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import hand_over
from tests.browser.serving import PASSWORD
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium"), pytest.mark.whole_browser]

PATIENCE_SECONDS = 30


async def test_from_the_set_up_link_to_a_signed_in_app(
    page: Page, watch: Watch, chromium: Browser, fresh_site: Served, tmp_path: Path
) -> None:
    """First administrator, switch on, the app signed in through the browser, its API answering, and signed out."""
    next_command = await set_up(page, fresh_site)
    assert next_command.endswith(f"genkan app login {fresh_site.base}")
    place = tmp_path / "address"
    browser = shlex.join([sys.executable, str(Path(hand_over.__file__)), str(place), "%s"])
    login = fresh_site.start(*next_command.split()[1:], GENKAN_BROWSER=browser)
    try:
        await sign_the_app_in(chromium, await handed_over(place))
        told, complaint = await asyncio.to_thread(login.communicate, timeout=PATIENCE_SECONDS)
    finally:
        login.kill()
        login.wait()
    assert (login.returncode, "Signed in as" in told) == (0, True), complaint
    whoami = fresh_site.run("app", "whoami", "--json")
    assert json.loads(whoami.stdout)["name"] == "alice", whoami.stderr
    await sign_the_phone_out(page, fresh_site)
    assert fresh_site.run("app", "whoami", "--json").returncode == 1


async def set_up(page: Page, site: Served) -> str:
    """What the person does from the set-up link on; returns the command that the last page says to type."""
    await page.goto(site.setup_link)
    await page.get_by_text("This is right").wait_for()
    await page.get_by_label("Name (may be left empty)").fill("Front Desk")
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Name that others see").fill("Alice Adams")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill("something else")
    await press(page, "Make the administrator")
    await at(page, "Error: Set up this site")
    assert await page.get_by_role("alert").inner_text() == "The two passwords differ."
    assert await page.get_by_label("Name that others see").input_value() == "Alice Adams"
    assert await page.get_by_label("Name (may be left empty)").input_value() == "Front Desk"
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await press(page, "Make the administrator")
    await at(page, "Turn on the mobile app? – Front Desk")
    await press(page, "Turn on OAuth 2.0 for the mobile app")
    await at(page, "The site is ready")
    return await page.get_by_label("Next command").input_value()


async def handed_over(place: Path) -> str:
    """The address that the app gave to its browser, once it is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not place.exists():
        assert time.monotonic() < deadline, "the app opened no browser"
        await asyncio.sleep(0.05)
    return place.read_text("utf-8")


async def sign_the_app_in(chromium: Browser, address: str) -> None:
    """Another browser, in which nobody is signed in yet: sign in, allow, and end at the app's own page."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(address)
    await sign_in(page)
    await at(page, "Allow Mobile app?")
    assert "To a program on this computer" in await said(page)
    await press(page, "Allow")
    await at(page, "Back to the app")
    assert "code=" not in page.url
    await context.close()


async def sign_the_phone_out(page: Page, site: Served) -> None:
    """The person finds the sign-in among their phones and ends it."""
    await page.goto(site.base + "/account/apps")
    phone = page.get_by_role("main").get_by_role("listitem")
    assert "Signed in" in await phone.inner_text()
    await phone.get_by_role("button", name="Sign out").click()
    await page.get_by_text("You signed it out.").wait_for()


async def test_the_set_up_link_dies_with_the_first_administrator(page: Page, watch: Watch, site: Served) -> None:
    """Once there is an administrator the link leads to a page that says so, and makes nobody."""
    await page.goto(site.setup_link)
    await at(page, "Nothing is here")
    assert "This set-up link does not work" in await said(page)
