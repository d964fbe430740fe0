"""The life of a session over restarts, bad networks, ends of every kind, and clocks that are wrong."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from genkan.app.outcomes import Access, Kept, Problem, Retry, SignedOut, SignInAgain, SiteSetUpWrong
from genkan.app.startup import Resume, SignIn, plan
from genkan.app.steps import Answer
from genkan.app.vault import FileVault
from genkan.protocol import accounts, links, phones
from genkan.protocol import ring as rings
from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.outcomes import AllowHealing, Change, MoveRing, RaiseStop, Refused, Subject
from genkan.protocol.phones import PhoneState
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Standing
from genkan.protocol.ring import Ring
from genkan.store.api import PhoneQuery, StoreUnavailable
from tests.pair.person import forms_of
from tests.pair.world import MYSELF, TOKEN, LoopBrowser, Phone, a_person, a_signed_in_phone, seen_phones
from tests.site.world import SiteUnderTest, TestClock, close_site, open_site

DUE = 3590 * SECOND
"""After this long an access token of an hour is due, and still good."""

Stop = Callable[[SiteUnderTest], Awaitable[None]]


@pytest.fixture
async def phone(site: SiteUnderTest, tmp_path: Path) -> Phone:
    """Alice's phone, signed in, its session in a folder."""
    return await a_signed_in_phone(site, FileVault(tmp_path / "phone"))


async def access_of(phone: Phone, rejected: str | None = None) -> Access | Problem:
    return await (await phone.session()).access(rejected)


async def name_of(phone: Phone) -> str:
    """Whom the site takes this phone for."""
    answer = await (await phone.session()).whoami()
    assert isinstance(answer, Answer), answer
    assert answer.status == 200
    return str(json.loads(answer.body)["name"])


async def tokens_of(phone: Phone) -> tuple[str, str]:
    """Access and refresh token as the vault has them."""
    tokens = (await phone.kept()).tokens
    assert tokens is not None
    return tokens.access, tokens.refresh or ""


async def generation_of(site: SiteUnderTest) -> int:
    """Where the one row of the site stands."""
    (row,) = await site.store.phones(PhoneQuery())
    return row.grant.generation


async def state_of(site: SiteUnderTest) -> tuple[str, str]:
    """What the list of phones says of the one there is: state and reason."""
    (seen,) = await seen_phones(site)
    return seen.state.value, seen.reason


# --- Starting ---------------------------------------------------------------------------------------------------------


async def test_a_restart_is_signed_in(phone: Phone, site: SiteUnderTest) -> None:
    """The app starts anew with nothing but its vault: signed in, as whom, and without asking the site first."""
    phone.restart()
    asked = len(phone.line.heard)
    screen = plan(None, await phone.sessions.saved(), phone.now())  # type: ignore[arg-type]
    assert isinstance(screen, Resume)
    assert (screen.state.label, screen.offline) == (f"alice at {site.base}", True)
    assert isinstance(await access_of(phone), Access)
    assert len(phone.line.heard) == asked
    assert await name_of(phone) == "alice"


async def test_a_start_without_network(phone: Phone) -> None:
    """Offline the app starts signed in; a token that still holds is given, and a call says that nothing is reached."""
    before = await tokens_of(phone)
    phone.line.down = True
    phone.restart()
    screen = plan(None, [await phone.kept()], phone.now())
    assert isinstance(screen, Resume)
    assert screen.offline
    given = await access_of(phone)
    assert isinstance(given, Access)
    assert given.token == before[0]
    failed = await (await phone.session()).whoami()
    assert failed == Retry("site.example cannot be reached: check the address and the network.")
    phone.line.down = False
    assert await name_of(phone) == "alice"


async def test_offline_with_an_expired_token(phone: Phone, site: SiteUnderTest) -> None:
    """Two hours later and offline: signed in on the screen, nothing is thrown away, and back online it goes on."""
    site.env.advance(2 * HOUR)
    phone.line.down = True
    phone.restart()
    screen = plan(None, [await phone.kept()], phone.now())
    assert isinstance(screen, Resume)
    assert not screen.offline
    assert isinstance(await access_of(phone), Retry)
    phone.line.down = False
    assert await name_of(phone) == "alice"
    assert await generation_of(site) == 1


async def test_refreshed_when_due(phone: Phone, site: SiteUnderTest) -> None:
    """Fresh: not asked; due: renewed once, before it expires; the old access token is dead and the new one works."""
    first = await tokens_of(phone)
    site.env.advance(HOUR // 2)
    assert isinstance(await access_of(phone), Access)
    assert await generation_of(site) == 0
    site.env.advance(DUE - HOUR // 2)
    renewed = await access_of(phone)
    assert isinstance(renewed, Access)
    assert renewed.token != first[0]
    assert (await site.myself(first[0])).status_code == 401
    assert await name_of(phone) == "alice"
    assert await generation_of(site) == 1


async def test_signed_in_for_months(phone: Phone, site: SiteUnderTest) -> None:
    """Used once a month, a phone stays signed in for a year; silent for longer than 90 days it signs in again."""
    for _ in range(12):
        site.env.advance(30 * DAY)
        assert await name_of(phone) == "alice"
    site.env.advance(91 * DAY)
    over = await access_of(phone)
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


# --- Lost answers -----------------------------------------------------------------------------------------------------


async def test_a_lost_answer_is_asked_again_at_once(phone: Phone, site: SiteUnderTest) -> None:
    """The site acted and its answer was lost: the app asks again by itself and gets the very same successor."""
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 1
    assert isinstance(await access_of(phone), Access)
    _, lost, again = phone.line.successors()
    assert lost == again == (await tokens_of(phone))[1]
    assert await generation_of(site) == 1
    assert await state_of(site) == ("signed_in", "")


@pytest.mark.parametrize("later", [5 * SECOND, DAY, 80 * DAY])
async def test_a_lost_answer_is_asked_again_later(phone: Phone, site: SiteUnderTest, later: int) -> None:
    """No answer came back at all; seconds, a day or months later, after a restart, it is the same successor still."""
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 3
    assert isinstance(await access_of(phone), Retry)
    assert await generation_of(site) == 1
    phone.restart()
    site.env.advance(later)
    assert await name_of(phone) == "alice"
    assert len(set(phone.line.successors()[1:])) == 1
    assert await generation_of(site) == 1
    assert await state_of(site) == ("signed_in", "")


async def test_an_answer_lost_while_the_token_still_holds(phone: Phone, site: SiteUnderTest) -> None:
    """An early refresh is lost: the app goes on with what it has, and finds out by itself that it was replaced."""
    site.env.advance(DUE)
    phone.line.drop[TOKEN] = 3
    given = await access_of(phone)
    assert isinstance(given, Access)
    assert (await site.myself(given.token)).status_code == 401
    assert await name_of(phone) == "alice"
    assert await generation_of(site) == 1


async def test_killed_before_the_successor_was_kept(phone: Phone, site: SiteUnderTest, tmp_path: Path) -> None:
    """The answer came but the app died before it was on the disk: the next start gets the same successor."""
    site.env.advance(2 * HOUR)
    shutil.copytree(tmp_path / "phone", tmp_path / "as it was")
    given = await access_of(phone)
    revived = Phone(site, FileVault(tmp_path / "as it was"))
    again = await access_of(revived)
    assert isinstance(given, Access)
    assert isinstance(again, Access)
    assert again.token == given.token
    assert await name_of(revived) == "alice"
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


# --- Ends -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thief_first", [True, False])
async def test_a_thief_with_a_copy(phone: Phone, site: SiteUnderTest, tmp_path: Path, thief_first: bool) -> None:
    """Two holders of one token, and the successor was used: the sign-in ends, both are told to sign in again, and the
    list of phones says why.
    """
    shutil.copytree(tmp_path / "phone", tmp_path / "stolen")
    thief = Phone(site, FileVault(tmp_path / "stolen"))
    site.env.advance(2 * HOUR)
    first, second = (thief, phone) if thief_first else (phone, thief)
    assert await name_of(first) == "alice"
    await site.store.flush()
    site.env.advance(31 * SECOND)
    told = SignInAgain(f"You are signed out of {site.base}: sign in again. It says: This sign-in has ended.")
    assert await access_of(second) == told
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
    assert await access_of(phone) == told
    assert await state_of(site) == ("signed_out", reason)
    assert isinstance(await phone.sign_in(await phone.discover(), a_person(site)), Kept)
    assert await name_of(phone) == "alice"


async def test_signed_out_by_the_switch(phone: Phone, site: SiteUnderTest) -> None:
    """The switch goes off with sign-out: the app is told, and the list says that it was the switch."""
    await switch_off_with_sign_out(site)
    assert isinstance(await (await phone.session()).whoami(), SignInAgain)
    assert await state_of(site) == ("signed_out", "mobile_switched_off")


async def test_signed_out_by_the_app(phone: Phone, site: SiteUnderTest) -> None:
    """The app signs out: the site knows, the vault forgets, and no token of the sign-in opens anything."""
    access, refresh = await tokens_of(phone)
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
    assert isinstance(await access_of(phone), Retry)
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
    assert isinstance(await access_of(phone), SiteSetUpWrong)
    assert (await phone.kept()).tokens is not None
    disabled = await site.store.link(link.id)
    assert disabled is not None
    await put(site, links.set_standing(disabled, Standing.ACTIVE, "test", site.env()))
    assert await name_of(phone) == "alice"


async def put(site: SiteUnderTest, change: Change | Refused) -> None:
    assert isinstance(change, Change), change
    assert await site.store.apply(change)


async def test_signing_in_again_replaces_the_session_on_both_sides(phone: Phone, site: SiteUnderTest) -> None:
    """A second sign-in from the same phone: one session kept, one phone signed in, the earlier one told as replaced."""
    site.env.advance(MINUTE)
    await phone.sign_in(await phone.discover(), a_person(site))
    assert len(await phone.sessions.saved()) == 1
    assert await name_of(phone) == "alice"
    states = [(seen.state.value, seen.reason) for seen in await seen_phones(site)]
    assert states == [("signed_in", ""), ("signed_out", "signed_in_again")]


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


# --- The site's own troubles ------------------------------------------------------------------------------------------


async def test_a_restored_backup_keeps_the_session(tmp_path: Path) -> None:
    """The store lost writes: the app is told to try later, keeps its session, and after healing goes on."""
    env = TestClock()
    site = await open_site(tmp_path / "site", env)
    phone = await a_signed_in_phone(site, FileVault(tmp_path / "phone"))
    await close_site(site)
    backup = shutil.copy(site.settings.database_path, tmp_path / "backup")
    site = await moved_to(phone, await open_site(tmp_path / "site", env, site.ring[-1]))
    for _ in range(2):
        env.advance(2 * HOUR)
        assert await name_of(phone) == "alice"
    await close_site(site)
    shutil.copy(backup, site.settings.database_path)
    site = await moved_to(phone, await open_site(tmp_path / "site", env, site.ring[-1]))
    try:
        env.advance(2 * HOUR)
        behind = await access_of(phone)
        assert behind == Retry(f"{site.base} is busy or down (status 503): try again later.", 60)
        assert (await phone.kept()).tokens is not None
        assert await site.store.apply(Change((AllowHealing(env.now + DAY),)))
        assert await name_of(phone) == "alice"
        assert await state_of(site) == ("signed_in", "")
    finally:
        await close_site(site)


async def moved_to(phone: Phone, site: SiteUnderTest) -> SiteUnderTest:
    """The phone's line leads to this process of the site from now on."""
    down = Phone(site, phone.vault)
    phone.site, phone.line = site, down.line
    phone.restart()
    return site


async def test_a_busy_site_keeps_the_session(
    phone: Phone, site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that cannot answer is 503 and nothing more; the app waits without losing anything."""

    async def lost(*_: object) -> object:
        raise StoreUnavailable("the disk is away")

    site.env.advance(2 * HOUR)
    with monkeypatch.context() as patched:
        patched.setattr(type(site.store), "grant_facts", lost)
        assert isinstance(await access_of(phone), Retry)
    assert await name_of(phone) == "alice"


async def test_refreshing_too_fast_waits(phone: Phone, site: SiteUnderTest) -> None:
    """More refreshes than the site allows at once: the app is told how long to wait, loses nothing, then goes on."""
    for _ in range(10):
        assert isinstance(await access_of(phone, rejected=(await tokens_of(phone))[0]), Access)
    last = (await tokens_of(phone))[0]
    told = await access_of(phone, rejected=last)
    assert told == Retry(f"{site.base} is busy or down (status 429): try again later.", 1)
    site.env.advance(SECOND)
    assert isinstance(await access_of(phone, rejected=last), Access)
    assert await state_of(site) == ("signed_in", "")


async def test_a_new_key_signs_nobody_out(phone: Phone, site: SiteUnderTest) -> None:
    """Keys rotate: the token of the old key works, the refresh goes over to the new one, a lost answer included."""
    added = rings.add(site.ring[-1], site.env())
    await use_ring(site, added)
    assert await name_of(phone) == "alice"
    activated = rings.activate(added, added.keys[-1].id)
    assert isinstance(activated, Ring)
    await use_ring(site, activated)
    assert await name_of(phone) == "alice"
    site.env.advance(2 * HOUR)
    phone.line.drop[TOKEN] = 1
    assert await name_of(phone) == "alice"
    assert await generation_of(site) == 1
    handle = site.door.sealer.open_token((await tokens_of(phone))[0])
    assert getattr(handle, "key_id", None) == activated.active.id


async def use_ring(site: SiteUnderTest, ring: Ring) -> None:
    """The new ring's file is there and the store names it."""
    site.ring.append(ring)
    site.env.advance(SECOND)
    assert await site.store.apply(Change((MoveRing(ring.version, ring.fingerprint),)))


async def test_a_revoked_key_ends_the_sign_in(phone: Phone, site: SiteUnderTest) -> None:
    """After `keys revoke` the app is told to sign in again, and the list says that the key was revoked."""
    key = site.ring[-1].active.id
    revoked = rings.revoke(site.ring[-1], key, site.env())
    assert isinstance(revoked, Ring)
    site.ring.append(revoked)
    stop = RaiseStop(Subject.KEY, key, EndReason.KEY_REVOKED, site.env.now)
    assert await site.store.apply(Change((MoveRing(revoked.version, revoked.fingerprint), stop)))
    while await site.store.settle(10):
        pass
    assert isinstance(await (await phone.session()).whoami(), SignInAgain)
    assert await state_of(site) == ("signed_out", "key_revoked")


# --- Clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [-30 * DAY, -12 * HOUR, -MINUTE, MINUTE, 12 * HOUR, 30 * DAY])
async def test_a_phone_whose_clock_is_wrong(site: SiteUnderTest, skew: int) -> None:
    """Wrong by as much as a month in either direction, always: it signs in, works, and refreshes when it has to."""
    await site.make_account()
    await site.turn_mobile_on()
    phone = Phone(site)
    phone.skew = skew
    await phone.sign_in(await phone.discover(), a_person(site))
    assert await name_of(phone) == "alice"
    assert await generation_of(site) == 0
    site.env.advance(2 * HOUR)
    assert await name_of(phone) == "alice"
    assert await generation_of(site) == 1


@pytest.mark.parametrize("jump", [-DAY, -3 * HOUR, -MINUTE, MINUTE, 3 * HOUR, DAY, 365 * DAY])
async def test_a_phone_whose_clock_jumps(phone: Phone, site: SiteUnderTest, jump: int) -> None:
    """Set back or forth while signed in: it may refresh early or find out late, but it stays signed in and works."""
    phone.skew = jump
    assert await name_of(phone) == "alice"
    site.env.advance(HOUR + MINUTE)
    assert await name_of(phone) == "alice"
    phone.skew = 0
    assert await name_of(phone) == "alice"
    site.env.advance(2 * HOUR)
    assert await name_of(phone) == "alice"
    assert await state_of(site) == ("signed_in", "")
    assert phone.line.paths().count(MYSELF) < 12
