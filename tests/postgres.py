"""A real PostgreSQL server in a folder of its own: reached by a socket there, run by a user who is not root."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from genkan.store.postgres_connection import SyncConnection
from genkan.store.postgres_open import found, migrate
from tests.conftest import installed_program
from tests.store.builders import an_env

# Lost with the machine, which ends the tests as well.
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")


class Server:
    """One server. ``settings`` are ``name=value``."""

    def __init__(self, folder: Path, settings: tuple[str, ...] = QUICK) -> None:
        self.folder = folder
        self._settings = ("listen_addresses=", "max_connections=400", "shared_buffers=32MB", *settings)
        self.programs = Path(os.path.realpath(installed_program("postgres"))).parent
        self._user = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._make()

    def _make(self) -> None:
        self.run("initdb", "-D", str(self.data), "-U", "genkan", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://genkan@/{database}?host={self.folder}"

    def own(self, folder: Path) -> None:
        """Make a folder the server's, as it wants its data to be."""
        folder.chmod(0o700)
        if self._user:
            owner = pwd.getpwnam(self._user)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs as the server's user."""
        done = subprocess.run(
            [self.programs / program, *arguments], user=self._user, cwd="/", env=self._environment(), check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, text: str, database: str = "postgres") -> str:
        """What psql says, without headings."""
        return self.run("psql", "-qXAt", "-h", str(self.folder), "-U", "genkan", "-d", database, "-c", text).strip()

    def start(self) -> None:
        """Run it, and wait until it answers."""
        settings = [word for setting in self._settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, "-k", self.folder, *settings],
                user=self._user, cwd="/", env=self._environment(), stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            ready = subprocess.run([self.programs / "pg_isready", "-q", "-h", self.folder], check=False)
            if ready.returncode == 0:
                return
            assert self._process.poll() is None, (self.folder / "log").read_text(errors="replace")
            assert time.monotonic() < deadline, "the server does not come up"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: end at once, cleanly. SIGQUIT: as after a crash; SIGKILL is for its children as well."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def a_database(self, name: str) -> str:
        """A fresh one with the schema; its address."""
        self.sql(f"CREATE DATABASE {name}")
        migrate(self.url(name), an_env())
        return self.url(name)

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": "/"}


class Standby(Server):
    """A streaming replica of a running primary."""

    def __init__(self, folder: Path, primary: Server, settings: tuple[str, ...]) -> None:
        self._primary = primary
        super().__init__(folder, settings)

    def _make(self) -> None:
        self.run(
            "pg_basebackup", "-D", str(self.data), "-h", str(self._primary.folder), "-U", "genkan", "-R",
            "-X", "stream", "-c", "fast",
        )  # fmt: skip

    def promote(self) -> None:
        """Be the primary from now on."""
        self.run("pg_ctl", "promote", "-D", str(self.data))

    def cut(self) -> None:
        """Hear nothing more of the primary, as behind a network that fell apart."""
        self.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.sql("SELECT pg_reload_conf()")


@contextlib.contextmanager
def running_standby(primary: Server, settings: tuple[str, ...] = QUICK) -> Iterator[Standby]:
    """A replica of a server, gone at the end with its folder."""
    folder = Path(tempfile.mkdtemp(prefix="genkan-pg-"))
    server = None
    try:
        server = Standby(folder, primary, settings)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_postgres(settings: tuple[str, ...] = QUICK) -> Iterator[Server]:
    """A server that is gone at the end, with its folder. A short path: a socket's has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="genkan-pg-"))
    server = None
    try:
        server = Server(folder, settings)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Emptied:
    """One database that is as good as new for each test: making one takes a hundred times as long as emptying one.

    It is emptied in a thread, since a loop may be running in this one.
    """

    def __init__(self, server: Server) -> None:
        self.url = server.a_database("the_same")
        self._thread = ThreadPoolExecutor(1)
        self._db = self._thread.submit(SyncConnection, self.url).result()
        self._empty = self._thread.submit(self._statements).result()

    def again(self) -> str:
        """Its address, once nothing of before is left."""
        self._thread.submit(self._emptied).result()
        return self.url

    def close(self) -> None:
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()

    def _statements(self) -> str:
        tables = [row[0] for row in self._db.execute(_TABLES)]
        counters = [row[0] for row in self._db.execute(_COUNTERS)]
        return "; ".join(
            [f"DELETE FROM {table}" for table in tables] + [f"SELECT setval('{one}', 1, false)" for one in counters]
        )

    def _emptied(self) -> None:
        self._db.script(self._empty)
        found(self._db, an_env())


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version'"
_COUNTERS = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
