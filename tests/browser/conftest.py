"""Fixtures: one Chromium and one site for a run; a fresh browser context, watched, for every test."""

from __future__ import annotations

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
    from playwright.async_api import Browser, Page

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The installed Chromium, without a window."""
    program = installed_program("chromium")
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright.async_playwright() as driver:
        browser: Browser = await driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A browser that has never been here, on a desktop."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


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
