"""What a row costs: bytes of table and indexes for a sign-in, its person and its line of the audit, on either engine,
and what it takes to let go of lines in steps. Run as ``python -m bench.rows PLACE [ROWS]``, where PLACE is a new folder
or the URL of an empty PostgreSQL database; docs/explanation/scale.md has the figures.
"""

import asyncio
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
from msgspec import structs

from genkan import clock
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.accounts import create as create_account
from genkan.protocol.audit import AuditKeys
from genkan.protocol.env import DAY, HOUR, Env
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink
from genkan.protocol.links import create as create_link
from genkan.protocol.outcomes import Event, EventKind, Redeemed, Rotated
from genkan.protocol.records import Account, ConsentMode, Grant, Link, Method
from genkan.protocol.ring import new_ring
from genkan.protocol.sealing import new_grant_id
from genkan.store.api import PhoneQuery, Store
from genkan.store.audit_rounds import NODE, drop_step, seal_all
from genkan.store.places import POSTGRES, open_store, place_of
from genkan.store.postgres import open_store as open_postgres
from genkan.wire.scopes import Permission

T = TypeVar("T")

ROWS = 100_000
AT_ONCE = 512
STEP = 200
PEOPLE_A_HUNDRED = 50
AGENTS = ("AtlassianMobileApp/2.0 (iPhone; iOS 26.1)", "AtlassianMobileApp/2.1 (Android 16; Pixel 10)", "Mozilla/5.0")
TABLES = ("grants", "accounts", "passwords", "audit", "segments", "texts")
_PAGES = """
    SELECT coalesce(sum(pgsize), 0) FROM dbstat
    WHERE aggregate = 1 AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ? AND type = ?)
"""
_SIZES = """
    SELECT c.relname, c.reltuples, pg_table_size(c.oid), pg_indexes_size(c.oid) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = ANY($1) AND n.nspname = current_schema()
"""


@dataclass(frozen=True)
class Size:
    """Of one table."""

    table: str
    rows: int
    table_bytes: int
    index_bytes: int

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.table:10} {0:10,}"
        row, index = self.table_bytes / self.rows, self.index_bytes / self.rows
        total = (self.table_bytes + self.index_bytes) / 1_000_000
        each = f"{row:7.0f} + {index:5.0f} = {row + index:6.0f} bytes a row"
        return f"{self.table:10} {self.rows:10,} rows {each}, {total:6.1f} MB"


async def main(where: str, rows: int) -> None:
    """Fill, measure, refresh, measure, let go, measure."""
    env = clock.system_env()
    store = open_postgres(where, create=True, env=env) if where.startswith(POSTGRES) else _new(where, env)
    try:
        spent = await _timed(_fill(store, rows))
        print(f"{rows:,} sign-ins and as many lines of the audit written in {spent:.0f} s")
        await _show(where, store, "after the sign-ins")
        spent = await _timed(_refresh(store))
        print(f"every sign-in refreshed once in {spent:.0f} s")
        await _show(where, store, "after the refreshes")
        await _walk(store, rows)
        await _let_go(store)
        await _show(where, store, "after the audit was let go")
    finally:
        await store.close()


def _new(where: str, env: Env) -> Store:
    folder = Path(where)
    folder.mkdir(parents=True)
    return open_store(place_of("", folder), create=True, env=env)


async def _timed(work: Awaitable[None]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


async def _fill(store: Store, rows: int) -> None:
    env = clock.system_env()
    link = create_link(
        LinkWish("App", ("jira-server://oauth-callback",), Permission.WRITE, None, ConsentMode.ALWAYS), "bench", env
    )
    assert isinstance(link, NewLink)
    assert await store.apply(link.change)
    people = [_a_person(number, env) for number in range(max(1, rows * PEOPLE_A_HUNDRED // 100))]
    for some in _in_batches(people):
        await asyncio.gather(*(store.apply(one.change) for one in some))
    for some_numbers in _in_batches(range(rows)):
        asked = (store.apply(_signed_in(people[n % len(people)].account, link.link, n)) for n in some_numbers)
        assert all(await asyncio.gather(*asked))


def _a_person(number: int, env: Env) -> NewAccount:
    # The first administers, as on a site that serves.
    permission = Permission.WRITE if number else Permission.SYSTEM_ADMIN
    name, password = f"person{number}", _a_hash()
    made = create_account(
        AccountWish(name, email=f"{name}@example.com", permission=permission, password_hash=password), "bench", env
    )
    assert isinstance(made, NewAccount)
    return made


def _a_hash() -> str:
    return "$argon2id$v=19$m=19456,t=2,p=1$" + secrets.token_urlsafe(16)[:22] + "$" + secrets.token_urlsafe(32)[:43]


def _signed_in(account: Account, link: Link, number: int) -> Redeemed:
    env = clock.system_env()
    network = f"203.0.{number % 200}.0/24"
    grant = Grant(
        new_grant_id(env), account.id, link.id, Permission.WRITE, Permission.WRITE, 0, 7, 7, env.now, env.now,
        env.now + HOUR, env.now + 90 * DAY, account.stop, link.stop, Method.PWD, env.now, os.urandom(16),
        AGENTS[number % len(AGENTS)], f"203.0.{number % 200}.{number % 250}", network, redirect=os.urandom(8),
    )  # fmt: skip
    event = Event(EventKind.SIGNED_IN, env.now, account.actor, account.id, link.id, grant.id, grant.address)
    return Redeemed(grant, 0, event)


async def _refresh(store: Store) -> None:
    before: bytes | None = None
    while some := await store.phones(PhoneQuery(before=before, limit=AT_ONCE)):
        now = clock.system_env().now
        asked = [
            Rotated(row.grant, structs.replace(row.grant, generation=row.grant.generation + 1, rotated_at=now,
                                               access_expires_at=now + HOUR, refresh_expires_at=now + 90 * DAY))
            for row in some
        ]  # fmt: skip
        await asyncio.gather(*map(store.apply, asked))
        before = some[-1].grant.id


async def _walk(store: Store, rows: int) -> None:
    """Look once at every sign-in, as pruning does once an hour, without its pauses; all of them stay."""
    now, steps, began = clock.system_env().now + 3 * DAY, 0, time.monotonic()
    while await store.prune(now, STEP):
        steps += 1
    spent = time.monotonic() - began
    print(f"pruning looked at all in {steps:,} steps, {spent:.1f} s, {spent / rows * 1e6:.1f} µs a sign-in")


async def _let_go(store: Store) -> None:
    env = clock.system_env()
    keys = AuditKeys(new_ring(env), (await store.site()).site_id)
    began = time.monotonic()
    sealed = await seal_all(store, keys, NODE, env.now)
    print(f"{sum(one.last - one.first + 1 for one in sealed):,} lines sealed in {time.monotonic() - began:.1f} s")
    spent: list[float] = []
    began = time.monotonic()
    while await drop_step(store, keys, NODE, env.now + 1, env.now + 1) is not None:
        spent.append(time.monotonic() - began)
        began = time.monotonic()
    if spent:
        longest = max(spent) * 1000
        print(f"let go in {len(spent):,} steps, {sum(spent):.1f} s, the longest {longest:.0f} ms")


async def _show(where: str, store: Store, when: str) -> None:
    await store.flush()
    print(f"-- {when}")
    for size in await (_of_postgres(where) if where.startswith(POSTGRES) else asyncio.to_thread(_of_sqlite, where)):
        print(size)


async def _of_postgres(url: str) -> list[Size]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM ANALYZE")
        return [
            Size(name, int(rows), table, index) for name, rows, table, index in await connection.fetch(_SIZES, TABLES)
        ]
    finally:
        await connection.close()


def _of_sqlite(where: str) -> list[Size]:
    file = Path(where) / "genkan.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        return [
            Size(name, db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0],
                 db.execute(_PAGES, (name, "table")).fetchone()[0], db.execute(_PAGES, (name, "index")).fetchone()[0])
            for name in TABLES
        ]  # fmt: skip


def _in_batches(of: Iterable[T]) -> Iterator[list[T]]:
    batch: list[T] = []
    for one in of:
        batch.append(one)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else ROWS))
