"""genkan backup and genkan restore --verify: what they print and refuse."""

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from genkan.store.sqlite_copy import copy_database
from tests.cli.shell import PASSWORD, Shell

WORDS = ("--passphrase-file", "pass")


def keep(shell: Shell, passphrase: str) -> None:
    """The passphrase in a file that its owner alone can read."""
    (shell.folder / "pass").touch(0o600)
    (shell.folder / "pass").write_text(passphrase)


@pytest.fixture
def kept(shell: Shell) -> Path:
    """A backup of a site with alice, made before bob came."""
    keep(shell, PASSWORD + "\n")
    shell.add_user("alice")
    path = shell.folder / "site backup"
    shell.good("backup", str(path), *WORDS)
    shell.add_user("bob")
    return path


def test_a_backup_says_what_it_holds(shell: Shell, kept: Path) -> None:
    """The file is its owner's alone; the words name what comes next, and the line that they give works as typed."""
    told = shell.good("backup", "again", *WORDS).out
    assert (shell.folder / "again").stat().st_mode & 0o777 == 0o600
    assert "again holds database, key ring and settings as of 20" in told
    assert "genkan restore again --verify --passphrase-file pass" in told
    found = shell.good("backup", "third", *WORDS, "--json").json
    assert (found["engine"], found["holdsDatabase"], found["ringVersion"]) == ("SQLite", True, 1)
    assert found["bytes"] == (shell.folder / "third").stat().st_size


def test_a_backup_is_never_made_in_the_open(shell: Shell) -> None:
    """Without a passphrase, with a file that is not there, with a short one: one sentence, and no file."""
    keep(shell, "eleven char\n")
    for words, said in (
        ((), "--passphrase-file"),
        (("--passphrase-file", "none"), "cannot be read"),
        (WORDS, "too short: 12 characters at least"),
    ):
        assert said in shell.refused("backup", "file", *words, status=2)
        assert not (shell.folder / "file").exists()


def test_where_there_is_no_site_there_is_no_backup(bare: Shell) -> None:
    """Nothing is made, neither a file nor a folder."""
    keep(bare, PASSWORD)
    assert "there is no site" in bare.refused("backup", "file", *WORDS, status=2)
    assert {path.name for path in bare.folder.iterdir()} == {"pass"}


def test_a_restore_takes_it_with_its_passphrase(shell: Shell, kept: Path) -> None:
    """Without one it says what is missing; with it the people of the backup are back."""
    assert "--passphrase-file" in shell.refused("restore", str(kept), "--heal", status=2)
    shell.good("restore", str(kept), "--heal", *WORDS)
    assert [user["name"] for user in shell.good("user", "list", "--json").json] == ["alice"]


def test_a_tried_backup_tells_what_it_lacks(shell: Shell, kept: Path) -> None:
    """A copy is served and a session goes on there; bob would be lost; the site itself is as it was, and serves on."""
    before = (shell.database.read_bytes(), shell.ring_path.read_bytes())
    told = shell.good("restore", str(kept), "--verify", *WORDS).out
    assert f"{kept} is good, as of 20" in told
    assert "new accounts: 1, new links: 0" in told
    assert (shell.database.read_bytes(), shell.ring_path.read_bytes()) == before
    found = shell.good("restore", str(kept), "--verify", *WORDS, "--json", "--data-dir", "elsewhere").json
    assert (found["good"], found["served"], found["lost"]) == (True, True, None)
    assert not (shell.folder / "elsewhere").exists()


def test_a_copy_under_a_lost_ring_fails_the_trial(shell: Shell, kept: Path) -> None:
    """A bare copy is tried under the ring that lies there: none, and it says so; the trial leaves nothing."""
    copy_database(shell.database, shell.folder / "bare.sqlite3")
    assert "lines of the audit: 0" in shell.good("restore", "bare.sqlite3", "--verify").out
    shell.ring_path.unlink()
    assert "key ring is not there" in shell.refused("restore", "bare.sqlite3", "--verify", status=2)
    assert not (shell.data / ".verifying").exists()


def test_a_copy_that_does_not_serve_is_told(shell: Shell, kept: Path) -> None:
    """Status 1: it opens, and no session would go on: here because the copy's server cannot come up."""
    shell.patch.setattr("genkan.ops.booting.sys.executable", "/bin/false")
    said = shell.refused("restore", str(kept), "--verify", *WORDS, status=1)
    assert "cannot be relied on: the copy does not start" in said


def test_settings_come_back_with_the_backup(shell: Shell, kept: Path) -> None:
    """Where they are not those of now, they lie beside the data as a file that can be used; else nothing is said."""
    assert shell.good("restore", str(kept), "--heal", *WORDS, "--json").json["settings"] is None
    shell.patch.setenv("GENKAN_SITE_TITLE", "The house")
    (shell.folder / "titled").unlink(missing_ok=True)
    shell.good("backup", "titled", *WORDS)
    shell.patch.delenv("GENKAN_SITE_TITLE")
    told = shell.good("restore", "titled", "--heal", *WORDS).out
    found = shell.data / "genkan.restored.toml"
    assert f"they lie in {found}" in told
    assert found.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(found.read_text())["site_title"] == "The house"
    # Beside a setting of the environment the same name in a file is allowed; so all of it can be read as it is.
    shell.patch.setenv("GENKAN_SETTINGS_FILE", str(found))
    shell.good("user", "list")


@pytest.mark.parametrize("harm", ["cut", "changed", "other"])
def test_a_backup_that_cannot_be_relied_on_is_an_answer(shell: Shell, kept: Path, harm: str) -> None:
    """Status 1 for one that was cut or changed, or opens with another passphrase; 2 stays for what the person did."""
    whole = kept.read_bytes()
    if harm == "cut":
        kept.write_bytes(whole[:-100])
    elif harm == "changed":
        kept.write_bytes(whole[:-5000] + bytes([whole[-5000] ^ 1]) + whole[-4999:])
    else:
        keep(shell, "another passphrase\n")
    shell.refused("restore", str(kept), "--verify", *WORDS, status=1)
    shell.refused("restore", str(kept), "--heal", *WORDS, status=2)
    shell.refused("restore", "nothing", "--verify", *WORDS, status=2)


def test_a_passphrase_that_others_can_read_is_warned_of(shell: Shell, kept: Path) -> None:
    """And one is long by its characters, not by its bytes."""
    (shell.folder / "pass").chmod(0o644)
    assert "can be read by others" in shell.good("backup", "one", *WORDS).err
    (shell.folder / "pass").chmod(0o600)
    assert shell.good("backup", "two", *WORDS).err == ""
    keep(shell, "玄関玄関\n")
    assert "12 characters at least" in shell.refused("backup", "three", *WORDS, status=2)


def test_a_moved_site_is_backed_up_where_it_is(shell: Shell, kept: Path) -> None:
    """The sentence names the site's own file."""
    with closing(sqlite3.connect(shell.database)) as db, db:
        db.execute("UPDATE site SET moved_to = 'postgresql://site@db/genkan'")
    said = shell.refused("backup", "after", *WORDS, status=2)
    assert f"the site of {shell.database} has moved to postgresql://site@db/genkan" in said
