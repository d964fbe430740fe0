"""genkan audit: the newest lines, the ones after a number, names instead of ids, and counted refusals."""

from genkan.store.api import Store, Tally
from tests.cli.shell import Shell


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
