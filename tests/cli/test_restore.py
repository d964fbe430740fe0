"""genkan restore: words and statuses; what phones may do afterwards is shown in tests/ops."""

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from genkan.outside.locks import serving
from genkan.store.sqlite_copy import copy_database
from tests.cli.shell import Shell


@pytest.fixture
def backup(shell: Shell) -> Path:
    """A backup with alice in it, after which bob came."""
    shell.add_user("alice")
    path = shell.folder / "backup of today.sqlite3"
    copy_database(shell.database, path)
    shell.add_user("bob")
    return path


def names(shell: Shell) -> list[str]:
    """Who has an account."""
    return [user["name"] for user in shell.good("user", "list", "--json").json]


@pytest.mark.parametrize("how", ["--heal", "--sign-out-all", "--as-copy"])
def test_a_restore_says_what_it_did_and_cannot_know(shell: Shell, backup: Path, how: str) -> None:
    """The people of the backup are back; the words tell from when it is, what becomes of phones, and what is lost."""
    told = shell.good("restore", str(backup), how).out
    assert names(shell) == ["alice"]
    assert f"Restored {backup}, as of 20" in told
    assert {"--heal": "24 hours", "--sign-out-all": "people sign in again", "--as-copy": "no token of the original"}[
        how
    ] in told
    assert ("It cannot know" in told) is (how != "--as-copy")
    assert "no authorization code of before is taken" in told


def test_the_line_that_shows_what_was_lost_works(shell: Shell, backup: Path) -> None:
    """Typed as printed, it lists what the replaced store has and the backup has not."""
    told = shell.good("restore", str(backup), "--heal").out
    setting, command, *words = shlex.split(told.splitlines()[-1])
    assert command == "genkan"
    shell.patch.setenv(*setting.split("=", 1))
    lines = shell.good(*words, "--json").json
    assert [(line["kind"], line["account"]) for line in lines] == [("account.added", "bob")]


def test_json_tells_the_same(shell: Shell, backup: Path) -> None:
    """Programs read manner, moment, audit number, ring version and the file aside."""
    told = shell.good("restore", str(backup), "--sign-out-all", "--json").json
    assert (told["manner"], told["lastEvent"], told["ringVersion"]) == ("sign-out-all", 1, 2)
    assert told["asOf"] == shell.good("audit", "list", "--json").json[0]["at"]
    assert Path(told["replaced"]).exists()


@pytest.mark.parametrize("words", [(), ("--heal", "--sign-out-all"), ("--heal", "--as-copy", "--sign-out-all")])
def test_exactly_one_manner_must_be_chosen(shell: Shell, backup: Path, words: tuple[str, ...]) -> None:
    """The choice is the administrator's: none or two are wrong usage, and nothing is touched."""
    said = shell.refused("restore", str(backup), *words, status=2)
    assert "choose one of --heal, --sign-out-all and --as-copy" in said
    assert names(shell) == ["alice", "bob"]


def test_what_cannot_be_restored(shell: Shell, backup: Path) -> None:
    """A running server, a missing file, a lost ring: one line, status 2, nothing changed."""
    with serving(shell.database):
        assert "stop it first" in shell.refused("restore", str(backup), "--heal", status=2)
    assert "there is no backup" in shell.refused("restore", "nothing", "--heal", status=2)
    shell.ring_path.unlink()
    assert "--as-copy" in shell.refused("restore", str(backup), "--heal", status=2)
    assert names(shell) == ["alice", "bob"]


def test_an_empty_folder_is_filled(shell: Shell, backup: Path) -> None:
    """On another machine a copy comes up with the folder, the store and a ring of its own."""
    elsewhere = shell.folder / "elsewhere"
    told = shell.good("restore", str(backup), "--as-copy", "--data-dir", str(elsewhere)).out
    assert "is kept as" not in told
    assert [user["name"] for user in shell.good("user", "list", "--json", "--data-dir", str(elsewhere)).json] == [
        "alice"
    ]
    assert {path.stat().st_mode & 0o077 for path in (elsewhere / "secrets.json", elsewhere / "genkan.sqlite3")} == {0}


@pytest.mark.parametrize("how", ["--heal", "--sign-out-all"])
def test_a_moved_site_is_not_brought_back_to_life(shell: Shell, backup: Path, how: str) -> None:
    """Beside the one that it has become there would be a second one with the same identity; a copy is another site."""
    with closing(sqlite3.connect(shell.database)) as db, db:
        db.execute("UPDATE site SET moved_to = 'postgresql://site@db/genkan'")
    said = shell.refused("restore", str(backup), how, status=2)
    assert "has moved to postgresql://site@db/genkan" in said
    assert said.endswith("--as-copy in another folder (GENKAN_DATA_DIR) makes another site from it")
    assert "has moved to" in shell.refused("status", status=2)
    ring = shell.ring_path.read_bytes()
    assert "a copy must not change" in shell.refused("restore", str(backup), "--as-copy", status=2)
    assert shell.ring_path.read_bytes() == ring
    shell.patch.setenv("GENKAN_SECRET_FILE", str(shell.folder / "another.json"))
    assert "audit list" not in shell.good("restore", str(backup), "--as-copy").out
    assert (names(shell), shell.ring_path.read_bytes()) == (["alice"], ring)
