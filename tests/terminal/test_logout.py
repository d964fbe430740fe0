"""`genkan app logout`: which session is meant, and that one which cannot be ended keeps no other signed in."""

import json

import keyring
import keyring.backends.fail
import pytest

from genkan.app.vault import FileVault, VaultTrouble
from tests.terminal.conftest import Terminal

FIRST = "0000"
"""Sorts before every id that is drawn."""


def places(genkan: Terminal) -> list[str]:
    """The files that hold a session, a readable or another."""
    found = (genkan.folder / "sessions").glob("[!.]*.*")
    return sorted(path.name for path in found if path.stem not in {"device", "vault"})


def test_a_session_that_cannot_be_read_is_forgotten_by_its_id(signed_in: Terminal) -> None:
    """The line about it says how; the good ones stay, and nothing is told of it any more."""
    FileVault(signed_in.folder / "sessions").write(FIRST, "{")
    told = signed_in("whoami")
    assert told.status == 0
    assert f"genkan app logout --session {FIRST} --forget" in told.err
    kept = signed_in("logout", "--session", FIRST)
    assert (kept.status, kept.out) == (1, "")
    assert "--forget" in kept.err
    forgotten = signed_in("logout", "--session", FIRST, "--forget")
    assert forgotten.status == 0
    assert forgotten.out == f"Forgotten here: the unreadable session {FIRST}.\n"
    after = signed_in("whoami")
    assert (after.status, after.err) == (0, "")


def test_one_session_by_its_id(signed_in: Terminal) -> None:
    """A readable one is ended at its site as by its address; an id that nothing has is a no."""
    (row,) = json.loads(signed_in("status", "--json").out)["sessions"]
    unknown = signed_in("logout", "--session", "a\x1bb", "--forget")
    assert (unknown.status, unknown.out) == (1, "")
    assert "\x1b" not in unknown.err
    ran = signed_in("logout", "--session", row["id"])
    assert ran.out == f"Signed out: alice at {signed_in.site.base_url}.\n"
    assert [phone.reason for phone in signed_in.site.phones()] == ["signed_out_by_app"]
    assert places(signed_in) == []


@pytest.mark.parametrize(
    "words", [("x.example", "--everywhere"), ("--session", "a", "--account", "b"), ("--session", "a", "--everywhere")]
)
def test_one_way_of_naming_is_enough(signed_in: Terminal, words: tuple[str, ...]) -> None:
    """Two that may contradict each other are wrong usage, and nobody is signed out."""
    ran = signed_in("logout", *words)
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert signed_in("whoami").status == 0


def test_a_place_that_is_gone_keeps_nobody_else_signed_in(signed_in: Terminal) -> None:
    """A session sealed by a keyring that is gone cannot be ended but forgotten; all others are, at their sites too."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        FileVault(signed_in.folder / "sessions", ".keyed").write(FIRST, "sealed")
        ran = signed_in("logout", "--everywhere")
        assert f"Signed out: alice at {signed_in.site.base_url}." in ran.out
        assert ran.status == 2
        assert [phone.reason for phone in signed_in.site.phones()] == ["signed_out_by_app"]
        assert places(signed_in) == [f"{FIRST}.keyed"]
        assert signed_in("logout", "--everywhere", "--forget").status == 0
        assert places(signed_in) == []
    finally:
        keyring.set_keyring(before)


def test_what_cannot_even_be_forgotten_is_told(signed_in: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said to be forgotten that is still there, and the next session is ended all the same."""
    vault = FileVault(signed_in.folder / "sessions")
    vault.write(FIRST, "{")
    remove = FileVault.remove

    def held(self: FileVault, name: str) -> None:
        if name == FIRST:
            raise VaultTrouble("The disk is read-only.")
        remove(self, name)

    monkeypatch.setattr(FileVault, "remove", held)
    ran = signed_in("logout", "--everywhere", "--forget")
    assert ran.status == 2
    assert ran.out == f"Signed out: alice at {signed_in.site.base_url}.\n"
    assert ran.err == f"genkan app: Still kept here: the unreadable session {FIRST}. The disk is read-only.\n"


def test_forgetting_needs_no_keyring(genkan: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the keyring in use is gone for good, what it sealed can still be forgotten, and nothing else is left."""
    monkeypatch.setenv("GENKAN_APP_VAULT", "keyring")
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        FileVault(genkan.folder / "sessions", ".keyed").write(FIRST, "sealed")
        kept = genkan("logout", "--everywhere")
        assert (kept.status, kept.out, kept.err.count("\n")) == (2, "", 1)
        ran = genkan("logout", "--everywhere", "--forget")
    finally:
        keyring.set_keyring(before)
    assert (ran.status, ran.out) == (0, f"Forgotten here: the unreadable session {FIRST}.\n")
    assert places(genkan) == []
