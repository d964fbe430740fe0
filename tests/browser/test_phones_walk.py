"""Phones in the console as an administrator walks them: find one, read why it is over, sign some out, and all that
comes between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
import pytest_asyncio

from tests.browser.serving import APP_REDIRECT, PASSWORD, Served, submit
from tests.browser.walking import at, heading, press, said, sign_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser, Page

    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

IPHONE = "AtlassianMobileApp/2.0 (iPhone; iOS 26.1)"
ANDROID = "JiraApp/8.1.0 (Android 16; Pixel 9)"
PEOPLE = ("anna", "bert", "carl")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site with people whose phones are signed in."""
    served = Served(tmp_path_factory.mktemp("phones"), "/desk")
    try:
        served.set_up()
        for name in PEOPLE:
            assert served.run("user", "add", name, "--password-stdin", given=PASSWORD).returncode == 0
        yield served
    finally:
        served.stop()


def a_phone(site: Served, person: str, user_agent: str = IPHONE) -> None:
    """Sign a phone in, as the app and its browser do."""
    with httpx2.Client(timeout=20) as client:
        page = followed(client, client.get(site.authorize_url()))
        page = followed(client, submit(client, page, {"username": person, "password": PASSWORD}))
        answer = submit(client, page, {}, ("decision", "allow"))
    [code] = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
    link = {"clientId": site.client_id, "clientSecret": "", "redirects": [APP_REDIRECT]}
    site.redeem(code, link, user_agent)  # type: ignore[arg-type]


def followed(client: httpx2.Client, answer: httpx2.Response) -> httpx2.Response:
    """The page that redirects lead to."""
    while answer.is_redirect:
        answer = client.get(urljoin(str(answer.url), answer.headers["location"]))
    return answer


@pytest_asyncio.fixture(loop_scope="session")
async def phones(page: Page, desk: Served) -> AsyncIterator[Page]:
    """The list, freshly signed in, with a phone of anna and one of bert."""
    desk.run("phones", "sign-out", "--all")
    a_phone(desk, "anna")
    a_phone(desk, "bert", ANDROID)
    await page.goto(desk.base + "/admin/phones")
    await sign_in(page)
    await at(page, "Phones")
    yield page


async def answer_yes(page: Page) -> None:
    """Press the question's button; the frame has one with the same word."""
    await page.get_by_role("main").get_by_role("button", name="Sign out", exact=True).click()


async def listed(page: Page) -> list[str]:
    """The people of the lines."""
    return [" ".join(name.split()) for name in await page.locator("tbody th").all_inner_texts()]


async def test_a_phone_is_found_read_and_signed_out(phones: Page, watch: Watch, desk: Served) -> None:
    """By the navigation, a filter and a line to the story of one; asked once, it ends, and its page says why."""
    page = phones
    await page.goto(desk.base + "/admin")
    await page.get_by_role("link", name="Phones", exact=True).click()
    await at(page, "Phones")
    assert await listed(page) == ["bert", "anna"]
    await page.get_by_label("Person").fill("AN")
    await press(page, "Show")
    await page.wait_for_url("**person=AN**")
    assert await listed(page) == ["anna"]
    await page.get_by_role("link", name="iPhone").click()
    await at(page, "anna in Mobile app")
    told = await said(page)
    for words in ("AtlassianMobileApp 2.0", "iOS 26.1", "Signed in from 127.0.0.1.", "Never used"):
        assert words in told
    await page.get_by_role("link", name="Sign this phone out").click()
    assert await heading(page) == "Sign out 1 sign-in?"
    await answer_yes(page)
    await at(page, "anna in Mobile app")
    assert "Signed out, from the next request on." in await said(page)
    assert "An administrator signed this phone out." in await said(page)
    assert "By: alice" in await said(page)


async def test_many_are_chosen_at_once_and_pressing_twice_does_it_once(phones: Page, watch: Watch) -> None:
    """The box above the lines chooses all; two impatient presses end each once."""
    page = phones
    await page.get_by_label("Choose all of this page").check()
    await press(page, "Sign out the chosen ones")
    assert await heading(page) == "Sign out 2 sign-ins?"
    await page.get_by_role("button", name="Sign out", exact=True).last.dblclick()
    await at(page, "Phones")
    assert "No phone is signed in." in await said(page)


async def test_the_back_button_leads_back_to_what_was_asked(phones: Page, watch: Watch) -> None:
    """From the question back to the list with its filter and its choice; from there back to the list without."""
    page = phones
    await page.get_by_label("Person").fill("bert")
    await press(page, "Show")
    await page.wait_for_url("**person=bert**")
    await page.get_by_label("Choose Android of bert").check()
    await press(page, "Sign out the chosen ones")
    await at(page, "Sign out 1 sign-in?")
    await page.go_back()
    await at(page, "Phones")
    assert await page.get_by_label("Person").input_value() == "bert"
    await page.get_by_role("link", name="Android").click()
    await page.go_back()
    await page.go_back()
    await page.wait_for_url("**/admin/phones*")
    assert await listed(page) == ["bert", "anna"]


async def test_a_question_outlives_the_session(phones: Page, watch: Watch) -> None:
    """The session ends while the question stands open: after signing in it stands there again, of the same phone, and
    nothing ended meanwhile.
    """
    page = phones
    await page.get_by_label("Choose iPhone of anna").check()
    await press(page, "Sign out the chosen ones")
    await at(page, "Sign out 1 sign-in?")
    await page.context.clear_cookies(name="genkan-session")
    await answer_yes(page)
    await sign_in(page)
    await press(page, "Show what I typed")
    await at(page, "Sign out 1 sign-in?")
    assert "anna" in await said(page)
    assert await page.get_by_role("alert").is_visible()
    await answer_yes(page)
    await at(page, "Phones")
    assert await listed(page) == ["bert"]


async def test_nothing_chosen_and_nothing_there_are_told(phones: Page, watch: Watch, desk: Served) -> None:
    """A list without a choice, a filter that fits nobody, and an id that nobody has."""
    page = phones
    await press(page, "Sign out the chosen ones")
    await page.get_by_text("Nothing was chosen, so nothing was changed.").wait_for()
    await page.get_by_label("Person").fill("nobody")
    await press(page, "Show")
    await page.get_by_text("Nothing fits these filters.").wait_for()
    await page.get_by_role("link", name="Show all there are").click()
    await page.wait_for_url("**state=all")
    assert "anna" in await listed(page)
    await page.goto(f"{desk.base}/admin/phones/{'0' * 32}")
    assert "kept for 30 days" in await said(page)


async def test_the_keyboard_alone_signs_a_phone_out(phones: Page, watch: Watch) -> None:
    """Tab to the box, space, tab on to the button, enter; and once more on the question."""
    page = phones
    await page.get_by_label("Choose all of this page").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    while await page.evaluate("() => document.activeElement.textContent.trim()") != "Sign out the chosen ones":
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await at(page, "Sign out 1 sign-in?")
    while await page.evaluate("() => document.activeElement.matches('main button')") is False:
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await at(page, "Phones")
    assert await listed(page) == ["anna"]


async def test_the_filters_that_are_rare_open_by_hand(phones: Page, watch: Watch) -> None:
    """More filters stand behind a word, and stay open while one of them is in use."""
    page = phones
    await page.get_by_text("More filters and order").click()
    await page.get_by_label("Order").select_option("oldest")
    await press(page, "Show")
    await page.wait_for_url("**order=oldest**")
    assert await listed(page) == ["anna", "bert"]
    assert await page.get_by_label("Order").is_visible()
    await page.get_by_label("Not seen for").select_option("30")
    await press(page, "Show")
    await page.get_by_text("Nothing fits these filters.").wait_for()


async def test_a_phone_in_japanese_without_a_script(chromium: Browser, desk: Served) -> None:
    """On a small screen, in Japanese and with JavaScript off, the same things can be done one by one."""
    desk.run("phones", "sign-out", "--all")
    a_phone(desk, "carl")
    context = await chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="ja-JP", java_script_enabled=False
    )
    page = await context.new_page()
    await page.goto(desk.base + "/admin/phones")
    await page.get_by_label("ユーザー名").fill("alice")
    await page.get_by_label("パスワード", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="サインイン", exact=True).click()
    assert await page.get_by_role("heading", level=1).inner_text() == "スマートフォン"
    assert await page.locator("#choose-all").is_hidden()
    await page.get_by_label("carlさんのiPhoneを選択").check()
    await page.get_by_role("button", name="選択したものをサインアウト").click()
    assert (await page.get_by_role("heading", level=1).inner_text()).startswith("1件をサインアウトさせますか")
    await page.get_by_role("main").get_by_role("button", name="サインアウト", exact=True).click()
    assert "サインイン中のスマートフォンはありません。" in await said(page)
    await context.close()
