"""Which PostgreSQL databases open as a site, and what the others are told; the schema there and back."""

import signal
from collections.abc import Iterator

import pytest

from genkan.store import postgres
from genkan.store.api import CannotOpen, StoreAway
from genkan.store.migration import migrations
from genkan.store.postgres_open import MIGRATIONS, migrate, schema_of
from tests.postgres import Server, running_postgres
from tests.store.builders import an_env

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of these tests' own: they stop it."""
    with running_postgres() as server:
        yield server


def refusal(url: str) -> str:
    with pytest.raises(CannotOpen) as told:
        postgres.open_store(url, create=False, env=an_env())
    return str(told.value)


async def test_the_schema_goes_up_and_down(server: Server) -> None:
    """Down to nothing leaves nothing behind, and up again is a site again, another one; twice is once."""
    url = server.a_database("up_and_down")
    newest = len(migrations(MIGRATIONS))
    store = postgres.open_store(url, create=False, env=an_env())
    first = (await store.site()).site_id
    await store.close()
    assert migrate(url, an_env()) == (newest, newest)
    assert migrate(url, an_env(), 0) == (newest, 0)
    left = server.sql("SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'", "up_and_down")
    assert left == "schema_version"
    assert "run genkan migrate" in refusal(url)
    assert migrate(url, an_env()) == (0, newest)
    store = postgres.open_store(url, create=False, env=an_env())
    assert (await store.site()).site_id != first
    await store.close()


async def test_no_schema_goes_down_below_a_server(server: Server) -> None:
    """A server that runs on it would go on, on what no version of its kind starts on. Once it has ended, it is done."""
    url = server.a_database("below")
    newest = len(migrations(MIGRATIONS))
    store = postgres.open_store(url, create=False, env=an_env())
    await store.site()
    with pytest.raises(CannotOpen, match="genkan serve uses"):
        migrate(url, an_env(), newest - 1)
    assert server.sql("SELECT version FROM schema_version", "below") == str(newest)
    assert migrate(url, an_env()) == (newest, newest)
    await store.close()
    assert migrate(url, an_env(), newest - 1) == (newest, newest - 1)


def test_what_a_role_may_not_see_is_there(server: Server) -> None:
    """Another program's tables are nobody's site, and another role's site is no empty database; each is said in a
    line.
    """
    server.sql("CREATE ROLE weak LOGIN")
    for name in ("wiki", "others"):
        server.sql(f"CREATE DATABASE {name}")
        server.sql("GRANT ALL ON SCHEMA public TO weak", name)
    server.sql("CREATE TABLE wiki (page text)", "wiki")
    migrate(server.url("others"), an_env())
    for name, said in (("wiki", "another program's"), ("others", "is genkan's, and weak may not read it")):
        url = server.url(name).replace("genkan@", "weak@")
        assert said in refusal(url)
        with pytest.raises(CannotOpen, match=said):
            migrate(url, an_env())
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "wiki") == "1"


def test_what_an_extension_made_is_in_nobodys_way(server: Server) -> None:
    """Such as the views of pg_stat_statements, which hosts put into every database."""
    server.sql("CREATE DATABASE watched")
    server.sql("CREATE VIEW statements AS SELECT 1 AS calls", "watched")
    server.sql("ALTER EXTENSION plpgsql ADD VIEW statements", "watched")
    assert migrate(server.url("watched"), an_env())[0] == 0


def test_an_old_schema_is_not_migrated_by_the_way(server: Server) -> None:
    """The other nodes may still run on it; the sentence names the command."""
    url = server.a_database("old")
    server.sql("UPDATE schema_version SET version = 0, additive = 0", "old")
    assert "genkan migrate" in refusal(url)
    assert server.sql("SELECT version FROM schema_version", "old") == "0"


def test_a_newer_schema_is_left_alone(server: Server) -> None:
    """Also by migrate."""
    url = server.a_database("newer")
    server.sql("UPDATE schema_version SET version = 99, additive = 9", "newer")
    assert "newer Genkan" in refusal(url)
    with pytest.raises(CannotOpen, match="newer Genkan"):
        migrate(url, an_env())


def test_tables_that_no_schema_left_so_are_told_of(server: Server) -> None:
    """As after a dump of before was put over what a later version had made; nothing is half done."""
    url = server.a_database("mixed")
    newest = schema_of(url).newest
    server.sql(f"UPDATE schema_version SET version = {newest - 1}", "mixed")
    with pytest.raises(
        CannotOpen, match=f"not as schema {newest - 1} leaves them .*; put a dump into an empty database"
    ):
        migrate(url, an_env())
    assert server.sql("SELECT version FROM schema_version", "mixed") == str(newest - 1)


def test_another_programs_database_is_left_alone(server: Server) -> None:
    """Nothing is made in it."""
    server.sql("CREATE DATABASE another")
    server.sql("CREATE TABLE theirs (id int)", "another")
    with pytest.raises(CannotOpen, match="another program's"):
        migrate(server.url("another"), an_env())
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "another") == "1"


def test_another_encoding_is_refused(server: Server) -> None:
    """Not every text could be kept."""
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(CannotOpen, match="LATIN1"):
        migrate(server.url("latin"), an_env())


def test_what_is_not_there_is_said(server: Server) -> None:
    """No database, no server, no address."""
    assert "nowhere" in refusal(server.url("nowhere"))
    assert "cannot be opened" in refusal(f"postgresql://genkan@/x?host={server.folder}/none")
    assert "cannot be opened" in refusal("postgresql://genkan@localhost:none/x")


def test_what_passes_by_itself_is_told_apart(server: Server) -> None:
    """A server that is not there, or that takes nobody just now, may be there at the next try; a database that is not
    there, a user that may not and an address that cannot be read will not.
    """
    away = server.url("not_now")
    server.sql("CREATE DATABASE not_now")
    server.sql("CREATE ROLE nobody LOGIN CONNECTION LIMIT 0")
    server.sql("UPDATE pg_database SET datallowconn = FALSE WHERE datname = 'not_now'")
    nobody = f"postgresql://nobody@/postgres?host={server.folder}"
    for url in (f"postgresql://genkan@/x?host={server.folder}/none", away, nobody):
        with pytest.raises(StoreAway):
            postgres.open_store(url, create=False, env=an_env())
    stranger = f"postgresql://stranger@/postgres?host={server.folder}"
    for url in (server.url("nowhere"), stranger, "postgresql://genkan@localhost:none/x"):
        with pytest.raises(CannotOpen) as told:
            postgres.open_store(url, create=False, env=an_env())
        assert not isinstance(told.value, StoreAway)


def test_a_standby_is_refused(server: Server) -> None:
    """It lags behind, so a sign-out would be late there, and it takes no writes."""
    url = server.a_database("standing_by")
    server.stop(signal.SIGINT)
    signal_file = server.data / "standby.signal"
    signal_file.touch()
    try:
        server.start()
        assert "read-only standby" in refusal(url)
    finally:
        server.stop(signal.SIGINT)
        signal_file.unlink()
        server.start()
