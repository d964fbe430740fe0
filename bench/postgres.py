"""Owns a PostgreSQL of a peer's own during a run: a throw-away cluster on the generator's core, reached by a socket,
durable as an operator's, and what it says of those who wait in it."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine

INSTALLED = Path("/usr/lib/postgresql")
# A socket's path has at most 107 bytes, root's cache is closed to the user `postgres`, and /tmp may be in memory, where
# a durable write is free.
PLACE = Path("/var/tmp")
START_LIMIT_S = 30.0
LOOK_S = 0.2

# As on a small box. What makes a write durable (fsync, synchronous_commit, full_page_writes) is as delivered: on.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_lock_waits": "on",
}
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")

LOOK = """
SELECT json_build_object(
  'deadlocks', (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),
  'waits', (SELECT coalesce(json_object_agg(kind, number), '{}') FROM (
    SELECT coalesce(wait_event_type, 'none') AS kind, count(*) AS number FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' GROUP BY 1) AS waiting))
"""


class NoPostgres(RuntimeError):
    """PostgreSQL is not installed, or does not come up; the sentence says why."""


def programs() -> Path:
    """The folder of the newest installed PostgreSQL's programs."""
    found = [path for path in INSTALLED.glob("*/bin") if (path / "initdb").exists()]
    if not found:
        raise NoPostgres(f"no PostgreSQL server is installed under {INSTALLED}")
    return max(found, key=lambda path: float(re.sub(r"[^\d.]", "", path.parent.name) or 0))


@dataclass
class Waits:
    """What backends that were at work waited for, looked at again and again while a load ran."""

    looks: int = 0
    deadlocks: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def mean(self, kind: str) -> float:
        """Backends that waited so at one moment: `Lock` for rows and tables, `LWLock` inside, `IO` for the disk."""
        return self.kinds[kind] / self.looks if self.looks else 0.0


def waits(said: str) -> Waits:
    """The looks of `LOOK`, one a line."""
    looks = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    kinds: Counter[str] = Counter()
    for look in looks:
        kinds.update(look["waits"])
    return Waits(len(looks), looks[-1]["deadlocks"] - looks[0]["deadlocks"] if looks else 0, kinds)


class Cluster:
    """A running server with one database, `bench`, of the role `bench`; its folder goes when it stops."""

    def __init__(self) -> None:
        self._programs = programs()
        # PostgreSQL refuses to run as root; Debian's packages bring a user for it.
        self._user = "postgres" if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="genkan-bench-", dir=PLACE))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._own()
            self._run(
                "initdb", "-D", str(self.folder / "data"), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"
            )
            self._start()
            self._run("createdb", "-h", str(self.folder), "-U", "bench", "bench")
            self._see_that_it_is_durable()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """Of the process from which all others of the server descend."""
        if self._process is None:
            raise NoPostgres("it does not run")
        return self._process.pid

    @property
    def url(self) -> str:
        return f"postgresql://bench@/bench?host={self.folder}"

    @property
    def version(self) -> str:
        return self.ask("SHOW server_version").split()[0]

    def ask(self, sql: str) -> str:
        """What psql says, without headings."""
        return self._run("psql", *self._as_bench(), "-c", sql).strip()

    @contextmanager
    def watched(self) -> Iterator[Waits]:
        """Looks at those who wait until the block ends; the value is filled in then."""
        found = Waits()
        argv = [str(self._programs / "psql"), *self._as_bench()]
        with tempfile.TemporaryFile("w+") as asked, tempfile.TemporaryFile("w+") as said:
            asked.write(f"{LOOK.strip()} \\watch {LOOK_S}\n")
            asked.seek(0)
            looking = subprocess.Popen(argv, stdin=asked, stdout=said, stderr=subprocess.DEVNULL)
            try:
                yield found
            finally:
                looking.terminate()
                looking.wait(START_LIMIT_S)
            said.seek(0)
            seen = waits(said.read())
        found.looks, found.deadlocks, found.kinds = seen.looks, seen.deadlocks, seen.kinds

    def stop(self) -> None:
        """Ends the server, connections or not, and removes its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(START_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(START_LIMIT_S)
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self) -> None:
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)

    def _as_bench(self) -> list[str]:
        return ["-qXAt", "-h", str(self.folder), "-U", "bench", "-d", "bench"]

    def _run(self, program: str, *words: str) -> str:
        argv = [str(self._programs / program), *words]
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": "/"}
        done = subprocess.run(argv, user=self._user, cwd="/", env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoPostgres(f"{program} failed: {done.stderr.strip()[-300:]}")
        return done.stdout

    def _start(self) -> None:
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        argv = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *settings]
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                machine.pin(argv, machine.LOAD_CORE),
                user=self._user,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.perf_counter() + START_LIMIT_S
        while subprocess.run([self._programs / "pg_isready", "-q", "-h", self.folder], check=False).returncode:
            if self._process.poll() is not None or time.perf_counter() > until:
                raise NoPostgres(f"it does not come up: {log.read_text(errors='replace')[-300:]}")
            time.sleep(0.02)

    def _see_that_it_is_durable(self) -> None:
        off = [name for name in DURABLE if self.ask(f"SHOW {name}") != "on"]
        if off:
            raise NoPostgres(f"a figure would mislead: {', '.join(off)} is off")
