"""The manual's pictures, taken of the pages as they are: `make screenshots` writes them to docs/screenshots."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.gallery import gallery
from tests.browser.pictures import PICTURES, Picture
from tests.browser.test_looks import SIZES, show
from tests.workshop.tree import ROOT

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.showing import Exhibition

# Those for the manual are what people see: the whole browser and its shell prefer different Japanese fonts.
WHOLE = [pytest.mark.whole_browser] if "PICTURES" in os.environ else []
FOLDER = ROOT / "docs" / "screenshots"
MOST_BYTES = 300_000  # the fullest page is 250 kB, a little more or less by the machine's fonts


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("picture", [pytest.param(one, marks=WHOLE, id=one.file) for one in PICTURES])
async def test_the_picture_is_taken(canvas: Page, shown: Exhibition, picture: Picture, tmp_path: Path) -> None:
    """The page stands and makes a picture of a modest size."""
    folder = Path(os.environ.get("PICTURES", tmp_path))
    await show(canvas, picture.size, "light")
    await canvas.goto(shown.plain(picture.shown, picture.language))
    # A field that has the focus at once would be a distraction.
    await canvas.evaluate("() => document.activeElement.blur()")
    await canvas.screenshot(path=folder / picture.file, full_page=picture.size == "desktop")
    assert 0 < (folder / picture.file).stat().st_size <= MOST_BYTES


def test_every_picture_is_of_a_page_in_a_size() -> None:
    """The table names pages and sizes that there are."""
    names = {shown.name for shown in gallery()}
    assert {picture.shown for picture in PICTURES} <= names
    assert {picture.size for picture in PICTURES} <= SIZES.keys()


def test_the_manual_shows_every_picture_and_no_other() -> None:
    """What lies in docs/screenshots is what the table names, and each is shown by a page of the manual."""
    assert {path.name for path in FOLDER.iterdir()} == {picture.file for picture in PICTURES}
    manual = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    assert [picture.file for picture in PICTURES if f"../screenshots/{picture.file})" not in manual] == []
