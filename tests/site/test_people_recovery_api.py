"""Letting a person in again, by REST: one-time links and the budget of wrong tries."""

import pytest

from genkan.protocol import accounts
from genkan.protocol.env import DAY, MINUTE
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Standing
from genkan.protocol.signin import lockout
from genkan.site.api.documents import moment
from genkan.wire.scopes import Permission
from tests.site.api_world import PEOPLE, Caller, a_key, one, refusal
from tests.site.world import SiteUnderTest


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that may do everything."""
    return await a_key(site, Permission.SYSTEM_ADMIN)


async def test_a_link_is_told_once_and_shown_as_there(site: SiteUnderTest, ours: Caller) -> None:
    """Its address in the one answer; later only until when it opens something."""
    alice = await site.make_account()
    made = await ours.post(one(alice, "/recovery-link"))
    assert made["url"].startswith(f"{site.base}/recover/")
    assert made["expiresAt"] == moment(site.env.now + DAY)
    shown = await ours("GET", one(alice))
    assert shown.json()["recoveryLinkExpiresAt"] == made["expiresAt"]
    assert made["url"].rpartition("/")[2] not in shown.text
    exported = await ours.get(one(alice, "/export"))
    assert exported["person"]["recoveryLinkExpiresAt"] == made["expiresAt"]


async def test_somebody_new_has_a_week(site: SiteUnderTest, ours: Caller) -> None:
    """Nobody has signed in yet with an account that has no password."""
    bob = await ours.post(PEOPLE, name="bob")
    made = await ours.post(f"{PEOPLE}/{bob['id']}/recovery-link")
    assert made["expiresAt"] == moment(site.env.now + 7 * DAY)


async def test_a_link_is_taken_back(site: SiteUnderTest, ours: Caller) -> None:
    """Once; there is none the second time."""
    alice = await site.make_account()
    await ours.post(one(alice, "/recovery-link"))
    assert (await ours("DELETE", one(alice, "/recovery-link"))).status_code == 200
    assert (await ours.get(one(alice)))["recoveryLinkExpiresAt"] is None
    assert (await ours("DELETE", one(alice, "/recovery-link"))).status_code == 404


@pytest.mark.parametrize(("standing", "status"), [(Standing.DISABLED, 400), (Standing.DELETED, 404)])
async def test_nobody_gets_a_link_who_may_not_sign_in(
    site: SiteUnderTest, ours: Caller, standing: Standing, status: int
) -> None:
    """Disabled: enable the account first. Deleted: there is nobody."""
    alice = await site.make_account()
    change = accounts.set_standing(alice, standing, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)
    assert refusal(await ours("POST", one(alice, "/recovery-link"), json={}))[0] == status


async def test_nobody_makes_a_link_to_more_than_they_have(site: SiteUnderTest) -> None:
    """Who holds the link becomes that person: ADMIN makes none for SYSTEM_ADMIN, nor lifts their budget."""
    root = await site.make_account("root", Permission.SYSTEM_ADMIN)
    theirs = await a_key(site, Permission.ADMIN)
    assert refusal(await theirs("POST", one(root, "/recovery-link"), json={}))[0] == 403
    assert refusal(await theirs("DELETE", one(root, "/sign-in-budget")))[0] == 403
    assert await site.store.recovery_of(root.id) is None


async def test_the_budget_is_shown_and_lifted(site: SiteUnderTest, ours: Caller) -> None:
    """Wrong tries count; an account that is slowed down lets new browsers in at once after it is lifted."""
    alice = await site.make_account()
    await site.sign_in(password="wrong")
    assert await ours.get(one(alice, "/sign-in-budget")) == {
        "spent": 1, "most": 100, "slowed": False, "emptyAt": moment(site.env.now + MINUTE),
    }  # fmt: skip
    for network in range(12):
        asked = lockout.tries("alice", f"net {network}", None)
        for _ in range(10):
            row = await site.store.password_row("alice", asked.keys)
            counted = lockout.failed(asked, row.guesses, site.env.now)
            assert counted is None or await site.store.apply(Change((counted,)))
    assert (await ours.get(one(alice, "/sign-in-budget")))["slowed"]
    assert (await site.sign_in(browser=site.browser())).status_code == 401
    assert (await ours("DELETE", one(alice, "/sign-in-budget"))).status_code == 200
    assert (await ours.get(one(alice, "/sign-in-budget")))["spent"] == 0
    assert (await site.sign_in(browser=site.browser())).status_code == 303


async def test_what_is_not_there_is_not_found(site: SiteUnderTest, ours: Caller) -> None:
    """Every operation about nobody answers 404."""
    for method, rest in (("POST", "recovery-link"), ("DELETE", "recovery-link"), ("GET", "sign-in-budget"),
                         ("DELETE", "sign-in-budget")):  # fmt: skip
        options: dict[str, object] = {"json": {}} if method == "POST" else {}
        assert (await ours(method, f"{PEOPLE}/12345/{rest}", **options)).status_code == 404
