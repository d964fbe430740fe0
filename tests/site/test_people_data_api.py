"""What is kept about one person, by REST: sessions and consents, all of it exported, all of it erased."""

import json
import sqlite3
from contextlib import closing

import pytest

from genkan.protocol.records import Account
from genkan.site.api.documents import public_id
from genkan.wire.scopes import Permission
from tests.site.api_world import AUDIT, PHONES, Caller, a_key, a_phone_of, consented, one, refusal
from tests.site.world import PASSWORD_HASH, SiteUnderTest

AGENT = {"user-agent": "Mozilla/5.0 (iPhone) Very-Special-Browser"}


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that administers."""
    return await a_key(site, Permission.ADMIN)


async def test_browsers_are_listed_and_signed_out_one_by_one(site: SiteUnderTest, ours: Caller) -> None:
    """Newest first, with the device; one ends, the other goes on. What is told opens nothing."""
    alice = await site.make_account()
    first, second = site.browser(), site.browser(headers=AGENT)
    await site.sign_in(browser=first)
    site.env.advance(60_000)
    await site.sign_in(browser=second)
    listed = await ours.get(one(alice, "/sessions"))
    assert [session["device"] for session in listed] == ["iPhone", "python-httpx2"]
    assert listed[0]["signedInAt"] == "2027-01-15T08:01:00Z"
    cookies = [cookie for browser in (first, second) for cookie in browser.cookies.values()]
    assert not [cookie for cookie in cookies if cookie in json.dumps(listed)]
    ended = await ours("DELETE", one(alice, f"/sessions/{listed[0]['id']}"))
    assert ended.json() == listed[0]
    assert await ours.get(one(alice, "/sessions")) == listed[1:]
    assert (await second.get(f"{site.base}/account/apps")).status_code == 302
    assert (await first.get(f"{site.base}/account/apps")).status_code == 200
    assert refusal(await ours("DELETE", one(alice, f"/sessions/{listed[0]['id']}")))[0] == 404


async def test_all_browsers_are_ended_at_once(site: SiteUnderTest, ours: Caller) -> None:
    """The answer names them; those of other people stay, and there are none the second time."""
    alice = await site.make_account()
    await site.make_account("bob")
    browsers = [site.browser() for _ in range(3)]
    for browser, name in zip(browsers, ("alice", "alice", "bob"), strict=True):
        await site.sign_in(name, browser=browser)
    ended = await ours("DELETE", one(alice, "/sessions"))
    assert len({session["id"] for session in ended.json()}) == 2
    states = [(await browser.get(f"{site.base}/account/apps")).status_code for browser in browsers]
    assert states == [302, 302, 200]
    assert (await ours("DELETE", one(alice, "/sessions"))).json() == []


async def test_a_session_is_ended_under_its_own_person_alone(site: SiteUnderTest, ours: Caller) -> None:
    """Another person's path does not find it."""
    alice, bob = await site.make_account(), await site.make_account("bob")
    await site.sign_in()
    [session] = await ours.get(one(alice, "/sessions"))
    assert (await ours("DELETE", one(bob, f"/sessions/{session['id']}"))).status_code == 404
    assert await ours.get(one(alice, "/sessions")) == [session]


async def test_a_session_that_is_over_is_not_listed(site: SiteUnderTest, ours: Caller) -> None:
    """Idle or past its end, it is no browser that is signed in."""
    alice = await site.make_account()
    await site.sign_in()
    site.env.advance(site.door.lifetimes.session_idle)
    assert await ours.get(one(alice, "/sessions")) == []


async def test_consents_are_listed_and_taken_back(site: SiteUnderTest, ours: Caller) -> None:
    """The link's sign-ins of this person end with it, nobody else's; taking back twice is no fault."""
    alice, bob = await site.make_account(), await site.make_account("bob")
    link = (await site.make_link("https://app.example/cb")).link
    mine, theirs = await a_phone_of(site, alice, link), await a_phone_of(site, bob, link)
    await consented(site, alice, link)
    listed = await ours.get(one(alice, "/consents"))
    assert listed == [
        {"link": "Test app", "linkId": public_id(link.id), "permission": "WRITE", "givenAt": "2027-01-15T08:00:00Z"}
    ]
    for _ in range(2):
        answer = await ours("DELETE", one(alice, f"/consents/{link.client_id}"))
        assert (answer.status_code, answer.json()) == (200, [])
    assert (await ours.get(f"{PHONES}/{mine.id.hex()}"))["reason"] == "consent_withdrawn"
    assert (await ours.get(f"{PHONES}/{theirs.id.hex()}"))["state"] == "signed_in"
    assert (await ours("DELETE", one(alice, "/consents/none"))).status_code == 404


async def a_life(site: SiteUnderTest, ours: Caller) -> Account:
    """A person who has done a bit of everything."""
    alice = await site.make_account("Alice Liddell", email="liddell@example.com", groups=("rabbits",))
    link = (await site.make_link("https://app.example/cb")).link
    await site.sign_in("Alice Liddell", browser=site.browser(headers=AGENT))
    await consented(site, alice, link)
    await a_phone_of(site, alice, link, user_agent="Liddell-Phone/1", address="198.51.100.7", network="198.51.100.0/24")
    await ours("PATCH", one(alice), json={"displayName": "Alice P. Liddell"})
    return alice


async def test_the_export_tells_everything_that_is_kept(site: SiteUnderTest, ours: Caller) -> None:
    """Account, password's age, browsers, phones with their traces, consents, audit; no hash, no token, nobody else."""
    alice = await a_life(site, ours)
    await site.make_account("Somebody Else")
    await site.sign_in("Somebody Else", browser=site.browser())
    told = await ours.get(one(alice, "/export"))
    assert (told["person"]["name"], told["person"]["email"]) == ("Alice Liddell", "liddell@example.com")
    assert told["person"]["passwordSetAt"] == told["exportedAt"] == "2027-01-15T08:00:00Z"
    assert [session["userAgent"] for session in told["browserSessions"]] == [AGENT["user-agent"]]
    [sign_in] = told["signIns"]
    assert (sign_in["userAgent"], sign_in["address"]) == ("Liddell-Phone/1", "198.51.100.7")
    assert sign_in["signIn"]["state"] == "signed_in"
    assert [consent["link"] for consent in told["consents"]] == ["Test app"]
    kinds = [event["kind"] for event in told["auditEvents"]]
    assert kinds == ["account.added", "session.opened", "grant.signed_in", "account.changed"]
    text = json.dumps(told)
    assert "Somebody" not in text
    assert PASSWORD_HASH not in text


async def test_the_export_has_every_page(site: SiteUnderTest, ours: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """More phones and events than are read at once."""
    from genkan.site.api import person_export

    monkeypatch.setattr(person_export, "PAGE", 2)
    alice = await site.make_account()
    link = (await site.make_link()).link
    for _ in range(5):
        await a_phone_of(site, alice, link)
    told = await ours.get(one(alice, "/export"))
    assert (len(told["signIns"]), len(told["auditEvents"])) == (5, 6)


@pytest.mark.parametrize("deleted", [False, True])
async def test_an_erased_person_leaves_an_id(site: SiteUnderTest, ours: Caller, deleted: bool) -> None:
    """No name or device is left in any table or answer, and no address but in the audit, whose lines stay."""
    alice = await a_life(site, ours)
    before = len(await site.store.events())
    if deleted:
        assert (await ours("DELETE", one(alice))).status_code == 200
    told = await ours.post(one(alice, "/erasure"))
    identity = public_id(alice.id)
    assert (told["id"], told["name"], told["state"]) == (identity, f"erased-{identity}", "deleted")
    exported = await ours.get(one(alice, "/export"))
    events = await ours.get(AUDIT, accountId=identity)
    assert len(await site.store.events()) == before + 1 + deleted
    assert {event["account"] for event in events["events"]} == {f"erased-{identity}"}
    listed = await ours.get("/rest/genkan/1.0/phones")
    words = ("liddell", "rabbits", "very-special")
    shown = [exported, events, listed, await ours.get("/rest/genkan/1.0/people", state="deleted")]
    assert not [word for word in words if word in json.dumps(shown).lower()]
    assert exported["browserSessions"] == exported["consents"] == []
    [phone] = exported["signIns"]
    assert (phone["signIn"]["state"], phone["address"], phone["network"]) == ("signed_out", "", "")
    # Texts that rows shared are swept on a schedule of their own, here at once.
    while await site.store.prune(site.env.now, 1000):
        continue
    with closing(sqlite3.connect(site.settings.database_path)) as db:
        kept = "\n".join(db.iterdump()).lower()
    assert identity in kept
    assert not [word for word in words if word in kept]


async def test_an_erased_person_is_signed_out_and_the_name_is_free(site: SiteUnderTest, ours: Caller) -> None:
    """Tokens and browsers open nothing more; somebody else may take the name and is somebody else."""
    alice = await site.make_account()
    token = str((await site.issue_tokens((await site.make_link()).link))["access_token"])
    await ours.post(one(alice, "/erasure"))
    assert (await site.myself(token)).status_code == 401
    assert (await site.client.get(f"{site.base}/account/apps")).status_code == 302
    again = await ours.post("/rest/genkan/1.0/people", name="alice")
    assert again["id"] != public_id(alice.id)
    events = await ours.get(AUDIT, accountId=public_id(alice.id))
    assert "alice" not in json.dumps(events)
