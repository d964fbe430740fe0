"""A site that takes passkeys and no password, in Chromium: the field in which the browser offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_passkeys import NO_AUTOFILL, USE, make_passkey, sign_out
from tests.browser.walking import at

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium"), pytest.mark.whole_browser]

# A browser in which nobody chooses from the list that it offers.
ONLY_ASKED = """
const get = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = (options) => options.mediation === "conditional" ? new Promise(() => {}) : get(options);
"""


async def test_autofill_signs_in_where_no_password_is_taken(page: Page, watch: Watch, fresh_site: Served) -> None:
    """A field of its own is there for it, in a browser that offers passkeys in fields."""
    fresh_site.set_up()
    key = await make_passkey(page, fresh_site)
    assert fresh_site.run("sign-in", "set", "--ways", "passkey").returncode == 0
    await sign_out(page)
    await key.touch(False)
    await page.goto(fresh_site.base + "/login?next=" + fresh_site.base + "/account/apps")
    field = page.get_by_label("User name")
    await field.wait_for()
    assert await page.get_by_label("Password", exact=True).count() == 0
    await key.touch(True)
    await page.reload()
    await at(page, "Phones and applications")
    await sign_out(page)
    await page.add_init_script(NO_AUTOFILL)
    await page.goto(fresh_site.base + "/login")
    await page.get_by_role("button", name=USE, exact=True).wait_for()
    assert not await page.get_by_label("User name").is_visible()


async def test_enter_asks_for_a_passkey_as_the_button_does(page: Page, watch: Watch, fresh_site: Served) -> None:
    """Whoever types their name and goes on is not left standing."""
    fresh_site.set_up()
    await page.add_init_script(ONLY_ASKED)
    await make_passkey(page, fresh_site)
    assert fresh_site.run("sign-in", "set", "--ways", "passkey").returncode == 0
    await sign_out(page)
    await page.goto(fresh_site.base + "/login")
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("User name").press("Enter")
    await at(page, "Start")
