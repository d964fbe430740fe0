"""A PostgreSQL database to try something in: made beside the site's own, or an empty one that somebody names; gone, or
empty again, at the end.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from genkan.store.api import CannotOpen
from genkan.store.names import named
from genkan.store.places import Postgres
from genkan.store.postgres_patient import connected

_APPLICATION = "genkan-trial"
# Beside those of postgres_open, postgres_duty and postgres_sign_ins. Who holds it may drop what a trial has left that
# was killed.
_ALONE = "SELECT pg_try_advisory_lock(1735289710, 3)"
# It waits for whatever puts the dump back.
_STAY = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
_ABOUT = "SELECT 'genkan_trial_' || oid, quote_ident(current_user) FROM pg_database WHERE datname = current_database()"
_MAKE = "CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"
_DROP = "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
_NO_RIGHT = (
    "ROLE may make no database on this server: have an empty one made (CREATE DATABASE genkan_trial OWNER ROLE "
    "ENCODING 'UTF8' TEMPLATE template0), and name it with --trial"
)
# What drops everything there, but for what the server or an extension made. A table takes along what hangs on it.
_DROP_SCHEMAS = """
    SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', n.nspname) FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public') AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'
    )
"""
_DROP_RELATIONS = """
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
        WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (
            SELECT 1 FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i')
        )
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """The database, and the major version of its server."""

    place: Postgres
    major: int


@asynccontextmanager
async def trial(site: Postgres, given: Postgres | None) -> AsyncIterator[Trial]:
    """One that is made beside the site's, or the given one. Raises CannotOpen: why there is none."""
    async with connected((given or site).url, _APPLICATION) as db:
        if not await db.fetchval(_ALONE):
            raise CannotOpen("another command tries a dump there; wait until it has ended")
        await db.fetch(_STAY)
        major = db.get_server_version().major
        if given is not None:
            async with _emptied(db):
                yield Trial(given, major)
            return
        name, role = await db.fetchrow(_ABOUT)
        async with _made(db, name, role):
            yield Trial(site.beside(name), major)


@asynccontextmanager
async def _made(db: asyncpg.Connection, name: str, role: str) -> AsyncIterator[None]:
    """Its name has the number of the site's database, so that a trial finds what one before it has left."""
    make = named(_MAKE, name=name)
    drop = named(_DROP, name=name)
    await db.execute(drop)
    try:
        try:
            await db.execute(make)
        except asyncpg.InsufficientPrivilegeError:
            raise CannotOpen(_NO_RIGHT.replace("ROLE", role)) from None
        yield
    finally:
        await db.execute(drop)


@asynccontextmanager
async def _emptied(db: asyncpg.Connection) -> AsyncIterator[None]:
    """Schemas that are there stay."""
    if await db.fetch(_DROP_RELATIONS):
        raise CannotOpen("the PostgreSQL database for the trial is not empty: name one that is")
    before = await db.fetch(_DROP_SCHEMAS)
    try:
        yield
    finally:
        for drop in [one for one in await db.fetch(_DROP_SCHEMAS) if one not in before]:
            await db.execute(drop[0])
        for drop in await db.fetch(_DROP_RELATIONS):
            await db.execute(drop[0])
