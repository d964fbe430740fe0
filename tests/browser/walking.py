"""What a person does on the pages, by the words that stand on them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tests.browser.serving import PASSWORD

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

ELSEWHERE = "http://elsewhere.example/"


async def press(page: Page, words: str) -> None:
    """Press the one button with these words."""
    await page.get_by_role("button", name=words, exact=True).click()


async def sign_in(page: Page, name: str = "alice", password: str = PASSWORD) -> None:
    """Fill in the sign-in form that stands there, and send it."""
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await press(page, "Sign in")


async def drift(page: Page, address: str) -> None:
    """Go there as a page of somebody else does by itself, without anybody's tap; going by `goto` counts as one."""

    async def lead_on(route: Route) -> None:
        refresh = f'<meta http-equiv="refresh" content="0;url={escape(address)}">'
        await route.fulfill(content_type="text/html", body=refresh)

    await page.route(ELSEWHERE, lead_on)
    await page.goto(ELSEWHERE)


async def at(page: Page, title: str) -> None:
    """Wait until the page with this title stands."""
    await page.wait_for_function("title => document.title.startsWith(title)", arg=title)


async def heading(page: Page) -> str:
    """The first heading of the page, once it stands. Asked of the page itself, since locators wait for addresses of
    apps to be navigated to, which never comes to an end.
    """
    await page.wait_for_function("() => document.readyState === 'complete' && document.querySelector('h1')")
    return str(await page.evaluate("() => document.querySelector('h1').textContent"))


async def said(page: Page) -> str:
    """All words of the page's main part."""
    return await page.get_by_role("main").inner_text()
