"""Genkan itself, set up through its commands and pages alone: one `genkan serve` on SQLite in a fresh data folder, or
on a PostgreSQL of its own."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from bench.copies import copy_account
from bench.flow import Client, Endpoints, Person
from bench.peers.base import Call, Peer, Place, Site, Unavailable
from bench.servers import Command

PERSON = Person("bench", "a-quiet-genkan-at-dusk")
CONFIDENTIAL_REDIRECT = "https://client.example/cb"
INFO_LOGIN = "/rest/nativemobile/1.1/info/login"


class Genkan(Peer):
    """`limited` keeps the limit on rotations of one grant, which runs with few grants must lift."""

    title = "Genkan, SQLite with fsync"
    durable = True

    def __init__(self, name: str = "genkan", limited: bool = False) -> None:
        self.name = name
        self._limited = limited

    def versions(self) -> dict[str, str]:
        return {"genkan": version("genkan")}

    def command(self, place: Place) -> Command:
        if not _command().exists():
            raise Unavailable("genkan is not installed beside this Python")
        return Command([str(_command()), "serve"], INFO_LOGIN, self.environment(place))

    def environment(self, place: Place) -> dict[str, str]:
        """The settings of the server and of the commands that administer it."""
        named = {
            "GENKAN_DATA_DIR": str(place.folder / "data"),
            "GENKAN_HOST": "127.0.0.1",
            "GENKAN_PORT": str(place.port),
            "GENKAN_BASE_URL": place.base,
        }
        lifted = {"GENKAN_ROTATIONS_PER_SECOND": "0", "GENKAN_SIGN_INS_PER_ACCOUNT": "0"}
        return named if self._limited else {**named, **lifted}

    def site(self, place: Place) -> Site:
        env = self.environment(place)
        say(env, "user", "add", PERSON.name, "--password-stdin", said=PERSON.password)
        mobile = json.loads(say(env, "mobile", "on", "--json"))
        native = Client(mobile["clientID"], mobile["redirectURI"], mobile["scope"])
        web = _link(env)
        confidential = Client(web["clientId"], CONFIDENTIAL_REDIRECT, "WRITE", web["clientSecret"])
        provider = "/rest/oauth2/latest"
        introspector = (confidential.id, str(confidential.secret))
        return Site(
            ends=Endpoints(f"{provider}/authorize", f"{provider}/token", f"{provider}/introspect", introspector),
            native=native,
            confidential=confidential,
            people=(PERSON,),
            bearer=Call("/rest/api/2/myself", members={"name": PERSON.name, "active": True}),
            verify=Call("/auth/verify", header=("Remote-User", PERSON.name)),
            metadata=Call(INFO_LOGIN, members={"oauth.enabled": True, "oauth.clientID": native.id}),
            login="/login",
        )


class OnPostgres(Genkan):
    """The same on PostgreSQL, as the how-to says: schema and key ring made by commands before the server starts."""

    title = "Genkan, PostgreSQL with fsync"
    postgres = True

    def __init__(self, name: str = "genkan-postgres", workers: int = 1, people: int = 1) -> None:
        super().__init__(name)
        self._workers = workers
        self._people = people

    def versions(self) -> dict[str, str]:
        return {**super().versions(), "asyncpg": version("asyncpg")}

    def prepare(self, place: Place) -> None:
        env = self.environment(place)
        say(env, "migrate")
        say(env, "keys", "create")

    def site(self, place: Place) -> Site:
        known = super().site(place)
        others = [replace(PERSON, name=f"{PERSON.name}{number}") for number in range(2, self._people + 1)]
        if others:
            copy_account(place.postgres, PERSON.name, len(others))
        return replace(known, people=(PERSON, *others))

    def environment(self, place: Place) -> dict[str, str]:
        return {
            **super().environment(place),
            "GENKAN_DATABASE_URL": place.postgres.url,
            "GENKAN_SECRET_FILE": str(place.folder / "secrets.json"),
            "GENKAN_WORKERS": str(self._workers),
        }


def _command() -> Path:
    return Path(sys.executable).with_name("genkan")


def _link(env: dict[str, str]) -> dict[str, str]:
    named = ["--name", "Bench", "--redirect", CONFIDENTIAL_REDIRECT, "--permission", "WRITE"]
    kind = ["--confidential", "--introspect", "--consent", "remember", "--json"]
    made: dict[str, str] = json.loads(say(env, "link", "create", *named, *kind))
    return made


def say(env: dict[str, str], *words: str, said: str = "") -> str:
    """One administering command's output."""
    argv = [str(_command()), *words]
    done = subprocess.run(argv, env=env, input=said, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"genkan {' '.join(words[:2])} failed: {done.stderr.strip()[-300:]}")
    return done.stdout


PEERS = (Genkan(), OnPostgres())
