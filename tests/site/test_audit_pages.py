"""The console's audit log: sentences with the names of today, filters as people type them, files, and the check."""

import asyncio
import csv
import io
import sqlite3
from contextlib import closing

import httpx2
import pytest

from genkan.protocol.accounts import set_standing
from genkan.protocol.audit import AuditKeys
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import Change, Event, EventKind, MoveRing
from genkan.protocol.records import Standing
from genkan.site.admin import audit_pages
from genkan.site.api import chain_documents
from genkan.site.api.documents import public_id
from genkan.site.app import route_table
from genkan.store import sqlite_audit
from genkan.store.audit_rounds import NODE, seal_all
from genkan.wire.scopes import Permission
from tests.browser.reading import read_page
from tests.site.api_world import a_phone_of
from tests.site.world import SiteUnderTest

AUDIT = "/admin/audit"


@pytest.fixture
async def ours(site: SiteUnderTest) -> SiteUnderTest:
    """root administers and is signed in."""
    await site.make_account("root", Permission.ADMIN, display_name="Root")
    await site.sign_in("root")
    return site


async def see(site: SiteUnderTest, path: str = AUDIT, **query: str) -> str:
    """The words of a page."""
    answer = await site.client.get(f"{site.base}{path}", params=query)
    assert answer.status_code in (200, 400), answer.text
    assert (answer.status_code == 400) == ("Nothing was looked for." in answer.text)
    (main,) = read_page(answer.content).all("main")
    return " ".join(main.text.split()).replace(" .", ".")


async def tell(
    site: SiteUnderTest, *details: str, kind: EventKind = EventKind.LINK_CHANGED, actor: str = "test"
) -> None:
    events = tuple(Event(kind, site.env.now, actor, detail=detail) for detail in details)
    assert await site.store.apply(Change((), events))


async def seal(site: SiteUnderTest) -> None:
    keys = AuditKeys(site.ring[0], (await site.store.site()).site_id)
    await seal_all(site.store, keys, NODE, site.env.now)
    await asyncio.sleep(0)


async def test_what_happened_is_told_in_sentences(ours: SiteUnderTest) -> None:
    """Who, what, to whom, from where and why, with the names that people and links have now."""
    alice = await ours.make_account(display_name="Alice")
    link = (await ours.make_link()).link
    await a_phone_of(ours, alice, link)
    disabled = set_standing(alice, Standing.DISABLED, "command:pat", ours.env())
    assert isinstance(disabled, Change)
    assert await ours.store.apply(disabled)
    words = await see(ours)
    assert "The account of alice was disabled." in words
    assert "pat at the command line" in words
    assert "alice signed in through Test app." in words
    assert "root signed in in a browser. password" in words
    assert public_id(alice.id) not in words
    assert "127.0.0.1" in words


async def test_every_kind_of_event_and_actor_is_shown(ours: SiteUnderTest) -> None:
    """None breaks the page, nor does one that nobody of ours has written, a time that is none, or bytes."""
    for kind in EventKind:
        await tell(ours, "x", kind=kind)
    for actor in ("bearer", "api-key:MDM job", "link:nobody", f"account:{'0' * 16}", "", "account:?"):
        await tell(ours, "y", actor=actor)
    await asyncio.sleep(0)
    with closing(sqlite3.connect(ours.settings.database_path)) as db:
        db.executescript("""UPDATE texts SET text = CAST(x'80' AS TEXT) WHERE text = 'link.changed';
                            UPDATE audit SET at = 9223372036854775807 WHERE id = 5;
                            UPDATE audit SET at = -62135596800000 WHERE id = 6;
                            UPDATE audit SET detail = CAST(x'ff41' AS TEXT) WHERE id = 7;""")  # fmt: skip
    words = await see(ours, order="oldest")
    assert "An event that this version does not know." in words
    assert "9223372036854775807" in words
    assert "API key MDM job" in await see(ours)
    assert "Somebody with a token" in await see(ours)


async def test_times_are_in_the_readers_zone_both_ways(ours: SiteUnderTest) -> None:
    """What is shown as nine in Tokyo is found when nine in Tokyo is asked for."""
    tokyo = await ours.make_account("tokyo", Permission.ADMIN, time_zone="Asia/Tokyo")
    assert tokyo.time_zone == "Asia/Tokyo"
    await ours.sign_in("tokyo")
    await tell(ours, "in the evening")
    ours.env.advance(HOUR)
    await tell(ours, "later")
    found = await see(ours, since="2027-01-15 17:00", until="2027-01-15T17:30")
    assert "in the evening" in found
    assert "later" not in found
    assert "5:00:00" in found


async def test_filters_narrow_what_is_shown_and_stay(ours: SiteUnderTest) -> None:
    """By kind, group, person, link, actor and text; the form keeps what was chosen."""
    alice = await ours.make_account()
    link = (await ours.make_link()).link
    await a_phone_of(ours, alice, link)
    await tell(ours, "needle", kind=EventKind.MOBILE_ON, actor=(await ours.store.account_by_name("root")).actor)  # type: ignore[union-attr]
    mobile, signed_in = "The mobile app was turned on.", "alice signed in through Test app."
    for query in ({"kind": "mobile"}, {"kind": "mobile.on"}, {"text": "NEEDLE"}, {"actor": "Root"}):
        words = await see(ours, **query)
        assert (mobile in words, signed_in in words) == (True, False), query
    for query in ({"person": "ALICE"}, {"person": public_id(alice.id)}, {"link": public_id(link.id)}):
        words = await see(ours, **query)
        assert (mobile in words, signed_in in words) == (False, True), query
    page = await ours.client.get(f"{ours.base}{AUDIT}", params={"person": "alice", "kind": "grant"})
    fields = {e.attributes["name"]: e.attributes.get("value") for e in read_page(page.content).all("input")}
    assert fields["person"] == "alice"
    assert [e.attributes["value"] for e in read_page(page.content).having("selected")] == ["grant", ""]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"person": "nobody"}, "There is no account with this name."),
        ({"actor": "nobody"}, "Nobody of this name is known here."),
        ({"link": "0" * 16}, "There is no such application link any more."),
        ({"kind": "account.hugged"}, "There is no such kind of event."),
        ({"since": "yesterday"}, "Write a date and a time"),
        ({"until": "0001-01-01T00:00"}, "Nothing fits this filter."),
    ],
)
async def test_a_filter_that_names_nothing_says_so(ours: SiteUnderTest, query: dict[str, str], sentence: str) -> None:
    """Beside its field, and nothing is searched: no list that looks like an answer."""
    words = await see(ours, **query)
    assert sentence in words
    assert ("Nothing was looked for." in words) != sentence.startswith("Nothing")


async def test_pages_follow_one_another(ours: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line once, newest first or oldest first, with the filter kept from page to page."""
    monkeypatch.setattr(audit_pages, "LIMIT", 4)
    await tell(ours, *(f"<{number:02}>" for number in range(10)))
    for order in ("", "oldest"):
        address, seen = f"{AUDIT}?kind=link&order={order}", []
        while address:
            page = await ours.client.get(f"{ours.base}{address}")
            tree = read_page(page.content)
            seen += [e.text for e in tree.all("bdi") if e.text.startswith("<")]
            following = [a for a in tree.all("a") if a.text == "Next page"]
            address = following[0].attributes["href"] if following else ""
        assert seen == sorted(seen, reverse=not order)
        assert len(seen) == 10


async def test_a_page_that_looked_at_a_part_says_so(ours: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as which time, and where to go on; at the end it says nothing of that."""
    monkeypatch.setattr(sqlite_audit, "MOST_LOOKED", 3)
    monkeypatch.setattr(audit_pages, "MOST_READS", 4)
    await tell(ours, "needle")
    ours.env.advance(HOUR)
    await tell(ours, *"x" * 30)
    words = await see(ours, text="needle")
    assert "Nothing that fits so far." in words
    assert "This page has looked at a part of the audit, as far as" in words
    pages = 1
    answer = await ours.client.get(f"{ours.base}{AUDIT}", params={"text": "needle"})
    while "needle" not in [e.text for e in read_page(answer.content).all("bdi")]:
        (following,) = [a for a in read_page(answer.content).all("a") if a.text == "Next page"]
        answer = await ours.client.get(ours.absolute(following.attributes["href"]))
        pages += 1
    assert pages == 3
    assert "looked at a part" not in answer.text


async def test_nothing_that_happened_is_not_a_broken_page(ours: SiteUnderTest) -> None:
    """An empty audit and an empty filter say different things."""
    assert "Nothing fits this filter." in await see(ours, kind="store")
    with closing(sqlite3.connect(ours.settings.database_path)) as db:
        db.executescript("DELETE FROM audit")
    await asyncio.sleep(0)
    assert "Nothing has happened yet." in await see(ours)


async def test_what_the_filter_finds_is_kept_as_a_file(ours: SiteUnderTest) -> None:
    """CSV and JSON lines with every line that fits, oldest first; a filter that names nothing leads back."""
    await tell(ours, "=1+1", "b", kind=EventKind.MOBILE_ON)
    page = await ours.client.get(f"{ours.base}{AUDIT}", params={"kind": "mobile", "order": ""})
    links = {a.text: a.attributes["href"] for a in read_page(page.content).all("a")}
    table = await ours.client.get(ours.absolute(links["CSV, for spreadsheets"]))
    assert table.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert [row["detail"] for row in csv.DictReader(io.StringIO(table.text, newline=""))] == ["'=1+1", "b"]
    lines = await ours.client.get(ours.absolute(links["JSON lines, for programs"]))
    assert lines.text.count("\n") == 2
    for query in ({"person": "nobody", "format": "csv"}, {"format": "exe"}, {}):
        back = await ours.client.get(f"{ours.base}{AUDIT}/export", params=query)
        assert back.headers["location"].startswith(f"{ours.base}{AUDIT}")


async def test_counted_refusals_are_told_in_words(ours: SiteUnderTest) -> None:
    """What was said, from which network, how often."""
    assert "Nobody was refused in the last 90 days." in await see(ours, f"{AUDIT}/refusals")
    for _ in range(3):
        await ours.browser().get(f"{ours.base}/rest/genkan/1.0/people")
    await ours.store.flush()
    words = await see(ours, f"{AUDIT}/refusals")
    assert "bearer_missing" in words
    assert "127.0.0.0/24" in words
    assert "How often" in words


async def test_the_seals_are_checked_on_the_page(ours: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing sealed, then good, then what somebody has changed; part by part, and a fault is carried to the end."""
    chain = f"{AUDIT}/chain"
    assert "Nothing is sealed yet" in await see(ours, chain, check="0")
    monkeypatch.setattr(chain_documents, "MOST_WALKED", 2)
    for number in range(3):
        await tell(ours, f"{number}")
        await seal(ours)
    await tell(ours, "waits")
    words = await see(ours, chain, check="0")
    assert "All is as it was sealed as far as segment 2. There is more to look at." in words
    words = await see(ours, chain, check="2")
    assert "All that was sealed is as it was, up to segment 3." in words
    assert "1 line waits for its seal." in words
    with closing(sqlite3.connect(ours.settings.database_path)) as db:
        db.executescript("UPDATE audit SET detail = '<b>' WHERE detail = '1'")
    await asyncio.sleep(0)
    page = await ours.client.get(f"{ours.base}{chain}", params={"check": "0"})
    assert "changed (segment 2)" in page.text
    assert 'name="wrong"' in page.text
    words = await see(ours, chain, check="2", wrong="1")
    assert "This last part is as it was sealed; an earlier part is not." in words


@pytest.mark.parametrize("check", ["", "-1", "x", "9" * 19])
async def test_a_place_that_is_none_is_not_checked(ours: SiteUnderTest, check: str) -> None:
    """The page stands without a result."""
    assert "What the check has found" not in await see(ours, f"{AUDIT}/chain", check=check)


async def test_an_old_ring_checks_nothing(ours: SiteUnderTest) -> None:
    """It would call every seal forged."""
    assert await ours.store.apply(Change((MoveRing(2, b"f" * 16),)))
    assert (await ours.client.get(f"{ours.base}{AUDIT}/chain", params={"check": "0"})).status_code == 503


async def test_the_head_can_be_copied(ours: SiteUnderTest) -> None:
    """The page has the newest head in full."""
    await seal(ours)
    last = await ours.store.last_segment(NODE)
    assert last is not None
    page = await ours.client.get(f"{ours.base}{AUDIT}/chain")
    assert last.head.hex() in page.text


PATHS = [AUDIT, f"{AUDIT}/refusals", f"{AUDIT}/chain", f"{AUDIT}/export?format=csv"]


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_else_sees_it(site: SiteUnderTest, path: str) -> None:
    """Strangers are led to sign-in; who may not administer is told so."""
    answer = await site.client.get(f"{site.base}{path}")
    assert answer.headers["location"].startswith(f"{site.base}/login?")
    await site.make_account()
    await site.sign_in("alice")
    assert (await site.client.get(f"{site.base}{path}")).status_code == 403


async def test_the_path_that_administrators_know_leads_there(context_site: SiteUnderTest) -> None:
    """/auditing/view, also below a context path."""
    answer: httpx2.Response = await context_site.client.get(f"{context_site.base}/auditing/view")
    assert answer.headers["location"] == f"{context_site.base}{AUDIT}"


async def test_names_lead_only_to_pages_that_are_there(ours: SiteUnderTest) -> None:
    """No dead link: every address on the page is a route."""
    alice = await ours.make_account()
    await a_phone_of(ours, alice, (await ours.make_link()).link)
    page = await ours.client.get(f"{ours.base}{AUDIT}")
    patterns = [rule.path.split("{")[0] for rule in route_table(ours.base)]
    for link in read_page(page.content).all("a"):
        path = link.attributes["href"].split("?")[0].split("#")[0]
        assert not path or any(path == known or ("{" not in known and path.startswith(known)) for known in patterns)
