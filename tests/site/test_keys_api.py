"""API keys by REST: made, listed, revoked, and never above the caller."""

from typing import Any

import pytest

from genkan.protocol.records import Account
from genkan.wire.scopes import Permission
from tests.site.api_world import INSTALLATION, KEYS, Caller, a_key, at_hand, one, refusal
from tests.site.world import SiteUnderTest


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An administrator who has just signed in."""
    return await at_hand(site)


async def test_a_key_is_told_once_and_works_until_it_is_over(site: SiteUnderTest, ours: Caller) -> None:
    """Its text opens what its permission says until its lifetime has passed."""
    answer = await ours("POST", KEYS, json={"name": "job", "permission": "ADMIN", "lifetimeSeconds": 60})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    made = answer.json()
    text, owner = made.pop("apiKey"), made.pop("owner")
    assert len(owner) == 16
    made["owner"] = owner
    assert made == {
        "owner": owner, "ownerName": "maker", "adoptedAt": None, "effectivePermission": "ADMIN",
        "id": made["id"], "name": "job", "permission": "ADMIN", "createdAt": "2027-01-15T08:00:00Z",
        "expiresAt": "2027-01-15T08:01:00Z", "state": "active", "lastUsedAt": None,
    }  # fmt: skip
    assert made in await ours.get(KEYS)
    assert text not in str(await ours.get(KEYS))
    job = Caller(site, text)
    assert (await job("GET", INSTALLATION)).status_code == 200
    site.env.advance(60_000)
    assert (await job("GET", INSTALLATION)).status_code == 401
    over = {"state": "expired", "lastUsedAt": "2027-01-15T08:00:00Z", "effectivePermission": None}
    assert {**made, **over} in await ours.get(KEYS)


async def test_a_key_is_for_reading_unless_said(ours: Caller) -> None:
    """READ, and for 90 days; a year at most, and never without end."""
    made = await ours.post(KEYS, name="introspection")
    assert (made["permission"], made["expiresAt"]) == ("READ", "2027-04-15T08:00:00Z")
    year = await ours.post(KEYS, name="for a year", lifetimeSeconds=365 * 86400)
    assert year["expiresAt"] == "2028-01-15T08:00:00Z"
    for longer in (None, 365 * 86400 + 1):
        answer = await ours("POST", KEYS, json={"name": "longer", "lifetimeSeconds": longer})
        assert (answer.status_code, "lifetimeSeconds" in answer.text) == (400, True)


async def test_a_revoked_key_opens_nothing_more(site: SiteUnderTest, ours: Caller) -> None:
    """From the next request on; revoking twice is told as a conflict. A key may revoke itself."""
    made = await ours.post(KEYS, name="job", permission="ADMIN")
    job = Caller(site, made["apiKey"])
    assert (await job("DELETE", f"{KEYS}/{made['id']}")).json()["state"] == "revoked"
    assert (await job("GET", INSTALLATION)).status_code == 401
    assert refusal(await ours("DELETE", f"{KEYS}/{made['id']}"))[0] == 409
    assert refusal(await ours("DELETE", f"{KEYS}/job"))[0] == 404
    assert sorted(key["state"] for key in await ours.get(KEYS)) == ["revoked"]


async def test_a_name_means_one_key(ours: Caller) -> None:
    """The audit names keys by it: free again once the key is revoked."""
    made = await ours.post(KEYS, name="job")
    taken = await ours("POST", KEYS, json={"name": " job "})
    assert (refusal(taken)[0], taken.json()["code"]) == (409, "taken")
    await ours("DELETE", f"{KEYS}/{made['id']}")
    await ours.post(KEYS, name="job")


async def test_no_key_reaches_above_its_maker(site: SiteUnderTest, ours: Caller) -> None:
    """An administrator neither makes nor revokes the key of a system administrator."""
    root = await a_key(site, Permission.SYSTEM_ADMIN, "high")
    (high,) = before = await ours.get(KEYS)
    assert refusal(await ours("POST", KEYS, json={"name": "mine", "permission": "SYSTEM_ADMIN"}))[0] == 403
    assert refusal(await ours("DELETE", f"{KEYS}/{high['id']}"))[0] == 403
    assert await ours.get(KEYS) == before
    assert (await root("DELETE", f"{KEYS}/{high['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"permission": "ALL"}, "permission"),
        ({"lifetimeSeconds": 0}, "lifetimeSeconds"),
        ({"lifetimeSeconds": 10**12}, "lifetimeSeconds"),
        ({"lifetimeSeconds": "1"}, "lifetimeSeconds"),
        ({"digest": "x"}, "digest"),
    ],
)
async def test_a_bad_member_is_named(ours: Caller, members: dict[str, Any], word: str) -> None:
    """400, and no key is made."""
    before = await ours.get(KEYS)
    status, said = refusal(await ours("POST", KEYS, json={"name": "job", **members}))
    assert (status, word in said) == (400, True)
    assert await ours.get(KEYS) == before


async def account_of(site: SiteUnderTest, name: str) -> Account:
    """The person of this name as they stand now."""
    found = await site.store.account_by_name(name)
    assert found is not None
    return found


async def test_a_bearer_token_or_a_key_makes_no_key(site: SiteUnderTest, ours: Caller) -> None:
    """Seen: an administrator's access token made a key without a recent sign-in. Neither it nor a key does any more,
    nor a session of long ago; and nothing is made.
    """
    link = (await site.make_link(permission=Permission.ADMIN)).link
    tokens = await site.issue_tokens(link, "maker", scope="ADMIN")
    before = await ours.get(KEYS)
    for caller in (Caller(site, str(tokens["access_token"])), await a_key(site, Permission.SYSTEM_ADMIN, "root")):
        for path in (KEYS, f"{KEYS}/{'0' * 16}/adopt"):
            answer = await caller("POST", path, json={"name": "successor"} if path == KEYS else {})
            assert (answer.status_code, "just signed in" in answer.text) == (403, True)
    site.env.advance(16 * 60_000)
    answer = await ours("POST", KEYS, json={"name": "successor"})
    assert (answer.status_code, "too old" in answer.text) == (403, True)
    assert [key["name"] for key in await ours.get(KEYS)] == [*(key["name"] for key in before), "root"]


async def test_a_key_does_not_outlive_its_maker_nor_lift_her_up_again(site: SiteUnderTest) -> None:
    """Seen: the key of a disabled administrator worked on and enabled her again. It is dead from the next request on,
    until a system administrator adopts it, and touches neither then.
    """
    ann = await at_hand(site, Permission.ADMIN, "ann")
    made = await ann.post(KEYS, name="job", permission="ADMIN")
    job = Caller(site, made["apiKey"])
    maker, root = await account_of(site, "ann"), await at_hand(site, Permission.SYSTEM_ADMIN, "root")
    for change in ({"permission": "READ"}, {"displayName": "x"}, {"state": "disabled"}):
        answer = await job("PATCH", one(maker), json=change)
        assert (answer.status_code, "changes nothing about who made it" in answer.text) == (403, True)
    assert (await job("POST", one(maker, "/recovery-link"), json={})).status_code == 403
    await root("PATCH", one(maker), json={"state": "disabled"})
    assert (await job("PATCH", one(maker), json={"state": "active"})).status_code == 401
    (listed,) = await root.get(KEYS)
    assert (listed["state"], listed["effectivePermission"]) == ("suspended", None)
    kept = await root.post(f"{KEYS}/{made['id']}/adopt")
    assert (kept["state"], kept["ownerName"]) == ("active", "root")
    assert (await job("GET", INSTALLATION)).status_code == 200
    assert (await job("PATCH", one(maker), json={"state": "active"})).status_code == 403
    assert refusal(await root("POST", f"{KEYS}/{made['id']}/adopt", json={}))[0] == 409


async def test_a_key_is_capped_to_its_makers_right_now(site: SiteUnderTest) -> None:
    """Demoted, its maker takes the key along on the next request, and raised again it is back."""
    ann = await at_hand(site, Permission.SYSTEM_ADMIN, "ann")
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    made = await ann.post(KEYS, name="job", permission="ADMIN")
    job, root = Caller(site, made["apiKey"]), await a_key(site, Permission.SYSTEM_ADMIN, "other")
    maker = await account_of(site, "ann")
    for right, status in (("READ", 403), ("WRITE", 403), ("ADMIN", 200), ("READ", 403)):
        assert (await root("PATCH", one(maker), json={"permission": right})).status_code == 200
        assert (await job("GET", INSTALLATION)).status_code == status, right


async def test_an_administrator_exports_nobody_above(site: SiteUnderTest) -> None:
    """Seen: ADMIN exported the data of a SYSTEM_ADMIN. To read about one person takes at least their right."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    above = await account_of(site, "root")
    ann = await at_hand(site, Permission.ADMIN, "ann")
    for caller in (ann, await a_key(site, Permission.ADMIN, "key")):
        for rest in ("", "/export", "/sessions", "/consents", "/passkeys", "/certificate-pins", "/sign-in-budget"):
            assert (await caller("GET", one(above, rest))).status_code == 403, rest
            assert (await caller("GET", one(await account_of(site, "ann"), rest))).status_code == 200, rest
