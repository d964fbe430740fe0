"""A site on PostgreSQL with its dump and its ring's backup: what trials of dumps are tried on."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from genkan import clock
from genkan.ops.backup import backup
from genkan.ops.restore import Asked
from genkan.ops.verify import Dumped, RingVerified, Verified, verify
from genkan.outside.ring_file import make_ring_file
from genkan.protocol.outcomes import Change, MoveRing
from genkan.protocol.restoring import Manner
from genkan.settings import Settings
from genkan.store.places import Postgres, bring_to, open_store, schema_of
from tests.postgres import Server, running_postgres
from tests.protocol.builders import a_ring
from tests.store.builders import a_grant, a_link, added, an_account, an_env, redeemed

PASSPHRASE = b"correct horse battery"
# With every sign that means something in an address or in a password file.
PASSWORD = "p:w\\ä @/#"
DATABASES = """
    SELECT count(*) FROM pg_database
    WHERE datname = 'genkan_trial_' || (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextlib.contextmanager
def guarded_postgres() -> Iterator[Server]:
    """A server that asks everyone but its own user for a password: ``maker`` may make databases, ``plain`` may not."""
    with running_postgres() as server:
        rules = server.data / "pg_hba.conf"
        rules.write_text("local all genkan trust\nlocal all all scram-sha-256\n")
        server.sql("SELECT pg_reload_conf()")
        for role, right in (("maker", "CREATEDB"), ("plain", "NOCREATEDB")):
            server.sql(f"CREATE ROLE {role} LOGIN {right} PASSWORD '{PASSWORD}'")
        yield server


@dataclass
class DumpedSite:
    """A site of one phone, its dump and its backup, after which another phone came."""

    server: Server
    database: str
    settings: Settings
    backup: Path
    dump: Path

    @property
    def place(self) -> Postgres:
        """Where the site is."""
        place = self.settings.store_place
        assert isinstance(place, Postgres)
        return place

    async def verified(self, dump: Path | None = None, trial: Postgres | None = None) -> Verified | RingVerified:
        """What genkan restore --verify --dump finds."""
        asked = Asked(self.backup, PASSPHRASE, Manner.HEAL, "test")
        return await verify(self.settings, asked, clock.system_env, Dumped(dump or self.dump, trial))

    def dumped(self, *words: str, database: str = "", name: str = "another.dump") -> Path:
        """Another dump, made with these words."""
        return dumped(self.server, database or self.database, self.dump.with_name(name), *words)

    def left(self) -> int:
        """How many databases of its trials there are."""
        return int(self.server.sql(DATABASES, self.database))


def dumped(server: Server, database: str, file: Path, *words: str) -> Path:
    """What pg_dump makes of a database."""
    command = [
        str(server.programs / "pg_dump"),
        *(words or ("--format=custom",)),
        f"--file={file}",
        server.url(database),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return file


def an_address(server: Server, role: str, database: str) -> Postgres:
    """With the role's password in it."""
    return Postgres(f"postgresql://{role}:{quote(PASSWORD, safe='')}@/{database}?host={server.folder}")


async def a_dumped_site(server: Server, name: str, folder: Path, role: str = "maker") -> DumpedSite:
    """The site in a database of its role's own."""
    database = f"d{zlib.crc32(name.encode()):x}"
    await asyncio.to_thread(server.sql, f"CREATE DATABASE {database} OWNER {role}")
    place = an_address(server, role, database)
    bring_to(place, schema_of(place).newest, an_env())
    settings = Settings(database_url=place.url, secret_file=str(folder / "secrets.json"))
    ring = a_ring()
    assert make_ring_file(settings.ring_path, ring) is None
    store = open_store(place, create=False, env=an_env())
    account, link = an_account(), a_link()
    for change in (Change((MoveRing(ring.version, ring.fingerprint),)), added(account, link)):
        assert await store.apply(change)
    assert await store.apply(redeemed(a_grant(account, link)))
    dump = await asyncio.to_thread(dumped, server, database, folder / "site.dump")
    made = await backup(settings, folder / "site.backup", PASSPHRASE, an_env())
    assert await store.apply(redeemed(a_grant(account, link)))
    await store.close()
    return DumpedSite(server, database, settings, made.file, dump)


def pretended(folder: Path, server: Server, what: str, version: str = "") -> str:
    """A PATH whose pg_restore does something before it does its work."""
    programs = folder / "programs"
    programs.mkdir()
    real = server.programs / "pg_restore"
    script = programs / "pg_restore"
    told = f"echo '{version}'" if version else f'exec {real} "$@"'
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *--version*) {told};; *--list*) ;; *) {what};; esac\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    shell = Path(shutil.which("sh") or "/bin/sh").parent
    return os.pathsep.join(map(str, (programs, shell)))
