"""People by REST: list, make, show, change, let in and out, delete; and how far an administrator reaches."""

import asyncio
from typing import Any

import pytest

from genkan.protocol.records import Account, Standing
from genkan.wire.scopes import Permission
from tests.site.api_world import PEOPLE, Caller, a_key, a_phone_of, one, refusal
from tests.site.world import PASSWORD, SiteUnderTest

NEW = "a quite new password"


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that may do everything."""
    return await a_key(site, Permission.SYSTEM_ADMIN)


async def current(site: SiteUnderTest, account: Account) -> Account:
    found = await site.store.account(account.id)
    assert found is not None
    return found


async def test_an_account_is_made_and_shown(site: SiteUnderTest, ours: Caller) -> None:
    """Everything that is asked for arrives; the password works; the answer tells where the account is."""
    asked = {
        "name": "Alice A.", "displayName": "Alice", "email": "a@example.com", "permission": "ADMIN",
        "groups": ["b", "a"], "locale": "ja", "timeZone": "Asia/Tokyo",
    }  # fmt: skip
    answer = await ours("POST", PEOPLE, json={**asked, "password": NEW})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made == {
        **asked, "groups": ["a", "b"], "id": made["id"], "state": "active", "createdAt": "2027-01-15T08:00:00Z",
    }  # fmt: skip
    assert answer.headers["location"] == f"{site.base}{PEOPLE}/{made['id']}"
    assert NEW not in answer.text
    shown = await ours.get(f"{PEOPLE}/{made['id']}")
    assert shown == {
        **made, "passwordSetAt": "2027-01-15T08:00:00Z", "recoveryLinkExpiresAt": None, "browserSessions": 0,
        "signIns": {"signedIn": 0, "complete": True, "lastUsedAt": None},
    }  # fmt: skip
    assert (await site.sign_in("alice a.", NEW)).status_code == 303
    assert (await ours.get(f"{PEOPLE}/{made['id']}"))["browserSessions"] == 1


async def test_an_account_needs_a_name_alone(site: SiteUnderTest, ours: Caller) -> None:
    """WRITE, no password, the browser's language, UTC."""
    made = await ours.post(PEOPLE, name="bob")
    assert (made["permission"], made["displayName"], made["locale"], made["timeZone"]) == ("WRITE", "bob", "", "UTC")
    assert (await ours.get(f"{PEOPLE}/{made['id']}"))["passwordSetAt"] is None
    assert (await site.sign_in("bob", "")).status_code == 401


async def test_a_name_is_taken_once(site: SiteUnderTest, ours: Caller) -> None:
    """In any spelling; a deleted account frees its name."""
    alice = await site.make_account()
    assert (await ours("POST", PEOPLE, json={"name": " ALICE "})).status_code == 409
    assert (await ours("DELETE", one(alice))).json()["state"] == "deleted"
    assert (await ours("POST", PEOPLE, json={"name": "Alice"})).status_code == 201


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\u200bb"}, "name"),
        ({"name": 7}, "name"),
        ({"email": "nobody"}, "e-mail"),
        ({"displayName": "x" * 201}, "display name"),
        ({"groups": ["a,b"]}, "group"),
        ({"groups": "staff"}, "groups"),
        ({"permission": "ROOT"}, "permission"),
        ({"locale": "de AT"}, "locale"),
        ({"timeZone": "Middle/Earth"}, "timeZone"),
        ({"timeZone": "../../etc/passwd"}, "timeZone"),
        ({"timeZone": ""}, "timeZone"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"admin": True}, "admin"),
    ],
)
async def test_a_bad_member_is_named_and_nothing_is_made(
    site: SiteUnderTest, ours: Caller, members: dict[str, Any], word: str
) -> None:
    """400 that says which member and what to write."""
    status, said = refusal(await ours("POST", PEOPLE, json={"name": "alice", **members}))
    assert status == 400
    assert word in said
    assert await site.store.accounts() == []


async def test_people_are_listed_by_name_and_filtered(site: SiteUnderTest, ours: Caller) -> None:
    """By name, prefix, state and permission, alone and together; deleted ones only when asked for."""
    for name, permission in (("Anna", "ADMIN"), ("annette", "WRITE"), ("Bert", "WRITE"), ("carl", "READ")):
        await ours.post(PEOPLE, name=name, permission=permission)
    bert = await site.store.account_by_name("bert")
    carl = await site.store.account_by_name("carl")
    assert bert is not None
    assert carl is not None
    await ours("PATCH", one(bert), json={"state": "disabled"})
    await ours("DELETE", one(carl))

    async def names(**query: str) -> list[str]:
        return [person["name"] for person in (await ours.get(PEOPLE, **query))["people"]]

    assert await names() == ["Anna", "annette", "Bert"]
    assert await names(prefix="ANN") == ["Anna", "annette"]
    assert await names(prefix="a\u200b") == []
    assert await names(state="disabled") == ["Bert"]
    assert await names(permission="WRITE") == ["annette", "Bert"]
    assert await names(permission="WRITE", prefix="ann") == ["annette"]
    assert await names(state="deleted") == ["carl"]
    assert await names(name=" aNNa") == ["Anna"]
    assert await names(name="ann") == await names(name="anna", state="disabled") == await names(name="carl") == []


@pytest.mark.parametrize("state", ["active", "deleted"])
async def test_a_list_comes_in_pages(site: SiteUnderTest, ours: Caller, state: str) -> None:
    """Each account once, by the `next` of the page before, tombstones as well."""
    for n in range(5):
        account = await site.make_account(f"person {n}&=%")
        if state == "deleted":
            assert (await ours("DELETE", one(account))).status_code == 200
    found, query = [], {"state": state, "limit": "2"}
    for _ in range(4):
        page = await ours.get(PEOPLE, **query)
        found += [person["name"] for person in page["people"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert sorted(found) == [f"person {n}&=%" for n in range(5)]


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"limit": "9" * 30}, {"state": "asleep"}, {"permission": "ROOT"},
     {"offset": "3"}, {"state": "deleted", "prefix": "a"}, {"limit": "-1"}, {"limit": ""}],
)  # fmt: skip
async def test_a_query_that_means_nothing_is_refused(ours: Caller, query: dict[str, str]) -> None:
    """400, naming the parameter, rather than a list of something else."""
    status, said = refusal(await ours("GET", PEOPLE, params=query))
    assert status == 400
    assert any(name in said for name in query)


async def test_one_member_changes_and_the_rest_stays(site: SiteUnderTest, ours: Caller) -> None:
    """Each alone; the name cannot change, and an empty change changes nothing."""
    made = await ours.post(PEOPLE, name="alice", email="a@example.com", groups=["x"], locale="ja")
    path = f"{PEOPLE}/{made['id']}"
    for member, value in (
        ("displayName", "Alice A."), ("email", ""), ("permission", "READ"), ("groups", ["y", "z"]), ("locale", "de"),
        ("timeZone", "Europe/Vienna"),
    ):  # fmt: skip
        answer = await ours("PATCH", path, json={member: value})
        assert answer.status_code == 200, answer.text
        made = {**made, member: value}
        assert answer.json() == made
    assert (await ours("PATCH", path, json={})).json() == made
    assert refusal(await ours("PATCH", path, json={"name": "bob"}))[0] == 400


async def test_a_lowered_right_counts_at_once(site: SiteUnderTest, ours: Caller) -> None:
    """Nobody is signed out, and the next request is judged by what the person may now."""
    alice = await site.make_account("alice", Permission.ADMIN)
    link = await site.make_link(permission=Permission.ADMIN)
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    token = str((await site.issue_tokens(link.link, scope="ADMIN"))["access_token"])
    assert (await Caller(site, token)("GET", PEOPLE)).status_code == 200
    assert (await ours("PATCH", one(alice), json={"permission": "WRITE"})).status_code == 200
    assert (await Caller(site, token)("GET", PEOPLE)).status_code == 403
    assert (await site.myself(token)).status_code == 200


async def test_disabling_signs_out_and_enabling_lets_in(site: SiteUnderTest, ours: Caller) -> None:
    """A state is changed in a request of its own; deleting is another method."""
    alice = await site.make_account()
    token = str((await site.issue_tokens((await site.make_link()).link))["access_token"])
    assert (await ours("PATCH", one(alice), json={"state": "disabled"})).json()["state"] == "disabled"
    assert (await site.myself(token)).status_code == 401
    assert (await site.sign_in(browser=site.browser())).status_code == 401
    assert (await ours("PATCH", one(alice), json={"state": "active"})).json()["state"] == "active"
    assert (await site.myself(token)).status_code == 401
    assert (await site.sign_in(browser=site.browser())).status_code == 303
    for body in ({"state": "deleted"}, {"state": "disabled", "email": ""}):
        assert refusal(await ours("PATCH", one(alice), json=body))[0] == 400


async def test_signing_out_ends_browsers_and_phones(site: SiteUnderTest, ours: Caller) -> None:
    """From the next request on, with the reason that it was an administrator."""
    alice = await site.make_account()
    token = str((await site.issue_tokens((await site.make_link()).link))["access_token"])
    assert (await ours.get(one(alice)))["signIns"]["signedIn"] == 1
    assert (await ours.post(one(alice, "/sign-out")))["name"] == "alice"
    assert (await site.myself(token)).status_code == 401
    shown = await ours.get(one(alice))
    assert (shown["browserSessions"], shown["signIns"]["signedIn"]) == (0, 0)
    [phone] = (await ours.get("/rest/genkan/1.0/phones", person="alice"))["phones"]
    assert (phone["state"], phone["reason"]) == ("signed_out", "signed_out_by_admin")


@pytest.mark.parametrize("sign_out", [True, False])
async def test_a_new_password_replaces_the_old_one(site: SiteUnderTest, ours: Caller, sign_out: bool) -> None:
    """All that is signed in ends with it unless that is declined."""
    alice = await site.make_account()
    await site.sign_in()
    assert (await ours("POST", one(alice, "/password"), json={"password": NEW, "signOut": sign_out})).status_code == 200
    assert (await ours.get(one(alice)))["browserSessions"] == int(not sign_out)
    assert (await site.sign_in("alice", PASSWORD, site.browser())).status_code == 401
    assert (await site.sign_in("alice", NEW, site.browser())).status_code == 303


async def test_recovery_lets_somebody_in_as_system_administrator(site: SiteUnderTest, ours: Caller) -> None:
    """Enabled, raised, with a new password and nothing else signed in; deleted accounts stay deleted."""
    alice = await site.make_account()
    await ours("PATCH", one(alice), json={"state": "disabled"})
    told = await ours.post(one(alice, "/recovery"), password=NEW)
    assert (told["state"], told["permission"]) == ("active", "SYSTEM_ADMIN")
    assert (await site.sign_in("alice", NEW)).status_code == 303
    bob = await site.make_account("bob")
    await ours("DELETE", one(bob))
    assert refusal(await ours("POST", one(bob, "/recovery"), json={"password": NEW}))[0] == 404


ABOVE = [
    ("PATCH", "", {"displayName": "Mallory"}),
    ("PATCH", "", {"state": "disabled"}),
    ("PATCH", "", {"permission": "READ"}),
    ("DELETE", "", None),
    ("POST", "/password", {"password": NEW}),
    ("POST", "/recovery", {"password": NEW}),
    ("POST", "/erasure", {}),
]


@pytest.mark.parametrize(("method", "rest", "body"), ABOVE)
async def test_an_administrator_does_not_reach_a_system_administrator(
    site: SiteUnderTest, method: str, rest: str, body: object
) -> None:
    """403, and nothing has changed, by key and by session alike."""
    admin = await a_key(site, Permission.ADMIN)
    root = await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.make_account("other root", Permission.SYSTEM_ADMIN)
    await site.make_account("admin", Permission.ADMIN)
    await site.sign_in("admin")
    before = [event for _, event in await site.store.events()]
    for caller in (admin, None):
        options = {} if body is None else {"json": body}
        asked = site.client.request(method, site.base + one(root, rest), **options)  # type: ignore[arg-type]
        answer = await caller(method, one(root, rest), **options) if caller else await asked
        if caller:
            asked.close()
        assert refusal(answer) == (403, "This takes a permission that the caller does not have.")
    assert await current(site, root) == root
    assert [event for _, event in await site.store.events()] == before


async def test_an_administrator_raises_nobody_above_themselves(site: SiteUnderTest) -> None:
    """Neither by making, nor by changing, nor by recovering an account; up to ADMIN they may."""
    admin = await a_key(site, Permission.ADMIN)
    alice = await site.make_account()
    assert refusal(await admin("POST", PEOPLE, json={"name": "m", "permission": "SYSTEM_ADMIN"}))[0] == 403
    assert refusal(await admin("PATCH", one(alice), json={"permission": "SYSTEM_ADMIN"}))[0] == 403
    assert refusal(await admin("POST", one(alice, "/recovery"), json={"password": NEW}))[0] == 403
    assert await current(site, alice) == alice
    assert (await admin("PATCH", one(alice), json={"permission": "ADMIN"})).status_code == 200


async def test_an_administrator_may_sign_out_whoever_lost_a_phone(site: SiteUnderTest) -> None:
    """Ending what is signed in raises nobody: also a system administrator's phone is lost sometimes."""
    admin = await a_key(site, Permission.ADMIN)
    root = await site.make_account("root", Permission.SYSTEM_ADMIN)
    await a_phone_of(site, root, (await site.make_link()).link)
    await admin.post(one(root, "/sign-out"))
    above = await a_key(site, Permission.SYSTEM_ADMIN, "above")
    assert (await above.get(one(root)))["signIns"]["signedIn"] == 0


LOSING: list[tuple[str, str, object]] = [
    ("PATCH", "", {"permission": "ADMIN"}),
    ("PATCH", "", {"state": "disabled"}),
    ("DELETE", "", None),
    ("POST", "/erasure", {}),
]


@pytest.mark.parametrize(("method", "rest", "body"), LOSING)
async def test_the_last_system_administrator_stays(
    site: SiteUnderTest, ours: Caller, method: str, rest: str, body: object
) -> None:
    """409 while nobody else with the right can sign in; a second one who can makes way."""
    root = await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.make_account("admin", Permission.ADMIN)
    second = await ours.post(PEOPLE, name="second", permission="SYSTEM_ADMIN")
    options = {} if body is None else {"json": body}
    status, said = refusal(await ours(method, one(root, rest), **options))
    assert (status, said[:12]) == (409, "Nobody else ")
    assert await current(site, root) == root
    await ours.post(f"{PEOPLE}/{second['id']}/password", password=NEW)
    assert (await ours(method, one(root, rest), **options)).status_code == 200
    found = await current(site, root)
    assert found.standing is not Standing.ACTIVE or found.permission is Permission.ADMIN


async def test_two_administrators_who_go_at_once_do_not_both_go(site: SiteUnderTest, ours: Caller) -> None:
    """Each disables the other in the same moment: one stays."""
    pair = [await site.make_account(name, Permission.SYSTEM_ADMIN) for name in ("root", "toor")]
    asked = [ours("PATCH", one(account), json={"state": "disabled"}) for account in pair]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*asked))
    assert statuses == [200, 409]
    left = [(await current(site, account)).standing.value for account in pair]
    assert sorted(left) == ["active", "disabled"]


@pytest.mark.parametrize("text", ["0" * 16, "x", "alice", "F" * 16, "%00", "0" * 15])
async def test_an_id_that_nobody_has_is_not_found(site: SiteUnderTest, ours: Caller, text: str) -> None:
    """Every verb on it: 404; a name is no id."""
    await site.make_account()
    for method, rest, body in (("GET", "", None), *ABOVE):
        options = {} if body is None else {"json": body}
        assert (await ours(method, f"{PEOPLE}/{text}{rest}", **options)).status_code == 404
