"""The mobile switch and the phones by REST."""

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from genkan.protocol.clients import secret_digest
from genkan.protocol.outcomes import AddApiKey, Change, PutLink
from genkan.protocol.records import ApiKey, Site, Standing
from genkan.protocol.sealing import new_grant_id
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission
from tests.site.world import SiteUnderTest
from tests.store.builders import ended, redeemed

KEY = "an-api-key-of-the-test"
AS_ADMIN = {"authorization": f"Bearer {KEY}"}
SWITCH = "/rest/nativemobile/1.0/admin/oauth"
PHONES = "/rest/genkan/1/phones"


@pytest.fixture
async def ours(site: SiteUnderTest) -> SiteUnderTest:
    """The site with an API key that administers it."""
    key = ApiKey(7, "deploy", secret_digest(KEY), Permission.ADMIN, site.env.now, None, None)
    assert await site.store.apply(Change((AddApiKey(key),)))
    return site


async def switch(site: SiteUnderTest, **body: Any) -> dict[str, Any]:
    """Turn it, or only look."""
    method = "PUT" if body else "GET"
    answer = await site.client.request(method, f"{site.base}{SWITCH}", headers=AS_ADMIN, json=body or None)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def announced(site: SiteUnderTest) -> dict[str, Any]:
    answer = await site.client.get(f"{site.base}/rest/nativemobile/1.1/info/login")
    return dict(answer.json()["oauth"])


async def phones(site: SiteUnderTest, **query: Any) -> dict[str, Any]:
    answer = await site.client.get(f"{site.base}{PHONES}", headers=AS_ADMIN, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def sign_out(site: SiteUnderTest, phone: str) -> Any:
    return await site.client.delete(f"{site.base}{PHONES}/{phone}", headers=AS_ADMIN)


async def test_what_is_announced_is_of_the_sites_facts_and_not_of_their_number(
    ours: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failover the store reads anew, and another history may have the version that this one had."""
    await switch(ours, enabled=True)
    assert (await announced(ours))["enabled"] is True
    other = dataclasses.replace(await ours.store.site(), mobile_enabled=False)

    async def read_anew() -> Site:
        return other

    monkeypatch.setattr(ours.store, "site", read_anew)
    assert (await announced(ours))["enabled"] is False


async def test_the_switch_makes_the_apps_link_once(ours: SiteUnderTest) -> None:
    """On, off and on again: the same client id, told by the switch and by info/login."""
    assert await switch(ours) == {
        "enabled": False, "clientID": None, "redirectURI": None, "redirectURIs": [], "scope": None,
    }  # fmt: skip
    on = await switch(ours, enabled=True)
    assert on == {
        "enabled": True,
        "clientID": on["clientID"],
        "redirectURI": "jira-server://oauth-callback",
        "redirectURIs": [
            "jira-server://oauth-callback", "http://127.0.0.1/oauth-callback", "http://[::1]/oauth-callback",
        ],
        "scope": "WRITE",
    }  # fmt: skip
    assert (await announced(ours))["clientID"] == on["clientID"]
    assert await switch(ours, enabled=False) == {**on, "enabled": False}
    assert await announced(ours) == {"enabled": False}
    assert await switch(ours, enabled=True) == on
    assert await switch(ours) == on


async def test_saying_it_twice_changes_nothing_and_is_no_news(ours: SiteUnderTest) -> None:
    """The audit has one event for one turn."""
    for _ in range(2):
        await switch(ours, enabled=True)
    for _ in range(2):
        await switch(ours, enabled=False)
    kinds = [event.kind.value for _, event in await ours.store.events() if event.kind.value.startswith("mobile")]
    assert kinds == ["mobile.on", "mobile.off"]


async def test_off_keeps_phones_unless_told_to_sign_them_out(ours: SiteUnderTest) -> None:
    """The administrator chooses; with sign-out the link is disabled too, and on enables it again."""
    await ours.make_account()
    told = await switch(ours, enabled=True)
    link = await ours.store.link_by_client_id(told["clientID"])
    assert link is not None
    tokens = await ours.issue_tokens(link)
    await switch(ours, enabled=False)
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 200
    await switch(ours, enabled=False, signOut=True)
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    assert (await phones(ours))["phones"][0]["reason"] == "mobile_switched_off"
    assert (await switch(ours, enabled=True))["enabled"] is True
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    again = await ours.issue_tokens(link)
    assert (await ours.myself(str(again["access_token"]))).status_code == 200


@pytest.mark.parametrize("body", [{}, {"enabled": "true"}, {"enabled": True, "extra": 1}, {"signOut": True}])
async def test_a_body_that_is_not_understood_turns_nothing(ours: SiteUnderTest, body: dict[str, Any]) -> None:
    """400, and the switch is as it was."""
    answer = await ours.client.put(f"{ours.base}{SWITCH}", headers=AS_ADMIN, json=body)
    assert answer.status_code == 400
    assert (await switch(ours))["enabled"] is False


async def test_a_deleted_app_link_is_replaced_by_a_new_one(ours: SiteUnderTest) -> None:
    """The switch shows off once its link is deleted, and turning it on makes another."""
    first = await switch(ours, enabled=True)
    answer = await ours.client.delete(f"{ours.base}/rest/oauth2/latest/client/{first['clientID']}", headers=AS_ADMIN)
    assert answer.status_code == 200
    assert (await switch(ours))["enabled"] is False
    assert await announced(ours) == {"enabled": False}
    second = await switch(ours, enabled=True)
    assert second["clientID"] != first["clientID"]
    assert (await announced(ours))["clientID"] == second["clientID"]


async def test_a_phone_is_one_row_with_what_an_administrator_asks(ours: SiteUnderTest) -> None:
    """Who, through which link, since when, last seen when, how, on what, and in which state."""
    await ours.make_account()
    link = await ours.turn_mobile_on()
    tokens = await ours.issue_tokens(link)
    listed = await phones(ours)
    assert listed["next"] is None
    (phone,) = listed["phones"]
    assert len(phone.pop("id")) == 32
    assert len(phone.pop("linkId")) == 16
    assert phone.pop("device")
    assert phone == {
        "person": "alice", "link": "Mobile app", "signedInAt": "2027-01-15T08:00:00Z", "lastSeenAt": None,
        "method": "pwd", "state": "signed_in", "reason": "", "sentence": "", "application": False, "neverUsed": True,
        "possiblySamePhone": False,
    }  # fmt: skip
    ours.env.advance(60_000)
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 200
    await ours.store.flush()
    (phone,) = (await phones(ours))["phones"]
    assert (phone["neverUsed"], phone["lastSeenAt"]) == (False, "2027-01-15T08:01:00Z")


async def test_signing_a_phone_out_counts_from_its_next_request(ours: SiteUnderTest) -> None:
    """The answer says why and when asked again says the same; the audit has it once."""
    await ours.make_account()
    link = await ours.turn_mobile_on()
    tokens = await ours.issue_tokens(link)
    (phone,) = (await phones(ours))["phones"]
    for _ in range(2):
        told = (await sign_out(ours, phone["id"])).json()
        assert (told["state"], told["reason"]) == ("signed_out", "signed_out_by_admin")
        assert told["sentence"]
    assert (await ours.myself(str(tokens["access_token"]))).status_code == 401
    assert (await ours.refresh(str(tokens["refresh_token"]), link)).json()["error"] == "invalid_grant"
    ended = [event for _, event in await ours.store.events() if event.kind.value == "grant.ended"]
    assert [(event.actor, event.reason) for event in ended] == [("api-key:deploy", "signed_out_by_admin")]


async def test_a_silent_phone_expires(ours: SiteUnderTest) -> None:
    """After ninety days without a refresh it is listed as expired, and signing it out leaves it so."""
    await ours.make_account()
    await ours.issue_tokens(await ours.turn_mobile_on())
    ours.env.advance(90 * 86_400_000)
    (phone,) = (await phones(ours))["phones"]
    assert phone["state"] == "expired"
    assert (await sign_out(ours, phone["id"])).json()["state"] == "expired"


async def test_a_link_above_the_caller_is_not_enabled_by_the_switch(ours: SiteUnderTest) -> None:
    """Turning it off with sign-out disables the link, which is everybody's; on enables it, which is not."""
    link = await ours.turn_mobile_on()
    raised = dataclasses.replace(link, permission=Permission.SYSTEM_ADMIN, version=link.version + 1)
    assert await ours.store.apply(Change((PutLink(raised),)))
    off = await switch(ours, enabled=False, signOut=True)
    assert off["enabled"] is False
    refused = await ours.client.put(f"{ours.base}{SWITCH}", headers=AS_ADMIN, json={"enabled": True})
    assert refused.status_code == 403
    found = await ours.store.link(link.id)
    assert found is not None
    assert found.standing is Standing.DISABLED
    assert not (await announced(ours))["enabled"]


async def test_lists_are_narrowed_by_person_link_and_state(ours: SiteUnderTest) -> None:
    """And a person or link that nobody knows has no phones, instead of everybody's."""
    await ours.make_account()
    await ours.make_account("bob")
    app, other = await ours.turn_mobile_on(), await ours.make_link()
    await ours.issue_tokens(app)
    await ours.issue_tokens(other.link)
    ours.client.cookies.clear()
    await ours.issue_tokens(app, "bob")

    async def listed(**query: Any) -> list[tuple[str, str]]:
        return sorted((row["person"], row["link"]) for row in (await phones(ours, **query))["phones"])

    everything = [("alice", "Mobile app"), ("alice", "Test app"), ("bob", "Mobile app")]
    assert await listed() == everything
    assert await listed(person="ALICE") == everything[:2]
    assert await listed(link=app.client_id) == [everything[0], everything[2]]
    assert await listed(link=f"{other.link.id:016x}") == [everything[1]]
    assert await listed(person="nobody") == []
    assert await listed(link="nothing") == []
    (bobs,) = (await phones(ours, person="bob"))["phones"]
    await sign_out(ours, bobs["id"])
    assert await listed(live="true") == everything[:2]


async def test_pages_go_on_where_the_last_one_ended(ours: SiteUnderTest) -> None:
    """Newest first, each row once, and the last page says that it is the last."""
    await ours.make_account()
    link = await ours.make_link()
    for _ in range(5):
        ours.client.cookies.clear()
        await ours.issue_tokens(link.link)
        ours.env.advance(1000)
    everything = [row["id"] for row in (await phones(ours))["phones"]]
    assert len(everything) == 5
    assert everything == sorted(everything, reverse=True)
    seen, query = [], {"limit": 2}
    while True:
        page = await phones(ours, **query)
        seen += [row["id"] for row in page["phones"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert seen == everything


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=-1", "limit=x", "limit=²", "before=zz", "before=" + "0" * 31, "persn=alice",
     "person=a&person=b", "person=%ff"],
)  # fmt: skip
async def test_a_query_that_is_not_understood_lists_nothing(ours: SiteUnderTest, query: str) -> None:
    """400: a misspelt filter must not list, or sign out, everybody."""
    answer = await ours.client.get(f"{ours.base}{PHONES}?{query}", headers=AS_ADMIN)
    assert answer.status_code == 400


@pytest.mark.parametrize("phone", ["x", "0" * 32, "0" * 31 + "G", "%20"])
async def test_an_unknown_phone_is_not_found(ours: SiteUnderTest, phone: str) -> None:
    """404 and nothing else."""
    assert (await sign_out(ours, phone)).status_code == 404


async def test_pages_and_lists_say_what_may_be_one_phone(ours: SiteUnderTest) -> None:
    """Two sign-ins without a device mark: both stay, both are told of, and a page of one row says so too."""
    await ours.make_account()
    link = await ours.turn_mobile_on()
    await ours.issue_tokens(link)
    row = (await ours.store.phones(PhoneQuery()))[0].grant
    for _ in range(2):
        twin = replace(row, id=new_grant_id(ours.env()), device=None, user_agent="JIRA/500 CFNetwork/1494")
        assert await ours.store.apply(redeemed(twin))
    listed = (await phones(ours))["phones"]
    assert [row["possiblySamePhone"] for row in listed] == [True, True, False]
    assert (await phones(ours, limit=1))["phones"] == listed[:1]
    words = "Possibly the same phone as another entry."
    page = await ours.client.get(f"{ours.base}/account/apps")
    assert page.text.count(words) == 2
    await sign_out(ours, listed[0]["id"])
    assert not any(row["possiblySamePhone"] for row in (await phones(ours))["phones"])
    page = await ours.client.get(f"{ours.base}/account/apps")
    assert words not in page.text


async def test_no_sign_in_that_stands_is_missing_from_the_page_of_its_person(ours: SiteUnderTest) -> None:
    """However many came and went since, what can still act for a person can be signed out by that person."""
    link = await ours.turn_mobile_on()
    await ours.make_account()
    await ours.issue_tokens(link)
    row = (await ours.store.phones(PhoneQuery()))[0].grant
    for _ in range(PhoneQuery().limit + 1):
        ours.env.advance(1000)
        later = replace(row, id=new_grant_id(ours.env()), device=None)
        assert await ours.store.apply(redeemed(later))
        assert await ours.store.apply(ended(later, at=ours.env.now))
    page = await ours.client.get(f"{ours.base}/account/apps")
    assert f"/account/apps/{row.id.hex()}/sign-out" in page.text
