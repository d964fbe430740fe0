"""The page behind a one-time link: used once, in time, by a form of its own page."""

import asyncio

import httpx2
import pytest

from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.records import Account, Method, Standing, Way
from genkan.protocol.signin import recovery
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire.scopes import Permission
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

NEW = "a quite new password"


async def a_link_for(site: SiteUnderTest, account: Account, has_password: bool = True) -> str:
    """The address of a new one-time link."""
    made = recovery.make(account, has_password, "test", site.env())
    assert isinstance(made, recovery.NewRecovery)
    assert await site.store.apply(made.change)
    return f"{site.base}/recover/{made.token}"


async def fill(
    site: SiteUnderTest, url: str, browser: httpx2.AsyncClient | None = None, typed: dict[str, str] | None = None
) -> httpx2.Response:
    """Fill the page's form in as a person does; every box stays as it was."""
    client = browser or site.client
    page = await client.get(url)
    assert page.status_code == 200, page.text
    [(action, fields)] = [form for form in forms_of(page.text) if "/recover/" in form[0]]
    wanted = {"password": NEW, "password_again": NEW, **(typed or {})}
    return await client.post(site.absolute(action), data={**fields, **wanted})


async def test_the_link_sets_a_password_and_signs_in(site: SiteUnderTest) -> None:
    """The new password works, the old one does not, and the browser is signed in by recovery."""
    alice = await site.make_account()
    url = await a_link_for(site, alice)
    done = await fill(site, url)
    assert (done.status_code, done.headers["location"]) == (303, f"{site.base}/account")
    assert [session.method for session in await site.store.sessions(alice.id)] == [Method.RECOVERY]
    assert (await site.sign_in(password=PASSWORD, browser=site.browser())).status_code == 401
    assert (await site.sign_in(password=NEW, browser=site.browser())).status_code == 303
    kinds = [event.kind for _, event in await site.store.events()]
    assert kinds.count(EventKind.PASSWORD_CHANGED) == 1


async def test_a_link_for_a_person_is_none_for_a_system_administrator(site: SiteUnderTest) -> None:
    """An administrator who keeps the link of somebody who is raised afterwards does not become them."""
    alice = await site.make_account()
    url = await a_link_for(site, alice)
    raised = accounts.change(alice, AccountWish(alice.name, permission=Permission.SYSTEM_ADMIN), "test", site.env())
    assert isinstance(raised, Change)
    assert await site.store.apply(raised)
    assert (await site.client.get(url)).status_code == 404
    assert await site.store.sessions(alice.id) == []


async def test_everything_else_ends_unless_told_otherwise(site: SiteUnderTest) -> None:
    """A phone of before is signed out; where the box is taken out it stays."""
    link = await site.turn_mobile_on()
    alice = await site.make_account()
    for kept in (False, True):
        tokens = await site.issue_tokens(link)
        current = await site.store.account(alice.id)
        assert current is not None
        url = await a_link_for(site, current)
        page = await site.browser().get(url)
        assert 'name="sign_out"' in page.text
        browser = site.browser()
        page = await browser.get(url)
        [(action, fields)] = [form for form in forms_of(page.text) if "/recover/" in form[0]]
        assert fields.pop("sign_out") == "yes"
        box = {} if kept else {"sign_out": "yes"}
        new = {"password": PASSWORD, "password_again": PASSWORD}
        assert (await browser.post(site.absolute(action), data={**fields, **new, **box})).status_code == 303
        assert (await site.myself(str(tokens["access_token"]))).status_code == (200 if kept else 401)


async def test_somebody_new_is_welcomed(site: SiteUnderTest) -> None:
    """Without a password there is nothing to sign out of, and the page says so by not asking."""
    made = accounts.create(accounts.AccountWish("bob", "Bob B."), "test", site.env())
    assert isinstance(made, accounts.NewAccount)
    assert await site.store.apply(made.change)
    url = await a_link_for(site, made.account, has_password=False)
    page = await site.client.get(url)
    assert "Welcome" in page.text
    assert 'name="sign_out"' not in page.text
    assert (await fill(site, url)).status_code == 303
    assert (await site.sign_in("bob", NEW, site.browser())).status_code == 303


async def test_looking_spends_nothing_and_using_spends_all(site: SiteUnderTest) -> None:
    """A second use, also of a form that was open before the first, is told that the link is dead."""
    url = await a_link_for(site, await site.make_account())
    early = site.browser()
    page = await early.get(url)
    [(action, fields)] = [form for form in forms_of(page.text) if "/recover/" in form[0]]
    assert (await fill(site, url)).status_code == 303
    late = await early.post(site.absolute(action), data={**fields, "password": "b" * 12, "password_again": "b" * 12})
    assert late.status_code == 404
    assert (await site.client.get(url)).status_code == 404
    assert (await site.sign_in(password=NEW, browser=site.browser())).status_code == 303


async def test_of_two_at_once_one_wins(site: SiteUnderTest) -> None:
    """Double submit: one password is set, by one of the two."""
    url = await a_link_for(site, await site.make_account())
    answers = await asyncio.gather(*(fill(site, url, site.browser()) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"password_again": "something else"}, "The two passwords differ."),
        ({"password": "short", "password_again": "short"}, "Password: 10 to 1024 characters."),
        ({"page_token": "gnk_pg_stale"}, "This page was open too long."),
    ],
)
async def test_what_is_wrong_is_said_on_the_page(site: SiteUnderTest, typed: dict[str, str], words: str) -> None:
    """And the link is still good."""
    url = await a_link_for(site, await site.make_account())
    answer = await fill(site, url, typed=typed)
    assert answer.status_code == 400
    assert words in answer.text
    assert NEW not in answer.text
    assert (await fill(site, url)).status_code == 303


async def test_a_form_of_another_site_is_refused(site: SiteUnderTest) -> None:
    """By its origin, before anything is looked at."""
    url = await a_link_for(site, await site.make_account())
    answer = await site.client.post(url, data={"password": NEW}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await site.client.get(url)).status_code == 200


async def test_a_dead_link_says_what_to_do(site: SiteUnderTest) -> None:
    """Unknown, too old, replaced, or the account stopped: one sentence, one status."""
    alice = await site.make_account()
    replaced = await a_link_for(site, alice)
    stopped = await a_link_for(site, alice)
    said = [(await site.client.get(replaced)).text, (await site.client.get(f"{site.base}/recover/unknown")).text]
    disabled = accounts.set_standing(alice, Standing.DISABLED, "test", site.env())
    assert isinstance(disabled, Change)
    assert await site.store.apply(disabled)
    said.append((await site.client.get(stopped)).text)
    bob = await site.make_account("bob")
    late = await a_link_for(site, bob)
    site.env.advance(DAY)
    answer = await site.client.get(late)
    assert answer.status_code == 404
    assert all("This link does not work any more" in text for text in (*said, answer.text))


async def test_where_no_password_is_taken_the_link_opens_the_door_once(site: SiteUnderTest) -> None:
    """No field that would be refused; the browser is signed in to make a passkey, and a password that is sent all the
    same is not set.
    """
    alice = await site.make_account()
    put = PutSignInPolicy(Way.CERTIFICATE, None, (await site.store.site()).version)
    assert await site.store.apply(Change((put,)))
    url = await a_link_for(site, alice)
    page = await site.client.get(url)
    assert 'name="password"' not in page.text
    refused = await fill(site, url)
    assert (refused.status_code, "not taken here" in refused.text) == (400, True)
    done = await fill(site, url, typed={"once": "yes"})
    assert done.headers["location"] == f"{site.base}/account/sign-in"
    assert [session.method for session in await site.store.sessions(alice.id)] == [Method.RECOVERY]
    assert (await site.client.get(url)).status_code == 404
    assert (await site.client.get(f"{site.base}/account/sign-in")).status_code == 200
