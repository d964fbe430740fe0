"""The rest of the audit by REST: moments and texts to filter by, files, counted refusals, and the chain."""

import asyncio
import csv
import io
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from genkan.protocol.audit import AuditKeys
from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import Change, Event, EventKind, MoveRing
from genkan.site.answer import Answer
from genkan.site.api import chain_documents
from genkan.site.app import build
from genkan.site.peer import Peers
from genkan.site.routes import Guard, Rule, Who
from genkan.store import sqlite_audit
from genkan.store.api import StoreUnavailable
from genkan.store.audit_rounds import NODE, seal_all
from genkan.wire.scopes import Permission
from tests.site.api_world import AUDIT, Caller, a_key, refusal
from tests.site.world import SiteUnderTest

EXPORT = "/rest/genkan/1.0/audit-export"
REFUSALS = "/rest/genkan/1.0/audit-refusals"
CHAIN = "/rest/genkan/1.0/audit-chain"
VERIFICATION = "/rest/genkan/1.0/audit-verification"


@pytest.fixture
async def ours(site: SiteUnderTest) -> Caller:
    """An API key that administers."""
    return await a_key(site, Permission.ADMIN)


async def tell(site: SiteUnderTest, *details: str, kind: EventKind = EventKind.LINK_CHANGED) -> None:
    """A line of the audit for each."""
    events = tuple(Event(kind, site.env.now, "test", detail=detail) for detail in details)
    assert await site.store.apply(Change((), events))


async def seal(site: SiteUnderTest) -> None:
    """Seal all that waits."""
    keys = AuditKeys(site.ring[0], (await site.store.site()).site_id)
    await seal_all(site.store, keys, NODE, site.env.now)
    await asyncio.sleep(0)


def tamper(site: SiteUnderTest, script: str) -> None:
    """Write to the file as somebody does who may."""
    with closing(sqlite3.connect(site.settings.database_path)) as db:
        db.executescript(script)


async def details(ours: Caller, **query: Any) -> list[str]:
    return [line["detail"] for line in (await ours.get(AUDIT, **query))["events"]]


async def test_lines_are_found_by_text_group_and_time(site: SiteUnderTest, ours: Caller) -> None:
    """Whatever the case of a text; from a moment on, and before another one."""
    await tell(site, "Early bird")
    site.env.advance(HOUR)
    await tell(site, "late", kind=EventKind.MOBILE_ON)
    await tell(site, "latest", kind=EventKind.MOBILE_OFF)
    assert await details(ours, text="BIRD") == ["Early bird"]
    assert await details(ours, kind="mobile") == ["late", "latest"]
    assert await details(ours, kind="mobile", newestFirst="true") == ["latest", "late"]
    assert await details(ours, since="2027-01-15T09:00:00Z", kind="mobile") == ["late", "latest"]
    assert await details(ours, since="2027-01-15T18:00:00+09:00", until="2027-01-15T09:00:01Z") == ["late", "latest"]
    assert await details(ours, until="2027-01-15T08:30:00Z", kind="link") == ["Early bird"]


async def test_the_newest_come_first_in_pages(
    site: SiteUnderTest, ours: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`next` leads back to the oldest, also where a page finds nothing."""
    monkeypatch.setattr(sqlite_audit, "MOST_LOOKED", 3)
    await tell(site, "a", *["b"] * 7)
    found: list[str] = []
    after: dict[str, int] = {}
    while True:
        page = await ours.get(AUDIT, newestFirst="true", text="a", kind="link.changed", **after)
        found += [line["detail"] for line in page["events"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == ["a"]


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"since": "2026-11-01T00:00:00"}, {"until": "2026-13-01T00:00:00Z"},
              {"newestFirst": "yes"}, {"kind": "mob"}],
)  # fmt: skip
async def test_a_filter_that_means_nothing_is_refused(ours: Caller, query: dict[str, str]) -> None:
    """400, naming it; in lists and in files."""
    for path in (AUDIT, EXPORT):
        status, said = refusal(await ours("GET", path, params=query))
        assert (status, next(iter(query)) in said) == (400, True)


async def test_a_file_holds_every_line_that_fits(
    site: SiteUnderTest, ours: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON lines the very documents of the list, however many reads it takes; to be kept, not shown."""
    monkeypatch.setattr(sqlite_audit, "MOST_LOOKED", 2)
    await tell(site, *"abcdefgh")
    answer = await ours("GET", EXPORT, params={"kind": "link"})
    assert answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    monkeypatch.undo()
    listed = (await ours.get(AUDIT, limit=500))["events"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == [line for line in listed if line["kind"] == "link.changed"]
    assert [line["detail"] for line in lines] == list("abcdefgh")


async def test_no_cell_of_a_table_is_a_formula(site: SiteUnderTest, ours: Caller) -> None:
    """What somebody chose as a name stays a text in a spreadsheet, and commas and quotes stay within their cell."""
    chosen = ['=HYPERLINK("https://evil.example","x")', "+1", "-1", "@SUM(A1)", "\tx", 'a,"b"\nc', "\uff1d1"]
    await tell(site, *chosen)
    answer = await ours("GET", EXPORT, params={"format": "csv", "kind": "link"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    cells = [row["detail"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
    assert cells == [f"'{text}" if text != 'a,"b"\nc' else text for text in chosen]


async def test_a_line_that_somebody_changed_can_be_read(site: SiteUnderTest, ours: Caller) -> None:
    """A kind that never was, a time that is none, bytes that are no text: lists and files show them."""
    await tell(site, "x")
    await asyncio.sleep(0)
    tamper(site, """UPDATE texts SET text = CAST(x'80' AS TEXT) WHERE text = 'link.changed';
                    UPDATE audit SET at = 9223372036854775807, detail = CAST(x'ff41' AS TEXT);""")  # fmt: skip
    (line,) = (await ours.get(AUDIT))["events"]
    assert (line["kind"], line["at"], line["detail"]) == ("\\udc80", "9223372036854775807", "\\udcffA")
    for form in ("csv", "jsonl"):
        assert "udcffA" in (await ours("GET", EXPORT, params={"format": form})).text


async def test_counted_refusals_are_listed(site: SiteUnderTest, ours: Caller) -> None:
    """By minute, reason and network, the newest minute first."""
    for _ in range(3):
        assert (await site.client.get(f"{site.base}{AUDIT}")).status_code == 401
    await site.store.flush()
    counted = {"minute": "2027-01-15T08:00:00Z", "reason": "bearer_missing", "network": "127.0.0.0/24", "count": 3}
    assert await ours.get(REFUSALS) == [counted]
    site.env.advance(MINUTE)
    await site.client.get(f"{site.base}{AUDIT}", headers={"authorization": "Bearer gnk_ak_x"})
    await site.store.flush()
    assert [row["reason"] for row in await ours.get(REFUSALS)] == ["not_authenticated", "bearer_missing"]
    assert len(await ours.get(REFUSALS, limit=1)) == 1


async def test_the_chain_tells_its_head_and_what_waits(site: SiteUnderTest, ours: Caller) -> None:
    """Nothing is sealed; then everything; then a line waits."""
    assert await ours.get(CHAIN) == {"newest": None, "unsealedSince": None, "keptDays": 365}
    await tell(site, *"abc")
    assert (await ours.get(CHAIN))["unsealedSince"] == "2027-01-15T08:00:00Z"
    await seal(site)
    last = await site.store.last_segment(NODE)
    assert last is not None
    newest = {"segment": 1, "line": last.last, "sealedAt": "2027-01-15T08:00:00Z", "head": last.head.hex()}
    assert await ours.get(CHAIN) == {"newest": newest, "unsealedSince": None, "keptDays": 365}


async def test_the_chain_is_checked_part_by_part(
    site: SiteUnderTest, ours: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request looks at a bounded part and says where to go on; what somebody changed is found in its part."""
    monkeypatch.setattr(chain_documents, "MOST_WALKED", 2)
    for number in range(5):
        await tell(site, *(f"{number}{letter}" for letter in "ab"))
        await seal(site)
    parts = [await ours.get(VERIFICATION)]
    while parts[-1]["next"] is not None:
        parts.append(await ours.get(VERIFICATION, after=parts[-1]["next"]))
    assert [part["segments"] for part in parts] == [2, 2, 1]
    assert all(part["verified"] for part in parts)
    assert parts[-1]["through"] == (await ours.get(CHAIN))["newest"]
    tamper(site, "UPDATE audit SET detail = 'x' WHERE detail = '2b'")
    assert (await ours.get(VERIFICATION))["verified"]
    found = await ours.get(VERIFICATION, after=2)
    assert (found["verified"], found["through"], found["next"]) == (False, None, 4)
    assert found["faults"] == [f"line {found['newest']['line'] - 2}: changed (segment 3)"]


async def test_an_old_ring_judges_no_chain(site: SiteUnderTest, ours: Caller) -> None:
    """Under a newer ring's keys every seal would look forged: 503, to be asked again."""
    assert await site.store.apply(Change((MoveRing(2, b"f" * 16),)))
    answer = await ours("GET", VERIFICATION)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def streamed(site: SiteUnderTest, parts: Any, *received: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server is told to send of such an answer, while it hears this of the client."""

    async def handler(*_: object) -> Answer:
        return Answer(200, (), parts=parts)

    rule = Rule("/parts", ("GET",), handler, Who.ANYONE, Guard.MACHINE, "Parts.")
    app = build(site.door, Peers((), ""), lambda: 0.0)
    app._exact["/parts"] = {"GET": rule}
    sent: list[dict[str, Any]] = []
    heard = [*received]

    async def receive() -> dict[str, Any]:
        if not heard:
            await asyncio.Event().wait()
        return heard.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    scope = {"type": "http", "path": "/parts", "method": "GET", "headers": [(b"host", b"site.example")],
             "scheme": "https", "query_string": b"", "http_version": "1.1", "client": ("192.0.2.1", 1)}  # fmt: skip
    await app(scope, receive, send)
    return sent


class Parts:
    """Parts that can be asked for without end; says when they were let go."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = False

    async def endless(self) -> Any:
        """One after the other."""
        try:
            while True:
                self.made += 1
                yield b"part"
        finally:
            self.closed = True

    async def failing(self) -> Any:
        """One, and then the store is lost."""
        yield b"part"
        raise StoreUnavailable


async def test_a_file_is_not_made_for_who_has_left(site: SiteUnderTest) -> None:
    """Once the client has hung up no further part is made, and what made them is closed."""
    parts = Parts()
    body = {"type": "http.request", "body": b"", "more_body": False}
    sent = await streamed(site, parts.endless(), body, {"type": "http.disconnect"})
    assert (parts.closed, parts.made < 5) == (True, True)
    assert b"content-length" not in dict(sent[0]["headers"])


async def test_a_file_that_fails_on_the_way_is_broken_off(site: SiteUnderTest) -> None:
    """The last part is never sent, so that nobody takes it for the whole."""
    with pytest.raises(StoreUnavailable):
        await streamed(site, Parts().failing())
