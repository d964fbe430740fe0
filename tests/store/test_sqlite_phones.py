"""The search counted, not timed: whatever is asked for and however many phones there are, a page costs the same."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.phones import PhoneState
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import LinkKind
from genkan.store import sqlite_phones
from genkan.store.api import PhoneOrder, PhoneSearch
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import NOW, a_grant, a_link, added, an_account, an_env, redeemed

LOOKED = 40
FEW, MANY = 300, 6_000
LATER = NOW + DAY
# Every filter, of which some find much and some nothing at all.
SEARCHES: dict[str, dict[str, Any]] = {
    "all": {},
    "oldest": {"order": PhoneOrder.OLDEST},
    "by person": {"order": PhoneOrder.PERSON},
    "by link": {"order": PhoneOrder.LINK},
    "live": {"state": PhoneState.SIGNED_IN},
    "ended, of which there are none": {"state": PhoneState.SIGNED_OUT},
    "expired, of which there are none": {"state": PhoneState.EXPIRED},
    "a reason that nobody had": {"reason": EndReason.KEY_REVOKED},
    "not seen since long before": {"unseen_since": NOW - DAY},
    "not seen, which is true of all": {"unseen_since": LATER},
    "applications, of which there are none": {"kind": LinkKind.CONFIDENTIAL},
    "names that nobody has": {"person": "zz"},
    "expired, by person": {"state": PhoneState.EXPIRED, "order": PhoneOrder.PERSON},
    "expired, of names that many have": {"state": PhoneState.EXPIRED, "person": "person"},
}


async def fill(count: int, folder: Path) -> Path:
    """A store of so many phones, two a person, copied from one as they would have signed in one after the other."""
    folder.mkdir()
    path = folder / "genkan.db"
    store = open_store(path, create=True, env=an_env())
    account, link = an_account("person-0"), a_link("app", kind=LinkKind.NATIVE)
    assert await store.apply(added(account, link, a_link("web")))
    assert await store.apply(redeemed(a_grant(account, link)))
    await store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        copy(db, "accounts", count // 2, lambda row, n: {"number": n + 2, "id": n + 2, "name": f"p-{n}",
                                                         "folded": f"person-{n + 1:06}"})  # fmt: skip
        copy(db, "grants", count, lambda row, n: {"id": (NOW + n + 1).to_bytes(6, "big") + row["id"][6:],
                                                  "account": n // 2 + 1})  # fmt: skip
        db.execute("COMMIT")
    return path


def copy(db: sqlite3.Connection, table: str, count: int, changed: Any) -> None:
    """The table's first row over and over, changed as said."""
    cursor = db.execute(f"SELECT * FROM {table} LIMIT 1")
    names = [column[0] for column in cursor.description]
    row = dict(zip(names, cursor.fetchone(), strict=True))
    marks = ", ".join("?" * len(names))
    made = ([*{**row, **changed(row, number)}.values()] for number in range(count))
    db.executemany(f"INSERT INTO {table} VALUES ({marks})", made)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One with few phones, one with twenty times as many."""
    folder = tmp_path_factory.mktemp("phones")
    return asyncio.run(fill(FEW, folder / "few")), asyncio.run(fill(MANY, folder / "many"))


@pytest.fixture
async def stores(files: tuple[Path, Path]) -> AsyncIterator[list[SqliteStore]]:
    """Both, opened."""
    opened = [open_store(path, create=False, env=an_env()) for path in files]
    yield opened
    for store in opened:
        await store.close()


async def cost(store: SqliteStore, **asked: Any) -> int:
    """How many steps of SQLite's machine a first page takes, and one from the middle."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    await store.search_phones(PhoneSearch(LATER))  # what is cached is cached
    db = store._db
    assert isinstance(db, sqlite3.Connection)
    db.set_progress_handler(count, 1)
    page = await store.search_phones(PhoneSearch(LATER, limit=10, **asked))
    await store.search_phones(PhoneSearch(LATER, limit=10, start=page.next, **asked))
    db.set_progress_handler(None, 0)
    return steps


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_page_costs_the_same_in_a_store_of_any_size(
    stores: list[SqliteStore], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty times as many phones, and no page reads more of them."""
    monkeypatch.setattr(sqlite_phones, "MOST_LOOKED", LOOKED)
    few, many = [await cost(store, **SEARCHES[name]) for store in stores]
    assert many <= 1.2 * few + 50, (few, many)
    assert many < 500 * LOOKED


async def test_a_page_that_finds_nothing_says_where_to_go_on(
    stores: list[SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Having looked far enough is not the end: going on page by page looks at every phone and comes to it."""
    monkeypatch.setattr(sqlite_phones, "MOST_LOOKED", LOOKED)
    search, pages = PhoneSearch(LATER, state=PhoneState.EXPIRED), 0
    for order in PhoneOrder:
        mark, pages = None, 0
        while pages == 0 or mark is not None:
            page = await stores[0].search_phones(PhoneSearch(LATER, state=search.state, order=order, start=mark))
            assert page.rows == ()
            mark, pages = page.next, pages + 1
        people = FEW // 2 + 1 if order is PhoneOrder.PERSON else 0
        assert FEW // LOOKED <= pages <= (FEW + people) // LOOKED + 2
