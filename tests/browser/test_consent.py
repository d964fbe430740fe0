"""The consent page and the way back to the app, as a browser walks it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.walking import at, drift, press, said, sign_in

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.browser.serving import Served
    from tests.browser.watching import Watch

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium"), pytest.mark.whole_browser]

# Asked of the page itself: locators would wait for the address of the app to be navigated to, which never ends.
MIDDLE_OF_THE_WAY = """() => {
  const box = document.querySelector('a[data-return]').getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}"""
STATE = '{"from": "a phone", "n": 1}'


async def asked(page: Page, site: Served) -> None:
    """Sign in on behalf of the app, up to the question."""
    await page.goto(site.authorize_url(state=STATE))
    await sign_in(page)
    await at(page, "Allow Mobile app?")


async def shows_what_to_do(page: Page) -> bool:
    return bool(await page.evaluate("() => document.querySelector('[data-after-sending]').checkVisibility()"))


def answer(watch: Watch) -> dict[str, str]:
    """The one answer that left for the app, taken apart."""
    [address] = watch.left
    assert urlsplit(address)[:3] == ("jira-server", "oauth-callback", "")
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}


async def test_the_question_names_everybody_concerned(page: Page, watch: Watch, site: Served) -> None:
    """Who asks, what it may do, where the answer goes, and as whom."""
    await asked(page, site)
    told = " ".join((await said(page)).split())
    for words in ("Allow Mobile app to act for you?", "Signed in as Alice Adams (alice)", "(WRITE)",
                  "See, create, change and delete", "jira-server://oauth-callback"):  # fmt: skip
        assert words in told


async def test_allowing_opens_the_app(page: Page, watch: Watch, site: Served) -> None:
    """The redirect after Allow is let through to the app's own scheme, with code, state and issuer."""
    await asked(page, site)
    async with page.expect_event("requestfailed", lambda request: request.url.startswith("jira-server:")):
        await press(page, "Allow")
    told = answer(watch)
    assert told.keys() == {"code", "state", "iss"}
    assert (told["state"], told["iss"]) == (STATE, site.base)
    assert not any("gesture" in words for words in watch.said), "the tap on Allow is what the browser wants"


async def test_a_page_that_stays_behind_says_what_to_do(page: Page, watch: Watch, site: Served) -> None:
    """Where no app opens, the page explains it after a moment."""
    await page.clock.install()
    await asked(page, site)
    async with page.expect_event("requestfailed", lambda request: request.url.startswith("jira-server:")):
        await press(page, "Allow")
    assert not await shows_what_to_do(page)
    await page.clock.fast_forward(5000)
    assert await shows_what_to_do(page)


async def test_denying_tells_the_app(page: Page, watch: Watch, site: Served) -> None:
    """RFC 6749 4.1.2.1: the app is told access_denied, with its state."""
    await asked(page, site)
    async with page.expect_event("requestfailed", lambda request: request.url.startswith("jira-server:")):
        await press(page, "Deny")
    told = answer(watch)
    assert (told["error"], told["state"]) == ("access_denied", STATE)
    assert "code" not in told


async def test_an_impatient_double_click_answers_once(page: Page, watch: Watch, site: Served) -> None:
    """Two presses on Allow send one decision."""
    await page.clock.install()
    await asked(page, site)
    before = len(watch.posted)
    async with page.expect_event("requestfailed", lambda request: request.url.startswith("jira-server:")):
        await page.get_by_role("button", name="Allow").dblclick()
    await page.clock.fast_forward(5000)
    assert await shows_what_to_do(page)
    assert len(watch.posted) - before == 1
    assert len(watch.left) == 1


async def test_not_you_ends_the_session_and_asks_somebody_else(page: Page, watch: Watch, site: Served) -> None:
    """`Not you?` signs this person out and leads to sign-in for the same request."""
    await asked(page, site)
    await press(page, "Not you?")
    await at(page, "Sign in")
    assert "Mobile app sent you here" in await said(page)
    assert await page.get_by_label("User name").input_value() == ""
    other = await page.context.new_page()
    await other.goto(site.base + "/")
    assert await other.get_by_role("link", name="Sign in").count() == 1
    await sign_in(page)
    await at(page, "Allow Mobile app?")


async def test_a_decision_of_a_session_that_is_over_asks_again(page: Page, watch: Watch, site: Served) -> None:
    """Signed out in another window meanwhile, Allow leads to sign-in and not to the app."""
    await asked(page, site)
    other = await page.context.new_page()
    await other.goto(site.base + "/")
    await press(other, "Sign out")
    await at(other, "Signed out")
    await press(page, "Allow")
    await at(page, "Sign in")
    assert watch.left == []


async def test_the_answer_can_be_carried_by_hand(page: Page, watch: Watch, site: Served) -> None:
    """On a computer without the app the address of the answer is shown, whole, with a link that opens it."""
    await asked(page, site)
    await page.get_by_role("link", name="Show the answer’s address instead").click()
    await page.get_by_text("will be shown on the next page").wait_for()
    await press(page, "Allow")
    await at(page, "Return to the app")
    address = await page.get_by_label("The answer’s address").input_value()
    told = parse_qs(urlsplit(address).query)
    assert address.startswith("jira-server://oauth-callback?")
    assert told["state"] == [STATE]
    assert await page.get_by_role("link", name="Return to the app").get_attribute("href") == address
    assert watch.left == []


async def test_a_browser_that_wants_a_tap_gets_a_button(page: Page, watch: Watch, site: Served) -> None:
    """An answer that nobody tapped for becomes a page whose button is a link to the app, whole and in view."""
    await drift(page, site.authorize_url(state=STATE, prompt="none"))
    await at(page, "Return to the app")
    await page.wait_for_function("() => document.readyState === 'complete'")
    left, top = await page.evaluate(MIDDLE_OF_THE_WAY)
    address = await page.evaluate(
        "([left, top]) => document.elementFromPoint(left, top).closest('a').href", [left, top]
    )
    told = parse_qs(urlsplit(address).query)
    assert address.startswith("jira-server://oauth-callback?")
    assert (told["error"], told["state"]) == (["login_required"], [STATE])


async def test_consent_by_keyboard_alone(page: Page, watch: Watch, site: Served) -> None:
    """From the sign-in page to the app's address without touching a pointer."""
    await page.goto(site.authorize_url(state=STATE))
    await page.keyboard.type("alice")
    await page.keyboard.press("Tab")
    from tests.browser.serving import PASSWORD

    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await at(page, "Allow Mobile app?")
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("() => document.activeElement.value") == "allow":
            break
    async with page.expect_event("requestfailed", lambda request: request.url.startswith("jira-server:")):
        await page.keyboard.press("Space")
    assert "code" in answer(watch)


async def test_consent_on_a_phone_needs_no_sideways_scrolling(chromium: Browser, site: Served) -> None:
    """On a phone's screen with touch, the question fits its width and a tap on Allow opens the app."""
    context = await chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = await context.new_page()
    await page.goto(site.authorize_url(state=STATE))
    await sign_in(page)
    await at(page, "Allow Mobile app?")
    assert await page.evaluate("() => document.documentElement.scrollWidth") == 390
    async with page.expect_event("requestfailed", lambda request: request.url.startswith("jira-server:")):
        await page.get_by_role("button", name="Allow").tap()
    await context.close()


async def test_a_website_gets_its_answer_and_may_be_remembered(page: Page, watch: Watch, site: Served) -> None:
    """A link with a secret is answered at its https address; allowed once, it is not asked about again."""
    redirect = "https://client.example/callback?tenant=a%20b"
    link = site.link("Reports", redirect, "--consent", "remember")
    asking = site.authorize_url(redirect, STATE, client_id=link["clientId"])
    await page.goto(asking)
    await sign_in(page)
    await at(page, "Allow Reports?")
    assert "To this website:" in await said(page)
    assert "just started" not in await said(page)
    async with page.expect_request(lambda request: request.url.startswith(redirect + "&")) as allowed:
        await press(page, "Allow")
    another = await page.context.new_page()
    async with another.expect_request(lambda request: request.url.startswith(redirect + "&")) as remembered:
        await drift(another, asking)
    for address in ((await allowed.value).url, (await remembered.value).url):
        told = parse_qs(urlsplit(address).query)
        assert (told["tenant"], told["state"], told["iss"]) == (["a b"], [STATE], [site.base])
        assert "code" in told
