"""Fixtures: a fresh site for every test, at its host's root and below a context path; one real server for a run."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from genkan.app.vault import FileVault
from tests.pair.real import MakePhone, RealPhone, add_person
from tests.pair.world import Phone, a_signed_in_phone
from tests.security.serving import Serving, serving
from tests.site.conftest import site
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

__all__ = ["any_site", "site"]

_numbers = itertools.count(1)


@pytest.fixture(params=["https://site.example", "https://site.example/jira"], ids=["root", "context"])
async def any_site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A fresh site, at the root and below a context path."""
    opened = await open_site(tmp_path, TestClock(), base_url=request.param)
    yield opened
    await close_site(opened)


@pytest.fixture
async def phone(site: SiteUnderTest, tmp_path: Path) -> Phone:
    """Alice's phone, signed in, its session in a folder."""
    return await a_signed_in_phone(site, FileVault(tmp_path / "phone"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A real server, with the switch on."""
    with serving(tmp_path_factory.mktemp("served"), GENKAN_PASSWORD_THREADS="1") as site:
        site.command("mobile", "on")
        yield site


@pytest.fixture
def make_phone(served: Serving, tmp_path: Path) -> MakePhone:
    """Phones of one person who is nobody else's: each test has its own."""
    name = f"p{next(_numbers)}"
    add_person(served, name)
    folders = (tmp_path / f"phone{number}" for number in itertools.count())
    return lambda: RealPhone(served, next(folders), name)
