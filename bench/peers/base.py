"""What the suite asks of a server under test: how to install, start and describe it. Sends no load."""

import json
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.browser import Browser
from bench.flow import Client, Endpoints, Person
from bench.postgres import Cluster
from bench.servers import Command


class Unavailable(RuntimeError):
    """The peer cannot be set up on this machine; the sentence says why."""


@dataclass(frozen=True)
class Place:
    """Where a server lives: the cache of installed peers, its own folder for data, its port on loopback, and the
    PostgreSQL of its own where it has one."""

    cache: Path
    folder: Path
    port: int
    database: Cluster | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def postgres(self) -> Cluster:
        """For peers that asked for one."""
        if self.database is None:
            raise LookupError("no PostgreSQL was started here")
        return self.database


@dataclass(frozen=True)
class Call:
    """A GET whose successful answer a scenario checks: JSON members, or a header, that must be there."""

    path: str
    members: Mapping[str, object] = field(default_factory=dict)
    header: tuple[str, str] | None = None


@dataclass(frozen=True)
class Site:
    """A running provider as the load sees it."""

    ends: Endpoints
    native: Client
    confidential: Client
    people: Sequence[Person]
    bearer: Call
    metadata: Call
    verify: Call | None = None
    login: str | None = None  # the sign-in page, where passwords are checked as in production
    bearer_client: Client | None = None  # a peer whose bearer call wants another scope than its refreshes
    allow: tuple[str, str] = ("decision", "allow")  # the consenting button
    enter: Callable[[Browser, Client, Person], None] | None = None  # sign-in and consent, where no form leads there


class Peer(ABC):
    """A server under test. `floor` peers answer one fixed form POST only; `postgres` ones get a database."""

    name: str
    title: str
    durable: bool
    floor = False
    postgres = False

    def install(self, place: Place) -> None:  # noqa: B027 - most need nothing
        """Puts what the peer needs into the cache, outside the tree; returns at once when it is there."""

    def prepare(self, place: Place) -> None:  # noqa: B027 - most need nothing
        """Makes what must be there before the server starts: tables, keys, configuration."""

    def versions(self) -> Mapping[str, str]:
        """What was installed, for the report."""
        return {}

    @abstractmethod
    def command(self, place: Place) -> Command:
        """How the server is started."""

    def site(self, place: Place) -> Site | None:  # noqa: ARG002 - a floor peer has nothing to describe
        """Sets up people and clients on the running server; None for a floor peer."""
        return None


def npm_install(cache: Path, packages: Mapping[str, str]) -> Path:
    """Installs exact versions by name into a folder of the cache and returns it."""
    home = cache / "npm"
    if all(_npm_version(home, name) == version for name, version in packages.items()):
        return home
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "package.json").exists():
        (home / "package.json").write_text('{"private": true}\n')
    wanted = [f"{name}@{version}" for name, version in packages.items()]
    argv = ["npm", "install", "--no-audit", "--no-fund", "--save-exact", *wanted]
    said = subprocess.run(argv, cwd=home, capture_output=True, text=True, timeout=600, check=False)
    if said.returncode:
        raise Unavailable(f"npm install failed: {said.stderr.strip()[-300:]}")
    return home


def _npm_version(home: Path, name: str) -> str | None:
    manifest = home / "node_modules" / name / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else None
