"""API keys by REST: made, listed, revoked, and never above the caller."""

from typing import Any

import pytest

from genkan.wire.scopes import Permission
from tests.site.api_world import INSTALLATION, KEYS, Caller, a_key, refusal
from tests.site.world import SiteUnderTest


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that administers."""
    return await a_key(site, Permission.ADMIN)


async def test_a_key_is_told_once_and_works_until_it_is_over(site: SiteUnderTest, ours: Caller) -> None:
    """Its text opens what its permission says until its lifetime has passed."""
    answer = await ours("POST", KEYS, json={"name": "job", "permission": "ADMIN", "lifetimeSeconds": 60})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    made = answer.json()
    text = made.pop("apiKey")
    assert made == {
        "id": made["id"], "name": "job", "permission": "ADMIN", "createdAt": "2027-01-15T08:00:00Z",
        "expiresAt": "2027-01-15T08:01:00Z", "state": "active", "lastUsedAt": None,
    }  # fmt: skip
    assert made in await ours.get(KEYS)
    assert text not in str(await ours.get(KEYS))
    job = Caller(site, text)
    assert (await job("GET", INSTALLATION)).status_code == 200
    site.env.advance(60_000)
    assert (await job("GET", INSTALLATION)).status_code == 401
    assert {**made, "state": "expired", "lastUsedAt": "2027-01-15T08:00:00Z"} in await ours.get(KEYS)


async def test_a_key_is_for_reading_unless_said(ours: Caller) -> None:
    """READ, and for 90 days; without end only where that is said."""
    made = await ours.post(KEYS, name="introspection")
    assert (made["permission"], made["expiresAt"]) == ("READ", "2027-04-15T08:00:00Z")
    assert (await ours.post(KEYS, name="for ever", lifetimeSeconds=None))["expiresAt"] is None


async def test_a_revoked_key_opens_nothing_more(site: SiteUnderTest, ours: Caller) -> None:
    """From the next request on; revoking twice is told as a conflict. A key may revoke itself."""
    made = await ours.post(KEYS, name="job", permission="ADMIN")
    job = Caller(site, made["apiKey"])
    assert (await job("DELETE", f"{KEYS}/{made['id']}")).json()["state"] == "revoked"
    assert (await job("GET", INSTALLATION)).status_code == 401
    assert refusal(await ours("DELETE", f"{KEYS}/{made['id']}"))[0] == 409
    assert refusal(await ours("DELETE", f"{KEYS}/job"))[0] == 404
    assert sorted(key["state"] for key in await ours.get(KEYS)) == ["active", "revoked"]


async def test_a_name_means_one_key(ours: Caller) -> None:
    """The audit names keys by it: free again once the key is revoked."""
    made = await ours.post(KEYS, name="job")
    assert refusal(await ours("POST", KEYS, json={"name": " job "}))[0] == 409
    await ours("DELETE", f"{KEYS}/{made['id']}")
    await ours.post(KEYS, name="job")


async def test_no_key_reaches_above_its_maker(site: SiteUnderTest, ours: Caller) -> None:
    """An administrator neither makes nor revokes the key of a system administrator."""
    root = await a_key(site, Permission.SYSTEM_ADMIN)
    high = await root.post(KEYS, name="high", permission="SYSTEM_ADMIN")
    before = await ours.get(KEYS)
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
