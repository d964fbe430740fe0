"""Phones by REST beyond the list: one in full with its time line, order, and signing many out."""

from typing import Any

import pytest

from genkan.protocol.env import DAY, HOUR, MINUTE
from genkan.protocol.records import Grant, Link, LinkKind
from genkan.site.api.documents import public_id
from genkan.wire.scopes import Permission
from tests.site.api_world import PHONES, Caller, a_key, a_phone_of, refusal
from tests.site.world import SiteUnderTest
from tests.store.builders import rotated

SIGN_OUT = f"{PHONES}/sign-out"


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that administers."""
    return await a_key(site, Permission.ADMIN)


async def line(ours: Caller, grant: Grant) -> list[tuple[str, str | None]]:
    shown = await ours.get(f"{PHONES}/{grant.id.hex()}")
    return [(entry["what"], entry["at"]) for entry in shown["timeLine"]]


async def test_a_phone_is_shown_in_full(site: SiteUnderTest, ours: Caller) -> None:
    """What the list says of it, its traces, and its life so far."""
    alice, link = await site.make_account(), (await site.make_link()).link
    grant = await a_phone_of(site, alice, link)
    shown = await ours.get(f"{PHONES}/{grant.id.hex()}")
    [listed] = (await ours.get(PHONES))["phones"]
    assert {**shown, **listed} == shown
    assert (shown["address"], shown["network"], shown["userAgent"]) == (grant.address, grant.network, grant.user_agent)
    assert (shown["permission"], shown["refreshes"], shown["retries"]) == ("WRITE", 0, 0)
    assert shown["timeLine"] == [
        {"at": "2027-01-15T08:00:00Z", "what": "signed_in", "sentence": "Signed in to Test app with pwd."},
        {"at": "2027-04-15T08:00:00Z", "what": "expires", "sentence": "Signs itself out then unless it is used."},
    ]


async def test_a_time_line_tells_each_way_to_end(site: SiteUnderTest, ours: Caller) -> None:
    """Refreshed, then expired; ended with its reason; stopped, before and after its row is told."""
    alice, link = await site.make_account(), (await site.make_link()).link
    first, second = await a_phone_of(site, alice, link), await a_phone_of(site, alice, link)
    assert await site.store.apply(rotated(first, site.env.now + HOUR))
    site.env.advance(2 * HOUR)
    await ours("DELETE", f"{PHONES}/{second.id.hex()}")
    assert await line(ours, first) == [
        ("signed_in", "2027-01-15T08:00:00Z"), ("refreshed", "2027-01-15T09:00:00Z"),
        ("expires", (await ours.get(f"{PHONES}/{first.id.hex()}"))["expiresAt"]),
    ]  # fmt: skip
    assert await line(ours, second) == [("signed_in", "2027-01-15T08:00:00Z"), ("ended", "2027-01-15T10:00:00Z")]
    shown = await ours.get(f"{PHONES}/{second.id.hex()}")
    assert shown["timeLine"][-1]["sentence"] == shown["sentence"] == "An administrator signed this phone out."
    site.env.advance(200 * DAY)
    assert (await line(ours, first))[-1][0] == "expired"
    third = await a_phone_of(site, alice, link)
    await ours.post(SIGN_OUT, person="alice")
    assert (await line(ours, third))[-1] == ("ended", None)
    while await site.store.settle(100):
        continue
    assert (await line(ours, third))[-1] == ("ended", "2027-08-03T10:00:00Z")


@pytest.mark.parametrize("text", ["0" * 32, "x", "0" * 31, "sign-in"])
async def test_a_phone_that_nobody_has_is_not_found(ours: Caller, text: str) -> None:
    """404, for showing as for signing out."""
    for method in ("GET", "DELETE"):
        assert refusal(await ours(method, f"{PHONES}/{text}"))[0] == 404


async def crowd(site: SiteUnderTest) -> tuple[list[Grant], list[Link]]:
    """Two people with two phones each, one through each of two links."""
    links = [(await site.make_link()).link for _ in range(2)]
    grants = []
    for name in ("alice", "bob"):
        person = await site.make_account(name)
        for link in links:
            site.env.advance(MINUTE)
            grants.append(await a_phone_of(site, person, link))
    return grants, links


async def live(ours: Caller) -> list[str]:
    return [phone["id"] for phone in (await ours.get(PHONES, live="true", order="oldest"))["phones"]]


async def test_phones_are_listed_oldest_first_in_pages(site: SiteUnderTest, ours: Caller) -> None:
    """The same list the other way round, by the same `next`."""
    grants, _ = await crowd(site)
    assert await live(ours) == [grant.id.hex() for grant in grants]
    page = await ours.get(PHONES, order="oldest", limit="3")
    rest = await ours.get(PHONES, order="oldest", limit="3", before=page["next"])
    assert [phone["id"] for phone in page["phones"] + rest["phones"]] == [grant.id.hex() for grant in grants]
    newest = await ours.get(PHONES, order="newest")
    assert newest == await ours.get(PHONES)
    assert refusal(await ours("GET", PHONES, params={"order": "name"}))[0] == 400
    assert refusal(await ours("GET", PHONES, params={"live": "maybe"}))[0] == 400


async def test_phones_are_listed_by_what_became_of_them(site: SiteUnderTest, ours: Caller) -> None:
    """By kind, state, reason and days not seen; a word that is none of these is refused."""
    grants, _ = await crowd(site)
    web = (await site.make_link("https://app.example/cb", kind=LinkKind.CONFIDENTIAL)).link
    site.env.advance(40 * DAY)
    person = await site.store.account(grants[0].account_id)
    assert person is not None
    program = await a_phone_of(site, person, web)
    await ours("DELETE", f"{PHONES}/{grants[0].id.hex()}")
    for query, wanted in (
        ({"kind": "confidential"}, [program]),
        ({"kind": "native", "state": "signed_in"}, grants[:0:-1]),
        ({"state": "signed_out"}, grants[:1]),
        ({"state": "expired"}, []),
        ({"reason": "signed_out_by_admin"}, grants[:1]),
        ({"reason": "replayed"}, []),
        ({"unseenDays": 30, "live": "true"}, grants[:0:-1]),
        ({"unseenDays": 60}, []),
    ):
        listed = (await ours.get(PHONES, **query))["phones"]
        assert [phone["id"] for phone in listed] == [grant.id.hex() for grant in wanted], query
    for wrong in ({"kind": "phone"}, {"state": "lost"}, {"reason": "x"}, {"unseenDays": 0}):
        assert refusal(await ours("GET", PHONES, params=wrong))[0] == 400


@pytest.mark.parametrize(("said", "left"), [
    ("ids", [1, 3]), ("person", [2, 3]), ("link", [1, 3]), ("client id", [1, 3]),
])  # fmt: skip
async def test_many_are_signed_out_at_once(site: SiteUnderTest, ours: Caller, said: str, left: list[int]) -> None:
    """By ids, by person, by link; the answer counts those that were live."""
    grants, links = await crowd(site)
    bodies: dict[str, dict[str, Any]] = {
        "ids": {"ids": [grants[0].id.hex(), grants[2].id.hex(), grants[0].id.hex()]},
        "person": {"person": " Alice"},
        "link": {"link": public_id(links[0].id)},
        "client id": {"link": links[0].client_id},
    }
    assert await ours.post(SIGN_OUT, **bodies[said]) == {"signedOut": 2, "complete": True}
    assert await live(ours) == [grants[n].id.hex() for n in left]
    assert (await ours.post(SIGN_OUT, **bodies[said]))["signedOut"] == 0
    ended = [event for _, event in await site.store.events() if event.kind == "grant.ended"]
    assert len(ended) == (2 if said == "ids" else 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"ids": []}, 400), ({"ids": ["0" * 32] * 101}, 400), ({"person": "alice", "link": "x"}, 400),
        ({"all": True}, 400), ({"ids": "x"}, 400), ({"person": "nobody"}, 404), ({"link": "none"}, 404),
        ({"ids": ["0" * 32]}, 404),
    ],
)  # fmt: skip
async def test_nothing_happens_where_the_words_do_not_fit(
    site: SiteUnderTest, ours: Caller, body: dict[str, Any], status: int
) -> None:
    """One of the three and nothing unknown, else nobody is signed out."""
    grants, _ = await crowd(site)
    if isinstance(body.get("ids"), list) and body["ids"]:
        body = {"ids": [grants[0].id.hex(), *body["ids"]]}
    assert refusal(await ours("POST", SIGN_OUT, json=body))[0] == status
    assert len(await live(ours)) == 4


@pytest.mark.parametrize("version", ["latest", "1.0"])
async def test_a_link_tells_what_deleting_it_would_end(site: SiteUnderTest, ours: Caller, version: str) -> None:
    """How many live on, and when one was last used."""
    grants, links = await crowd(site)
    path = f"/rest/oauth2/{version}/client/{links[0].client_id}/usage"
    assert await ours.get(path) == {"signedIn": 2, "complete": True, "lastUsedAt": None}
    assert await site.store.apply(rotated(grants[0], site.env.now + HOUR))
    await ours("DELETE", f"{PHONES}/{grants[2].id.hex()}")
    assert await ours.get(path) == {"signedIn": 1, "complete": True, "lastUsedAt": "2027-01-15T09:04:00Z"}
    assert refusal(await ours("GET", f"/rest/oauth2/{version}/client/none/usage"))[0] == 404
