"""Every page in a real browser, small and wide, light and dark: nothing cut off, nothing faint, nothing too small."""

from __future__ import annotations

import os
from itertools import groupby, pairwise, product
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from genkan.site.reader import LANGUAGES
from tests.browser.gallery import gallery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.async_api import Browser, Page

    from tests.browser.showing import Exhibition

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("chromium")]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ROW = 60
NAMES = [shown.name for shown in gallery()]
EVERY = pytest.mark.parametrize("name", NAMES)
SIZES = {"narrow": (320, 640), "phone": (390, 844), "desktop": (1280, 800)}

Way = tuple[str, str, Literal["light", "dark"]]
# Half of the twelve ways to look at a page, in which each language meets each size and each light, and each size both
# lights.
CROSSED: tuple[Way, ...] = tuple(
    (language, size, SCHEMES[(at + turn) % 2])
    for at, language in enumerate(LANGUAGES)
    for turn, size in enumerate(SIZES)
)

# What sticks out of the page to the side.
CUT_OFF = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# WCAG 2.2 1.4.3, of the colours as they are drawn: every text against the nearest ground that is painted.
TOO_FAINT = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = words.nextNode(); node; node = words.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || !e.checkVisibility()) continue;
    const [low, high] = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(node.data.trim());
  }
  return faint;
}"""

# What is pressed or typed into: 44 pixels high; a link within words is as high as its line (WCAG 2.2 2.5.8).
TOO_SMALL = """() => [...document.querySelectorAll('button:not(.unseen), input:not([type=hidden]), textarea, select, '
  + 'summary, a.button, a.home, nav a')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""

# What Tab reaches: of radio buttons the one that is chosen, nothing that is disabled or taken out of the way.
CONTROLS = ", ".join(
    f"{tag}:visible:not([tabindex='-1'], :disabled)"
    for tag in ("a", "button", "textarea", "select", "summary", "input:not([type=radio])", "input[type=radio]:checked")
)

# The words of a button are one piece; several would stand beside each other as columns.
IN_PIECES = """() => [...document.querySelectorAll('.button')].filter(e => e.checkVisibility()
  && [...e.childNodes].filter(n => n.nodeType === 3 ? n.data.trim() : !n.matches('.unseen, svg')).length > 1)
  .map(e => e.outerHTML)"""

ALL_FOUR = f"() => [({CUT_OFF})(), ({TOO_FAINT})(), ({TOO_SMALL})(), ({IN_PIECES})()]"

# WCAG 2.2 2.4.7 and 2.4.3: reached by Tab, each has an outline, and the way goes down the page, column by column.
REACHED = """async () => {
  const e = document.activeElement, style = getComputedStyle(e);
  const seen = box => box.width > 0 && box.top >= -1 && box.bottom <= innerHeight + 1;
  for (let frames = 0; frames < 20 && !seen(e.getBoundingClientRect()); frames++)
    await new Promise(requestAnimationFrame);
  const box = e.getBoundingClientRect();
  return {words: e.outerHTML.slice(0, 80), top: box.top + scrollY, seen: seen(box),
          column: e.closest('nav.side') ? 'side' : 'page',
          marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
}"""


async def show(page: Page, size: str, scheme: Literal["light", "dark"]) -> None:
    """Another window and another taste of light."""
    width, height = SIZES[size]
    if page.viewport_size != {"width": width, "height": height}:
        await page.set_viewport_size({"width": width, "height": height})
    # With motion reduced colours change at once; in between they would be neither.
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


@EVERY
async def test_every_page_fits_and_can_be_read(canvas: Page, shown: Exhibition, name: str) -> None:
    """No page is wider than its window, no text is too faint, and whatever is touched is 44 pixels high."""
    assert await misfits(canvas, shown, name, CROSSED) == {}


@pytest.mark.long
@EVERY
async def test_every_page_in_every_size_language_and_light(canvas: Page, shown: Exhibition, name: str) -> None:
    """The same in all twelve ways; SCREENSHOTS names a folder that gets a picture of each."""
    everyway = tuple(product(LANGUAGES, SIZES, SCHEMES))
    assert await misfits(canvas, shown, name, everyway, os.environ.get("SCREENSHOTS")) == {}


async def misfits(
    page: Page, shown: Exhibition, name: str, ways: Iterable[Way], folder: str | None = None
) -> dict[str, object]:
    """What is wrong with a page, by the way of looking at it."""
    wrong: dict[str, object] = {}
    for language, looks in groupby(ways, key=itemgetter(0)):
        await page.goto(shown.plain(name, language))
        for _, size, scheme in looks:
            await show(page, size, scheme)
            found = await page.evaluate(ALL_FOUR)
            if found != [0, [], [], []]:
                wrong[f"{language} {size} {scheme}"] = found
            if folder:
                path = Path(folder) / f"{name}.{language}.{size}.{scheme}.png"
                await page.screenshot(path=path, full_page=True)
    return wrong


async def test_the_look_sees_what_is_wrong(page: Page) -> None:
    """Each question above finds a fault that is put there."""
    await page.set_content(
        "<body style='background:#fff'><p style='color:#999'>faint</p><button style='height:20px'>x</button>"
        "<div style='width:3000px'>wide</div>"
        "<a class='button' style='display:inline-flex;height:44px'>two <b>parts</b></a>"
    )
    cut_off, faint, small, in_pieces = await page.evaluate(ALL_FOUR)
    assert cut_off > 0
    assert faint == ["faint"]
    assert len(small) == 1
    assert len(in_pieces) == 1


# On a page that has tried to open an app no key may get through (conftest); its twin tries nothing.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "return"])
async def test_the_keyboard_gets_everywhere_and_is_seen(canvas: Page, shown: Exhibition, name: str) -> None:
    """Tab reaches every control of a page, top to bottom, and each shows that it has the focus."""
    await show(canvas, "desktop", "light")
    await canvas.goto(shown.plain(name))
    controls = await canvas.locator(CONTROLS).count()
    await canvas.locator(".skip").focus()
    await canvas.keyboard.press("Tab")
    await canvas.keyboard.press("Shift+Tab")
    reached = [await canvas.evaluate(REACHED)]
    while len(reached) < controls:
        await canvas.keyboard.press("Tab")
        reached.append(await canvas.evaluate(REACHED))
    assert [stop["words"] for stop in reached if not (stop["marked"] and stop["seen"])] == []
    assert len({(stop["words"], stop["top"]) for stop in reached}) == controls
    down = [(a["top"], b["top"]) for a, b in pairwise(reached) if a["column"] == b["column"]]
    assert all(later >= earlier - ROW for earlier, later in down)


async def test_the_first_stop_skips_to_the_content(page: Page, shown: Exhibition) -> None:
    """Following the skip link puts the focus into the main part."""
    await page.goto(shown.plain("consent"))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("() => document.activeElement.textContent") == "Not you?"


async def test_comforts_appear_with_their_script_only(chromium: Browser, shown: Exhibition) -> None:
    """Without JavaScript no page shows a button that does nothing, and the answer's address is there to be copied."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    for name in ("login", "setup", "setup-done-on", "return"):
        await page.goto(shown.plain(name))
        assert await page.locator("[data-copy], [data-reveal]").count() > 0
        assert await page.locator("[data-copy]:visible, [data-reveal]:visible").count() == 0
    way = await page.get_by_role("link", name="Return to the app").get_attribute("href")
    assert await page.get_by_label("The answer’s address").input_value() == way
    await context.close()


async def test_an_address_is_copied_by_its_button(page: Page, shown: Exhibition) -> None:
    """The button takes the whole address to the clipboard and says so."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(shown.plain("return-by-hand"))
    await page.get_by_role("button", name="Copy").click()
    await page.get_by_text("Copied").wait_for()
    copied = await page.evaluate("() => navigator.clipboard.readText()")
    assert copied == await page.get_by_role("link", name="Return to the app").get_attribute("href")


async def test_a_password_can_be_looked_at_and_is_hidden_again_when_sent(page: Page, shown: Exhibition) -> None:
    """The button shows what was typed; what is sent comes from a hidden field, so that browsers do not learn it."""
    await page.goto(shown.plain("login"))
    field = page.locator("#password")
    await field.fill("seen")
    await page.get_by_role("button", name="Show Password").click()
    assert await field.get_attribute("type") == "text"
    await page.evaluate("() => document.forms[0].addEventListener('submit', event => event.preventDefault())")
    await page.get_by_label("User name").fill("alice")
    await page.get_by_role("button", name="Sign in").click()
    assert await field.get_attribute("type") == "password"


async def test_times_are_told_in_the_readers_zone(chromium: Browser, shown: Exhibition) -> None:
    """A moment is shown as local time and keeps the site's own words; what is no moment stays as it is."""
    context = await chromium.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = await context.new_page()
    await page.goto(shown.plain("apps"))
    first = page.locator("time").first
    assert "5:15" in await first.inner_text()
    assert "8:15" in (await first.get_attribute("title") or "")
    assert await page.get_by_text("never used").count() == 1
    await context.close()
