"""What migrations say of themselves, what a plan makes of it, and that a version serves on what a newer one added."""

import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from genkan.protocol.records import Account, Link
from genkan.store import postgres, postgres_open, sqlite, sqlite_open
from genkan.store.api import CannotOpen, Store
from genkan.store.migration import Migration, Schema, additive_before, migrations, planned, schema
from genkan.store.places import Place, Postgres, bring_to, schema_of
from tests.postgres import Server, running_postgres
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    added,
    an_account,
    an_env,
    an_event,
    ended,
    redeemed,
    rotated,
)
from tests.store.reading import the_reason, the_row

FOLDERS = {"sqlite": sqlite_open.MIGRATIONS, "postgres": postgres_open.MIGRATIONS}
# What takes nothing away and asks nothing of a writer that does not know it.
ADDITIVE = re.compile(
    r"CREATE TABLE|CREATE INDEX|CREATE UNIQUE INDEX \w+ ON (?!accounts|links|grants)"
    r"|ALTER TABLE \w+ ADD COLUMN \w+ [^;]*(?:DEFAULT|NULL(?<!NOT NULL))",
)


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_every_migration_says_what_going_back_loses(folder: Traversable) -> None:
    """In the first line of its way down, if only that nothing is."""
    for one in migrations(folder):
        assert re.match(r"-- loses: \w.*[^.]\n", one.down), one.name


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_additive_migrations_only_add(folder: Traversable) -> None:
    """Tables, indexes, and columns that whoever does not know them may leave out."""
    for one in migrations(folder):
        statements = [part.strip() for part in re.sub(r"--.*", "", one.up).split(";") if part.strip()]
        assert not one.additive or all(ADDITIVE.match(statement) for statement in statements), one.name


def a_migration(number: int, *, additive: bool, loses: str = "nothing") -> Migration:
    return Migration(
        number, f"step{number}", "-- additive\nSELECT 1" if additive else "SELECT 1", f"-- loses: {loses}\n"
    )


def test_a_plan_says_what_goes_on_and_what_comes_back() -> None:
    """Up over additive steps servers go on, and going back is said; down there is no undoing."""
    known = [
        a_migration(1, additive=False),
        a_migration(2, additive=True, loses="colours"),
        a_migration(3, additive=True),
    ]
    up = planned(known, 1, 3)
    assert ([step.schema for step in up.steps], up.beside, up.undo) == ([2, 3], True, 1)
    assert [step.loses for step in up.steps] == ["colours", ""]
    down = planned(known, 3, 1)
    assert ([step.schema for step in down.steps], down.beside, down.undo) == ([2, 1], False, None)
    assert [step.loses for step in down.steps] == ["", "colours"]
    fresh = planned(known, 0, 3)
    assert (len(fresh.steps), fresh.beside, fresh.undo) == (3, False, None)
    assert planned(known, 2, 2).steps == ()


def test_who_serves_on_what() -> None:
    """As far back as steps in a row only added; what keeps no word of it is served by its own version alone."""
    known = [a_migration(1, additive=False), a_migration(2, additive=True), a_migration(3, additive=True)]
    assert [additive_before(known, version) for version in (0, 1, 2, 3)] == [0, 0, 1, 2]
    assert schema((3, 2), known[:1]) == Schema(3, 1, 1)
    assert schema((3, 2), known[:1]).serves
    assert not schema((3, 1), known[:1]).serves
    assert not schema((3,), known[:2]).serves
    assert not schema((1, 0), known).serves
    assert schema((3, 2), known).serves
    assert not schema(None, known).serves


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of databases."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=[pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A site's store of either engine, made by this version."""
    if request.param == "sqlite":
        return tmp_path / "genkan.sqlite3"
    server: Server = request.getfixturevalue("server")
    return Postgres(server.a_database(f"rolling_{len(server.sql('SELECT datname FROM pg_database').split())}"))


def opened(place: Place) -> Store:
    if isinstance(place, Postgres):
        return postgres.open_store(place.url, create=False, env=an_env())
    return sqlite.open_store(place, create=True, env=an_env())


async def the_next_version_migrates(
    place: Place, folder: Path, patch: pytest.MonkeyPatch, *, additive: bool
) -> tuple[int, int]:
    """A version that knows one schema more brings the store there; which was, and which is, the newest."""
    module = postgres_open if isinstance(place, Postgres) else sqlite_open
    folder.mkdir()
    for file in module.MIGRATIONS.iterdir():
        if file.name.endswith(".sql"):
            (folder / file.name).write_text(file.read_text())
    here = len(migrations(folder))
    first = "-- additive\n" if additive else ""
    (folder / f"{here + 1:04}_more.up.sql").write_text(
        f"{first}ALTER TABLE grants ADD COLUMN colour integer NOT NULL DEFAULT 7;\n"
        "ALTER TABLE accounts ADD COLUMN shoe text;\nCREATE TABLE more (x integer PRIMARY KEY);\n"
    )
    (folder / f"{here + 1:04}_more.down.sql").write_text(
        "-- loses: colours\nDROP TABLE more;\nALTER TABLE accounts DROP COLUMN shoe;\n"
        "ALTER TABLE grants DROP COLUMN colour;\n"
    )
    with patch.context() as newer:
        for one in (module, sqlite_open, *_examiners(place)):
            newer.setattr(one, "MIGRATIONS", folder)
        bring_to(place, here + 1, an_env())
    return here, here + 1


def _examiners(place: Place) -> list[object]:
    from genkan.store import sqlite_examine

    return [] if isinstance(place, Postgres) else [sqlite_examine]


async def lives(store: Store, account: Account, link: Link) -> None:
    """What every phone and administrator does."""
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    after = rotated(grant, NOW + 1)
    assert await store.apply(after)
    assert (await the_row(store, grant)).generation == grant.generation + 1
    assert await store.apply(ended(grant, at=NOW + 2))
    assert (await the_reason(store, grant))[0]
    assert await store.apply(a_change(events=(an_event(detail="told"),)))
    await store.prune(NOW, 100)
    assert await store.accounts()


async def test_a_version_serves_on_what_a_newer_one_added(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that runs while the schema is migrated goes on, and one that starts afterwards serves, leaving the schema
    where it is; with the newer version gone, nothing was lost.
    """
    running = opened(place)
    account, link = an_account(), a_link()
    assert await running.apply(added(account, link))
    await lives(running, account, link)
    if not isinstance(place, Postgres):
        # A file is migrated by the one process that has it.
        await running.close()
    before, after = await the_next_version_migrates(place, tmp_path / "newer", monkeypatch, additive=True)
    if isinstance(place, Postgres):
        await lives(running, account, link)
        await running.close()
    assert schema_of(place) == Schema(after, before, schema_of(place).oldest)
    assert schema_of(place).serves
    again = opened(place)
    await lives(again, account, link)
    assert (await again.storage()).schema == after
    await again.close()
    assert schema_of(place).present == after


async def test_no_version_serves_on_what_a_newer_one_changed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that does not say that it only adds is refused by who does not know it."""
    await opened(place).close()
    await the_next_version_migrates(place, tmp_path / "newer", monkeypatch, additive=False)
    with pytest.raises(CannotOpen, match="a newer Genkan wrote"):
        opened(place)
    assert not schema_of(place).serves
