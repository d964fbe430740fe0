"""Fixtures: Chromium and one site for a run; a fresh browser context, watched, for every test that changes anything."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.browser.serving import Served
from tests.browser.showing import Exhibition, exhibition
from tests.browser.watching import Watch
from tests.conftest import installed_program

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Playwright, ViewportSize

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing leaves this machine, not even the question for a name.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
PATIENCE_MS = 15_000
# Chromium without what is around its pages: the whole one draws tabs and menus beside each page, unseen.
SHELL = "chromium-headless-shell"
# A page that has tried to open an app leaves the whole Chromium asking, and no key gets through.
OPENS_AN_APP = "/return"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


class Browsers:
    """Each installed Chromium that a test asks for, started once, and the one page that others are drawn on."""

    def __init__(self, driver: Playwright) -> None:
        self._driver = driver
        self._started: dict[str, Browser] = {}
        self._canvases: dict[Browser, Page] = {}

    async def fit_for(self, test: pytest.Item) -> Browser:
        """The shell where it is installed and will do, else the whole browser."""
        whole = test.get_closest_marker("whole_browser") is not None
        program = (None if whole else shutil.which(SHELL)) or installed_program("chromium")
        if program not in self._started:
            self._started[program] = await self._driver.chromium.launch(executable_path=program, args=FLAGS)
        return self._started[program]

    async def canvas(self, browser: Browser) -> Page:
        """The page that others are drawn on, too: a new one after what ends or blocks a page."""
        before = self._canvases.get(browser)
        if before is not None and not before.is_closed() and not before.url.endswith(OPENS_AN_APP):
            return before
        if before is not None:
            await before.context.close()
        self._canvases[browser] = await new_page(browser)
        return self._canvases[browser]

    async def close(self) -> None:
        """End them all."""
        for browser in self._started.values():
            await browser.close()


async def new_page(browser: Browser) -> Page:
    """A browser that has never been here, on a desktop."""
    context = await browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browsers() -> AsyncIterator[Browsers]:
    """What is installed, without a window."""
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright.async_playwright() as driver:
        browsers = Browsers(driver)
        yield browsers
        await browsers.close()


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(request: pytest.FixtureRequest, browsers: Browsers) -> Browser:
    """Chromium's shell; the whole Chromium where a test is marked `whole_browser`."""
    return await browsers.fit_for(request.node)


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A browser that has never been here, on a desktop."""
    page = await new_page(chromium)
    yield page
    await page.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def canvas(chromium: Browser, browsers: Browsers) -> Page:
    """The page of the test before, for tests that only look at what they open: a page of its own costs each of them
    more than all it looks at.
    """
    return await browsers.canvas(chromium)


@pytest_asyncio.fixture(loop_scope="session")
async def watch(page: Page) -> AsyncIterator[Watch]:
    """What that browser does unseen; whatever the test is about, no policy is broken and no script fails."""
    watch = Watch(page.context)
    yield watch
    assert watch.faults == []


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site below a context path, set up: alice is its administrator, and the mobile switch is on."""
    served = Served(tmp_path_factory.mktemp("site"), "/desk")
    try:
        served.set_up()
        yield served
    finally:
        served.stop()


@pytest.fixture(scope="session")
def shown() -> Iterator[Exhibition]:
    """The gallery of all pages, answered for on loopback."""
    with exhibition() as opened:
        yield opened


@pytest.fixture
def fresh_site(tmp_path: Path) -> Iterator[Served]:
    """A site on an empty folder, nobody there yet."""
    served = Served(tmp_path)
    try:
        yield served
    finally:
        served.stop()
