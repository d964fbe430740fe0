"""genkan status and genkan migrate: the verdict on an installation, and its schema."""

import os
import shutil
from pathlib import Path

import pytest

from genkan import clock
from genkan.outside.locks import serving
from genkan.outside.ring_file import replace_ring_file
from genkan.protocol.ring import new_ring
from genkan.store import sqlite_examine, sqlite_open
from genkan.store.api import NodeReport
from genkan.store.migration import migrations
from tests.cli.shell import Shell


def checks(shell: Shell, *, status: int) -> dict[str, tuple[bool, str]]:
    """The verdict by the name of the check."""
    ended = shell("status", "--json")
    assert ended.status == status, ended
    assert ended.json["healthy"] is (status == 0)
    return {check["id"]: (check["ok"], check["sentence"]) for check in ended.json["checks"]}


def wrong(shell: Shell) -> dict[str, str]:
    """What is wrong with an unhealthy installation."""
    return {name: sentence for name, (ok, sentence) in checks(shell, status=1).items() if not ok}


def test_a_healthy_site(shell: Shell) -> None:
    """All checks are good, the exit status is 0, and what is kept is counted."""
    shell.add_user("alice", "--admin")
    link, (bob,) = shell.people("bob")
    shell.sign_in(bob, link)
    found = checks(shell, status=0)
    assert set(found) == {"store", "ring", "disk", "administrator", "writes", "healing", "stops", "clock", "server"}
    assert shell.good("status", "--json").json["counts"] == {"accounts": 2, "links": 1, "signIns": 1, "sessions": 0}
    assert "WRONG" not in shell.good("status", "--deep").out


def test_an_address_that_nothing_has_served_is_called_a_guess(shell: Shell) -> None:
    """Before the first start nobody knows it; with a base URL there is nothing to guess."""
    shell.add_user("alice", "--admin")
    guessed = shell.good("status")
    assert guessed.out.splitlines()[0] == f"The site is http://localhost:8080, data in {shell.database}"
    assert "http://localhost:8080 is a guess" in guessed.err
    shell.patch.setenv("GENKAN_BASE_URL", "https://a.example")
    told = shell.good("status")
    assert told.out.splitlines()[0] == f"The site is https://a.example, data in {shell.database}"
    assert told.err == ""


def test_nobody_administers(shell: Shell) -> None:
    """A site without an administrator is not finished, and says what to do."""
    assert wrong(shell)["administrator"] == (
        "There is none: restart genkan serve and open the link that it prints, or: genkan user add NAME --admin "
        "--password-stdin"
    )
    assert "WRONG" in shell("status").out


def test_a_ring_that_is_lost_or_foreign(shell: Shell) -> None:
    """Each fault of the ring is named; the site itself is still looked at."""
    shell.add_user("alice", "--admin")
    replace_ring_file(shell.ring_path, new_ring(clock.system_env()))
    assert "another site" in wrong(shell)["ring"]
    shell.ring_path.chmod(0o644)
    assert "chmod 600" in wrong(shell)["ring"]
    shell.ring_path.unlink()
    assert list(wrong(shell)) == ["ring"]


def test_a_clock_that_is_behind(shell: Shell) -> None:
    """A node that was seen in the future means that this clock was set back."""
    shell.add_user("alice", "--admin")
    shell.in_store(lambda store: store.report(NodeReport("n1", 1, clock.now_ms() + 60_000)))
    assert "behind" in wrong(shell)["clock"]


def test_a_damaged_file_is_found_by_a_deep_look(shell: Shell) -> None:
    """--deep reads everything and names the damage; nothing else is judged on a broken file."""
    shell.add_user("alice", "--admin")
    with shell.database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 4))
    ended = shell("status", "--deep", "--json")
    assert ended.status == 1
    assert [check["id"] for check in ended.json["checks"] if not check["ok"]] == ["store"]
    assert "damaged" in ended.out
    assert "genkan restore" in ended.out


NEXT = len(migrations(sqlite_open.MIGRATIONS)) + 1


@pytest.fixture
def two_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This version knows one schema more than it does."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in sqlite_open.MIGRATIONS.iterdir():
        if file.name.endswith(".sql"):
            (folder / file.name).write_text(file.read_text())
    (folder / f"{NEXT:04}_more.up.sql").write_text("CREATE TABLE more (x INTEGER) STRICT;\n")
    (folder / f"{NEXT:04}_more.down.sql").write_text("DROP TABLE more;\n")
    for module in (sqlite_open, sqlite_examine):
        monkeypatch.setattr(module, "MIGRATIONS", folder)


@pytest.mark.usefixtures("two_schemas")
def test_down_and_up_again(shell: Shell) -> None:
    """Down keeps the people, leaves a copy, and status says what the next start would do; up brings it back."""
    shell.add_user("alice", "--admin")
    here = NEXT - 1
    told = shell.good("migrate", "--to", str(here), "--json").json
    assert told == {"before": NEXT, "now": here, "newest": NEXT}
    assert f"older than {NEXT}" in wrong(shell)["store"]
    assert (shell.data / f"genkan.sqlite3.before-{here}").exists()
    assert shell.good("migrate").out == f"schema {here} became {NEXT}\n"
    assert shell.good("migrate").out == f"schema {NEXT}\n"
    assert [user["name"] for user in shell.good("user", "list", "--json").json] == ["alice"]
    assert checks(shell, status=0)["store"] == (True, f"Schema {NEXT}.")


@pytest.mark.usefixtures("two_schemas")
def test_a_plan_is_told_and_nothing_done(shell: Shell) -> None:
    """What would happen, what would be lost, where the copy would lie and how it is undone; as JSON too."""
    shell.add_user("alice", "--admin")
    here = NEXT - 1
    down = shell.good("migrate", "--plan", "--to", str(here), "--json").json
    copy = str(shell.data / f"genkan.sqlite3.before-{here}")
    assert down == {
        "before": NEXT, "after": here, "serversMayRun": False, "copy": copy, "undo": None,
        "steps": [{"schema": here, "name": "more", "direction": "down", "additive": False,
                   "loses": "what it was made for"}],
    }  # fmt: skip
    assert not Path(copy).exists()
    shell.good("migrate", "--to", str(here))
    told = shell.good("migrate", "--plan").out.splitlines()
    assert told[0] == f"schema {here} would become {NEXT}"
    assert told[1] == f"  up to {NEXT}, more: changes what is there; on the way back what it was made for is lost"
    assert "stop the server first" in told
    assert f"before, the file is copied to {shell.data / f'genkan.sqlite3.before-{NEXT}'}" in told
    assert told[-1] == f"undone by: genkan migrate --to {here}, with this version of Genkan"
    shell.good("migrate")
    assert shell.good("migrate", "--plan").out == f"schema {NEXT}; nothing to do\n"


@pytest.mark.parametrize("target", ["0", str(NEXT), "-1"])
def test_schemas_that_are_none(shell: Shell, target: str) -> None:
    """Only known schemas can be gone to; none of them empties the store."""
    shell.add_user("alice")
    assert "there is no schema" in shell.refused("migrate", "--to", target, status=1)
    assert len(shell.good("user", "list", "--json").json) == 1


def test_no_migration_under_a_server(shell: Shell) -> None:
    """While a server holds the store, migrate says so."""
    with serving(shell.database):
        assert "stop it first" in shell.refused("migrate", status=2)


def test_a_newer_schema_is_left_alone(shell: Shell, request: pytest.FixtureRequest) -> None:
    """What a newer version wrote is neither used nor migrated; both commands say so."""
    known = shell.folder / "known"
    shutil.copytree(Path(str(sqlite_open.MIGRATIONS)), known)
    request.getfixturevalue("two_schemas")
    shell.add_user("alice", "--admin")
    for module in (sqlite_open, sqlite_examine):
        shell.patch.setattr(module, "MIGRATIONS", known)
    assert "newer Genkan" in wrong(shell)["store"]
    assert "newer Genkan" in shell.refused("migrate", status=2)
    assert "newer" in shell.refused("user", "list", status=2)
