"""Restarts, offline starts, refreshing when due, and clocks that are wrong: the session stays signed in."""

import asyncio

import pytest

from genkan.app.outcomes import Access, Retry, SignInAgain
from genkan.app.startup import Resume, plan
from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.phones import PhoneState
from tests.pair.world import (
    MYSELF,
    TOKEN,
    Phone,
    a_person,
    generation_of,
    state_of,
)
from tests.site.world import SiteUnderTest

DUE = 3590 * SECOND
"""After this long an access token of an hour is due, and still good."""


async def test_a_restart_is_signed_in(phone: Phone, site: SiteUnderTest) -> None:
    """The app starts anew with nothing but its vault: signed in, as whom, and without asking the site first."""
    phone.restart()
    asked = len(phone.line.heard)
    screen = plan(None, await phone.sessions.saved(), phone.now())  # type: ignore[arg-type]
    assert isinstance(screen, Resume)
    assert (screen.state.label, screen.offline) == (f"alice at {site.base}", True)
    assert isinstance(await phone.access(), Access)
    assert len(phone.line.heard) == asked
    assert await phone.name() == "alice"


async def test_a_start_without_network(phone: Phone) -> None:
    """Offline the app starts signed in; a token that still holds is given, and a call says that nothing is reached."""
    before = await phone.tokens()
    phone.line.down = True
    phone.restart()
    screen = plan(None, [await phone.kept()], phone.now())
    assert isinstance(screen, Resume)
    assert screen.offline
    given = await phone.access()
    assert isinstance(given, Access)
    assert given.token == before[0]
    failed = await (await phone.session()).whoami()
    assert failed == Retry("site.example cannot be reached: check the address and the network.")
    phone.line.down = False
    assert await phone.name() == "alice"


async def test_offline_with_an_expired_token(phone: Phone, site: SiteUnderTest) -> None:
    """Two hours later and offline: signed in on the screen, nothing is thrown away, and back online it goes on."""
    site.env.advance(2 * HOUR)
    phone.line.down = True
    phone.restart()
    screen = plan(None, [await phone.kept()], phone.now())
    assert isinstance(screen, Resume)
    assert not screen.offline
    assert isinstance(await phone.access(), Retry)
    phone.line.down = False
    assert await phone.name() == "alice"
    assert await generation_of(site) == 1


async def test_refreshed_when_due(phone: Phone, site: SiteUnderTest) -> None:
    """Fresh: not asked; due: renewed once, before it expires; the old access token is dead and the new one works."""
    first = await phone.tokens()
    site.env.advance(HOUR // 2)
    assert isinstance(await phone.access(), Access)
    assert await generation_of(site) == 0
    site.env.advance(DUE - HOUR // 2)
    renewed = await phone.access()
    assert isinstance(renewed, Access)
    assert renewed.token != first[0]
    assert (await site.myself(first[0])).status_code == 401
    assert await phone.name() == "alice"
    assert await generation_of(site) == 1


async def test_signed_in_for_months(phone: Phone, site: SiteUnderTest) -> None:
    """Used once a month, a phone stays signed in for a year; silent for longer than 90 days it signs in again."""
    for _ in range(12):
        site.env.advance(30 * DAY)
        assert await phone.name() == "alice"
    site.env.advance(91 * DAY)
    over = await phone.access()
    assert isinstance(over, SignInAgain)
    assert over.sentence.startswith(f"You are signed out of {site.base}: sign in again.")
    assert (await state_of(site))[0] == PhoneState.EXPIRED


async def test_many_tasks_at_once(phone: Phone, site: SiteUnderTest) -> None:
    """Ten tasks that need a token at the same moment: one rotation, and all get the same token."""
    site.env.advance(2 * HOUR)
    session = await phone.session()
    given = await asyncio.gather(*(session.access() for _ in range(10)))
    assert len({getattr(access, "token", None) for access in given}) == 1
    assert isinstance(given[0], Access)
    assert await generation_of(site) == 1
    assert phone.line.paths().count(TOKEN) == 2


@pytest.mark.parametrize("skew", [-30 * DAY, -12 * HOUR, -MINUTE, MINUTE, 12 * HOUR, 30 * DAY])
async def test_a_phone_whose_clock_is_wrong(site: SiteUnderTest, skew: int) -> None:
    """Wrong by as much as a month in either direction, always: it signs in, works, and refreshes when it has to."""
    await site.make_account()
    await site.turn_mobile_on()
    phone = Phone(site)
    phone.skew = skew
    await phone.sign_in(await phone.discover(), a_person(site))
    assert await phone.name() == "alice"
    assert await generation_of(site) == 0
    site.env.advance(2 * HOUR)
    assert await phone.name() == "alice"
    assert await generation_of(site) == 1


@pytest.mark.parametrize("jump", [-DAY, -3 * HOUR, -MINUTE, MINUTE, 3 * HOUR, DAY, 365 * DAY])
async def test_a_phone_whose_clock_jumps(phone: Phone, site: SiteUnderTest, jump: int) -> None:
    """Set back or forth while signed in: it may refresh early or find out late, but it stays signed in and works."""
    phone.skew = jump
    assert await phone.name() == "alice"
    site.env.advance(HOUR + MINUTE)
    assert await phone.name() == "alice"
    phone.skew = 0
    assert await phone.name() == "alice"
    site.env.advance(2 * HOUR)
    assert await phone.name() == "alice"
    assert await state_of(site) == ("signed_in", "")
    assert phone.line.paths().count(MYSELF) < 12
