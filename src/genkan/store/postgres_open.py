"""Opening a PostgreSQL database as a site's store: what it must be, and its migrations up and down."""

import threading
from collections.abc import Callable
from contextlib import closing
from importlib import resources
from typing import TypeVar

import asyncpg

from genkan.protocol.env import Env
from genkan.store.api import CannotOpen, StoreAway
from genkan.store.database import Database
from genkan.store.migration import Migration, Schema, additive_before, migrations, planned, schema
from genkan.store.postgres_connection import SyncConnection, is_away, is_machine, why_closed
from genkan.store.sqlite_examine import Counts, counted

T = TypeVar("T")

MIGRATIONS = resources.files("genkan.store.postgres_migrations")
OLDEST_POSTGRES = 140_000

# One process changes a site at a time; the first number is Genkan's own, as in a SQLite file's header.
LOCK = "SELECT pg_advisory_xact_lock(1735289710, 0)"
MADE = """
    DROP TABLE IF EXISTS schema_version; CREATE TABLE schema_version (version integer NOT NULL, additive integer)
"""
# The schema in which a site knows of moves.
_MOVING_SINCE = 3
# The information schema shows a role what it has a right on, as if there were nothing else. What an extension made is
# nobody's.
THERE = """
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
"""
_TABLES = f"""
    SELECT c.relname::text, pg_get_userbyid(c.relowner)::text, has_table_privilege(c.oid, 'SELECT') {THERE}
"""
_ABOUT = """
    SELECT current_setting('server_version_num')::int, current_setting('server_version'),
        pg_encoding_to_char(encoding), current_database(), current_user::text
    FROM pg_database WHERE datname = current_database()
"""
# What the server has against the user, the password or the database of the address.
_NOT_LET_IN = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
_MEND = "mend GENKAN_DATABASE_URL (database_url)"
# An index of many millions of rows, and the walks of a count.
_MIGRATION_SECONDS = 86_400.0
_COUNT_SECONDS = 600.0
_LOOKS = 20
# Within a transaction the server goes on telling what it told first.
_LOOK_ANEW = "SELECT pg_stat_clear_snapshot()"
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'genkan' AND pid <> pg_backend_pid()
"""
_FOUND = """
    INSERT INTO site (one, site_id, version, ring_version, ring_fingerprint, mobile_enabled, mobile_link_id, heal_until,
        setup_digest, has_administrator, behind_since, title, ways, max_age)
    VALUES (1, ?, 1, 0, '', FALSE, NULL, 0, NULL, FALSE, 0, '', 15, NULL) ON CONFLICT DO NOTHING
"""


def migrate(url: str, env: Env, target: int | None = None) -> tuple[int, int]:
    """Bring the schema to this version's, or to another one's, whole or not at all; which it was and which it is.

    Raises CannotOpen with one sentence for the operator, also where servers run that know nothing of what would be
    there.
    """

    def work(db: SyncConnection) -> tuple[int, int]:
        known = migrations(MIGRATIONS)
        wanted = len(known) if target is None else target
        db.allowed_seconds = _MIGRATION_SECONDS
        db.script(f"BEGIN; SET LOCAL statement_timeout = 0; {LOCK}")
        before = _check(db, known).present
        if before > len(known):
            raise CannotOpen(_newer(before, len(known)))
        if before >= _MOVING_SINCE:
            _refuse_unfinished(db)
        if before and not planned(known, before, wanted).beside and _others(db):
            raise CannotOpen("genkan serve uses the PostgreSQL database; stop it first, on every node")
        after = before
        while after != wanted:
            after = _step(db, known, after, wanted)
        if after:
            found(db, env)
        db.script("COMMIT")
        return before, after

    return _opened(url, work)


def found(db: Database, env: Env) -> None:
    """The one row of site facts, made once with an identity of its own (tokens.md 2)."""
    db.execute(_FOUND, (env.draw(16),))
    db.execute("INSERT INTO upkeep (one, prune_after, prune_began) VALUES (1, NULL, 0) ON CONFLICT DO NOTHING")


def schema_of(url: str) -> Schema:
    """Which schema is there, 0 in an empty database, and which this version knows. Raises CannotOpen."""

    def work(db: SyncConnection) -> Schema:
        db.script("BEGIN")
        _refuse_others(db)
        found = schema(schema_kept(db), migrations(MIGRATIONS))
        db.script("COMMIT")
        return found

    return _opened(url, work)


def count(url: str) -> Counts:
    """Walks whole tables; a look at a site's health may take its time."""

    def work(db: SyncConnection) -> Counts:
        db.allowed_seconds = _COUNT_SECONDS
        db.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '10min'")
        found = counted(db)
        db.script("COMMIT")
        return found

    return _opened(url, work)


def prepare(url: str) -> str:
    """The server's version, where a site of exactly this schema is there; else why it is not, in one sentence."""

    def work(db: SyncConnection) -> str:
        db.script("BEGIN")
        found = _check(db, migrations(MIGRATIONS))
        present, newest = found.present, found.newest
        if present == 0:
            raise CannotOpen("there is no site in this PostgreSQL database yet: run genkan migrate")
        if present < newest:
            raise CannotOpen(
                f"the PostgreSQL database has schema {present}, this Genkan needs {newest}: run genkan migrate"
            )
        _refuse_unfinished(db)
        version = str(db.execute(_ABOUT).fetchall()[0][1])
        db.script("COMMIT")
        return version

    return _opened(url, work)


def renew_site_id(url: str, site_id: bytes) -> None:
    """As of a SQLite copy: no token of the site it was copied from opens there, and its audit is sealed anew."""

    def work(db: SyncConnection) -> None:
        db.script(f"BEGIN; {LOCK}")
        db.execute("UPDATE site SET site_id = ?, version = version + 1", (site_id,))
        db.script("DELETE FROM segments; COMMIT")

    _opened(url, work)


def others(url: str) -> int:
    """Connections of Genkan to this database beside the one that asks. Those of a process that has just ended take the
    server a moment to notice, and are waited for.
    """

    return _opened(url, _others)


def _others(db: SyncConnection) -> int:
    found = 0
    for _ in range(_LOOKS):
        db.execute(_LOOK_ANEW)
        found = int(db.execute(_OTHERS).fetchall()[0][0])
        if not found:
            break
        db.execute("SELECT pg_sleep(0.1)").fetchall()
    return found


def schema_version(db: Database) -> int:
    """The last migration that this database has had; 0 for a fresh one."""
    kept = schema_kept(db)
    return kept[0] if kept else 0


def schema_kept(db: Database) -> tuple[int, ...] | None:
    """What is kept of the schema (migration.schema); None in an empty database."""
    tables = {row[0] for row in db.execute(_TABLES)}
    return tuple(db.execute("SELECT * FROM schema_version").fetchone()) if "schema_version" in tables else None


def _check(db: SyncConnection, known: list[Migration]) -> Schema:
    """Refuse what no site can live in, and what a newer version did more to than add; which schema is there."""
    _refuse_others(db)
    found = schema(schema_kept(db), known)
    if found.present > found.newest and not found.serves:
        raise CannotOpen(_newer(found.present, found.newest))
    return found


def _newer(present: int, newest: int) -> str:
    return (
        f"the PostgreSQL database has schema {present}, which a newer Genkan wrote; this one knows {newest}: "
        "use the newer one"
    )


def _refuse_unfinished(db: Database) -> None:
    """tokens.md 8: until a move is done the site is still where it came from."""
    if db.execute("SELECT move FROM site WHERE move IS NOT NULL").fetchone() is not None:
        raise CannotOpen(
            "a site is on its way into this PostgreSQL database: run genkan migrate-store again to its end"
        )


def _refuse_others(db: SyncConnection) -> None:
    number, version, encoding, name, role = db.execute(_ABOUT).fetchall()[0]
    if number < OLDEST_POSTGRES:
        raise CannotOpen(f"PostgreSQL {version} is too old: Genkan needs {OLDEST_POSTGRES // 10_000} or newer")
    if encoding != "UTF8":
        raise CannotOpen(f"the PostgreSQL database {name} is encoded in {encoding}: make one with encoding UTF8")
    tables = {row[0]: row[1:] for row in db.execute(_TABLES)}
    if tables and "schema_version" not in tables:
        raise CannotOpen(f"the PostgreSQL database {name} is another program's: give Genkan one of its own")
    owner, readable = tables.get("schema_version", (role, True))
    if not readable:
        raise CannotOpen(f"the site in the PostgreSQL database {name} is {owner}'s, and {role} may not read it")


def _step(db: SyncConnection, known: list[Migration], before: int, target: int) -> int:
    """One migration towards the target; returns where that leads."""
    after = before + 1 if before < target else before - 1
    try:
        db.script(known[before].up if after > before else known[after].down)
    except asyncpg.PostgresError as fault:
        if is_machine(fault):
            raise
        # A dump that was put over what a later version had added, or what somebody changed by hand.
        raise CannotOpen(
            f"the tables are not as schema {before} leaves them ({fault}); put a dump into an empty database"
        ) from fault
    db.script(MADE)
    db.execute("INSERT INTO schema_version VALUES (?, ?)", (after, additive_before(known, after)))
    return after


def _opened(url: str, work: Callable[[SyncConnection], T]) -> T:
    """Done in a thread, since a loop may be running in this one."""
    results: list[T] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with closing(SyncConnection(url)) as db:
                results.append(work(db))
        except BaseException as e:  # noqa: BLE001 told by whoever waits
            faults.append(e)

    thread = threading.Thread(target=run, name="genkan-open")
    thread.start()
    thread.join()
    if results:
        return results[0]
    fault = faults[0]
    if isinstance(fault, asyncpg.TargetServerAttributeNotMatched):
        raise StoreAway("the PostgreSQL server is a read-only standby: name the primary") from fault
    if isinstance(fault, ValueError | asyncpg.ClientConfigurationError):
        raise CannotOpen(f"the PostgreSQL database cannot be opened: {why_closed(fault)}; {_MEND}") from None
    if is_machine(fault):
        kind = StoreAway if is_away(fault) else CannotOpen
        mend = f"; {_MEND}" if isinstance(fault, _NOT_LET_IN) else ""
        raise kind(f"the PostgreSQL database cannot be opened: {why_closed(fault)}{mend}") from fault
    raise fault
