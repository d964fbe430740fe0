"""What somebody who is only signed in cannot do to the site or to an account: guess, gather and list without end."""

import asyncio

import httpx2
import pytest

from genkan.outside.passwords import PasswordLane
from genkan.protocol.records import Account
from genkan.protocol.signin import lockout
from genkan.site.account import apps as account_pages
from genkan.store import sqlite_people
from genkan.wire.scopes import Permission
from tests.site.api_world import a_key, a_phone_of, one
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

SIGN_IN = "/account/sign-in"
NEW = "a quite new password"


async def change_password(site: SiteUnderTest, present: str) -> httpx2.Response:
    page = await site.client.get(site.base + SIGN_IN)
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith(SIGN_IN))
    typed = {"current_password": present, "password": NEW, "password_again": NEW}
    return await site.client.post(site.absolute(action), data={**fields, **typed})


async def test_a_right_guess_beyond_the_budget_looks_like_a_wrong_one(
    site: SiteUnderTest, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by its answer and not by its time: one hash each."""
    for _ in range(lockout.PER_DEVICE.burst):
        await change_password(site, "wrong")
    counted: list[str] = []
    lane = type(site.door.passwords)
    real_hash, real_verify = lane.hash, lane.verify

    async def hashing(self: PasswordLane, password: str) -> str:
        counted.append("hash")
        return await real_hash(self, password)

    async def verifying(self: PasswordLane, kept: str, password: str) -> bool:
        counted.append("verify")
        return await real_verify(self, kept, password)

    monkeypatch.setattr(lane, "hash", hashing)
    monkeypatch.setattr(lane, "verify", verifying)
    for present in ("wrong", PASSWORD):
        answer = await change_password(site, present)
        assert answer.status_code == 400
    assert counted == ["verify", "verify"]


async def test_nobody_gathers_their_data_twice_at_once(site: SiteUnderTest, alice: Account) -> None:
    """The audit is walked through once a person; another person is not kept waiting, nor is the next time."""
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    address = f"{site.base}/account/export"
    answers = await asyncio.gather(site.client.get(address), site.client.get(address), bob.get(address))
    assert sorted(answer.status_code for answer in answers[:2]) == [200, 503]
    assert answers[2].status_code == 200
    assert (await site.client.get(address)).status_code == 200


async def test_the_list_of_sign_ins_ends(site: SiteUnderTest, alice: Account) -> None:
    """A program that signs in over and over does not make a page that nobody can load; the page says so."""
    link = (await site.make_link()).link
    ends = "Only the newest are listed."
    for _ in range(account_pages.MOST_LISTED - 1):
        await a_phone_of(site, alice, link)
    assert ends not in (await site.client.get(f"{site.base}/account/apps")).text
    for _ in range(5):
        await a_phone_of(site, alice, link)
    page = (await site.client.get(f"{site.base}/account/apps")).text
    assert page.count('/sign-out"') == account_pages.MOST_LISTED
    assert ends in page


async def test_all_other_browsers_means_all(
    site: SiteUnderTest, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there are more than the store lists at a time: a thief cannot hide behind many of their own."""
    monkeypatch.setattr(sqlite_people, "MOST_SESSIONS", 2)
    thief = [site.browser() for _ in range(5)]
    for browser in thief:
        await site.sign_in(browser=browser)
    page = await site.client.get(f"{site.base}/account/sessions")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/end-others"))
    assert (await site.client.post(site.absolute(action), data=fields)).status_code == 303
    statuses = {(await browser.get(f"{site.base}/account/sessions")).status_code for browser in thief}
    assert statuses == {302}
    assert (await site.client.get(f"{site.base}/account/sessions")).status_code == 200


async def test_an_administrator_ends_all_of_them_too(
    site: SiteUnderTest, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By REST, which tells of each."""
    for _ in range(4):
        await site.sign_in(browser=site.browser())
    caller = await a_key(site, Permission.ADMIN)
    monkeypatch.setattr(sqlite_people, "MOST_SESSIONS", 2)
    answer = await caller("DELETE", one(alice, "/sessions"))
    assert (answer.status_code, len(answer.json())) == (200, 5)
    assert await site.store.sessions(alice.id) == []
