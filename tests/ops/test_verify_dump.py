"""genkan restore --verify --dump: a dump is put back, served and compared in a database that is gone afterwards, and
what is wrong with it, or in its way, is one sentence.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from genkan.ops.booting import DoesNotServe
from genkan.ops.taking import Damaged, RestoreFailed
from genkan.ops.verify import Verified
from genkan.protocol.outcomes import Change, MoveRing
from genkan.settings import Settings
from genkan.store.api import CannotOpen, StoreUnavailable
from genkan.store.places import bring_to, open_store, schema_of
from genkan.store.postgres_trial import trial
from genkan.store.sqlite_losses import Losses
from tests.ops.dumped_site import PASSWORD, DumpedSite, a_dumped_site, an_address, guarded_postgres, pretended
from tests.postgres import Server
from tests.protocol.builders import a_ring
from tests.store.builders import an_env

pytestmark = pytest.mark.needs("postgres", "pg_dump")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with guarded_postgres() as one:
        yield one


@pytest.fixture
async def site(
    tmp_path: Path, server: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> DumpedSite:
    """A site of a role that may make databases, and PostgreSQL's programs on the PATH."""
    monkeypatch.setenv("PATH", f"{server.programs}{os.pathsep}{os.environ['PATH']}")
    return await a_dumped_site(server, request.node.name, tmp_path)


def is_good(found: object, **lost: int) -> bool:
    """It served, and exactly this would be lost."""
    nothing = dict.fromkeys(Losses.__dataclass_fields__, 0)
    return isinstance(found, Verified) and found.losses == Losses(**{**nothing, **lost})


@pytest.mark.parametrize("form", ["custom", "directory", "tar"])
async def test_a_good_dump_is_tried_and_gone(site: DumpedSite, form: str) -> None:
    """Every format that pg_restore knows is put back and served; the site is as it was, and no database is left."""
    dump = site.dump if form == "custom" else site.dumped(f"--format={form}")
    came_later = {"sign_ins": 1, "events": 1} if form == "custom" else {}
    ring = site.settings.ring_path.read_bytes()
    before = site.server.sql("TABLE site", site.database), site.server.sql("TABLE audit", site.database)
    assert is_good(await site.verified(dump), **came_later)
    assert site.left() == 0
    assert before == (site.server.sql("TABLE site", site.database), site.server.sql("TABLE audit", site.database))
    assert site.settings.ring_path.read_bytes() == ring


async def test_a_dump_of_an_older_schema_is_brought_up(site: DumpedSite) -> None:
    """As genkan migrate does after a restore; of the present site the schema stays what it is."""
    newest = schema_of(site.place).newest
    bring_to(site.place, newest - 1, an_env())
    dump = site.dumped("--format=custom")
    assert isinstance(await site.verified(dump), Verified)
    assert schema_of(site.place).present == newest - 1


async def test_a_site_that_was_restored_by_the_manual_is_dumped_again(site: DumpedSite) -> None:
    """Its schema ``public`` was made anew: it is its role's own, without the words of the first, and in the dump."""
    site.server.sql("ALTER SCHEMA public OWNER TO maker; COMMENT ON SCHEMA public IS NULL", site.database)
    assert is_good(await site.verified(site.dumped("--format=custom")))


async def test_the_pair_is_enough_on_a_new_machine(site: DumpedSite, tmp_path: Path) -> None:
    """Where neither its ring nor its database is left; what came later nobody can know then."""
    site.server.sql(f"CREATE DATABASE new_{site.database} OWNER maker")
    url = an_address(site.server, "maker", f"new_{site.database}").url
    site.settings = Settings(database_url=url, secret_file=str(tmp_path / "none.json"))
    found = await site.verified()
    assert isinstance(found, Verified)
    assert found.losses is None
    assert not site.settings.ring_path.exists()


def rubbish(site: DumpedSite) -> Path:
    path = site.dump.with_name("rubbish")
    path.write_bytes(b"no dump, but long enough to look like a file of some kind" * 20)
    return path


def an_empty_file(site: DumpedSite) -> Path:
    path = site.dump.with_name("empty")
    path.touch()
    return path


def cut(site: DumpedSite, end: int) -> Path:
    path = site.dump.with_name("cut")
    path.write_bytes(site.dump.read_bytes()[:end])
    return path


def of_another_program(site: DumpedSite) -> Path:
    site.server.sql(f"CREATE DATABASE other_{site.database}")
    site.server.sql("CREATE TABLE site (x int)", f"other_{site.database}")
    return site.dumped("--format=custom", database=f"other_{site.database}")


def of_another_site(site: DumpedSite) -> Path:
    site.server.a_database(f"other_{site.database}")
    return site.dumped("--format=custom", database=f"other_{site.database}")


def without_a_table(site: DumpedSite) -> Path:
    return site.dumped("--format=custom", "--exclude-table=audit")


def of_a_newer_genkan(site: DumpedSite) -> Path:
    site.server.sql("UPDATE schema_version SET version = 99, additive = 0", site.database)
    return site.dumped("--format=custom")


def by_a_newer_program(site: DumpedSite) -> Path:
    """The second of three bytes behind the magic word is the format's minor version."""
    path, whole = site.dump.with_name("newer"), bytearray(site.dump.read_bytes())
    assert whole[:5] == b"PGDMP"
    whole[6] = 250
    path.write_bytes(whole)
    return path


BAD = [
    (rubbish, Damaged, "rubbish is no dump that pg_restore can read: .*valid archive"),
    (an_empty_file, Damaged, "empty is no dump that pg_restore can read"),
    (partial(cut, end=2000), Damaged, "cut is no dump that pg_restore can read: could not read from input file"),
    (partial(cut, end=-20), Damaged, "cut cannot be put back: could not read from input file: end of file$"),
    (of_another_program, Damaged, "is a dump of another program's database"),
    (lambda site: site.dumped("--format=custom", "--schema-only"), Damaged, "without the rows of its tables"),
    (without_a_table, Damaged, 'no whole site: .*relation "audit" does not exist'),
    (of_another_site, Damaged, "another.dump is of another site than the key ring in .*site.backup"),
    (of_a_newer_genkan, RestoreFailed, "another.dump has schema 99, which a newer Genkan wrote"),
    (by_a_newer_program, RestoreFailed, "newer was made by a newer pg_dump than this pg_restore"),
    (lambda site: site.dumped("--format=plain"), RestoreFailed, "SQL text.*: make one with pg_dump --format=custom"),
    (lambda site: site.dump.with_name("none"), RestoreFailed, "there is no dump at .*none"),
]


@pytest.mark.parametrize(("make", "kind", "said"), BAD, ids=[said[:30] for _, _, said in BAD])
async def test_what_is_no_good_dump_is_told(
    site: DumpedSite, make: Callable[[DumpedSite], Path], kind: type[Exception], said: str
) -> None:
    """One sentence about the very file, and no database is left."""
    dump = await asyncio.to_thread(make, site)
    with pytest.raises(RestoreFailed, match=said) as failed:
        await site.verified(dump)
    assert type(failed.value) is kind
    assert "\n" not in str(failed.value)
    assert site.left() == 0


async def test_a_ring_of_before_the_dump_is_told(site: DumpedSite) -> None:
    """It would open nothing of what the dump has under a key that came between the two."""
    ring = replace(a_ring(), version=2)
    store = open_store(site.place, create=False, env=an_env())
    assert await store.apply(Change((MoveRing(ring.version, ring.fingerprint),)))
    await store.close()
    dump = await asyncio.to_thread(site.dumped, "--format=custom")
    with pytest.raises(Damaged, match=r"is at version 1, .*another.dump at 2: back up the ring after the database"):
        await site.verified(dump)
    assert site.left() == 0


async def test_the_backup_of_a_site_on_sqlite_has_no_dump(site: DumpedSite, tmp_path: Path) -> None:
    """Neither is one taken beside a SQLite site."""
    (tmp_path / "data").mkdir()
    site.settings = Settings(data_dir=str(tmp_path / "data"))
    with pytest.raises(RestoreFailed, match="a dump is of a site on PostgreSQL: name its database"):
        await site.verified()


async def test_the_program_must_be_there_and_fit(
    site: DumpedSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing from the PATH, or older than the server: which to install."""
    monkeypatch.setenv("PATH", pretended(tmp_path, site.server, ":", "pg_restore (PostgreSQL) 9.6.24"))
    with pytest.raises(RestoreFailed, match=r"pg_restore is of PostgreSQL 9, the server \d+: install the client"):
        await site.verified()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RestoreFailed, match="pg_restore is not on the PATH: install PostgreSQL's client programs"):
        await site.verified()
    assert site.left() == 0


async def test_nobody_can_see_the_password(site: DumpedSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither among the words of the command nor in its environment, and is gone from the disk afterwards."""
    seen = tmp_path / "seen"
    record = f'env > {seen}; echo "$@" >> {seen}; ls -l "$PGPASSFILE" >> {seen}'
    monkeypatch.setenv("PATH", pretended(tmp_path, site.server, record))
    monkeypatch.setenv("PGPASSWORD", "another one")
    monkeypatch.setenv("GENKAN_DATABASE_URL", site.place.url)
    assert is_good(await site.verified(), sign_ins=1, events=1)
    told = seen.read_text()
    assert "--dbname=postgresql://maker@/genkan_trial_" in told
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "GENKAN_", "another one"):
        assert secret not in told
    lies = re.search(r"^(-rw-------) .* (/\S+/pgpass)$", told, re.MULTILINE)
    assert lies is not None
    assert not Path(lies[2]).exists()


async def test_who_may_make_no_database_names_one(site: DumpedSite, tmp_path: Path) -> None:
    """The sentence says what to have made; in that the trial is done, and it is empty afterwards, also after a dump
    that did not do, with what hangs on the tables.
    """
    (tmp_path / "plain").mkdir()
    plain = await a_dumped_site(site.server, f"plain {site.database}", tmp_path / "plain", "plain")
    with pytest.raises(
        CannotOpen, match=r"plain may make no database .*\(CREATE DATABASE genkan_trial OWNER plain"
    ) as told:
        await plain.verified()
    given = f"given_{plain.database}"
    statement = re.search(r"\((CREATE .*?)\), and", str(told.value))
    assert statement is not None
    site.server.sql(statement[1].replace("genkan_trial", given))
    trial = an_address(site.server, "plain", given)
    site.server.sql("CREATE SCHEMA kept", given)
    site.server.sql("CREATE VIEW phones AS SELECT id FROM grants; CREATE SCHEMA more", plain.database)
    site.server.sql("ALTER VIEW phones OWNER TO plain; ALTER SCHEMA more OWNER TO plain", plain.database)
    assert is_good(await plain.verified(trial=trial), sign_ins=1, events=1)
    assert is_good(await plain.verified(plain.dumped("--format=custom"), trial))
    with pytest.raises(Damaged, match="audit"):
        await plain.verified(plain.dumped("--format=custom", "--exclude-table=audit"), trial)
    relations = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert site.server.sql(relations, given) == "0"
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1"
    assert site.server.sql(schemas, given).split() == ["information_schema", "kept", "public"]


async def test_a_database_with_anything_in_it_is_refused(site: DumpedSite) -> None:
    """The site's own above all: nothing of it is touched."""
    with pytest.raises(CannotOpen, match="the PostgreSQL database for the trial is not empty"):
        await site.verified(trial=site.place)
    assert site.server.sql("SELECT count(*) FROM grants", site.database) == "2"


async def test_two_at_once_do_not_meet(site: DumpedSite) -> None:
    """The one that comes later says so, and takes nothing from the first."""
    async with trial(site.place, None) as first:
        with pytest.raises(CannotOpen, match="another command tries a dump there"):
            await site.verified()
        assert site.left() == 1
        assert schema_of(first.place).present == 0
    assert site.left() == 0


@pytest.mark.parametrize("most", [0, 1, 2, 4])
async def test_a_full_server_says_nothing_of_the_dump(site: DumpedSite, most: int) -> None:
    """Wherever the last connection goes, to the trial, pg_restore, the restore or the copy, it is the server's fault;
    and no database is left.
    """
    others = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'maker'"
    while site.server.sql(others) != "0":
        await asyncio.sleep(0.02)
    site.server.sql(f"ALTER ROLE maker CONNECTION LIMIT {most}")
    try:
        with pytest.raises((CannotOpen, StoreUnavailable), match=r"too many connections|has a dozen connections left"):
            await site.verified()
    finally:
        site.server.sql("ALTER ROLE maker CONNECTION LIMIT -1")
    assert site.left() == 0


async def test_a_copy_that_does_not_serve_is_told(site: DumpedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that does not go on is the copy's fault."""

    async def silent(*_: object) -> None:
        raise DoesNotServe("the copy goes on taking a token that was replaced")

    monkeypatch.setattr("genkan.ops.verify.try_canary", silent)
    with pytest.raises(DoesNotServe, match="goes on taking"):
        await site.verified()
    assert site.left() == 0
