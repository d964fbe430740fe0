"""Fixtures: our own site in this process behind a front that tests can tamper with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doctor.world import Front, in_process, opened
from tests.ports import free_port
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """Our own site, the switch on, at an address where a front may listen."""
    site = await open_site(tmp_path, TestClock(), base_url=f"http://localhost:{free_port()}/jira")
    await site.turn_mobile_on()
    yield site
    await close_site(site)


@pytest.fixture
async def front(ours: SiteUnderTest) -> AsyncIterator[Front]:
    """The front of our own site; its ``tamper`` is the test's to set."""
    base = ours.door.public
    async with opened(Front(in_process(ours.app, base.origin), port=base.port or 0)) as listening:
        yield listening
