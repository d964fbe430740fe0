"""Fixtures: a fresh site for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.site.openid_world import Corporate, corporate
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A fresh site at https://site.example."""
    opened = await open_site(tmp_path, TestClock())
    yield opened
    await close_site(opened)


@pytest.fixture
async def context_site(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A fresh site below a context path."""
    opened = await open_site(tmp_path, TestClock(), base_url="https://site.example/jira")
    yield opened
    await close_site(opened)


@pytest.fixture
async def corp(tmp_path: Path) -> AsyncIterator[Corporate]:
    """A site whose organisation has an OpenID provider, which lets everybody of it in."""
    async with corporate(tmp_path) as world:
        yield world
