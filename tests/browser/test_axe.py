"""What axe-core finds in every page, in both languages, light and dark: nothing (WCAG 2.2 A and AA)."""

from __future__ import annotations

from importlib.resources import files
from itertools import groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

import pytest

from genkan.site.reader import LANGUAGES
from tests.browser.test_looks import EVERY, NAMES, SCHEMES, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.async_api import Page

    from tests.browser.showing import Exhibition

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
TURNS = tuple(zip(LANGUAGES, SCHEMES, strict=True))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without loading styles and media once more: no rule of these reads the former, and no page has the latter.
FOUND = """async tags => (await axe.run({preload: false, runOnly: {type: 'tag', values: tags}})).violations
  .map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' | ')}`)"""


@EVERY
async def test_axe_finds_nothing(canvas: Page, shown: Exhibition, name: str) -> None:
    """No violation and no bad practice on any page that the site can show: one in English and light, the next in
    Japanese and dark.
    """
    way = TURNS[NAMES.index(name) % len(TURNS)]
    assert await violations(canvas, shown, name, [way]) == {}


@pytest.mark.long
@EVERY
async def test_axe_finds_nothing_in_any_language_and_light(canvas: Page, shown: Exhibition, name: str) -> None:
    """The same for each language in each light."""
    assert await violations(canvas, shown, name, product(LANGUAGES, SCHEMES)) == {}


async def violations(
    page: Page, shown: Exhibition, name: str, ways: Iterable[tuple[str, Literal["light", "dark"]]]
) -> dict[str, list[str]]:
    """What axe-core says of a page, by language and light."""
    wrong: dict[str, list[str]] = {}
    for language, looks in groupby(ways, key=itemgetter(0)):
        await page.goto(shown.plain(name, language))
        await page.evaluate(AXE)
        for _, scheme in looks:
            await show(page, "phone", scheme)
            found = await page.evaluate(FOUND, RULES)
            if found:
                wrong[f"{language} {scheme}"] = found
    return wrong


async def test_axe_finds_what_is_wrong(page: Page) -> None:
    """An image without words and a field without label are found."""
    await page.set_content("<main><h1>x</h1><img src='data:,'><input></main>")
    await page.evaluate(AXE)
    found = [line.partition(":")[0] for line in await page.evaluate(FOUND, RULES)]
    assert {"image-alt", "label"} <= set(found)
