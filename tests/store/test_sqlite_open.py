"""Opening the file: what is refused in one sentence, who may read it, migrations up and down with data in it."""

import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from genkan.store import sqlite_open
from genkan.store.api import CannotOpen, NoSite
from genkan.store.migration import migrations
from genkan.store.sqlite import open_store
from genkan.store.sqlite_open import connect, migrate, schema_version
from tests.store.builders import a_grant, a_link, added, an_account, an_env, redeemed
from tests.store.reading import the_row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "genkan.db"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def make_site(path: Path) -> bytes:
    """A site with a sign-in in it; its identity."""
    store = open_store(path, create=True, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    assert await store.apply(redeemed(a_grant(account, link)))
    site = await store.site()
    await store.close()
    return site.site_id


# --- What is there ----------------------------------------------------------------------------------------------------


def test_looking_for_a_site_makes_none(path: Path) -> None:
    """A command that finds no site says so, and nothing is there afterwards either."""
    with pytest.raises(NoSite, match=r"^there is no site at .*genkan\.db$"):
        open_store(path, create=False, env=an_env())
    assert list(path.parent.iterdir()) == []


def test_an_empty_file_is_no_site(path: Path) -> None:
    """As a start that was cut off leaves it: not a site to look at, yet one to make."""
    path.touch()
    with pytest.raises(NoSite):
        open_store(path, create=False, env=an_env())
    assert path.stat().st_size == 0


async def test_a_site_keeps_its_identity(path: Path) -> None:
    """Made at first start, random, the same ever after; another site has another one."""
    first = await make_site(path)
    for create in (True, False):
        again = open_store(path, create=create, env=an_env())
        assert (await again.site()).site_id == first
        await again.close()
    assert await make_site(path.with_name("another.db")) != first


async def test_only_the_owner_can_read_it(path: Path) -> None:
    """The file and what SQLite puts beside it, whatever the umask would allow."""
    store = open_store(path, create=True, env=an_env())
    assert await store.apply(added(an_account()))
    assert {file.name: mode(file) for file in path.parent.iterdir()} == {
        "genkan.db": 0o600, "genkan.db-wal": 0o600, "genkan.db-shm": 0o600,
    }  # fmt: skip
    await store.close()
    assert [file.name for file in path.parent.iterdir()] == ["genkan.db"]


async def test_every_commit_is_synced(path: Path) -> None:
    """The writer's connection fsyncs its log at each commit; the reader's cannot write."""
    store = open_store(path, create=True, env=an_env())
    writer = store._writer._connection.db
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store._db.execute("DELETE FROM grants")
    await store.close()


async def test_many_processes_may_start_at_once(path: Path) -> None:
    """Of openings at the same moment one makes the site, the others find it."""

    def identity(_: int) -> bytes:
        store = open_store(path, create=True, env=an_env())
        with closing(sqlite3.connect(path)) as db:
            found: bytes = db.execute("SELECT site_id FROM site").fetchone()[0]
        store._db.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(identity, range(8)))) == 1


# --- What is refused --------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """In one sentence that names it, and it stays as it is."""
    path.write_bytes(b"hello, this is not a database at all" * 100)
    for create in (True, False):
        with pytest.raises(CannotOpen, match=r"genkan\.db cannot be opened as a site: .*not a database"):
            open_store(path, create=create, env=an_env())
    assert path.read_bytes().startswith(b"hello")


def test_another_programs_database_is_refused(path: Path) -> None:
    """Its tables stay as they are."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE somebody_elses (x)")
    with pytest.raises(CannotOpen, match="database of another program"):
        open_store(path, create=True, env=an_env())
    with pytest.raises(NoSite):
        open_store(path, create=False, env=an_env())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("somebody_elses",)]


async def test_a_newer_schema_is_refused(path: Path) -> None:
    """One sentence, nothing changed, no copy made."""
    await make_site(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE schema_version SET version = 99")
    known = len(migrations(sqlite_open.MIGRATIONS))
    with pytest.raises(
        CannotOpen, match=f"has schema 99, which a newer Genkan wrote; this one knows {known}: use the newer one"
    ):
        open_store(path, create=True, env=an_env())
    assert [file.name for file in path.parent.iterdir()] == ["genkan.db"]


def test_a_folder_that_is_not_there_is_refused(path: Path) -> None:
    """Named in one sentence."""
    with pytest.raises(CannotOpen, match="cannot be made: No such file or directory"):
        open_store(path / "deeper" / "genkan.db", create=True, env=an_env())


# --- Migrations -------------------------------------------------------------------------------------------------------


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's migrations and one more, as the next version of Genkan would bring it."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in resources.files("genkan.store.migrations").iterdir():
        if file.name.endswith(".sql"):
            (folder / file.name).write_text(file.read_text())
    number = len(migrations(folder)) + 1
    (folder / f"{number:04}_more.up.sql").write_text(
        "ALTER TABLE links ADD COLUMN note TEXT NOT NULL DEFAULT 'none; yet';\nCREATE TABLE more (x) STRICT;\n".replace(
            "(x)", "(x TEXT)"
        )
    )
    (folder / f"{number:04}_more.down.sql").write_text("DROP TABLE more;\nALTER TABLE links DROP COLUMN note;\n")
    return folder


def test_every_migration_has_its_way_back() -> None:
    """Numbered from one without a gap, each with both directions."""
    known = migrations(sqlite_open.MIGRATIONS)
    assert [migration.number for migration in known] == list(range(1, len(known) + 1))
    assert all(migration.up.strip() and migration.down.strip() for migration in known)


async def test_migrations_go_up_and_down_with_data(path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with people in it goes to the next version and back, and still has them all."""
    store = open_store(path, create=True, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)
    assert await store.apply(added(account, link))
    assert await store.apply(redeemed(grant))
    await store.close()
    here, there = len(migrations(sqlite_open.MIGRATIONS)), migrations(newer)
    with closing(connect(path)) as db:
        migrate(db, path, there, len(there))
        assert schema_version(db) == here + 1
        assert db.execute("SELECT DISTINCT note FROM links").fetchall() == [("none; yet",)]
        migrate(db, path, there, here)
        assert schema_version(db) == here
    again = open_store(path, create=False, env=an_env())
    assert await the_row(again, grant) == grant
    assert await again.link(link.id) == link
    await again.close()


async def test_an_older_schema_is_copied_then_migrated_at_start(
    path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is the site as it was, readable by its owner alone, and opens with the older version."""
    site_id = await make_site(path)
    monkeypatch.setattr(sqlite_open, "MIGRATIONS", newer)
    number = len(migrations(newer))
    store = open_store(path, create=True, env=an_env())
    assert (await store.site()).site_id == site_id
    await store.close()
    copy = path.with_name(f"genkan.db.before-{number}")
    assert mode(copy) == 0o600
    monkeypatch.undo()
    with pytest.raises(CannotOpen, match=f"has schema {number}"):
        open_store(path, create=False, env=an_env())
    before = open_store(copy, create=False, env=an_env())
    assert (await before.site()).site_id == site_id
    assert len(await before.accounts()) == 1
    await before.close()


async def test_a_fresh_site_needs_no_copy(path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All migrations run on an empty file, and nothing lies beside it."""
    monkeypatch.setattr(sqlite_open, "MIGRATIONS", newer)
    await make_site(path)
    shutil.rmtree(newer)
    assert [file.name for file in path.parent.iterdir()] == ["genkan.db"]


async def test_a_broken_migration_changes_nothing(path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails half way is undone as a whole; the version and the data are what they were."""
    await make_site(path)
    broken = next(newer.glob("*_more.up.sql"))
    broken.write_text(broken.read_text() + "INSERT INTO missing VALUES (1);\n")
    monkeypatch.setattr(sqlite_open, "MIGRATIONS", newer)
    with pytest.raises(CannotOpen, match="no such table: missing"):
        open_store(path, create=True, env=an_env())
    monkeypatch.undo()
    store = open_store(path, create=False, env=an_env())
    assert len(await store.accounts()) == 1
    await store.close()


async def test_the_first_migration_goes_down_to_nothing(path: Path) -> None:
    """Nothing of the schema is left behind."""
    await make_site(path)
    with closing(connect(path)) as db:
        migrate(db, path, migrations(sqlite_open.MIGRATIONS), 0)
        assert db.execute("SELECT name FROM sqlite_master WHERE name <> 'schema_version'").fetchall() == []
    assert path.with_name("genkan.db.before-0").exists()


def test_a_gap_in_the_numbers_is_refused(newer: Path) -> None:
    """A migration that is missing or misnumbered stops the start."""
    next(newer.glob("*_more.up.sql")).rename(newer / "0009_more.up.sql")
    with pytest.raises(CannotOpen, match="out of order"):
        migrations(newer)
