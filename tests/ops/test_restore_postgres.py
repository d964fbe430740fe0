"""genkan restore where PostgreSQL's own programs have put the database back: what becomes of it, and what stops it."""

import asyncio
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan.ops.backup import backup
from genkan.ops.restore import Asked, Restored, restore
from genkan.ops.taking import RestoreFailed
from genkan.ops.verify import RingVerified, verify
from genkan.outside.ring_file import make_ring_file, read_ring, replace_ring_file
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import Change, MoveRing
from genkan.protocol.restoring import Manner
from genkan.protocol.ring import Ring
from genkan.settings import Settings
from genkan.store.api import PhoneQuery
from genkan.store.places import open_store
from genkan.store.sqlite_copy import copy_database
from tests.postgres import Server, running_postgres
from tests.protocol.builders import a_ring
from tests.store.builders import a_grant, a_link, added, an_account, an_env, redeemed

pytestmark = pytest.mark.needs("postgres")
PASS = b"correct horse battery"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with running_postgres() as one:
        yield one


@pytest.fixture
async def site(tmp_path: Path, server: Server, request: pytest.FixtureRequest) -> Settings:
    """A site with one phone in a database of its own, and its ring beside it."""
    name = f"d{zlib.crc32(request.node.name.encode()):x}"
    url = await asyncio.to_thread(server.a_database, name)
    settings = Settings(database_url=url, secret_file=str(tmp_path / "secrets.json"))
    ring = a_ring()
    assert make_ring_file(settings.ring_path, ring) is None
    store = open_store(settings.store_place, create=False, env=an_env())
    account, link = an_account(), a_link()
    for change in (Change((MoveRing(ring.version, ring.fingerprint),)), added(account, link)):
        assert await store.apply(change)
    assert await store.apply(redeemed(a_grant(account, link)))
    await store.close()
    return settings


async def restored(settings: Settings, file: Path, manner: Manner) -> Restored:
    """The restore of the ring's backup."""
    return await restore(settings, Asked(file, PASS, manner, "test"), an_env())


@pytest.mark.parametrize("manner", list(Manner))
async def test_the_database_becomes_the_site_again(site: Settings, tmp_path: Path, manner: Manner) -> None:
    """With its lost ring from the backup and a new key in it; people are signed out where that was asked for, and a
    copy is another site.
    """
    made = await backup(site, tmp_path / "ring.backup", PASS, an_env())
    assert not made.database
    store = open_store(site.store_place, create=False, env=an_env())
    before = await store.site()
    await store.close()
    if manner is Manner.AS_COPY:
        lying = site.ring_path.read_bytes()
        with pytest.raises(RestoreFailed, match="a copy must not change: name a file that is not there yet"):
            await restored(site, made.file, manner)
        assert site.ring_path.read_bytes() == lying
    site.ring_path.unlink()
    done = await restored(site, made.file, manner)
    ring = read_ring(site.ring_path)
    assert isinstance(ring, Ring)
    assert (done.aside, done.ring_version, len(ring.keys)) == (None, ring.version, 2)
    store = open_store(site.store_place, create=False, env=an_env())
    after = await store.site()
    assert (after.ring_version, after.ring_fingerprint) == (ring.version, ring.fingerprint)
    assert (after.heal_until > 0) is (manner is Manner.HEAL)
    assert (after.site_id != before.site_id) is (manner is Manner.AS_COPY)
    (phone,) = await store.phones(PhoneQuery())
    assert phone.grant.reason == ("" if manner is Manner.HEAL else "restored")
    await store.close()


async def test_a_loss_is_decided_by_the_databases_clock(site: Settings, tmp_path: Path) -> None:
    """Nodes are held to it (tokens.md 8). By that of the machine on which somebody types, healing might be over before
    it began, or every loss of months to come be taken for one of before.
    """
    made = await backup(site, tmp_path / "ring.backup", PASS, an_env())
    store = open_store(site.store_place, create=False, env=an_env())
    before = await store.clock()
    await store.close()
    await restored(site, made.file, Manner.HEAL)
    store = open_store(site.store_place, create=False, env=an_env())
    after, told = await store.clock(), await store.site()
    await store.close()
    assert before is not None
    assert after is not None
    assert before <= told.restored_at <= after
    assert told.heal_until == told.restored_at + DAY


async def test_a_server_that_runs_stops_it(site: Settings, tmp_path: Path) -> None:
    """Its connections are seen; the ring and the database stay what they were."""
    made = await backup(site, tmp_path / "ring.backup", PASS, an_env())
    ring = site.ring_path.read_bytes()
    store = open_store(site.store_place, create=False, env=an_env())
    before = await store.site()
    with pytest.raises(RestoreFailed, match="stop it first, on every node"):
        await restored(site, made.file, Manner.HEAL)
    assert (site.ring_path.read_bytes(), await store.site()) == (ring, before)
    await store.close()


async def test_files_of_the_other_engine_are_told_apart(site: Settings, tmp_path: Path) -> None:
    """A SQLite copy is not restored into PostgreSQL, nor a backup without a database into a file."""
    made = await backup(site, tmp_path / "ring.backup", PASS, an_env())
    file = tmp_path / "sqlite" / "genkan.sqlite3"
    file.parent.mkdir()
    await open_store(file, create=True, env=an_env()).close()
    copy_database(file, tmp_path / "copy.sqlite3")
    with pytest.raises(RestoreFailed, match="is of a site on SQLite"):
        await restored(site, tmp_path / "copy.sqlite3", Manner.HEAL)
    with pytest.raises(RestoreFailed, match="is of a site on PostgreSQL and holds no database"):
        await restored(Settings(data_dir=str(file.parent)), made.file, Manner.HEAL)


async def test_a_rings_backup_is_tried_against_the_database(site: Settings, tmp_path: Path) -> None:
    """It opens, and is this database's; under another site's ring it would open nothing there."""
    made = await backup(site, tmp_path / "ring.backup", PASS, an_env())
    assert await verify(site, Asked(made.file, PASS, Manner.HEAL, "test"), an_env) == RingVerified(1, good=True)
    replace_ring_file(site.ring_path, a_ring("another"))
    store = open_store(site.store_place, create=False, env=an_env())
    other = a_ring("another")
    assert await store.apply(Change((MoveRing(other.version + 1, other.fingerprint),)))
    await store.close()
    assert await verify(site, Asked(made.file, PASS, Manner.HEAL, "test"), an_env) == RingVerified(1, good=False)
