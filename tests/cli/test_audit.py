"""genkan audit: the newest lines, the ones after a number, names instead of ids, and counted refusals."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest

from genkan import clock
from genkan.outside.ring_file import make_ring_file, read_ring
from genkan.protocol.audit import AuditKeys, Segment
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.ring import Ring, new_ring
from genkan.store.api import Store, Tally
from genkan.store.audit_rounds import NODE, seal_all
from tests.cli.shell import Shell
from tests.store.builders import an_event


def test_the_newest_lines_come_in_order(shell: Shell) -> None:
    """The last ones are shown oldest first; --after goes on from a number; --limit bounds both."""
    for name in ("a", "b", "c", "d"):
        shell.good("api-key", "create", name)
    lines = shell.good("audit", "list", "--limit", "2", "--json").json
    assert [line["detail"] for line in lines] == ["c (READ)", "d (READ)"]
    after = shell.good("audit", "list", "--after", str(lines[0]["id"]), "--json").json
    assert [line["detail"] for line in after] == ["d (READ)"]
    assert len(shell.good("audit", "list", "--after", "0", "--limit", "3", "--json").json) == 3
    assert shell.good("audit", "list", "--after", "999", "--json").json == []


def test_lines_name_people_links_and_who_did_it(shell: Shell) -> None:
    """Accounts and links are named, deleted ones too, and the actor is the system's user."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("phones", "sign-out", grant.id.hex())
    shell.good("link", "delete", link.client_id)
    shell.good("user", "delete", "alice")
    ended, deleted_link, deleted_user = shell.good("audit", "list", "--json").json[-3:]
    assert (ended["kind"], ended["account"], ended["link"], ended["phone"]) == (
        "grant.ended",
        "alice",
        "Wiki",
        grant.id.hex(),
    )
    assert ended["reason"] == "signed_out_by_admin"
    assert ended["actor"].startswith("command:")
    assert (deleted_link["link"], deleted_user["account"]) == ("Wiki", "alice")
    assert "grant.ended" in shell.good("audit", "list").out


def test_refusals_are_counts(shell: Shell) -> None:
    """Each reason, network and minute is one line, newest first."""

    async def note(store: Store) -> None:
        store.note_refusal(Tally(29_000_000, "token_broken", "203.0.113.0/24", 3))
        store.note_refusal(Tally(29_000_001, "unknown_client", "", 1))
        await store.flush()

    shell.in_store(note)
    told = shell.good("audit", "refusals", "--json").json
    assert told == [
        {"minute": "2025-02-19T21:21:00Z", "reason": "unknown_client", "network": "", "count": 1},
        {"minute": "2025-02-19T21:20:00Z", "reason": "token_broken", "network": "203.0.113.0/24", "count": 3},
    ]
    assert "others" in shell.good("audit", "refusals").out


def test_limits_are_bounded(shell: Shell) -> None:
    """Nothing and too much are wrong usage."""
    for limit in ("0", "-1", "100001", "many"):
        assert shell.refused("audit", "list", "--limit", limit, status=2)


# --- Filters ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(shell: Shell) -> Shell:
    """A site where people, links and sign-ins have come and gone."""
    link, (alice, bob) = shell.people("alice", "bob")
    for account in (alice, bob):
        shell.sign_in(account, link)
    shell.good("phones", "sign-out", shell.phones()[0].grant.id.hex())
    shell.good("link", "disable", link.client_id)
    shell.good("user", "disable", "bob")
    shell.good("api-key", "create", "robot")
    return shell


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("--kind", "grant.ended"), ["grant.ended"]),
        (("--kind", "grant"), ["grant.signed_in", "grant.signed_in", "grant.ended"]),
        (("--kind", "api_key", "--kind", "link"), ["link.disabled", "api_key.created"]),
        (("--account", "ALICE", "--kind", "grant.signed_in"), ["grant.signed_in"]),
        (("--link", "Wiki", "--kind", "link"), ["link.disabled"]),
        (("--actor", "test"), ["grant.signed_in", "grant.signed_in"]),
        (("--actor", "nobody"), []),
        (("--reason", "signed_out_by_ADMIN"), ["grant.ended"]),
        (("--reason", "robot"), ["api_key.created"]),
        (("--since", "2020-01-01", "--until", "2020-01-02T10:30"), []),
        (("--since", "2020-01-01T00:00:00+09:00", "--kind", "api_key"), ["api_key.created"]),
        (("--after", "4", "--limit", "1", "--kind", "account"), ["account.disabled"]),
    ],
    ids=" ".join,
)
def test_filters(busy: Shell, words: tuple[str, ...], kinds: list[str]) -> None:
    """By kind or group, account, link, actor, text and time; several hold together."""
    assert [line["kind"] for line in busy.good("audit", "list", *words, "--json").json] == kinds


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        (("--kind", "grants"), "there is no kind grants; the groups are account, ", 2),
        (("--account", "carol"), "there is no account carol", 1),
        (("--link", "nothing"), "there is no link nothing", 1),
        (("--since", "yesterday"), "yesterday is no date: write 2026-11-01", 2),
    ],
)
def test_filters_that_name_nothing(busy: Shell, words: tuple[str, ...], said: str, status: int) -> None:
    """One line that says what to write instead."""
    assert said in busy.refused("audit", "list", *words, status=status)


def test_a_deleted_account_and_link_are_still_found(busy: Shell) -> None:
    """The account by its id, as the export tells it; the link by what it was called."""
    busy.good("user", "delete", "alice")
    busy.good("link", "delete", busy.phones()[0].link.client_id)
    lines = busy.good("audit", "list", "--json").json
    account_id = next(line["accountId"] for line in lines if line["account"] == "alice")
    assert {line["account"] for line in busy.good("audit", "list", "--account", account_id, "--json").json} == {"alice"}
    assert len(busy.good("audit", "list", "--link", "Wiki", "--kind", "link", "--json").json) == 2


# --- Export -----------------------------------------------------------------------------------------------------------

EVIL = '=HYPERLINK("http://evil.example","click")'


def exported(shell: Shell, *words: str) -> list[dict[str, str]]:
    """The CSV as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(shell.good("audit", "export", "--format", "csv", *words).out)))


def test_the_export_is_whole_and_in_order(busy: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line in both formats, page after page, the same as the list; filters hold here too."""
    monkeypatch.setattr("genkan.cli.audit.PAGE", 2)
    lines = busy.good("audit", "list", "--after", "0", "--json").json
    out = busy.good("audit", "export", "--format", "jsonl").out
    assert [json.loads(line) for line in out.splitlines()] == lines
    rows = exported(busy)
    assert rows == [{name: "" if v is None else str(v) for name, v in line.items()} for line in lines]
    assert [row["kind"] for row in exported(busy, "--kind", "account")] == ["account.disabled"]
    assert [row["id"] for row in exported(busy, "--after", str(len(lines) - 1))] == [str(len(lines))]


@pytest.mark.parametrize("evil", [EVIL, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_cell_is_a_formula(shell: Shell, evil: str) -> None:
    """What a spreadsheet would run gets an apostrophe before it; JSON lines tell exactly what was written."""
    event = an_event(EventKind.LINK_CHANGED, detail=evil, actor=evil)
    shell.apply(Change((), (event,)))
    (row,) = exported(shell)
    assert (row["detail"], row["actor"]) == (f"'{evil}", f"'{evil}")
    assert json.loads(shell.good("audit", "export", "--format", "jsonl").out)["detail"] == evil


def test_cells_keep_commas_quotes_and_lines(shell: Shell) -> None:
    """They are quoted, and no line of the audit becomes two rows."""
    said = 'a "b", c\nd; \U0001f4f1'
    shell.apply(Change((), (an_event(detail=said),)))
    assert [row["detail"] for row in exported(shell)] == [said]


def test_the_format_must_be_named(shell: Shell) -> None:
    """Neither is the default: one is for people, one is exact."""
    assert shell("audit", "export").status == 2
    assert shell("audit", "export", "--format", "xml").status == 2


# --- Verify -----------------------------------------------------------------------------------------------------------


def seal(shell: Shell) -> list[str]:
    """Seal what waits, as the server does each minute; the heads."""
    ring = read_ring(shell.ring_path)
    assert isinstance(ring, Ring)

    async def sealing(store: Store) -> list[Segment]:
        return await seal_all(store, AuditKeys(ring, (await store.site()).site_id), NODE, clock.now_ms())

    return [segment.head.hex() for segment in shell.in_store(sealing)]


def tamper(shell: Shell, statement: str) -> None:
    with closing(sqlite3.connect(shell.database)) as db, db:
        db.execute(statement)


def test_verify_says_through_where_all_holds(busy: Shell) -> None:
    """Segment, line, time and head; what waits; status 0 before the first seal too."""
    assert "nothing is sealed yet" in busy.good("audit", "verify").out
    (head,) = seal(busy)
    count = len(busy.kinds())
    busy.good("api-key", "create", "another")
    told = busy.good("audit", "verify", "--head", head).out
    assert f"verified through segment 1, line {count}, sealed 20" in told
    assert f"head {head}" in told
    assert "1 line waits for its seal, the oldest from 20" in told
    document = busy.good("audit", "verify", "--json").json
    assert (document["verified"], document["segments"], document["lines"], document["unsealed"]) == (True, 1, count, 1)
    assert document["through"] == document["newest"]
    assert (document["through"]["line"], document["through"]["head"]) == (count, head)
    assert document["faults"] == []


def test_verify_says_what_is_wrong(busy: Shell) -> None:
    """Status 1, one sentence for each fault, in both forms."""
    seal(busy)
    tamper(busy, "UPDATE audit SET detail = 'forged' WHERE id = 2")
    tamper(busy, "DELETE FROM audit WHERE id = 4")
    ended = busy("audit", "verify")
    assert ended.status == 1
    assert ended.out.splitlines() == [
        "WRONG line 2: changed (segment 1)",
        "WRONG line 4: removed (segment 1)",
        "nothing is verified",
    ]
    ended = busy("audit", "verify", "--json")
    assert (ended.status, ended.json["verified"], ended.json["through"]) == (1, False, None)
    assert ended.json["faults"] == ["line 2: changed (segment 1)", "line 4: removed (segment 1)"]


def test_verify_needs_the_ring_and_a_head(busy: Shell) -> None:
    """A head that is none, a ring that is gone or another site's: one line, status 2."""
    assert "64 hexadecimal digits" in busy.refused("audit", "verify", "--head", "abc", status=2)
    assert busy("audit", "verify", "--head", "00" * 32).status == 1
    aside = busy.ring_path.rename(busy.data / "aside")
    assert "is not there" in busy.refused("audit", "verify", status=2)
    assert make_ring_file(busy.ring_path, new_ring(clock.system_env())) is None
    assert "belongs to another site" in busy.refused("audit", "verify", status=2)
    aside.replace(busy.ring_path)


def test_tampered_lines_can_still_be_listed(busy: Shell) -> None:
    """Whatever was written into the file, the list and the export show the rest."""
    tamper(busy, "UPDATE audit SET detail = CAST(x'fffe' AS TEXT), address = 7, at = 9223372036854775807 WHERE id = 2")
    tamper(busy, "UPDATE texts SET text = CAST(x'80' AS TEXT) WHERE text = 'grant.ended'")
    count = len(busy.good("audit", "list").out.splitlines()) - 1
    assert len(busy.good("audit", "export", "--format", "jsonl").out.splitlines()) == count
    assert len(exported(busy)) == count
