"""`genkan app status`: what is kept here and whether it holds, with and without asking."""

import json
from collections.abc import Callable

from genkan.app.vault import FileVault
from genkan.testing import Setup, SiteDouble
from tests.terminal.conftest import Terminal


def test_nobody(genkan: Terminal) -> None:
    """Without a session the answer is no, and says how to begin; JSON is an empty list."""
    assert (genkan("status").status, genkan("status").out) == (1, "")
    ran = genkan("status", "--json")
    assert (ran.status, json.loads(ran.out)["sessions"]) == (1, [])


def test_each_session_is_a_line(signed_in: Terminal) -> None:
    """Who, where, how long and where it is kept, and the site is not asked."""
    before = len(signed_in.site.faults.asked)
    ran = signed_in("status")
    line, kept = ran.out.splitlines()
    assert ran.status == 0
    assert line.startswith(f"alice at {signed_in.site.base_url}: signed in, the access token lasts 3")
    assert line.endswith("s (renewed by itself)")
    assert kept == f"Kept in an owner-only file in {signed_in.folder}/sessions."
    assert len(signed_in.site.faults.asked) == before


def test_the_site_is_asked_on_demand(signed_in: Terminal) -> None:
    """--online finds a revoked phone, which the kept file alone cannot know, and keeps what it found."""
    assert signed_in("status", "--online").out.splitlines()[0].endswith(", and the site takes it")
    signed_in.site.sign_out(person="alice")
    assert signed_in("status").status == 0
    asked = signed_in("status", "--online")
    assert asked.status == 1
    assert "alice at" in asked.out
    assert ": signed out. " in asked.out
    row = json.loads(signed_in("status", "--json").out)["sessions"][0]
    assert (row["signedIn"], row["fresh"], row["renewable"], row["expiresIn"]) == (False, False, False, 0)
    assert row["ended"]


def test_a_site_out_of_reach_does_not_end_a_session(signed_in: Terminal) -> None:
    """--online of a site that does not answer is a no with its sentence, and the session stays."""
    signed_in.site.faults.fail("/myself", 500)
    ran = signed_in("status", "--online")
    assert ran.status == 1
    assert "answers 500" in ran.out
    assert signed_in("status").status == 0


def test_which_is_meant(signed_in: Terminal, make_genkan_site: Callable[[Setup], SiteDouble]) -> None:
    """An address or an account picks; neither shows all of them."""
    other = make_genkan_site(Setup(people=("bob",)))
    signed_in.sign_in("bob", other)
    rows = [json.loads(signed_in("status", *words, "--json").out)["sessions"] for words in
            ((), (other.base_url,), ("--account", "alice"), ("--account", "carol"))]  # fmt: skip
    assert [sorted(row["account"] for row in each) for each in rows] == [["alice", "bob"], ["bob"], ["alice"], []]
    assert {"token", "secret"}.isdisjoint(rows[0][0])


def test_nobody_of_that_name_is_told_with_those_who_are_there(signed_in: Terminal) -> None:
    """Where somebody is signed in, only not at the address or with the account that was named, that is said."""
    here = f"There are: alice at {signed_in.site.base_url}."
    place = signed_in("status", "nowhere.example")
    assert place.status == 1
    assert place.err == (
        f"genkan app: No session at https://nowhere.example. {here} Type: genkan app login nowhere.example\n"
    )
    account = signed_in("status", "--account", "bob", "--json")
    assert (account.status, json.loads(account.out)["sessions"]) == (1, [])
    assert account.err == f"genkan app: No session at any site for bob. {here} Type: genkan app login URL\n"


def test_a_session_that_cannot_be_read_is_told_once(signed_in: Terminal) -> None:
    """One line for it, asked or not, and beside it the others go on."""
    FileVault(signed_in.folder / "sessions").write("0damaged", "{")
    for words in ((), ("--online",)):
        ran = signed_in("status", *words)
        assert ran.status == 0
        assert ran.err.count("0damaged") == 1
        assert "alice at" in ran.out
