"""What the schema promises of the SQLite engine: indexes that refreshes leave alone, no scans, short rows."""

import asyncio
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import Retried, Sighting
from genkan.protocol.records import Account, Grant, Link
from genkan.store import (
    sqlite_audit,
    sqlite_certificates,
    sqlite_identities,
    sqlite_lazy,
    sqlite_lists,
    sqlite_passkeys,
    sqlite_people,
    sqlite_phone_checks,
    sqlite_phones,
    sqlite_reads,
    sqlite_recovery,
    sqlite_sign_in,
    sqlite_steps,
    sqlite_stops,
    sqlite_tokens,
    sqlite_upkeep,
    sqlite_ways,
)
from genkan.store.sqlite import SqliteStore, open_store
from genkan.store.sqlite_open import prepare
from tests.store.builders import NOW, a_grant, a_link, added, an_account, an_env, redeemed, rotated

SIGN_INS = 20_000


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> SqliteStore:
    """A store whose inside the test may look at."""
    return open_store(tmp_path / "genkan.db", create=True, env=an_env())


async def test_no_index_names_a_column_that_a_refresh_writes(sqlite_store: SqliteStore) -> None:
    """Whatever a rotation, a retry or a sighting writes, no index of the grants must be touched for it."""
    account, link = an_account(), a_link()
    grant = a_grant(account, link)
    assert await sqlite_store.apply(added(account, link))
    assert await sqlite_store.apply(redeemed(grant))
    written: set[str] = set()

    def watch(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_UPDATE and table == "grants" and column:
            written.add(column)
        return sqlite3.SQLITE_OK

    db = sqlite_store._writer._connection.db
    db.set_authorizer(watch)
    assert await sqlite_store.apply(Retried(replace(grant, retries=1)))
    assert await sqlite_store.apply(rotated(grant, NOW + 1))
    sqlite_store.note_sighting(Sighting(grant.id, 1, NOW + 2))
    await sqlite_store.flush()
    db.set_authorizer(None)
    assert {"generation", "access_expires_at", "retries", "seen_at", "last_seen", "network"} <= written
    found = sqlite_store._db.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'grants' AND type = 'index'")
    indexes = {name: set(words(sql or "")) & written for name, sql in found}
    assert len(indexes) >= 3
    assert {name: columns for name, columns in indexes.items() if columns} == {}
    await sqlite_store.close()


def words(sql: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in sql).split()


MODULES = (
    sqlite_reads, sqlite_tokens, sqlite_lazy, sqlite_stops, sqlite_lists, sqlite_audit, sqlite_people, sqlite_phones,
    sqlite_recovery, sqlite_identities, sqlite_certificates, sqlite_passkeys, sqlite_sign_in,
    sqlite_phone_checks, sqlite_steps, sqlite_upkeep, sqlite_ways,
)  # fmt: skip
STATEMENTS = {
    f"{module.__name__.removeprefix('genkan.store.sqlite_')}.{name}": statement
    for module in MODULES
    for name, statement in vars(module).items()
    if isinstance(statement, str) and statement.split()[:1] in (["SELECT"], ["UPDATE"], ["INSERT"], ["DELETE"])
    if statement.count("(") == statement.count(")") and "{" not in statement  # else a part of others
}
# Walks that are meant: everybody stopped, and lists of what is few or whose pages are bounded by their order.
WALKS = {
    "stops._RAISE_ALL", "stops._LOG_ALL", "lists._KEYS_IN_USE", "lists._API_KEYS", "lists._NODES", "lists._TALLIES",
    "identities._STATES", "upkeep._NODES", "upkeep._LATEST", "upkeep._TOO_MANY_ASKERS",
}  # fmt: skip
# One row each, or rows that an index keeps few.
SHORT = {
    "SCAN site",
    "SCAN CONSTANT ROW",
    "SCAN (subquery-1)",
    "SCAN stops USING INDEX stops_to_settle",
    "SCAN segments USING INDEX segments_kept",
    "SCAN upkeep",
    *(f"SCAN {one}" for one in ("of_person", "of_link", "of_key", "told", "shown", "waiting")),
}


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - WALKS))
def test_no_statement_scans_a_table(database: sqlite3.Connection, name: str) -> None:
    """Cost must not grow with the table: each statement searches by key or by an index."""
    steps = plan(database, STATEMENTS[name])
    assert [step for step in steps if step.startswith("SCAN") and step not in SHORT] == []


PAGES = [
    "lists._ACCOUNTS", "lists._EVENTS", "lists._PHONES", "lists._PHONES_UP", "lists._PHONES_OF_ACCOUNT",
    "lists._PHONES_OF_ACCOUNT_UP", "lists._PHONES_OF_LINK", "lists._PHONES_OF_LINK_UP", "people._HORIZON",
    "people._PEOPLE", "people._USED_BY_ACCOUNT", "people._USED_BY_LINK", "audit._LINES", "audit._NEWER",
    "audit._OLDER", "audit._SEGMENTS", "audit._LAST_SEGMENT", "audit._OLDEST_KEPT", "audit._OF_GRANT",
    "phones._SEARCH_LINK", "phones._SEARCH_LINK_UP", "phones._SEARCH_ENDED", "phones._SEARCH_ENDED_UP",
    "phones._SEARCH_PERSON", "phones._SEARCH_PERSON_UP", "phones._PEOPLE_NAMED", "identities._DUE",
    "certificates._DUE",
]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_no_page_sorts_what_it_leaves_out(database: sqlite3.Connection, name: str) -> None:
    """A page of a list costs what the page is long: its order is the index's own."""
    outer = [step for step in plan(database, STATEMENTS[name]) if step.startswith("USE TEMP B-TREE")]
    # The one sort is of the at most three stops that can have reached one phone.
    assert len(outer) == int("_PHONES" in name)


ENTERED = {
    "steps._ADMINISTRATOR": "SEARCH accounts USING INDEX accounts_administrators (permission>?)",
    "ways._ADMINISTRATOR": "SEARCH a USING INDEX accounts_administrators (permission>?)",
    "certificates._OF_ADMINISTRATORS": "SEARCH a USING INDEX accounts_administrators (permission>?)",
    "steps._END_UNDER": "SEARCH grants USING INDEX grants_by_account (account=?)",
    "stops._WALK_LINK": "SEARCH g USING INDEX grants_by_link ((link,id)>(?,?) AND link<?)",
    "phones._SEARCH_LINK": "SEARCH g USING INDEX grants_by_link ((link,id)>(?,?) AND (link,id)<(?,?))",
    "phones._SEARCH_ENDED": "SEARCH g USING INDEX grants_ended ((link,id)>(?,?) AND (link,id)<(?,?))",
    "phones._SEARCH_PERSON": "SEARCH g USING INDEX grants_by_account ((account,id)>(?,?) AND (account,id)<(?,?))",
    "identities._DUE": "SEARCH i USING INDEX identities_to_check (<expr>=? AND checked_at<?)",
    "passkeys._USE": "SEARCH passkeys USING PRIMARY KEY (id=?)",
    "upkeep._STOPS": "SEARCH stops USING INDEX stops_settled (at<?)",
}


@pytest.mark.parametrize("name", sorted(ENTERED))
def test_the_narrowest_index_is_entered(database: sqlite3.Connection, name: str) -> None:
    """Where several fit: the few who administer among all people, one person's sign-ins among a link's."""
    assert ENTERED[name] in plan(database, STATEMENTS[name])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A bare connection to a fresh site's file."""
    prepare(tmp_path / "genkan.db", create=True, env=an_env())
    with closing(sqlite3.connect(tmp_path / "genkan.db")) as db:
        yield db


def plan(db: sqlite3.Connection, statement: str) -> list[str]:
    """What SQLite says it would do. Its versions differ in which indexes they call covering."""
    names = (
        "account_id", "link_id", "live_only", "before", "limit", "first", "after", "past", "walk", "horizon",
        "standing", "permission", "kinds", "actor", "since", "until", "text", "number", "look",
        "ways", "but", "id", "at", "hosts", "providers", "judges", "lost_pins", "lost_certificates", "lost_passkeys",
        "most",
    )  # fmt: skip
    named = dict.fromkeys(names, 1)
    for count in range(40):
        values = named if ":" in statement else (None,) * count
        try:
            return [
                str(row[3]).replace("COVERING ", "") for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            ]
        except sqlite3.ProgrammingError:
            # The wrong number of values: SQLite alone counts them.
            continue
    raise AssertionError(statement)


async def test_a_sign_in_takes_few_bytes_on_disk(
    sqlite_store: SqliteStore, record_property: Callable[[str, object], None]
) -> None:
    """Row and indexes of twenty thousand phones, as refreshes leave them, stay below 300 bytes a phone."""
    people, link = [an_account() for _ in range(4_000)], a_link()
    assert await sqlite_store.apply(added(link, *people))
    grants = [a_phone(people[number * 7919 % len(people)], link, number) for number in range(SIGN_INS)]
    for start in range(0, SIGN_INS, 5_000):
        some = grants[start : start + 5_000]
        assert all(await asyncio.gather(*(sqlite_store.apply(redeemed(grant)) for grant in some)))
    for start in range(0, SIGN_INS, 5_000):
        some = grants[start : start + 5_000]
        assert all(await asyncio.gather(*(sqlite_store.apply(rotated(g, g.created_at + HOUR)) for g in some)))
        for grant in some:
            sqlite_store.note_sighting(Sighting(grant.id, 1, grant.created_at + HOUR + 3_000))
        await sqlite_store.flush()
    await sqlite_store.close()
    sizes = bytes_by_table(sqlite_store.path)
    print({table: round(size / SIGN_INS, 1) for table, size in sizes.items()})
    for table, size in sizes.items():
        record_property(f"bytes per sign-in: {table}", round(size / SIGN_INS, 1))
    assert sum(size for table, size in sizes.items() if table.startswith("grants")) / SIGN_INS <= 300


def a_phone(account: Account, link: Link, number: int) -> Grant:
    """One of many phones, all different where phones differ."""
    return a_grant(
        account,
        link,
        now=NOW + 50 * number,
        created_at=NOW + 50 * number + 4_000,
        device=hashlib.sha256(b"%d" % number).digest()[:16],
        user_agent=f"AtlassianMobileApp/2.0 (iPhone; iOS 26.{number % 40})",
        network=f"203.0.{number % 250}.0/24",
        address=f"203.0.{number % 250}.{number % 199}",
    )


def bytes_by_table(path: Path) -> Counter[str]:
    """The pages of each table and index; of all together where this SQLite was built without that knowledge."""
    with closing(sqlite3.connect(path)) as db:
        try:
            found = db.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name").fetchall()
        except sqlite3.OperationalError:
            return Counter({"grants and all else": path.stat().st_size})
    return Counter({name: int(size) for name, size in found if size > 4096})
