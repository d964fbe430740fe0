"""The drill of the page on backups: its blocks are typed in their order, beside a real site and a signed-in phone."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan.settings import Settings
from tests.conftest import installed_program
from tests.docs.drill import Phone, a_phone, blocks, typed
from tests.postgres import Server, running_postgres
from tests.security.serving import Serving, serving

PAGE = "restore-a-backup.md"


def test_the_drill_on_sqlite(tmp_path: Path) -> None:
    """Backed up and tried while it runs, lost with its folder, restored: the phone that went on stays signed in."""
    (tmp_path / "backup.pass").write_text("correct horse battery\n")
    back_up, verify = blocks(PAGE, "Back up")
    (restore,) = blocks(PAGE, "Restore")
    with serving(tmp_path) as site:
        phone = Phone(site, asyncio.run(a_phone(Settings(data_dir=site.environment["GENKAN_DATA_DIR"]))))
        assert phone.refresh().status_code == 200
        typed(back_up, tmp_path, site.environment)
        before = phone.access
        assert phone.refresh().status_code == 200
        assert phone.access != before
        told = typed(verify, tmp_path, site.environment)
        assert "is good" in told
        assert "phones that refreshed since: 1" in told
        site.kill()
        shutil.rmtree(tmp_path / "data")
        typed(restore, tmp_path, site.environment)
        site.start()
        assert phone.refresh().status_code == 200
        assert phone.is_live()


def test_a_bare_copy_by_the_page(tmp_path: Path) -> None:
    """The line of SQLite's own program makes what genkan restore takes."""
    installed_program("sqlite3")
    (copied,) = blocks(PAGE, "A bare copy of the SQLite file")
    with serving(tmp_path) as site:
        asyncio.run(a_phone(Settings(data_dir=site.environment["GENKAN_DATA_DIR"])))
        environment = {**site.environment, "GENKAN_DATA_DIR": "genkan-data"}
        (tmp_path / "genkan-data").symlink_to("data")
        assert "1 sign-ins" in typed(copied, tmp_path, environment)


@pytest.mark.needs("postgres", "pg_dump")
def test_the_drill_on_postgresql(tmp_path: Path) -> None:
    """A dump with the ring beside it is tried while the site runs, and comes back into an empty database: the phone
    that went on stays signed in, and a server that runs stops the restore.
    """
    back_up, verify, restore, _ = blocks(PAGE, "On PostgreSQL")
    with a_site_on_postgres(tmp_path) as (server, site, phone):
        typed(back_up, tmp_path, site.environment, server.programs)
        assert phone.refresh().status_code == 200
        told = typed(verify, tmp_path, site.environment, server.programs)
        assert "genkan-1.dump with genkan-1.backup is good" in told
        assert "phones that refreshed since: 1" in told
        assert server.sql("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1") == "first\npostgres"
        assert phone.refresh().status_code == 200
        assert phone.is_live()
        with pytest.raises(AssertionError, match="stop it first, on every node"):
            typed(restore.splitlines()[2], tmp_path, site.environment, server.programs)
        site.stop()
        (tmp_path / "secrets.json").unlink()
        server.sql("CREATE DATABASE second TEMPLATE template0")
        site.environment["GENKAN_DATABASE_URL"] = server.url("second")
        typed(restore, tmp_path, site.environment, server.programs)
        site.start()
        assert phone.refresh().status_code == 200
        assert phone.is_live()


@pytest.mark.long
@pytest.mark.needs("postgres", "pg_basebackup")
def test_the_drill_with_a_base_backup(tmp_path: Path) -> None:
    """PostgreSQL started on a base backup is the site again, once it was restored with the ring's backup."""
    _, _, restore, base = blocks(PAGE, "On PostgreSQL")
    with a_site_on_postgres(tmp_path) as (server, site, phone):
        typed(base, tmp_path, site.environment, server.programs)
        assert phone.refresh().status_code == 200
        site.stop()
        come_back(server, tmp_path / "genkan-base")
        again = restore.splitlines()[2].replace("genkan-1", "genkan-2")
        typed(again, tmp_path, site.environment, server.programs)
        site.start()
        assert phone.refresh().status_code == 200
        assert phone.is_live()


@contextlib.contextmanager
def a_site_on_postgres(folder: Path) -> Iterator[tuple[Server, Serving, Phone]]:
    """With a phone that has refreshed."""
    (folder / "backup.pass").write_text("correct horse battery\n")
    with running_postgres() as server:
        settings = Settings(database_url=server.a_database("first"), secret_file=str(folder / "secrets.json"))
        signed_in = asyncio.run(a_phone(settings))
        own = {"GENKAN_DATABASE_URL": settings.database_url, "GENKAN_SECRET_FILE": settings.secret_file}
        with serving(folder, **own) as site:
            phone = Phone(site, signed_in)
            assert phone.refresh().status_code == 200
            yield server, site, phone


def come_back(server: Server, base: Path) -> None:
    """The server's machine is lost; PostgreSQL starts on the base backup."""
    server.stop(signal.SIGQUIT)
    shutil.rmtree(server.data)
    shutil.copytree(base, server.data)
    server.own(server.data)
    server.start()
