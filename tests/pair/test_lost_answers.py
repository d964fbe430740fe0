"""Answers of the site that never arrive: asked again, seconds or months later, it tells the same successor."""

import shutil
from pathlib import Path

import pytest

from genkan.app.outcomes import Access, Retry, SignInAgain
from genkan.app.vault import FileVault
from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from tests.pair.world import (
    TOKEN,
    LoopBrowser,
    Phone,
    a_person,
    generation_of,
    seen_phones,
    state_of,
)
from tests.site.world import SiteUnderTest

DUE = 3590 * SECOND
"""After this long an access token of an hour is due, and still good."""


async def test_a_lost_answer_is_asked_again_at_once(phone: Phone, site: SiteUnderTest) -> None:
    """The site acted and its answer was lost: the app asks again by itself and gets the very same successor."""
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 1
    assert isinstance(await phone.access(), Access)
    _, lost, again = phone.line.successors()
    assert lost == again == (await phone.tokens())[1]
    assert await generation_of(site) == 1
    assert await state_of(site) == ("signed_in", "")


@pytest.mark.parametrize("later", [5 * SECOND, DAY, 80 * DAY])
async def test_a_lost_answer_is_asked_again_later(phone: Phone, site: SiteUnderTest, later: int) -> None:
    """No answer came back at all; seconds, a day or months later, after a restart, it is the same successor still."""
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 3
    assert isinstance(await phone.access(), Retry)
    assert await generation_of(site) == 1
    phone.restart()
    site.env.advance(later)
    assert await phone.name() == "alice"
    assert len(set(phone.line.successors()[1:])) == 1
    assert await generation_of(site) == 1
    assert await state_of(site) == ("signed_in", "")


async def test_an_answer_lost_while_the_token_still_holds(phone: Phone, site: SiteUnderTest) -> None:
    """An early refresh is lost: the app goes on with what it has, and finds out by itself that it was replaced."""
    site.env.advance(DUE)
    phone.line.drop[TOKEN] = 3
    given = await phone.access()
    assert isinstance(given, Access)
    assert (await site.myself(given.token)).status_code == 401
    assert await phone.name() == "alice"
    assert await generation_of(site) == 1


async def test_killed_before_the_successor_was_kept(phone: Phone, site: SiteUnderTest, tmp_path: Path) -> None:
    """The answer came but the app died before it was on the disk: the next start gets the same successor."""
    site.env.advance(2 * HOUR)
    shutil.copytree(tmp_path / "phone", tmp_path / "as it was")
    given = await phone.access()
    revived = Phone(site, FileVault(tmp_path / "as it was"))
    again = await revived.access()
    assert isinstance(given, Access)
    assert isinstance(again, Access)
    assert again.token == given.token
    assert await revived.name() == "alice"
    assert await generation_of(site) == 1


async def test_the_exchange_is_lost(site: SiteUnderTest) -> None:
    """The answer to the code exchange is lost: a new sign-in, which replaces the leftover on the same phone."""
    await site.make_account()
    await site.turn_mobile_on()
    phone = Phone(site)
    phone.line.drop[TOKEN] = 1
    browser = LoopBrowser(site.browser())
    lost = await phone.sign_in(await phone.discover(), a_person(site, browser=browser))
    assert lost == SignInAgain("The connection to site.example broke before the answer came. Start the sign-in again.")
    (leftover,) = await seen_phones(site)
    assert leftover.never_used
    site.env.advance(MINUTE)
    await phone.sign_in(await phone.discover(), a_person(site, browser=browser))
    assert [(seen.state.value, seen.reason) for seen in await seen_phones(site)] == [
        ("signed_in", ""),
        ("signed_out", "signed_in_again"),
    ]
