"""Small things that every page owes the person before it: columns that stay, the place of a mistake, times in the zone
they chose, and a password that the browser's keeper can file under a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import PASSWORD, Served
from tests.browser.test_phones_walk import a_phone
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

LONG = "Wolkenkuckucksheimverwaltung" * 7
TOO_WIDE = "() => [...document.querySelectorAll('.sheet')].filter(s => s.scrollWidth > s.clientWidth).length"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site where somebody has the longest name there may be, in one word, and a phone."""
    served = Served(tmp_path_factory.mktemp("comforts"))
    try:
        served.set_up()
        added = served.run("user", "add", "long", "--password-stdin", "--name", LONG, given=PASSWORD)
        assert added.returncode == 0, added.stderr
        a_phone(served, "long")
        yield served
    finally:
        served.stop()


@pytest.mark.parametrize("width", [1280, 390])
async def test_nobodys_name_pushes_the_columns_out(chromium: Browser, house: Served, width: int) -> None:
    """A person chooses their name themselves, and must not hide the table from an administrator by it."""
    context = await chromium.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    page = await context.new_page()
    await page.goto(house.base + "/admin/phones")
    await sign_in(page)
    for path, name in (("phones", LONG), ("people", LONG), ("audit", "long")):
        await page.goto(f"{house.base}/admin/{path}")
        assert name in await said(page)
        assert await page.evaluate(TOO_WIDE) == 0, path
    await context.close()


async def test_after_a_mistake_one_goes_on_where_it_is(page: Page, house: Served) -> None:
    """The focus stands in the first faulty field, on a page that puts it nowhere by itself."""
    await page.goto(house.base + "/account/sign-in")
    await sign_in(page)
    await page.get_by_label("Present password").fill("not the one at all")
    await page.get_by_label("New password", exact=True).fill("another door, another bell")
    await page.get_by_label("New password again").fill("another door, another bell")
    await press(page, "Change the password")
    await at(page, "Error: Sign-in methods")
    assert await page.evaluate("() => document.activeElement.id") == "current_password"


async def test_times_are_in_the_zone_that_the_person_chose(page: Page, house: Served) -> None:
    """Also where the browser would say another: both say the same hour, the server's text and the script's."""
    await page.goto(house.base + "/account/profile")
    await sign_in(page)
    await page.get_by_label("Time zone").select_option("Pacific/Kiritimati")
    await press(page, "Save")
    await at(page, "Profile")
    hours = await page.evaluate(
        """() => {
          const time = document.querySelector('main time');
          const hour = new Date(time.dateTime).toLocaleTimeString(document.documentElement.lang,
            {timeStyle: 'short', timeZone: 'Pacific/Kiritimati'});
          return [time.textContent, time.title, hour];
        }"""
    )
    assert hours[2] in hours[0]
    assert hours[2].split(":")[0] in hours[1]


async def test_a_new_password_is_filed_under_its_name(page: Page, house: Served) -> None:
    """The form has a field of text with the user name that a keeper of passwords reads and nobody sees."""
    await page.goto(house.base + "/account/sign-in")
    await sign_in(page)
    name = page.locator("main input[autocomplete=username]")
    assert await name.get_attribute("type") == "text"
    assert await name.input_value() == "alice"
    assert not await name.is_visible()
