"""What PostgreSQL would do for each of the store's statements, told in a line; and tables that grow under it."""

import json
from collections.abc import Iterator
from itertools import chain
from types import ModuleType
from typing import Any

import asyncpg

from genkan.store import (
    postgres_duty,
    postgres_epoch,
    postgres_hot,
    postgres_notes,
    postgres_sweep,
    postgres_texts,
    postgres_tokens,
    sqlite_audit,
    sqlite_cache,
    sqlite_certificates,
    sqlite_identities,
    sqlite_lists,
    sqlite_passkeys,
    sqlite_people,
    sqlite_phone_checks,
    sqlite_phones,
    sqlite_recovery,
    sqlite_sign_in,
    sqlite_steps,
    sqlite_stops,
    sqlite_sweep,
    sqlite_texts,
    sqlite_tokens,
    sqlite_upkeep,
    sqlite_ways,
)
from genkan.store.postgres_words import spelled

MODULES: tuple[ModuleType, ...] = (
    postgres_hot, postgres_notes, postgres_tokens, postgres_texts, postgres_sweep, postgres_epoch, postgres_duty,
    sqlite_audit, sqlite_cache, sqlite_certificates, sqlite_identities, sqlite_lists, sqlite_passkeys, sqlite_people,
    sqlite_phone_checks, sqlite_phones, sqlite_recovery, sqlite_sign_in, sqlite_steps, sqlite_stops, sqlite_texts,
    sqlite_tokens, sqlite_upkeep, sqlite_ways,
)  # fmt: skip
# The beginning of a statement; what reads all grants, as it must; and what SQLite's writer alone runs.
LEFT_OUT = {
    "postgres_tokens._INTO_AUDIT", "sqlite_lists._KEYS_IN_USE", "sqlite_tokens._REDEEM", "sqlite_tokens._REPLACED",
    "sqlite_tokens._ROTATE", "sqlite_tokens._RETRY",
}  # fmt: skip
VERBS = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")
ONE_ROW = {"site", "upkeep"}
GENERIC, CUSTOM = "force_generic_plan", "force_custom_plan"


def statements() -> Iterator[tuple[str, str]]:
    """Each by the name of its constant, in PostgreSQL's words; parts and templates of others are left out."""
    for module in MODULES:
        for name, found in vars(module).items():
            full = f"{module.__name__.rpartition('.')[2]}.{name}"
            if isinstance(found, str) and found.split()[:1] and found.split()[0] in VERBS and full not in LEFT_OUT:
                text = spelled(found).text
                if text.count("(") == text.count(")") and "{" not in text:
                    yield full, text
    walks = chain((sql for _, sql in sqlite_sweep.NAMING), postgres_sweep._LAST)
    yield from ((f"sweep.{number}", spelled(sql).text) for number, sql in enumerate(walks))


# A value of each type. All ways in, and nobody's permission, which no condition of an index answers.
VALUES = {
    "int2": "15::int2", "int4": "15::int4", "int8": "15::int8", "text": "'a'::text", "bytea": "'a'::bytea",
    "bool": "FALSE",
}  # fmt: skip
# These are asked with a 1 where they shall find anything at all.
OF_ONE = {"sqlite_stops._WALK_ALL", "sqlite_stops._END_BY_KEY"}
BATCH = 64


def value(kind: str, name: str) -> str:
    if kind.endswith("[]"):
        return f"ARRAY[{', '.join([VALUES[kind[:-2]]] * BATCH)}]"
    return VALUES[kind].replace("15", "1" if name in OF_ONE else "15")


async def plans(db: asyncpg.Connection, mode: str) -> dict[str, str]:
    """Every statement's plan in a line. ``mode``: as a prepared statement keeps it, or for the very values."""
    keys = await _keys(db)
    await db.execute(f"SET plan_cache_mode = {mode}")
    found = {}
    for number, (name, text) in enumerate(statements()):
        parameters = (await db.prepare(text)).get_parameters()
        await db.execute(f"PREPARE the_{number} AS {text}")
        values = ", ".join(value(one.name, name) for one in parameters)
        asked = f"EXPLAIN (FORMAT JSON) EXECUTE the_{number}{f'({values})' if values else ''}"
        [top] = json.loads(await db.fetchval(asked))
        await db.execute(f"DEALLOCATE the_{number}")
        found[name] = told(top["Plan"], keys)
    return found


async def _keys(db: asyncpg.Connection) -> dict[str, list[str]]:
    """Of each index its columns and expressions."""
    rows = await db.fetch("""
        SELECT c.relname, array_agg(pg_get_indexdef(i.indexrelid, place, TRUE) ORDER BY place)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, generate_series(1, i.indnatts) place
        WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname
    """)
    return {row[0]: row[1] for row in rows}


def told(plan: dict[str, Any], keys: dict[str, list[str]]) -> str:
    """Each index that is entered with the columns that bound it, in any order; a range as ``~column``. A ``+`` behind
    it: rows are taken until there are enough. Beside that whole tables that are read, and sorts.
    """
    return " ".join(sorted(_told(plan, keys, limited=False)))


def _told(node: dict[str, Any], keys: dict[str, list[str]], *, limited: bool) -> Iterator[str]:
    kind, index = node["Node Type"], node.get("Index Name", "")
    if index in keys and node.get("Relation Name", "") not in ONE_ROW and not index.startswith("site_"):
        condition = node.get("Index Cond", "").replace(f"{node.get('Alias', '')}.", "")
        bounds = ", ".join(_bounds(condition, keys[index]))
        yield f"{index}({bounds}){'+' if limited else ''}"
    elif kind == "Seq Scan" and node["Relation Name"] not in ONE_ROW:
        yield f"all of {node['Relation Name']}"
    elif kind in ("Sort", "Incremental Sort"):
        yield "sort"
    elif kind.startswith(("Hash Join", "Merge Join", "Bitmap", "Gather")):
        yield kind
    limited = kind == "Limit" or (limited and kind not in ("Sort", "Incremental Sort", "Aggregate"))
    for part in node.get("Plans", ()):
        yield from _told(part, keys, limited=limited)


def _bounds(condition: str, columns: list[str]) -> Iterator[str]:
    for column in columns:
        if f"({column} = " in condition:
            yield column
        elif f"({column} " in condition or f"({column}, " in condition or f", {column}) " in condition:
            yield f"~{column}"


# Of other tables' rows, and where a number alone would not do: how the column of row ``i`` is made.
MADE = {
    "accounts.permission": "2", "grants.account": "1 + i % 1000", "grants.link": "1 + i % 3",
    "grants.id": "int8send(i * 1000003) || 'abcdefgh'::bytea", "grants.state": "(i % 33 = 0)::int",
    "grants.device": "CASE WHEN i % 7 > 0 THEN int8send(i * 7919) || int8send(i) END",
    "grants.certificate": "CASE WHEN i % 100 = 0 THEN i END", "grants.reason": "0",
    "sessions.account": "1 + i % 1000", "sessions.upstream_sid": "CASE WHEN i % 10 = 0 THEN 's' || i ELSE '' END",
    "sessions.source": "'local'", "consents.account": "1 + i / 3", "consents.link": "1 + i % 3", "stops.settled": "1",
    "audit.grant_id": "CASE WHEN i % 10 > 0 THEN int8send(i * 1000003) || 'abcdefgh'::bytea END",
    "audit.kind": "1 + i % 20", "audit.actor": "1 + i % 100", "segments.node": "'site'",
    "segments.dropped_at": "CASE WHEN i % 2 = 0 THEN 1 END", "tallies.minute": "i / 10",
    "certificates.revoked_at": "CASE WHEN i % 9 = 0 THEN 1 END", "identities.source": "'ldap'",
    "phone_visits.check_id": "int8send(i / 5)", "recovery_codes.account": "1 + i / 10",
}  # fmt: skip
BY_TYPE = {
    "int2": "0", "int4": "i", "int8": "i", "bool": "FALSE", "bytea": "int8send(i * 7919) || int8send(i * i)",
}  # fmt: skip
FEW = {"links": 3, "api_keys": 5, "nodes": 3, "sources": 2}


async def grow(db: asyncpg.Connection, first: int, last: int) -> None:
    """So many rows more in every table that has more than one: people with a few of everything, one link with most."""
    columns = await db.fetch("""
        SELECT table_name, column_name, udt_name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> 'schema_version' ORDER BY table_name, ordinal_position
    """)
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in columns:
        made = MADE.get(f"{table}.{column}", BY_TYPE.get(kind, f"'{column}' || i"))
        tables.setdefault(table, {})[column] = made
    for table, values in tables.items():
        end = min(last, FEW.get(table, last))
        if table not in ONE_ROW and first <= end:
            await db.execute(
                f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
                f" FROM generate_series({first}::bigint, {end}::bigint) i ON CONFLICT DO NOTHING"
            )
