"""A real host goes from SQLite to PostgreSQL by the manual: the pages' blocks are typed in their order, by the users
whom the pages mean, beside the service and signed-in phones.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan.settings import Settings
from tests.docs.drill import Phone, a_phone, blocks
from tests.docs.host import DATA, FOLDER, GENKAN, Host, Service
from tests.postgres import Server, running_postgres

MOVE, RESTORE, POSTGRESQL = "move-to-postgresql.md", "restore-a-backup.md", "postgresql.md"
HEADING = "On a real host"


def a_user() -> int | None:
    """One who may do nothing, where the tester can become that one and the program is within reach of everybody."""
    if os.getuid() != 0:
        return None
    number = pwd.getpwnam("nobody").pw_uid
    try:
        words = [str(GENKAN), "--version"]
        subprocess.run(words, user=number, group=number, extra_groups=[], check=True, cwd="/", capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return number


@pytest.fixture
def host() -> Iterator[Host]:
    """Set up as the page says, with a systemctl that only notes what it is asked."""
    folder = Path(tempfile.mkdtemp(prefix="genkan-host-"))
    folder.chmod(0o755)
    host = Host(folder, a_user()).set_up()
    systemctl = folder / "usr/local/bin/systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/asked"\n')
    systemctl.chmod(0o755)
    yield host
    shutil.rmtree(folder)


@pytest.fixture
def server() -> Iterator[Server]:
    """Reached by its socket, by everybody."""
    with running_postgres() as server:
        server.folder.chmod(0o755)
        yield server


@pytest.fixture
def service(host: Host) -> Iterator[Service]:
    """Started on SQLite, with an administrator."""
    service = Service(host)
    try:
        service.start()
        host.run("printf '%s' 'a stone, a lantern' | genkan user add alice --admin --password-stdin")
        yield service
    finally:
        service.kill()


def know(host: Host, server: Server) -> None:
    """Where the page's PostgreSQL is here. Its superuser has the name of the page's role, which gets another one."""
    programs = {name: f"{server.programs}/{name}" for name in ("psql", "pg_dump", "pg_restore")}
    role = {"ROLE genkan": "ROLE door", "OWNER genkan": "OWNER door", "postgresql:///": "postgresql://door@/"}
    host.instead = {**programs, **role, "/var/run/postgresql": str(server.folder), "sudo -u postgres ": ""}


@pytest.mark.needs("postgres", "pg_dump", "setpriv")
def test_a_real_host_moves_by_the_pages(host: Host, server: Server, service: Service) -> None:
    """One phone refreshes until it is told to wait, one lost the answer to its last refresh, one does nothing: all go
    on in the new database, and again after that was put back from its first backup. Every file is whose it shall be.
    """
    know(host, server)
    settings = Settings(data_dir=f"{host.folder}{DATA}")
    going, unheard, idle = (Phone(service, asyncio.run(a_phone(settings))) for _ in range(3))
    lost = unheard.refresh_token
    assert unheard.refresh().status_code == 200
    unheard.refresh_token = lost

    as_postgres = {"PGHOST": str(server.folder), "PGUSER": "genkan", "PGDATABASE": "postgres"}
    host.run(blocks(POSTGRESQL)[0], **as_postgres)
    folder, back_up, _, _, shell = blocks(RESTORE, HEADING)
    host.run(folder)
    assert "is good" in host.run(back_up)
    address, beside, move, look = blocks(MOVE, HEADING)
    host.run(address)
    host.run(beside)
    assert going.refresh().status_code == 200
    assert "The site has moved to postgresql://door@/genkan" in host.run(move)
    assert (host.folder / "asked").read_text() == "restart genkan\n"
    closed = going.refresh()
    assert closed.status_code == 503
    assert closed.headers["retry-after"]

    service.stop()
    service.start()
    for phone in (going, unheard, idle):
        assert phone.refresh().status_code == 200
        assert phone.is_live()
    told = host.run(look)
    assert "data in postgresql://door@/genkan" in told
    assert "WRONG" not in told
    are_whose_they_shall_be(host)

    ring, passphrase = ("genkan-1.backup", "genkan-2.backup"), ("backup.pass", f"{FOLDER}/backup.pass")
    keep, _, restore, _ = (block.replace(*ring).replace(*passphrase) for block in blocks(RESTORE, "On PostgreSQL"))
    host.run(as_the_site(shell + keep))
    assert going.refresh().status_code == 200
    service.stop()
    host.run(as_the_site(shell + restore))
    service.start()
    for phone in (going, unheard, idle):
        assert phone.refresh().status_code == 200


def as_the_site(text: str) -> str:
    """Typed into a shell that the site's user has."""
    return f"sudo -u genkan bash -eu <<'END'\n{text}END\n"


def are_whose_they_shall_be(host: Host) -> None:
    """The settings root's, read by the site's group alone; the data the site's alone; the address nowhere else."""
    etc, data = host.folder / "etc/genkan", host.folder / "var/lib/genkan"
    owner, group = os.getuid(), os.getgid() if host.user is None else host.user
    written = (etc / "genkan.toml").stat()
    assert (written.st_uid, written.st_gid, written.st_mode & 0o777) == (owner, group, 0o640)
    assert {path.name for path in etc.iterdir()} == {"genkan.toml", "proxy-secret", "backup.pass"}
    assert {path.stat().st_uid for path in data.iterdir()} == {owner if host.user is None else host.user}
    assert (data / "secrets.json").stat().st_mode & 0o777 == 0o600
