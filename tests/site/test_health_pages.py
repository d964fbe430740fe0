"""The console's health page: what is wrong, what could be safer, and the buttons that mend it; and the same by REST."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from genkan.protocol.env import DAY, MINUTE
from genkan.protocol.findings import Remedy
from genkan.protocol.links import set_standing
from genkan.protocol.outcomes import Change, Event, EventKind, StartSetup
from genkan.protocol.records import ConsentMode, Link, Standing
from genkan.site.api import checks, installation
from genkan.site.api.checks import audit_check, disk_check, ring_check
from genkan.site.api.documents import public_id
from genkan.site.keeper import Keeper
from genkan.store.api import NodeReport, Storage
from genkan.wire.scopes import Permission
from tests.browser.reading import read_page
from tests.site.api_world import INSTALLATION, Caller, a_key, a_phone_of
from tests.site.world import SiteUnderTest, TestClock, close_site, forms_of, open_site

HEALTH = "/admin/health"


@pytest.fixture
async def ours(site: SiteUnderTest) -> SiteUnderTest:
    """root administers, is signed in, and the server has reported."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.store.report(NodeReport("site", 1, site.env.now))
    await site.sign_in("root")
    return site


async def see(site: SiteUnderTest, **headers: str) -> str:
    """The words of the page."""
    answer = await site.client.get(f"{site.base}{HEALTH}", headers=headers)
    assert answer.status_code == 200, answer.text
    (main,) = read_page(answer.content).all("main")
    return " ".join(main.text.split())


async def press(site: SiteUnderTest, link: Link, remedy: Remedy) -> httpx2.Response:
    """The button of a finding, as the page has it."""
    page = await site.client.get(f"{site.base}{HEALTH}")
    wanted = {"link": public_id(link.id), "remedy": remedy.value}
    (form,) = [fields for _, fields in forms_of(page.text) if wanted.items() <= fields.items()]
    return await site.client.post(f"{site.base}{HEALTH}/remedy", data=form)


async def test_a_site_without_fault_is_said_to_be_well(ours: SiteUnderTest) -> None:
    """All checks good, every topic of RFC 9700 with its section, and what is not offered is said, too."""
    words = await see(ours)
    assert "All is well." in words
    assert "Something needs you" not in words
    assert "What could be safer" not in words
    assert "Not offered: tokens are not bound to the phone that got them" in words
    for told in ("4.10.1", "The base URL is https.", "SQLite", "sqlite 3.", "MB are free."):
        assert told.lower() in words.lower(), told


async def test_what_is_wrong_comes_first(ours: SiteUnderTest) -> None:
    """No administrator and lines without seal: said at the top, and before what is good."""
    ours.env.advance(30 * MINUTE)
    words = await see(ours)
    assert "Something needs you: see what is marked below." in words
    assert words.index("Seals of the audit Wrong") < words.index("Administrator Good")


async def test_times_in_sentences_are_the_readers(ours: SiteUnderTest) -> None:
    """Not RFC 3339 in UTC, as programs get it."""
    await ours.make_account("tokyo", Permission.ADMIN, time_zone="Asia/Tokyo")
    await ours.sign_in("tokyo")
    words = await see(ours)
    assert "Last heard of at Jan 15, 2027, 5:00" in words


@pytest.mark.parametrize(
    ("wish", "remedy", "changed"),
    [
        ({"plain_pkce": True, "pkce_required": True}, Remedy.REFUSE_PLAIN, {"plain_pkce": False}),
        ({}, Remedy.REQUIRE_PKCE, {"pkce_required": True}),
        ({"pkce_required": True, "consent": ConsentMode.REMEMBER}, Remedy.ASK_ALWAYS, {"consent": ConsentMode.ALWAYS}),
        ({"pkce_required": True, "permission": Permission.ADMIN}, Remedy.LOWER, {"permission": Permission.WRITE}),
    ],
)
async def test_a_finding_on_a_link_is_mended_by_its_button(
    ours: SiteUnderTest, wish: dict[str, Any], remedy: Remedy, changed: dict[str, Any]
) -> None:
    """One press; then it is no finding any more, and the audit says who did it."""
    link = (await ours.make_link("https://app.example/cb", **wish)).link
    assert "What could be safer" in await see(ours)
    done = await press(ours, link, remedy)
    assert done.headers["location"] == f"{ours.base}{HEALTH}?done=saved"
    stands = await ours.store.link(link.id)
    assert stands == replace(link, **changed, version=2)
    assert "What could be safer" not in await see(ours)
    event = (await ours.store.events(await ours.store.last_event() - 1))[0][1]
    root = await ours.store.account_by_name("root")
    assert root is not None
    assert (event.kind, event.actor) == (EventKind.LINK_CHANGED, root.actor)


async def test_an_unused_link_is_disabled_by_its_button(ours: SiteUnderTest) -> None:
    """Half a year after its last use; a link that somebody is still signed in through is none."""
    link = (await ours.make_link("https://app.example/cb", pkce_required=True)).link
    used = (await ours.make_link("https://used.example/cb", pkce_required=True)).link
    alice = await ours.make_account()
    await a_phone_of(ours, alice, used, refresh_expires_at=ours.env.now + 400 * DAY)
    ours.env.advance(200 * DAY)
    await ours.sign_in("root")
    words = await see(ours)
    assert words.count("Nobody has used Test app for 200 days.") == 2  # to mend, and topic by topic
    await press(ours, link, Remedy.DISABLE)
    stands = await ours.store.link(link.id)
    assert stands is not None
    assert stands.standing is Standing.DISABLED
    assert "Nobody has used" not in await see(ours)


async def test_beyond_many_links_their_use_is_not_asked(ours: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that shows health must not make a site ill."""
    monkeypatch.setattr(installation, "MOST_LINKS", 0)
    await ours.make_link("https://app.example/cb", pkce_required=True)
    ours.env.advance(200 * DAY)
    await ours.sign_in("root")
    assert "Nobody has used" not in await see(ours)


async def test_a_button_that_came_too_late_says_so(ours: SiteUnderTest) -> None:
    """Pressed twice it is done; a link that is gone, an unknown link and an unknown remedy are gone."""
    link = (await ours.make_link("https://app.example/cb")).link
    page = await ours.client.get(f"{ours.base}{HEALTH}")
    (form,) = [fields for action, fields in forms_of(page.text) if action.endswith("/remedy")]
    for _ in range(2):
        done = await ours.client.post(f"{ours.base}{HEALTH}/remedy", data=form)
        assert done.headers["location"].endswith("?done=saved")
    assert (await ours.store.link(link.id)).version == 2  # type: ignore[union-attr]
    for change in ({"link": "0" * 16}, {"link": "x"}, {"remedy": "burn"}, {"remedy": ""}):
        gone = await ours.client.post(f"{ours.base}{HEALTH}/remedy", data={**form, **change})
        assert gone.headers["location"].endswith("?done=gone")
    stands = await ours.store.link(link.id)
    assert stands is not None
    deleted = set_standing(stands, Standing.DELETED, "test", ours.env())
    assert isinstance(deleted, Change)
    assert await ours.store.apply(deleted)
    gone = await ours.client.post(f"{ours.base}{HEALTH}/remedy", data=form)
    assert gone.headers["location"].endswith("?done=gone")


async def test_a_remedy_that_the_link_does_not_allow_is_told(tmp_path: Path) -> None:
    """An address that may not be registered any more must be mended first: the page names it, and nothing changes."""
    lax = await open_site(tmp_path, TestClock(), insecure_redirects=True)
    link = (await lax.make_link("https://app.example/cb")).link
    with closing(sqlite3.connect(lax.settings.database_path)) as db:
        db.execute("UPDATE links SET redirects = replace(redirects, 'https://', 'http://')")
        db.commit()
    await close_site(lax)
    strict = await open_site(tmp_path, lax.env, lax.ring[0])
    await strict.make_account("root", Permission.ADMIN)
    await strict.sign_in("root")
    assert "http://app.example/cb" in await see(strict)
    told = await press(strict, link, Remedy.REQUIRE_PKCE)
    assert (told.status_code, "http://app.example/cb" in told.text) == (400, True)
    await close_site(strict)


async def test_the_button_needs_a_page_a_right_and_a_recent_sign_in(ours: SiteUnderTest) -> None:
    """Nothing is changed by a stale page, a stranger, who may not administer, another site, or a browser left alone."""
    link = (await ours.make_link("https://app.example/cb")).link
    form = {"link": public_id(link.id), "remedy": "require_pkce"}
    address = f"{ours.base}{HEALTH}/remedy"
    stale = await ours.client.post(address, data={**form, "page_token": ""})
    assert stale.headers["location"].endswith("?done=once-more")
    assert (await ours.browser().post(address, data=form)).status_code == 401
    forged = await ours.client.post(address, data=form, headers={"origin": "https://evil.example"})
    assert forged.status_code == 403
    page = await ours.client.get(f"{ours.base}{HEALTH}")
    (fields,) = [fields for action, fields in forms_of(page.text) if action.endswith("/remedy")]
    ours.env.advance(60 * MINUTE)
    asked = await ours.client.post(address, data=fields)
    assert (asked.status_code, "/confirm" in asked.text) == (401, True)
    await ours.make_account()
    await ours.sign_in("alice")
    assert (await ours.client.post(address, data=fields)).status_code == 403
    assert await ours.store.link(link.id) == link


async def test_nobody_else_sees_it(site: SiteUnderTest) -> None:
    """Strangers are led to sign-in; who may not administer is told so."""
    assert (await site.client.get(f"{site.base}{HEALTH}")).headers["location"].startswith(f"{site.base}/login?")
    await site.make_account()
    await site.sign_in("alice")
    assert (await site.client.get(f"{site.base}{HEALTH}")).status_code == 403


async def test_the_path_that_administrators_know_leads_there(context_site: SiteUnderTest) -> None:
    """/secure/admin/ViewSystemInfo.jspa, also below a context path."""
    answer = await context_site.client.get(f"{context_site.base}/secure/admin/ViewSystemInfo.jspa")
    assert answer.headers["location"] == f"{context_site.base}{HEALTH}"


async def test_the_document_tells_all_that_the_page_tells(ours: SiteUnderTest) -> None:
    """Findings with link, remedy and setting; refusals; the audit: what a button does, a program can do."""
    link = (await ours.make_link("https://app.example/cb")).link
    key = await a_key(ours, Permission.ADMIN)
    await ours.browser().get(f"{ours.base}{INSTALLATION}")
    await ours.store.flush()
    told = await key.get(INSTALLATION)
    weak = [finding for finding in told["findings"] if finding["grade"] == "weak"]
    assert [(f["id"], f["linkId"], f["remedy"], f["section"]) for f in weak] == [
        ("link_without_pkce", public_id(link.id), "require_pkce", "4.8")
    ]
    assert (told["grade"], told["healthy"]) == ("weak", True)
    assert told["refusalsLastHour"] == [{"reason": "bearer_missing", "count": 1}]
    assert "bearer_missing" in await see(ours)
    words = await see(ours)
    assert all(f"{checks.NAMES[check['id']]} Good" in words for check in told["checks"])
    ours.env.advance(61 * MINUTE)
    assert (await key.get(INSTALLATION))["refusalsLastHour"] == []


@pytest.fixture
async def behind_proxy(tmp_path: Path) -> AsyncIterator[SiteUnderTest]:
    """A site whose proxy is the test client itself."""
    secret = tmp_path / "proxy-secret"
    secret.write_text("proxy-secret-of-the-tests")
    site = await open_site(
        tmp_path / "data", TestClock(), trusted_proxies=("127.0.0.1",), proxy_secret_file=str(secret)
    )
    yield site
    await close_site(site)


async def seen(caller: Caller, **headers: str) -> dict[str, Any]:
    """What the document says of a request with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    caller.site.client.headers.update(named)
    told = (await caller.get(INSTALLATION))["request"]
    for name in named:
        del caller.site.client.headers[name]
    return dict(told)


SECRET = "proxy-secret-of-the-tests"


async def test_how_a_request_came_is_told(behind_proxy: SiteUnderTest) -> None:
    """Direct, through a known proxy, through one that leaves something out, and for a wrong address."""
    key = await a_key(behind_proxy, Permission.ADMIN)
    full = {"x_genkan_proxy": SECRET, "x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https"}
    told = await seen(key, **full)
    assert (told["way"], told["ok"], told["address"], told["trustedProxy"]) == ("proxy", True, "203.0.113.9", True)
    told = await seen(key, x_genkan_proxy=SECRET)
    assert (told["way"], told["missingHeaders"]) == ("proxy_silent", ["X-Forwarded-For", "X-Forwarded-Proto"])
    assert "X-Forwarded-For, X-Forwarded-Proto" in told["sentence"]
    told = await seen(key, **{**full, "x_forwarded_proto": "http"})
    assert (told["way"], told["sentence"]) == (
        "wrong_address", "This request came for http://site.example, which is not the site’s own address.",
    )  # fmt: skip


async def test_a_proxy_that_nobody_named_is_noticed(ours: SiteUnderTest) -> None:
    """Everybody would seem to be the proxy: the page says so, and which line names it."""
    key = await a_key(ours, Permission.ADMIN)
    told = await seen(key, x_forwarded_for="203.0.113.9")
    assert (told["way"], told["ok"], told["address"]) == ("strange_proxy", False, "127.0.0.1")
    assert told["setting"] == "GENKAN_TRUSTED_PROXIES=127.0.0.1"
    answer = await ours.client.get(f"{ours.base}{HEALTH}", headers={"x-forwarded-for": "203.0.113.9"})
    assert "Something needs you" in answer.text
    assert "GENKAN_TRUSTED_PROXIES=127.0.0.1" in answer.text


async def test_numbers_that_somebody_made_of_times_break_no_page(ours: SiteUnderTest) -> None:
    """Of a line of the audit and of a process."""
    events = (Event(EventKind.LINK_CHANGED, ours.env.now, "test"),)
    assert await ours.store.apply(Change((), events))
    with closing(sqlite3.connect(ours.settings.database_path)) as db:
        db.execute("UPDATE audit SET at = -9223372036854775807")
        db.commit()
    await asyncio.sleep(0)
    assert "-9223372036854775807" in await see(ours)


def test_a_full_disk_an_old_key_and_a_late_seal_are_said(site: SiteUnderTest) -> None:
    """From the least that must be free; an old key is no fault, only advice; a seal may be ten minutes late."""
    storage = Storage("sqlite", "3", 1, 0, 0, 1, 1, checks.LEAST_FREE)
    assert [disk_check(s).ok for s in (storage, replace(storage, free=checks.LEAST_FREE - 1))] == [True, False]  # type: ignore[union-attr]
    assert disk_check(replace(storage, free=None)) is None
    ring, now = site.ring[0], site.env.now
    assert ring_check(ring, 1, now + 365 * DAY).ok
    assert "rotate it" in ring_check(ring, 1, now + 365 * DAY).sentence
    assert "rotate it" not in ring_check(ring, 1, now + 365 * DAY - 1).sentence
    assert not ring_check(ring, 2, now).ok
    assert [audit_check(since, now).ok for since in (None, now - 10 * MINUTE + 1, now - 10 * MINUTE)] == [
        True, True, False,
    ]  # fmt: skip


async def test_the_server_keeps_it_well(ours: SiteUnderTest) -> None:
    """A site whose upkeep runs has nothing to wait for, however long it stands."""
    keeper = Keeper(ours.door, "site", lambda: ours.env.now)
    ours.env.advance(DAY)
    await keeper.seal()
    await keeper.compare_clocks()
    await asyncio.sleep(0)
    await ours.sign_in("root")
    words = await see(ours)
    assert "All is well." in words
    assert "Sealed up to segment 1" in words


async def test_a_set_up_that_waits_is_said(site: SiteUnderTest) -> None:
    """Until there is an administrator the document says what to do; the page can be seen by none."""
    assert await site.store.apply(Change((StartSetup(b"x" * 32),)))
    key = await a_key(site, Permission.ADMIN)
    told = await key.get(INSTALLATION)
    assert told["healthy"] is False
    assert "genkan user add NAME" in next(c["sentence"] for c in told["checks"] if c["id"] == "administrator")
