"""The audit by REST: in order, in pages, filtered, with the names of today; and the state of the installation."""

import platform
import sqlite3
from dataclasses import replace

import pytest

from genkan import __version__
from genkan.protocol.outcomes import Change, MoveRing
from genkan.protocol.ring import new_ring
from genkan.site.api.documents import public_id
from genkan.store import sqlite_audit
from genkan.store.api import NodeReport
from genkan.wire.scopes import Permission
from tests.site.api_world import AUDIT, INSTALLATION, PEOPLE, Caller, a_key, a_phone_of, one, refusal
from tests.site.stops import account_disabled
from tests.site.world import SiteUnderTest

CHECKS = ("ring", "administrator", "writes", "healing", "stops", "clock", "server", "disk", "audit", "keys")


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that administers."""
    return await a_key(site, Permission.ADMIN)


async def test_a_line_tells_who_did_what_to_whom(site: SiteUnderTest, ours: Caller) -> None:
    """Ids that stay, and beside them the names of now."""
    root = await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    made = await site.client.post(f"{site.base}{PEOPLE}", json={"name": "alice"})
    last = (await ours.get(AUDIT))["events"][-1]
    assert last == {
        "id": last["id"], "at": "2027-01-15T08:00:00Z", "kind": "account.added",
        "actor": f"account:{public_id(root.id)}", "actorName": "root",
        "account": "alice", "accountId": made.json()["id"], "link": None, "linkId": None,
        "phone": None, "address": "127.0.0.1", "reason": None, "detail": None,
    }  # fmt: skip


async def test_lines_are_filtered(site: SiteUnderTest, ours: Caller) -> None:
    """By kind, person, link and actor, alone and together."""
    alice, bob = await site.make_account(), await site.make_account("bob")
    link = (await site.make_link()).link
    grant = await a_phone_of(site, alice, link)
    await a_phone_of(site, bob, link)
    await ours("DELETE", f"/rest/genkan/1.0/phones/{grant.id.hex()}")

    async def kinds(**query: str) -> list[str]:
        return [line["kind"] for line in (await ours.get(AUDIT, **query))["events"]]

    mine = {"accountId": public_id(alice.id)}
    assert await kinds(**mine) == ["account.added", "grant.signed_in", "grant.ended"]
    assert await kinds(kind="grant.signed_in") == ["grant.signed_in"] * 2
    assert await kinds(kind="grant.signed_in", **mine) == ["grant.signed_in"]
    assert await kinds(link=link.client_id) == ["link.created", *["grant.signed_in"] * 2, "grant.ended"]
    assert await kinds(link=public_id(link.id), **mine) == ["grant.signed_in", "grant.ended"]
    assert await kinds(actor="api-key:admin") == ["grant.ended"]
    assert await kinds(accountId="0" * 16) == []


@pytest.mark.parametrize("looked", [6, 5_000])
async def test_lines_come_in_pages(
    site: SiteUnderTest, ours: Caller, monkeypatch: pytest.MonkeyPatch, looked: int
) -> None:
    """Each once, however few a request looks at; `next` is null behind the last."""
    monkeypatch.setattr(sqlite_audit, "MOST_LOOKED", looked)
    people = [await site.make_account(f"person {n}") for n in range(10)]
    for query in ({}, {"kind": "account.added"}, {"accountId": public_id(people[-1].id)}):
        found: list[str] = []
        after: int | None = 0
        pages = 0
        while after is not None:
            page = await ours.get(AUDIT, after=after, limit=4, **query)
            assert len(page["events"]) <= 4
            found += [line["accountId"] for line in page["events"]]
            after, pages = page["next"], pages + 1
        wanted = [public_id(person.id) for person in people]
        assert found == (wanted[-1:] if "accountId" in query else wanted)
        assert pages > 1 or "accountId" in query


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"after": "x"}, {"after": "-1"}, {"after": "9" * 19}, {"kind": "account.hugged"}, {"before": "1"},
     {"accountId": "alice"}, {"link": "none"}],
)  # fmt: skip
async def test_a_query_that_means_nothing_is_refused(ours: Caller, query: dict[str, str]) -> None:
    """400, naming the parameter."""
    status, said = refusal(await ours("GET", AUDIT, params=query))
    assert (status, next(iter(query)) in said) == (400, True)


async def test_the_installation_tells_its_state(site: SiteUnderTest, ours: Caller) -> None:
    """What runs here, on what, and that nothing is wrong."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.store.report(NodeReport("site", 1, site.env.now))
    told = await ours.get(INSTALLATION)
    key = f"{site.ring[0].active.id:04x}"
    storage = {name: told["storage"][name] for name in ("schema", "sizeBytes", "logBytes", "freeBytes")}
    assert all(number > 0 for number in storage.values())
    findings = {finding["id"]: finding["grade"] for finding in told.pop("findings")}
    assert {"https": "good", "no_sender_constraint": "absent"}.items() <= findings.items()
    checks = {check["id"]: check["ok"] for check in told.pop("checks")}
    assert told == {
        "healthy": True, "version": __version__, "baseURL": site.base, "now": "2027-01-15T08:00:00Z",
        "clockBehindSeconds": 0, "mobileEnabled": False,
        "grade": "good", "pythonVersion": platform.python_version(), "refusalsLastHour": [],
        "storage": {"engine": "sqlite", "version": sqlite3.sqlite_version, "unsettledStops": 0, **storage},
        "ring": {"version": 1, "storeVersion": 1, "sealingKey": key, "keys": [
            {"id": key, "state": "active", "createdAt": "2027-01-15T08:00:00Z"}]},
        "audit": {"newest": None, "unsealedSince": "2027-01-15T08:00:00Z", "keptDays": 365},
        "request": {"ok": True, "way": "direct", "scheme": "https", "host": "site.example", "address": "127.0.0.1",
                    "trustedProxy": False, "missingHeaders": [], "advice": None, "setting": None,
                    "sentence": "This request came straight from 127.0.0.1, without a proxy."},
        "nodes": [{"name": "site", "running": True, "ringVersion": 1, "lastSeenAt": "2027-01-15T08:00:00Z"}],
    }  # fmt: skip
    assert checks == dict.fromkeys(CHECKS, True)
    await site.turn_mobile_on()
    assert (await ours.get(INSTALLATION))["mobileEnabled"] is True


async def test_the_installation_says_what_is_wrong(site: SiteUnderTest, ours: Caller) -> None:
    """No administrator, a clock behind, a newer key ring, stops that wait: each by its own check."""
    await site.make_account()
    await account_disabled(site)
    await site.store.report(NodeReport("site", 1, site.env.now + 60_000))
    assert await site.store.apply(Change((MoveRing(2, replace(new_ring(site.env()), version=2).fingerprint),)))
    site.env.advance(3_600_001 * 2)
    told = await ours.get(INSTALLATION)
    assert told["healthy"] is False
    wrong = {check["id"] for check in told["checks"] if not check["ok"]}
    assert wrong == {"ring", "administrator", "stops", "audit"}
    assert (told["ring"]["storeVersion"], told["storage"]["unsettledStops"]) == (2, 1)
    assert told["nodes"][0]["running"] is False


async def test_a_name_is_shown_as_it_is_now(site: SiteUnderTest, ours: Caller) -> None:
    """The audit keeps no names: a deleted account's is looked up, too."""
    alice = await site.make_account()
    await ours("DELETE", one(alice))
    lines = (await ours.get(AUDIT, accountId=public_id(alice.id)))["events"]
    assert [(line["kind"], line["account"]) for line in lines] == [
        ("account.added", "alice"), ("account.deleted", "alice"),
    ]  # fmt: skip
