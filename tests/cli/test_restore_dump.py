"""genkan restore --verify --dump: words, statuses, and that it cleans up however it ends."""

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.ops.dumped_site import PASSPHRASE, PASSWORD, DumpedSite, a_dumped_site, guarded_postgres, pretended
from tests.postgres import Server

DUMP = ("--verify", "--dump", "site.dump")
FAIL_SECONDS = 60


@pytest.mark.parametrize(("words", "said"), [
    (("--heal", "--dump", "site.dump"), "a dump is tried: write --verify and --dump FILE"),
    (("--verify", "--trial", "postgresql://a@/b"), "write --verify and --dump FILE"),
    (("--verify", "--trial-file", "address"), "write --verify and --dump FILE"),
    ((*DUMP, "--trial", "postgresql://a@/b", "--trial-file", "address"), "name one database for the trial"),
    ((*DUMP, "--trial", "postgresql://a:secret@/b"), "can be seen by others: use ~/.pgpass, or --trial-file"),
    ((*DUMP, "--trial", "postgresql://a@/b?password=secret"), "can be seen by others"),
    ((*DUMP, "--trial", "sqlite:///x"), "write postgresql://USER@HOST/DATABASE"),
    ((*DUMP, "--trial-file", "none"), "none cannot be read"),
    (DUMP, "a dump is of a site on PostgreSQL: name its database with GENKAN_DATABASE_URL"),
])  # fmt: skip
def test_wrong_usage_is_told(shell: Shell, words: tuple[str, ...], said: str) -> None:
    """One line, status 2, nothing of a password in it."""
    told = shell.refused("restore", "site.backup", *words, status=2)
    assert said in told
    assert "secret" not in told


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all of them."""
    with guarded_postgres() as one:
        yield one


@pytest.fixture
def site(bare: Shell, server: Server, request: pytest.FixtureRequest) -> DumpedSite:
    """A site on PostgreSQL in the shell's folder, which the shell's settings name."""
    made = asyncio.run(a_dumped_site(server, request.node.name, bare.folder))
    (bare.folder / "pass").touch(0o600)
    (bare.folder / "pass").write_bytes(PASSPHRASE)
    bare.patch.setenv("GENKAN_DATABASE_URL", made.place.url)
    bare.patch.setenv("GENKAN_SECRET_FILE", made.settings.secret_file)
    bare.patch.setenv("PATH", f"{server.programs}{os.pathsep}{os.environ['PATH']}")
    return made


WORDS = ("restore", "site.backup", *DUMP, "--passphrase-file", "pass")
needs_postgres = pytest.mark.needs("postgres", "pg_dump")


@needs_postgres
def test_a_good_pair_is_told(bare: Shell, site: DumpedSite) -> None:
    """Both by their names, with what would be lost; programs read the same numbers."""
    told = bare.good(*WORDS).out
    assert "site.dump with site.backup is good, as of 20" in told
    assert "new sign-ins: 1" in told
    found = bare.good(*WORDS, "--json").json
    assert (found["good"], found["served"], found["ringVersion"], found["lost"]["signIns"]) == (True, True, 1, 1)
    assert site.left() == 0


@needs_postgres
def test_a_named_database_may_have_its_password_in_a_file(bare: Shell, site: DumpedSite) -> None:
    """What the file says is not repeated."""
    site.server.sql("CREATE DATABASE named OWNER maker")
    (bare.folder / "address").write_text(site.place.beside("named").url + "\n")
    ended = bare.good(*WORDS, "--trial-file", "address")
    assert PASSWORD not in ended.out + ended.err
    assert "is good" in ended.out


@needs_postgres
def test_statuses_tell_bad_from_wrong(bare: Shell, site: DumpedSite) -> None:
    """1: the pair cannot be relied on. 2: something is to be mended. 75: the server cannot be used now. Without a dump
    the ring alone is tried, and it says so.
    """
    site.dump.write_bytes(site.dump.read_bytes()[:-20])
    assert "site.dump cannot be put back: " in bare.refused(*WORDS, status=1)
    site.dump.unlink()
    assert "there is no dump at site.dump" in bare.refused(*WORDS, status=2)
    site.dumped("--format=custom", name="site.dump")
    site.server.sql("ALTER ROLE maker CONNECTION LIMIT 0")
    try:
        assert "too many connections" in bare.refused(*WORDS, status=75)
    finally:
        site.server.sql("ALTER ROLE maker CONNECTION LIMIT -1")
    told = bare.good("restore", "site.backup", "--verify", "--passphrase-file", "pass").out
    assert "was not tried: name what pg_dump made of it with --dump." in told


@needs_postgres
@pytest.mark.usefixtures("signals_end")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(bare: Shell, site: DumpedSite, number: signal.Signals) -> None:
    """Interrupted in the middle it drops its database and its folder; what a kill has left the next one drops."""
    pipe, rooms = bare.folder / "pipe", bare.folder / "rooms"
    rooms.mkdir()
    os.mkfifo(pipe)
    path = pretended(bare.folder, site.server, f"echo $$ > {pipe}; exec {shutil.which('sleep')} 600")
    begun = os.open(pipe, os.O_RDWR)
    command = subprocess.Popen(
        [sys.executable, "-m", "genkan", *WORDS], cwd=bare.folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, "PATH": path, "TMPDIR": str(rooms)},
    )  # fmt: skip
    try:
        assert select.select([begun], [], [], FAIL_SECONDS)[0], "pg_restore was not run"
        pg_restore = int(os.read(begun, 20))
        assert site.left() == 1
        command.send_signal(number)
        assert command.wait(FAIL_SECONDS) in (-number, 128 + number)
    finally:
        command.kill()
        command.wait()
        os.close(begun)
    if number is signal.SIGKILL:
        os.kill(pg_restore, signal.SIGKILL)
        assert site.left() == 1
        assert "is good" in bare.good(*WORDS).out
    else:
        assert not list(rooms.iterdir())
        assert not Path(f"/proc/{pg_restore}").exists()
    assert site.left() == 0
