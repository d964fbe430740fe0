"""genkan user: what each command does to an account, and what it says when it cannot."""

import getpass
import sqlite3
import sys
from contextlib import closing

import pytest

from genkan.outside.passwords import verify_now
from genkan.protocol import administration
from genkan.protocol.accounts import fold
from genkan.protocol.entrances import Entrances
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.phones import judge
from genkan.protocol.records import Account, GrantState, Standing
from genkan.wire.scopes import Permission
from tests.cli.shell import PASSWORD, Shell
from tests.store.builders import an_env


def account(shell: Shell, name: str) -> Account | None:
    """The account of this name, in any spelling."""
    return shell.in_store(lambda store: store.account_by_name(fold(name) or ""))


def fits(shell: Shell, name: str, password: str) -> bool:
    """Whether this is the person's password."""
    row = shell.in_store(lambda store: store.password_row(fold(name) or "", ()))
    return row.hash is not None and verify_now(row.hash, password)


def test_an_account_is_added_as_the_contract_says(shell: Shell) -> None:
    """The documented line makes the account, and --json tells of it."""
    words = ("--admin", "--email", "alice@example.com", "--name", "Alice A.", "--group", "b", "--group", "a", "--json")
    told = shell.add_user("alice", *words).json
    created = told.pop("createdAt")
    assert len(told.pop("id")) == 16
    assert created.endswith("Z")
    assert told == {
        "name": "alice",
        "displayName": "Alice A.",
        "email": "alice@example.com",
        "permission": "SYSTEM_ADMIN",
        "groups": ["a", "b"],
        "state": "active",
    }
    assert fits(shell, "alice", PASSWORD)
    assert shell.good("user", "show", "ALICE", "--json").json["createdAt"] == created


def test_the_usual_permission_is_write(shell: Shell) -> None:
    """Without --admin and --permission an account may write, and the sentence says so."""
    assert shell.add_user("bob").out == "added bob with the permission WRITE\n"
    assert shell.add_user("carol", "--permission", "READ").out == "added carol with the permission READ\n"


@pytest.mark.parametrize(
    ("typed", "password"),
    [
        (b"a good password", "a good password"),
        (b"a good password\n", "a good password"),
        (b"a good password\n\n", "a good password\n"),
        (b" a good password \r\n", " a good password \r"),
        ("sésame 玄関 öffne dich".encode(), "sésame 玄関 öffne dich"),
    ],
)
def test_one_final_newline_is_dropped(shell: Shell, typed: bytes, password: str) -> None:
    """printf and echo both work; nothing else of what is piped is changed."""
    shell.good("user", "add", "alice", "--password-stdin", given=typed)
    assert fits(shell, "alice", password)


@pytest.mark.parametrize(
    ("words", "given", "status", "said"),
    [
        (("alice", "--password-stdin"), "short", 2, "the password must have 10 to 1024 characters"),
        (("alice", "--password-stdin"), "", 2, "the password must have 10"),
        (("alice", "--password-stdin"), b"\xff" * 12, 2, "not UTF-8"),
        (("alice",), PASSWORD, 2, "--password-stdin"),
        (("", "--password-stdin"), PASSWORD, 2, "the name must have 1 to 100 visible characters"),
        (("a\u200bb", "--password-stdin"), PASSWORD, 2, "the name must have 1 to 100 visible characters"),
        (("alice", "--password-stdin", "--permission", "write"), PASSWORD, 2, "READ, WRITE, ADMIN"),
        (("alice", "--password-stdin", "--permission", "READ", "--admin"), PASSWORD, 2, "not both"),
        (("alice", "--password-stdin", "--email", "nobody"), PASSWORD, 2, "e-mail"),
        (("alice", "--password-stdin", "--group", "a,b"), PASSWORD, 2, "group"),
        (("alice", "--password-stdin", "--name", "a\x1b[2J"), PASSWORD, 2, "display name"),
    ],
)
def test_a_bad_account_is_not_made(
    shell: Shell, words: tuple[str, ...], given: str | bytes, status: int, said: str
) -> None:
    """What is wrong is named, the status is that of wrong usage, and no account appears."""
    assert said in shell.refused("user", "add", *words, given=given, status=status)
    assert shell.good("user", "list", "--json").json == []


def test_a_name_is_taken_in_every_spelling(shell: Shell) -> None:
    """Case, spaces and width do not make another person."""
    shell.add_user("Alice Adams")
    for spelling in ("alice adams", "ALICE  ADAMS", "\uff21lice Adams"):
        said = shell.refused("user", "add", spelling, "--password-stdin", given=PASSWORD, status=1)
        assert "already" in said


def test_a_typed_password_is_asked_for_twice(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal both answers must agree; giving up is said in one line."""
    answers = iter([PASSWORD, "another password", PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    monkeypatch.setattr("genkan.cli.passwords.sys", _Terminal())
    assert "differ" in shell.refused("user", "add", "alice", status=2)
    shell.good("user", "add", "alice")
    assert fits(shell, "alice", PASSWORD)

    def gone(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", gone)
    assert "no password" in shell.refused("user", "set-password", "alice", status=2)


class _Terminal:
    """``sys`` with a terminal at standard input."""

    class stdin:  # noqa: N801 - stands for sys.stdin
        @staticmethod
        def isatty() -> bool:
            return True

    stdout, stderr = sys.stdout, sys.stderr


def test_the_list_shows_everybody_but_the_deleted(shell: Shell) -> None:
    """One line a person, in columns; wide characters do not shift them."""
    shell.add_user("玄関", "--name", "玄関番")
    shell.add_user("bob", "--group", "staff")
    shell.add_user("gone")
    shell.good("user", "delete", "gone")
    head, *rows = shell.good("user", "list").out.splitlines()
    assert head.split() == ["NAME", "DISPLAY", "NAME", "E-MAIL", "PERMISSION", "GROUPS", "STATE"]
    assert [row.split()[0] for row in rows] == ["bob", "玄関"]
    wide = rows[1].index("WRITE") + sum(1 for c in rows[1][: rows[1].index("WRITE")] if c > "\u2fff")
    assert head.index("PERMISSION") == rows[0].index("WRITE") == wide


def test_what_is_not_named_stays(shell: Shell) -> None:
    """Changing the e-mail address leaves name, permission and groups; the events say what happened."""
    shell.add_user("alice", "--name", "Alice", "--group", "a", "--permission", "ADMIN")
    shell.good("user", "change", "alice", "--email", "alice@example.org")
    told = shell.good("user", "show", "alice", "--json").json
    assert (told["email"], told["displayName"], told["permission"], told["groups"]) == (
        "alice@example.org",
        "Alice",
        "ADMIN",
        ["a"],
    )
    assert shell.kinds() == ["account.added", "account.changed"]
    assert "nothing to change" in shell.refused("user", "change", "alice", status=2)


def test_permission_and_groups(shell: Shell) -> None:
    """Both are said anew, and shown; no group at all is possible."""
    shell.add_user("alice", "--group", "old")
    assert shell.good("user", "permission", "alice", "READ").out == "alice has the permission READ\n"
    assert shell.good("user", "groups", "alice", "b", "a").out == "alice is in a, b\n"
    assert shell.good("user", "groups", "alice", "--json").json["groups"] == []
    assert "READ, WRITE" in shell.refused("user", "permission", "alice", "ROOT", status=2)
    found = account(shell, "alice")
    assert found is not None
    assert (found.permission, found.groups) == (Permission.READ, ())


def test_disabling_ends_what_is_signed_in_and_enabling_does_not_revive(shell: Shell) -> None:
    """The row says why it ended, and stays ended; asking twice is no second event."""
    link, (alice, bob) = shell.people("alice", "bob")
    hers, his = shell.sign_in(alice, link), shell.sign_in(bob, link)
    shell.good("user", "disable", "alice")
    shell.good("user", "disable", "alice")
    assert (shell.phone(hers).grant.state, shell.phone(hers).grant.reason) == (GrantState.ENDED, "account_disabled")
    assert shell.phone(his).grant.state is GrantState.LIVE
    shell.good("user", "enable", "alice")
    assert shell.phone(hers).grant.state is GrantState.ENDED
    assert shell.kinds()[-2:] == ["account.disabled", "account.enabled"]


def test_deleting_forgets_the_person_and_frees_the_name(shell: Shell) -> None:
    """The name may be given to somebody else, who gets none of the old sign-ins."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("user", "delete", "alice")
    assert shell.phone(grant).grant.reason == "account_deleted"
    assert "there is no account alice" in shell.refused("user", "show", "alice", status=1)
    shell.add_user("alice")
    again = account(shell, "alice")
    assert again is not None
    assert again.id != alice.id
    assert judge(shell.phone(grant), an_env()).state == "signed_out"


def test_a_new_password_keeps_or_ends_sign_ins_as_asked(shell: Shell) -> None:
    """set-password alone signs nobody out; with --sign-out it does."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("user", "set-password", "alice", "--password-stdin", given="another password")
    assert fits(shell, "alice", "another password")
    assert shell.phone(grant).grant.state is GrantState.LIVE
    shell.good("user", "set-password", "alice", "--password-stdin", "--sign-out", given="a third password")
    assert shell.phone(grant).grant.reason == "password_changed"


def test_break_glass(shell: Shell) -> None:
    """recover enables, makes administrator, sets the password and signs everything else out."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("user", "disable", "alice")
    shell.good("user", "recover", "Alice", "--password-stdin", given="opened with force")
    found = account(shell, "alice")
    assert found is not None
    assert (found.standing, found.permission) == (Standing.ACTIVE, Permission.SYSTEM_ADMIN)
    assert fits(shell, "alice", "opened with force")
    assert shell.phone(grant).grant.state is GrantState.ENDED
    assert "account.recovered" in shell.kinds()


def test_sign_out_ends_everything_and_keeps_the_account(shell: Shell) -> None:
    """user sign-out ends each sign-in with its reason; the person may sign in again."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    assert shell.good("user", "sign-out", "alice").out == "alice is signed out everywhere\n"
    assert shell.phone(grant).grant.reason == "person_signed_out_everywhere"
    found = account(shell, "alice")
    assert found is not None
    assert found.standing is Standing.ACTIVE


@pytest.mark.parametrize(
    "words",
    [
        ("show",), ("disable",), ("enable",), ("delete",), ("sign-out",), ("recover", "--password-stdin"),
        ("set-password", "--password-stdin"), ("change", "--email", "a@b.example"), ("groups",),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_nobody_of_that_name(shell: Shell, words: tuple[str, ...]) -> None:
    """A name that nobody has is answered with where to look, and status 1."""
    said = shell.refused("user", words[0], "nobody", *words[1:], given=PASSWORD, status=1)
    assert said == "there is no account nobody; genkan user list shows them"


LAST = (("permission", "alice", "READ"), ("disable", "alice"), ("delete", "alice"))


@pytest.mark.parametrize("words", LAST, ids=lambda words: words[0])
def test_the_last_administrator_is_not_ended_by_mistake(shell: Shell, words: tuple[str, ...]) -> None:
    """Refused in one sentence while nobody else administers; people without the right or with less of it, and disabled
    ones, do not count.
    """
    shell.add_user("alice", "--admin")
    shell.add_user("bob")
    shell.add_user("carol", "--admin")
    shell.good("user", "disable", "carol")
    assert shell.refused("user", *words, status=1) == (
        "nobody else who can sign in may as much as alice; make another administrator first with "
        "genkan user permission NAME SYSTEM_ADMIN, or give --last-administrator"
    )
    found = account(shell, "alice")
    assert found is not None
    assert (found.standing, found.permission) == (Standing.ACTIVE, Permission.SYSTEM_ADMIN)
    shell.good("user", "permission", "bob", "ADMIN")
    assert "may as much as alice" in shell.refused("user", *words, status=1)
    shell.good("user", "permission", "bob", "SYSTEM_ADMIN")
    assert shell.good("user", *words).err == ""


@pytest.mark.parametrize("words", LAST, ids=lambda words: words[0])
def test_ending_the_last_administrator_on_purpose_tells_the_way_back(shell: Shell, words: tuple[str, ...]) -> None:
    """--last-administrator does it, and a line beside the output says how to come back in; a deleted account is no
    way.
    """
    shell.add_user("alice", "--admin")
    told = shell.good("user", *words, "--last-administrator").err
    assert told.startswith(
        "genkan: nobody who can sign in has that right now; to come back in: genkan user add NAME --admin "
    )
    assert told.endswith("or: genkan user recover alice\n") is (words[0] != "delete")


def test_a_right_is_not_lowered_from_the_last_who_has_it(shell: Shell) -> None:
    """Also from SYSTEM_ADMIN to ADMIN: who only administers may not do all that the site needs. A right that grows, or
    that somebody else has as well, is asked about by nobody.
    """
    shell.add_user("alice", "--admin")
    assert "may as much as alice" in shell.refused("user", "permission", "alice", "ADMIN", status=1)
    shell.add_user("bob", "--permission", "ADMIN")
    assert shell.good("user", "permission", "bob", "SYSTEM_ADMIN").err == ""
    assert shell.good("user", "permission", "alice", "ADMIN").err == ""
    assert shell.good("user", "permission", "alice", "WRITE").err == ""


@pytest.mark.parametrize("words", LAST, ids=lambda words: words[0])
def test_of_two_administrators_who_end_at_once_one_stays(
    shell: Shell, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was true when it was decided may not be when it is written: the write asks once more."""
    shell.add_user("alice", "--admin")
    shell.add_user("bob", "--admin")
    decided = administration.keeping_administrators
    overtaken: list[str] = []

    def overtaking(change: Change, account: Account, here: Entrances, at: int, *, others: bool) -> Change | Refused:
        if not overtaken:
            overtaken.append("bob")
            with closing(sqlite3.connect(shell.data / "genkan.sqlite3", isolation_level=None)) as db:
                db.execute("UPDATE accounts SET permission = 1 WHERE name = 'bob'")
        return decided(change, account, here, at, others=others)

    monkeypatch.setattr("genkan.cli.last_administrator.keeping_administrators", overtaking)
    assert "may as much as alice" in shell.refused("user", *words, status=1)
    assert overtaken
    found = account(shell, "alice")
    assert found is not None
    assert (found.standing, found.permission) == (Standing.ACTIVE, Permission.SYSTEM_ADMIN)
