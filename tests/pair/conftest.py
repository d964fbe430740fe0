"""Fixtures: a fresh site for every test, at the root of its host and below a context path."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.site.conftest import site
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

__all__ = ["any_site", "site"]


@pytest.fixture(params=["https://site.example", "https://site.example/jira"], ids=["root", "context"])
async def any_site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A fresh site, at the root and below a context path."""
    opened = await open_site(tmp_path, TestClock(), base_url=request.param)
    yield opened
    await close_site(opened)
