"""People in the console as an administrator walks it: adding somebody who then gets in, mistakes, haste and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import PASSWORD, Served
from tests.browser.walking import at, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser, Page

    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site under a context path, with an administrator and some people."""
    served = Served(tmp_path_factory.mktemp("people"), path="/desk")
    try:
        served.set_up()
        for number in range(3):
            added = served.run("user", "add", f"zoe {number}", "--password-stdin", given=PASSWORD)
            assert added.returncode == 0, added.stderr
        yield served
    finally:
        served.stop()


async def console(page: Page, site: Served, path: str = "/admin/people") -> None:
    """Go to a page of the console by signing in on the way."""
    await page.goto(site.base + path)
    await sign_in(page)


async def test_somebody_is_added_and_gets_in_by_the_link(
    page: Page, watch: Watch, chromium: Browser, desk: Served
) -> None:
    """From the list to the link; on a phone, in Japanese, the person opens it, chooses a password and is in."""
    await console(page, desk)
    await at(page, "People")
    await page.get_by_role("link", name="Add a person").click()
    await at(page, "Add a person")
    await page.get_by_label("User name").fill("hanako")
    await page.get_by_label("Name that others see").fill("山田 花子")
    await page.get_by_label("Groups").fill("staff")
    await press(page, "Add the person")
    await at(page, "One-time link for hanako")
    assert "The account is added." in await said(page)
    await press(page, "Make the link")
    link = await page.get_by_label("One-time link").input_value()
    assert link.startswith(f"{desk.base}/recover/")
    context = await chromium.new_context(viewport=PHONE, locale="ja-JP")  # type: ignore[arg-type]
    phone = await context.new_page()
    told: list[str] = []
    phone.on("request", lambda request: told.append(request.headers.get("referer", "")))
    await phone.goto(link)
    await at(phone, "パスワードの設定")
    assert "山田 花子" in await said(phone)
    for field in ("#password", "#password_again"):
        await phone.locator(field).fill("a gate and a lantern")
    await press(phone, "パスワードを設定してサインインする")
    await at(phone, "プロフィール")
    # The link is a secret, and addresses that a browser came from stand in logs.
    assert any(told)
    assert not [address for address in told if "/recover/" in address]
    await phone.go_back()
    await phone.reload()
    assert "このリンクはもう使えません" in await said(phone)
    await context.close()
    await page.get_by_role("link", name="Done").click()
    await at(page, "山田 花子")
    assert "Password: set on" in await said(page)


async def test_a_mistake_is_shown_at_its_field_and_all_is_kept(page: Page, watch: Watch, desk: Served) -> None:
    """A name that is taken: what was typed stands there, the password does not, and the mended form goes through."""
    await console(page, desk, "/admin/people/create")
    await page.get_by_label("User name").fill("ALICE")
    await page.get_by_label("Groups").fill("night shift")
    await page.get_by_label("With a first password").check()
    await page.get_by_label("First password", exact=True).fill("a first password")
    await page.get_by_label("First password again", exact=True).fill("a first password")
    await press(page, "Add the person")
    await at(page, "Error: Add a person")
    assert "somebody has this one already" in await said(page)
    assert await page.get_by_label("Groups").input_value() == "night shift"
    assert await page.get_by_label("With a first password").is_checked()
    assert await page.get_by_label("First password", exact=True).input_value() == ""
    await page.get_by_label("User name").fill("nora")
    await page.get_by_label("First password", exact=True).fill("a first password")
    await page.get_by_label("First password again", exact=True).fill("a first password")
    await page.get_by_role("button", name="Add the person").dblclick()
    await at(page, "nora")
    assert "The account is added." in await said(page)


async def test_the_list_is_narrowed_and_come_back_to(page: Page, watch: Watch, desk: Served) -> None:
    """By the start of the name; from a person the back button leads to the list as it was."""
    await console(page, desk)
    await page.get_by_label("User name").fill("ZOE")
    await press(page, "Show")
    rows = page.get_by_role("table").get_by_role("row")
    assert await rows.count() == 4
    await page.get_by_role("link", name="zoe 1").click()
    await at(page, "zoe 1")
    await page.go_back()
    assert await page.get_by_label("User name").input_value() == "ZOE"
    await page.get_by_label("User name").fill("nobody at all")
    await press(page, "Show")
    assert "Nobody fits." in await said(page)
    await page.get_by_role("link", name="Show everybody").click()
    await page.get_by_role("link", name="alice", exact=True).wait_for()


async def test_a_person_is_deleted_after_a_page_that_asks(page: Page, watch: Watch, desk: Served) -> None:
    """Cancel leads back unharmed; the second time it is meant. The back button deletes nobody else."""
    await console(page, desk, "/admin/people?prefix=zoe")
    await page.get_by_role("link", name="zoe 2").click()
    await page.get_by_role("link", name="Delete", exact=True).click()
    await at(page, "Delete zoe 2?")
    await page.get_by_role("link", name="Cancel").click()
    await at(page, "zoe 2")
    await page.get_by_role("link", name="Delete", exact=True).click()
    await press(page, "Delete")
    await page.get_by_text("The account is deleted").wait_for()
    await page.go_back()
    assert "Nothing is here" in await page.title() or "zoe 2" in await page.title()
    await page.goto(desk.base + "/admin/people?prefix=zoe")
    assert await page.get_by_role("link", name="zoe 2").count() == 0


async def test_editing_survives_a_session_that_is_over(page: Page, watch: Watch, desk: Served) -> None:
    """On a phone: signed out in the middle, signed in again, nothing typed is lost."""
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await console(page, desk, "/admin/people?prefix=zoe")
    await page.get_by_role("link", name="zoe 0").click()
    await page.get_by_role("link", name="Edit").click()
    await at(page, "Edit zoe 0")
    await page.get_by_label("Groups").fill("day shift\nnight shift")
    ended = desk.run("user", "sign-out", "alice")
    assert ended.returncode == 0, ended.stderr
    await press(page, "Save")
    assert "what you typed is kept" in await said(page)
    await sign_in(page)
    if "Edit" not in await page.title():
        await page.get_by_role("main").get_by_role("button").click()
    await at(page, "Edit zoe 0")
    assert await page.get_by_label("Groups").input_value() == "day shift\nnight shift"
    await press(page, "Save")
    await at(page, "zoe 0")
    assert "day shift, night shift" in await said(page)


async def test_the_keyboard_alone_changes_a_permission(page: Page, watch: Watch, desk: Served) -> None:
    """Arrow keys choose, Enter sends, and the page says what the person has now."""
    await console(page, desk, "/admin/people?prefix=zoe")
    await page.get_by_role("link", name="zoe 1").focus()
    await page.keyboard.press("Enter")
    await at(page, "zoe 1")
    await page.get_by_role("link", name="Change the permission").focus()
    await page.keyboard.press("Enter")
    await at(page, "Permission of zoe 1")
    await page.get_by_label("WRITE", exact=True).focus()
    await page.keyboard.press("ArrowDown")
    assert await page.get_by_label("ADMIN", exact=True).is_checked()
    await page.keyboard.press("Enter")
    await at(page, "zoe 1")
    assert "Saved." in await said(page)
    assert "May administer the site as well" in await said(page)
