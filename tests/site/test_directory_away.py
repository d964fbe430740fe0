"""A directory that hangs keeps its own people waiting, and nobody else (promise 7 of security.md)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import tomli_w

from genkan.outside import ldap
from tests.outside.ldap_double import Asked, Double, double
from tests.site.world import PASSWORD, SiteUnderTest, TestClock, close_site, open_site


@pytest.fixture
async def hanging() -> AsyncIterator[Double]:
    """A directory that takes every request and answers none."""
    never = asyncio.Event()

    async def hang(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    async with double(hang) as server:
        yield server


@pytest.fixture
async def slow_site(hanging: Double, tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site whose directory hangs."""
    file = tmp_path / "sign-on.toml"
    table = {
        "name": "corp", "title": "Corp", "servers": [hanging.url], "base": "dc=x", "timeout_seconds": 60,
        "dangerously_without_tls": True,
    }  # fmt: skip
    file.write_text(tomli_w.dumps({"ldap": [table]}))
    site = await open_site(tmp_path / "site", TestClock(), sign_on_file=str(file))
    yield site
    await close_site(site)


async def begun(site: SiteUnderTest, hanging: Double, count: int) -> list["asyncio.Task[object]"]:
    """That many sign-ins of people of the directory, as far as they get."""
    (directory,) = site.door.directories
    waiting: list[asyncio.Task[object]] = []
    for number in range(count):
        waiting.append(asyncio.create_task(site.sign_in(f"person{number}", "the password", site.browser())))
        # One after the other, so that the password lane has room for each one's decoy.
        while directory._inside <= number:
            await asyncio.sleep(0.005)
    while hanging.connections < min(count, ldap.CONVERSATIONS):
        await asyncio.sleep(0.005)
    return waiting


async def ended(waiting: list["asyncio.Task[object]"]) -> None:
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_others_sign_in_and_refresh_meanwhile(slow_site: SiteUnderTest, hanging: Double) -> None:
    """While sign-ins wait for the directory, a password of our own is judged and a signed-in phone refreshes."""
    await slow_site.make_account("local")
    link = await slow_site.turn_mobile_on()
    tokens = await slow_site.issue_tokens(link, "local")
    waiting = await begun(slow_site, hanging, ldap.CONVERSATIONS + 6)
    assert hanging.connections == ldap.CONVERSATIONS
    assert (await slow_site.sign_in("local", PASSWORD, slow_site.browser())).status_code == 303
    assert (await slow_site.refresh(str(tokens["refresh_token"]), link)).status_code == 200
    assert not any(task.done() for task in waiting)
    await ended(waiting)


async def test_more_than_may_wait_are_told_so(slow_site: SiteUnderTest, hanging: Double) -> None:
    """Where too many wait already, the next is told to try again, at once, and it counts as no guess."""
    waiting = await begun(slow_site, hanging, ldap.CONVERSATIONS + ldap.WAITING)
    answer = await slow_site.sign_in("one-more", "the password", slow_site.browser())
    assert answer.status_code == 503
    assert not any(task.done() for task in waiting)
    await ended(waiting)
    (directory,) = slow_site.door.directories
    assert directory._inside == 0
