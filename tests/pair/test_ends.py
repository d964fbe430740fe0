"""Every end of a sign-in as the app learns of it, and as the list of phones tells it."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from genkan.app.outcomes import Kept, Retry, SignedOut, SignInAgain, SiteSetUpWrong
from genkan.app.startup import SignIn, plan
from genkan.app.steps import Answer
from genkan.app.vault import FileVault
from genkan.protocol import accounts, links, phones
from genkan.protocol.env import HOUR, MINUTE, SECOND
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.phones import PhoneState
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Standing
from genkan.store.api import PhoneQuery
from genkan.testing.person import forms_of
from tests.pair.world import (
    MYSELF,
    TOKEN,
    Phone,
    a_person,
    seen_phones,
    state_of,
)
from tests.site.world import SiteUnderTest

Stop = Callable[[SiteUnderTest], Awaitable[None]]


@pytest.mark.parametrize("thief_first", [True, False])
async def test_a_thief_with_a_copy(phone: Phone, site: SiteUnderTest, tmp_path: Path, thief_first: bool) -> None:
    """Two holders of one token, and the successor was used: the sign-in ends, both are told to sign in again, and the
    list of phones says why.
    """
    shutil.copytree(tmp_path / "phone", tmp_path / "stolen")
    thief = Phone(site, FileVault(tmp_path / "stolen"))
    site.env.advance(2 * HOUR)
    first, second = (thief, phone) if thief_first else (phone, thief)
    assert await first.name() == "alice"
    await site.store.flush()
    site.env.advance(31 * SECOND)
    told = SignInAgain(f"You are signed out of {site.base}: sign in again. It says: This sign-in has ended.")
    assert await second.access() == told
    assert await (await first.session()).whoami() == told
    assert await state_of(site) == ("signed_out", "replayed")
    assert phones.sentence("replayed").startswith("An old refresh token was shown after its successor was used")
    for holder in (phone, thief):
        kept = await holder.kept()
        assert (kept.tokens, kept.ended) == (None, told.sentence)
        screen = plan(None, [kept], holder.now())
        assert isinstance(screen, SignIn)
        assert screen.because == told.sentence


async def sign_out_by_administrator(site: SiteUnderTest) -> None:
    (row,) = await site.store.phones(PhoneQuery())
    change = phones.sign_out(row.grant, EndReason.SIGNED_OUT_BY_ADMIN, "cli:root", site.env())
    assert await site.store.apply(change)


async def sign_out_by_person(site: SiteUnderTest) -> None:
    """On the page of one's own phones, by its button."""
    browser = site.browser()
    await site.sign_in(browser=browser)
    page = await browser.get(f"{site.base}/account/apps")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/sign-out"))
    assert (await browser.post(site.absolute(action), data=fields)).status_code == 303


async def sign_out_everywhere(site: SiteUnderTest) -> None:
    account = await site.store.account_by_name("alice")
    assert account is not None
    reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
    assert await site.store.apply(accounts.sign_out_everywhere(account, reason, "test", site.env()))
    while await site.store.settle(10):
        pass


async def switch_off_with_sign_out(site: SiteUnderTest) -> None:
    found = await site.store.site()
    link = await site.store.link(found.mobile_link_id or 0)
    assert link is not None
    assert await site.store.apply(links.turn_mobile_off(found, link, True, "test", site.env()))
    while await site.store.settle(10):
        pass


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (sign_out_by_administrator, "signed_out_by_admin"),
        (sign_out_by_person, "signed_out_by_person"),
        (sign_out_everywhere, "person_signed_out_everywhere"),
    ],
)
async def test_signed_out_by_others(phone: Phone, site: SiteUnderTest, stop: Stop, reason: str) -> None:
    """Whoever ends it: with the next request the app knows, says so, and remembers; the list says who it was."""
    await stop(site)
    told = await (await phone.session()).whoami()
    assert told == SignInAgain(f"You are signed out of {site.base}: sign in again. It says: This sign-in has ended.")
    phone.restart()
    assert await phone.access() == told
    assert await state_of(site) == ("signed_out", reason)
    assert isinstance(await phone.sign_in(await phone.discover(), a_person(site)), Kept)
    assert await phone.name() == "alice"


async def test_signed_out_by_the_switch(phone: Phone, site: SiteUnderTest) -> None:
    """The switch goes off with sign-out: the app is told, and the list says that it was the switch."""
    await switch_off_with_sign_out(site)
    assert isinstance(await (await phone.session()).whoami(), SignInAgain)
    assert await state_of(site) == ("signed_out", "mobile_switched_off")


async def test_signed_out_by_the_app(phone: Phone, site: SiteUnderTest) -> None:
    """The app signs out: the site knows, the vault forgets, and no token of the sign-in opens anything."""
    access, refresh = await phone.tokens()
    link = (await site.store.links())[0]
    session = await phone.session()
    assert await session.sign_out() == SignedOut(f"Signed out at {site.base}.")
    assert await phone.sessions.saved() == ()
    assert (await site.myself(access)).status_code == 401
    assert (await site.refresh(refresh, link)).json()["error"] == "invalid_grant"
    assert await state_of(site) == ("signed_out", "signed_out_by_app")
    assert await session.access() == SignInAgain("This session was signed out: sign in again.")


async def test_signed_out_by_the_app_without_network(phone: Phone, site: SiteUnderTest) -> None:
    """Offline nothing is forgotten, so that the sign-in does not stay open at the site; later it is ended."""
    phone.line.down = True
    session = await phone.session()
    assert isinstance(await session.sign_out(), Retry)
    assert len(await phone.sessions.saved()) == 1
    phone.line.down = False
    assert isinstance(await session.sign_out(), SignedOut)
    assert await state_of(site) == ("signed_out", "signed_out_by_app")


async def test_signed_out_by_the_app_after_a_lost_answer(phone: Phone, site: SiteUnderTest) -> None:
    """The app knows only the token before the last: revoking that ends the sign-in all the same (RFC 7009 2.1)."""
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 3
    assert isinstance(await phone.access(), Retry)
    assert isinstance(await (await phone.session()).sign_out(), SignedOut)
    assert await state_of(site) == ("signed_out", "signed_out_by_app")


async def test_a_disabled_link_suspends_and_resumes(phone: Phone, site: SiteUnderTest) -> None:
    """Disabled: the app says that the link needs checking and keeps everything; enabled again it goes on."""
    link = (await site.store.links())[0]
    await put(site, links.set_standing(link, Standing.DISABLED, "test", site.env()))
    refused = await (await phone.session()).whoami()
    assert refused == SiteSetUpWrong(
        f"{site.base} refuses the app (unauthorized_client): its application link needs checking. "
        "It says: This application is switched off on this site at the moment."
    )
    site.env.advance(2 * HOUR)
    assert isinstance(await phone.access(), SiteSetUpWrong)
    assert (await phone.kept()).tokens is not None
    disabled = await site.store.link(link.id)
    assert disabled is not None
    await put(site, links.set_standing(disabled, Standing.ACTIVE, "test", site.env()))
    assert await phone.name() == "alice"


async def put(site: SiteUnderTest, change: Change | Refused) -> None:
    assert isinstance(change, Change), change
    assert await site.store.apply(change)


async def test_signing_in_again_replaces_the_session_on_both_sides(phone: Phone, site: SiteUnderTest) -> None:
    """A second sign-in from the same phone: one session kept, one phone signed in, the earlier one told as replaced."""
    site.env.advance(MINUTE)
    await phone.sign_in(await phone.discover(), a_person(site))
    assert len(await phone.sessions.saved()) == 1
    assert await phone.name() == "alice"
    states = [(seen.state.value, seen.reason) for seen in await seen_phones(site)]
    assert states == [("signed_in", ""), ("signed_out", "signed_in_again")]


async def test_two_sign_ins_at_once_leave_one(site: SiteUnderTest, tmp_path: Path) -> None:
    """The same person signs in twice at the same moment from one place: one session is kept, and it is the live one."""
    await site.make_account()
    await site.turn_mobile_on()
    both = [Phone(site, FileVault(tmp_path / "phone")) for _ in range(2)]
    found = await both[0].discover()
    kept = await asyncio.gather(*(phone.sign_in(found, a_person(site)) for phone in both))
    assert [type(each) for each in kept] == [Kept, Kept]
    assert await both[0].name() == "alice"
    assert sorted(seen.state.value for seen in await seen_phones(site)) == ["signed_in", "signed_out"]


async def test_a_sign_in_whose_name_was_never_learned_is_replaced_too(site: SiteUnderTest) -> None:
    """The site could not say whose the first session is; the second sign-in finds out and replaces it."""
    await site.make_account()
    await site.turn_mobile_on()
    phone = Phone(site)
    phone.line.drop[MYSELF] = 1
    kept = await phone.sign_in(await phone.discover(), a_person(site))
    assert isinstance(kept, Kept)
    assert kept.notes == (
        "Signed in, but not yet known as whom: The connection to site.example broke before the answer came.",
    )
    assert (await phone.kept()).account is None
    site.env.advance(MINUTE)
    assert isinstance(await phone.sign_in(await phone.discover(), a_person(site)), Kept)
    assert (await phone.kept()).label == f"alice at {site.base}"
    assert await phone.name() == "alice"


async def test_two_people_on_one_phone(phone: Phone, site: SiteUnderTest) -> None:
    """Bob signs in beside Alice: two sessions, two rows, each answers as its own person."""
    await site.make_account("bob")
    await phone.sign_in(await phone.discover(), a_person(site, name="bob"))
    names = set()
    for kept in await phone.sessions.saved():
        answer = await phone.sessions.open(kept.id).whoami()
        assert isinstance(answer, Answer)
        names.add(json.loads(answer.body)["name"])
    assert names == {"alice", "bob"}
    assert {seen.state for seen in await seen_phones(site)} == {PhoneState.SIGNED_IN}
