"""A check from a phone in Chromium: what its browser finds out by itself, well and with one thing wrong each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.browser.authenticators import plug_in
from tests.browser.conftest import PATIENCE_MS, new_page
from tests.browser.walking import at, press, said, sign_in
from tests.browser.watching import Watch
from tests.site.checking_phone import ANDROID, ANDROID_VIEW, IPHONE, LINE

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

    from tests.browser.conftest import Browsers
    from tests.browser.serving import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium"), pytest.mark.whole_browser]

START = "Check this phone"
# What a browser shows itself to be, where the browser of the tests is another one.
AHEAD = "const now = Date.now.bind(Date); Date.now = () => now() + 7_200_000;"
NO_PASSKEYS = "delete window.PublicKeyCredential;"
# An app that comes in front hides the page; no app is installed where the tests run.
HIDE = """(hidden) => {
  const get = () => (hidden ? "hidden" : "visible");
  Object.defineProperty(document, "visibilityState", { get, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
ROWS = """() => [...document.querySelectorAll(".verdicts > li")].map((row) =>
  ["h3", ".badge", "p"].map((part) => row.querySelector(part).textContent.trim()))"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(request: pytest.FixtureRequest, browsers: Browsers, site: Served) -> AsyncIterator[Page]:
    """The page with the code, in the browser of an administrator."""
    page = await new_page(await browsers.fit_for(request.node))
    await page.goto(site.base + "/admin/health")
    await sign_in(page)
    await page.get_by_role("link", name="Have a phone look").click()
    await press(page, "Make a QR code")
    await page.get_by_alt_text("QR code for the phone").wait_for()
    yield page
    await page.context.close()


async def address_of(console: Page) -> str:
    return await console.get_by_label("Or open this address there").input_value()


@asynccontextmanager
async def a_phone(chromium: Browser, user_agent: str = IPHONE, **options: Any) -> AsyncIterator[Page]:
    """A phone's browser that was never here; no policy is broken on its pages and no script fails."""
    context = await chromium.new_context(
        user_agent=user_agent, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **options
    )
    context.set_default_timeout(PATIENCE_MS)
    watch = Watch(context)
    yield await context.new_page()
    await context.close()
    assert watch.faults == []


async def checked(page: Page, address: str, button: str = START) -> dict[str, tuple[str, str]]:
    """Open the address and press the button: verdict and answer of each probe, as the phone shows them."""
    await page.goto(address)
    await press(page, button)
    await at(page, "What the phone says")
    return await found(page)


async def found(page: Page) -> dict[str, tuple[str, str]]:
    rows = await page.evaluate(ROWS)
    return {name: (verdict, answer) for name, verdict, answer in rows}


def good(probes: dict[str, tuple[str, str]]) -> set[str]:
    return {name for name, (verdict, _) in probes.items() if verdict == "Good"}


async def test_a_phone_that_is_well(chromium: Browser, console: Page, site: Served) -> None:
    """Ready in two taps, the return from elsewhere included; the console shows it while it happens, without a tap."""
    async with a_phone(chromium) as page:
        await plug_in(page)
        probes = await checked(page, await address_of(console))
        assert probes.keys() - good(probes) == {"return-to-app"}
        assert probes["cookies-after-return"] == ("Good", "sent, as SameSite=Lax allows")
        await console.get_by_text("iPhone · iOS 18.7 · Safari 26.1").wait_for()
        assert "not tried yet" in await said(console)
        # Where no app is, the tap leads nowhere; that something comes in front is imitated.
        await page.get_by_role("link", name="Open the app").click(no_wait_after=True)
        async with page.expect_request(lambda request: request.post_data == "app=left"):
            await page.evaluate(HIDE, True)
        await console.get_by_text("the browser was left right after the tap").wait_for()
        await page.evaluate(HIDE, False)
        await page.get_by_text("This phone is ready for the app.").wait_for()
        cookies = [cookie["name"] for cookie in await page.context.cookies() if "strict" not in cookie["name"]]
        assert "genkan-check" not in cookies


async def test_what_the_browser_itself_lacks(chromium: Browser, console: Page) -> None:
    """A clock two hours off and no passkeys, and nothing else is blamed; no app opens, as the person says."""
    async with a_phone(chromium, ANDROID) as page:
        await page.add_init_script(AHEAD + NO_PASSKEYS)
        probes = await checked(page, await address_of(console))
        assert probes["clock"][0] == "Wrong"
        assert probes["clock"][1].startswith("the phone is 7")
        assert probes["passkeys"] == ("Doubtful", "this browser has none")
        assert probes.keys() - good(probes) == {"clock", "passkeys", "passkey-autofill", "return-to-app"}
        await press(page, "No, nothing opened")
        await page.get_by_text("no app opened").wait_for()
        assert (await found(page))["return-to-app"][0] == "Wrong"


async def test_without_a_script(chromium: Browser, console: Page) -> None:
    """The same button; the cookie and the return are judged all the same, and the rest is unknown."""
    async with a_phone(chromium, java_script_enabled=False) as page:
        await page.goto(await address_of(console))
        await press(page, START)
        await page.get_by_role("heading", name="What the phone says").wait_for()
        shown = " ".join((await said(page)).split())
        for words in ("cookies Good kept", "cookies-after-return Good sent", "clock Unknown", "info-login Unknown"):
            assert words in shown
        await press(page, "Yes, it opened")
        await page.get_by_text("the app opened, as whoever holds the phone says").wait_for()


@pytest.mark.parametrize("user_agent", [LINE, ANDROID_VIEW], ids=["line", "android"])
async def test_inside_another_app(chromium: Browser, console: Page, user_agent: str) -> None:
    """Told before the button, with the way out; who goes on all the same is told what cannot be known there."""
    async with a_phone(chromium, user_agent) as page:
        probes = await checked(page, await address_of(console), "Check here all the same")
        assert probes["browser"][0] == "Doubtful"
        assert probes["passkeys"] == ("Unknown", "not told: see browser")
        assert "Wrong" not in {verdict for verdict, _ in probes.values()}


async def eat_set_cookie(route: Route) -> None:
    answer = await route.fetch(max_redirects=0)
    headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
    # What is fetched for it has left its cookies in the browser already.
    await route.request.frame.page.context.clear_cookies()
    await route.fulfill(response=answer, headers=headers)


async def make_strict(route: Route) -> None:
    answer = await route.fetch(max_redirects=0)
    headers = {name: value.replace("SameSite=Lax", "SameSite=Strict") for name, value in answer.headers.items()}
    await route.fulfill(response=answer, headers=headers)


async def want_sign_in(route: Route) -> None:
    await route.fulfill(status=302, headers={"location": "https://gate.example/sign-in"})


async def answer_in_place(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to this network</h1>")


async def cut_off(route: Route) -> None:
    await route.abort()


IN_BETWEEN = {
    "eats-set-cookie": (
        "**/check/*",
        eat_set_cookie,
        "cookies",
        "the browser keeps cookies, and that of the site never",
    ),
    "makes-strict": ("**/check/*", make_strict, "cookies-after-return", "not sent on the return"),
    "gateway": ("**/info/login", want_sign_in, "info-login", "redirected: something in between wants a sign-in first"),
    "portal": ("**/info/login", answer_in_place, "info-login", "answered, and not with the JSON object"),
    "filter": ("**/info/login", cut_off, "info-login", "no answer, although this page came"),
}


@pytest.mark.parametrize("case", IN_BETWEEN)
async def test_what_stands_in_between(chromium: Browser, console: Page, case: str) -> None:
    """A proxy that eats or rewrites cookies, a gateway, a portal, a filter: named, and nothing else is called wrong."""
    pattern, does, probe, answer = IN_BETWEEN[case]
    async with a_phone(chromium) as page:
        await page.route(pattern, does)
        probes = await checked(page, await address_of(console))
        assert probes[probe][0] == "Wrong"
        assert probes[probe][1].startswith(answer)
        assert [name for name, (verdict, _) in probes.items() if verdict == "Wrong"] == [probe]
