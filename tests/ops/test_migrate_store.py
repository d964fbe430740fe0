"""A move from SQLite to PostgreSQL: everything gets there, nothing that was acknowledged is lost, and wherever the
mover dies there is one site that can go on.
"""

import asyncio
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genkan.ops import migrate_store as moving
from genkan.ops.migrate_store import CannotMove, abandon_move
from genkan.store import postgres, sqlite
from genkan.store.api import CannotOpen, StoreUnavailable
from genkan.store.postgres_moving import Target
from genkan.store.postgres_open import migrate
from genkan.store.sqlite_examine import bring_to, site_of
from genkan.store.sqlite_moving import LOG, close_for_writing, mover_alone, tables, write_down
from genkan.store.sqlite_open import connect
from tests.ops.move_child import STEPS
from tests.ops.moving import fill_every_table, moved, rows_here, rows_there, types_of
from tests.postgres import Server, running_postgres
from tests.store.builders import NOW, a_grant, a_link, added, an_account, an_env, redeemed, rotated
from tests.store.reading import the_row
from tests.workshop.tree import ROOT

# Columns of PostgreSQL alone. Each has a default that is right for a database that nobody has served yet.
OWN = {("texts", "doubted"), ("upkeep", "texts_epoch"), ("upkeep", "texts_swept")}

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with running_postgres() as one:
        yield one


@pytest.fixture
def url(server: Server, request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own."""
    name = f"d{zlib.crc32(request.node.name.encode()):x}"
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0")
    return server.url(name)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A small site."""
    found = tmp_path / "genkan.sqlite3"
    store = sqlite.open_store(found, create=True, env=an_env())
    await store.close()
    return found


def database(url: str) -> str:
    """Its name."""
    return url.split("/")[3].split("?", maxsplit=1)[0]


def known(server: Server) -> dict[str, dict[str, str]]:
    """The types of a database with the schema, made once."""
    if not server.sql("SELECT 1 FROM pg_database WHERE datname = 'known'"):
        server.a_database("known")
    return types_of(server.url("known"))


def is_writable(path: Path) -> bool:
    """Whether the site that lies there takes a write, as a command would try it."""

    async def write() -> bool:
        store = sqlite.open_store(path, create=False, env=an_env())
        try:
            return await store.apply(added(an_account()))
        finally:
            await store.close()

    return asyncio.run(write())


def left_behind(path: Path) -> list[str]:
    """Triggers and logs of a move that are still there."""
    with closing(sqlite3.connect(path)) as db:
        return [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'moving%' OR type = 'trigger'")
        ]


def test_no_table_is_forgotten(server: Server, path: Path) -> None:
    """Both engines have the same tables, each with a key by which changes are followed, and the same columns but for
    those by which PostgreSQL's nodes agree on what they forget: whoever adds one on one side decides here what a
    move does with it.
    """
    with closing(connect(path)) as db:
        here = tables(db)
    there = known(server)
    assert {table.name for table in here} == there.keys()
    assert {(table.name, column) for table in here for column in set(table.columns) ^ there[table.name].keys()} == OWN
    assert {(name, column) for name, column in OWN if column in there[name]} == OWN
    assert all(table.key for table in here)
    assert len(here) > 20


def test_every_row_of_every_table_gets_there(server: Server, path: Path, url: str) -> None:
    """Whatever its values are; and new rows are numbered behind the ones that came."""
    types = known(server)
    fill_every_table(path, types)
    before = rows_here(path, types)
    done = asyncio.run(moved(path, url))
    here = {name: {one: kind for one, kind in kinds.items() if (name, one) not in OWN} for name, kinds in types.items()}
    there = rows_there(url, here)
    for name in types.keys() - {"site", "audit", "texts"}:
        assert there[name] == before[name], name
    assert set(before["audit"]) <= set(there["audit"])
    assert set(before["texts"]) <= set(there["texts"])
    assert {name: one.count for name, one in done.sums.items()} == {name: len(rows) for name, rows in before.items()}
    number = list(types["audit"]).index("id")
    assert sorted(row[number] for row in set(there["audit"]) - set(before["audit"])) == [
        max(row[number] for row in before["audit"]) + 1
    ]
    (site,), (site_before,) = there["site"], before["site"]
    columns = list(types["site"])
    changed = {columns[at] for at, pair in enumerate(zip(site, site_before, strict=True)) if pair[0] != pair[1]}
    assert changed == {"version"}


async def test_what_is_acknowledged_meanwhile_is_there(server: Server, path: Path, url: str) -> None:
    """Phones of another process sign in, refresh and sign out all the time: what they were told before the site was
    closed is in the new database.
    """
    command = [sys.executable, "-m", "tests.store.crash_child", str(path)]
    child = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    said = [await child.stdout.readline() for _ in range(200)]
    done, (rest, errors) = await asyncio.gather(moved(path, url), child.communicate())
    assert b"StoreUnavailable: SQLite: the site " in errors
    assert done.followed > 0
    told: dict[str, int] = {}
    for line in b"".join([*said, rest]).decode().splitlines():
        what, grant_id, *more = line.split()
        told[grant_id] = {"in": 0, "out": 99}.get(what, int(more[0]) if more else 0)
    said_there = server.sql("SELECT encode(id, 'hex'), generation, state FROM grants", database(url)).splitlines()
    found = {line.split("|")[0]: (int(line.split("|")[1]), line.split("|")[2]) for line in said_there}
    assert len(told) > 16
    for grant_id, last in told.items():
        generation, state = found[grant_id]
        assert state == "1" if last == 99 else generation in (last, last + 1), grant_id


async def test_a_closed_site_is_read_and_not_written(path: Path) -> None:
    """While the mover lives: a store that was open before says that it cannot, and goes on answering what it is asked;
    when the mover has died, the next write opens it again.
    """
    store = sqlite.open_store(path, create=False, env=an_env())
    account, link = an_account(), a_link()
    assert await store.apply(added(account, link))
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    with closing(connect(path)) as db, mover_alone(path):
        write_down(db, b"m" * 16)
        assert await store.apply(rotated(await the_row(store, grant), NOW + 1))
        close_for_writing(db)
        with pytest.raises(StoreUnavailable, match="closed for writing"):
            await store.apply(rotated(await the_row(store, grant), NOW + 2))
        assert (await the_row(store, grant)).generation == 1
        another = sqlite.open_store(path, create=False, env=an_env())
        assert (await the_row(another, grant)).generation == 1
        await another.close()
        with pytest.raises(CannotOpen, match=r"moves .* just now"):
            abandon_move(path)
    assert await store.apply(rotated(await the_row(store, grant), NOW + 2))
    assert left_behind(path) == []
    await store.close()


async def test_a_mover_that_died_early_is_noticed_by_the_server(path: Path) -> None:
    """Logs that nobody follows any more go at the server's next report of itself, at the latest with its next start."""
    from genkan.store.api import NodeReport

    store = sqlite.open_store(path, create=False, env=an_env())
    for way in ("report", "start"):
        with closing(connect(path)) as db, mover_alone(path):
            write_down(db, b"m" * 16)
        assert any(name.startswith(LOG) for name in left_behind(path))
        if way == "report":
            await store.report(NodeReport("here", 1, NOW))
        else:
            await sqlite.open_store(path, create=False, env=an_env()).close()
        assert left_behind(path) == []
    await store.close()


async def test_a_moved_site_is_nowhere_but_there(path: Path, url: str) -> None:
    """No store opens, no schema moves, and a server that still runs answers nothing from the old file."""
    store = sqlite.open_store(path, create=False, env=an_env())
    site_id = (await store.site()).site_id
    await moved(path, url)
    with pytest.raises(StoreUnavailable, match="has moved to postgresql://"):
        await store.site()
    with pytest.raises(StoreUnavailable):
        await store.apply(added(an_account()))
    await store.close()
    opens = (lambda: sqlite.open_store(path, create=False, env=an_env()), lambda: bring_to(path, 12))
    for refused in (*opens, lambda: site_of(path)):
        with pytest.raises(CannotOpen, match=r"has moved to postgresql://.* set GENKAN_DATABASE_URL"):
            refused()
    with pytest.raises(CannotMove, match="may have been used since"):
        abandon_move(path)
    there = postgres.open_store(url, create=False, env=an_env())
    assert (await there.site()).site_id == site_id
    assert [event.kind for _, event in await there.events()] == ["store.moved"]
    await there.close()
    assert (await moved(path, url)).sums == {}


async def told_there(url: str) -> list[str]:
    """The audit of the new database."""
    there = postgres.open_store(url, create=False, env=an_env())
    try:
        return [event.kind for _, event in await there.events()]
    finally:
        await there.close()


@pytest.mark.parametrize("side", ["before", "behind"])
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_mover_leaves_one_site(path: Path, url: str, step: str, side: str) -> None:
    """Up to the mark it is where it was, open for writing, and the new database opens nowhere; from the mark on it is
    the other way round. Run again, the move goes to its end from wherever it was left, and the audit has it once.
    """
    words = [sys.executable, "-m", "tests.ops.move_child", str(path), url, step, side]
    killed = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert killed.returncode == -9, killed.stderr
    has_moved = (step, side) in {
        ("mark_moved", "behind"),
        ("open_site", "before"),
        ("open_site", "behind"),
    }
    is_there = (step, side) == ("open_site", "behind")
    if has_moved:
        with pytest.raises(CannotOpen, match="has moved"):
            is_writable(path)
    else:
        assert is_writable(path)
        assert left_behind(path) == []
    if not is_there:
        with pytest.raises(CannotOpen, match="run genkan migrate"):
            postgres.open_store(url, create=False, env=an_env())
        if has_moved or (step, side) == ("commit", "behind") or step == "mark_moved":
            with pytest.raises(CannotOpen, match="on its way into"):
                migrate(url, an_env())
    asyncio.run(moved(path, url))
    assert asyncio.run(told_there(url)) == ["store.moved"]


async def test_only_an_empty_database_is_filled(server: Server, path: Path, url: str, tmp_path: Path) -> None:
    """One that genkan migrate has made will do; another program's, one that is used, one that a server uses, another
    site's half way there: each is refused with its reason, and the source is never closed for it.
    """
    name = database(url)
    server.sql("CREATE TABLE other (x int)", name)
    await refused(path, url, "another program's")
    server.sql("DROP TABLE other", name)
    await asyncio.to_thread(migrate, url, an_env())
    store = postgres.open_store(url, create=False, env=an_env())
    await store.site()
    await refused(path, url, "genkan serve uses")
    assert await store.apply(added(an_account()))
    await store.close()
    await refused(path, url, "is not empty .there are accounts")
    server.sql("DELETE FROM accounts; UPDATE site SET move = '\\x01'", name)
    await refused(path, url, "another site's unfinished move")
    server.sql("UPDATE site SET move = NULL", name)
    assert (await moved(path, url)).sums["site"].count == 1


async def test_a_row_that_postgresql_cannot_keep_is_told(path: Path, url: str) -> None:
    """A number beyond a column's type, in a table of many: the sentence names the table, and the site goes on."""
    store = sqlite.open_store(path, create=False, env=an_env())
    assert await store.apply(added(an_account()))
    with closing(connect(path)) as db:
        db.execute("UPDATE accounts SET permission = 40000")
    await refused(path, url, "a row of accounts does not fit into PostgreSQL")
    await store.close()


async def test_a_database_that_goes_away_stops_the_move(
    server: Server, path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and the site is open for writing where it was."""

    async def lost(mover: moving.Mover) -> None:
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'genkan-move'")
        await mover.target.count("accounts")

    monkeypatch.setattr(moving.Mover, "compare_counts", lost)
    await refused(path, url, "the PostgreSQL database was lost")
    store = sqlite.open_store(path, create=False, env=an_env())
    assert await store.apply(added(an_account()))
    await store.close()


async def refused(path: Path, url: str, said: str) -> None:
    """And nothing was begun."""
    with pytest.raises(CannotOpen, match=said):
        await moved(path, url)
    assert left_behind(path) == []


@pytest.mark.parametrize("fault", ["lost", "changed", "late"])
async def test_what_came_out_otherwise_is_not_moved(
    path: Path, url: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is lost or changed on the way is found before the mark: the site is open where it was, none there."""
    store = sqlite.open_store(path, create=False, env=an_env())
    account = an_account()
    assert await store.apply(added(account))
    fill = Target.fill

    async def filled(self: Target, table: str, rows: object) -> None:
        await fill(self, table, rows)  # type: ignore[arg-type]
        if table == "accounts" and fault != "late":
            wrong = "DELETE FROM accounts" if fault == "lost" else "UPDATE accounts SET stop = stop + 1"
            await self._db.execute(wrong)

    def closed(db: sqlite3.Connection) -> None:
        """A write that no trigger saw."""
        db.execute("DROP TRIGGER moving_accounts_delete")
        db.execute("DELETE FROM accounts")
        close_for_writing(db)

    monkeypatch.setattr(Target, "fill", filled)
    if fault == "late":
        monkeypatch.setattr(moving, "close_for_writing", closed)
    with pytest.raises(CannotMove, match=r"accounts .*nothing was moved"):
        await moved(path, url)
    assert left_behind(path) == []
    assert await store.apply(added(an_account("another")))
    await store.close()
    with pytest.raises(CannotOpen, match="no site in this PostgreSQL database"):
        postgres.open_store(url, create=False, env=an_env())
