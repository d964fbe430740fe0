"""A real PostgreSQL server in a folder of its own: reached by a socket there, run by a user who is not root."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from genkan.store.postgres_open import migrate
from tests.conftest import installed_program
from tests.store.builders import an_env

# Lost with the machine, which ends the tests as well.
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")
TEMPLATE = "a_site"


class Server:
    """One server. ``settings`` are ``name=value``."""

    def __init__(self, folder: Path, settings: tuple[str, ...] = QUICK) -> None:
        self.folder = folder
        self._settings = ("listen_addresses=", "max_connections=400", "shared_buffers=32MB", *settings)
        self._programs = Path(os.path.realpath(installed_program("postgres"))).parent
        self._user = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.run("initdb", "-D", str(self.data), "-U", "genkan", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://genkan@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs as the server's user."""
        done = subprocess.run(
            [self._programs / program, *arguments], user=self._user, cwd="/", env=self._environment(), check=False,
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
                [self._programs / "postgres", "-D", self.data, "-k", self.folder, *settings],
                user=self._user, cwd="/", env=self._environment(), stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            ready = subprocess.run([self._programs / "pg_isready", "-q", "-h", self.folder], check=False)
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

    def a_database(self, template: str = "template1") -> str:
        """The name of a fresh one."""
        name = f"site_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": "/"}


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


def add_template(server: Server) -> None:
    """A database with the schema, of which each test gets a copy."""
    server.sql(f"CREATE DATABASE {TEMPLATE}")
    migrate(server.url(TEMPLATE), an_env())
