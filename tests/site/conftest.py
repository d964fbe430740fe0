"""Fixtures: a fresh site for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genkan.protocol.records import Account
from genkan.wire.scopes import Permission
from tests.site.link_console import Console
from tests.site.openid_world import Corporate, corporate
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A fresh site at https://site.example."""
    opened = await open_site(tmp_path, TestClock())
    yield opened
    await close_site(opened)


@pytest.fixture
async def alice(site: SiteUnderTest) -> Account:
    """Somebody who is signed in."""
    account = await site.make_account()
    assert (await site.sign_in()).status_code == 303
    return account


@pytest.fixture
async def root(site: SiteUnderTest) -> Account:
    """A system administrator who is signed in."""
    account = await site.make_account("root", Permission.SYSTEM_ADMIN)
    assert (await site.sign_in("root")).status_code == 303
    return account


@pytest.fixture
async def ours(site: SiteUnderTest) -> SiteUnderTest:
    """A site whose browser is an administrator's."""
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    return site


@pytest.fixture
async def console(site: SiteUnderTest) -> Console:
    """alice administers links and is signed in."""
    await site.make_account("alice", Permission.ADMIN)
    await site.sign_in("alice")
    return Console(site)


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
