"""The write-ahead log is moved into the file beside the writer: nobody waits for it, and it does not grow for ever."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genkan.protocol.records import Account, Link
from genkan.store import sqlite_checkpoint, sqlite_writing
from genkan.store.api import PhoneQuery
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import a_grant, a_link, added, an_account, an_env, redeemed


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """On SQLite, whatever else is installed."""
    opened = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writing, "CHECKPOINT_AFTER", 40)


def log_of(store: SqliteStore) -> int:
    """Bytes of the log's file, which never shrinks while it is in use."""
    return Path(f"{store.path}-wal").stat().st_size


async def test_writes_go_on_while_the_log_is_moved(
    store: SqliteStore, account: Account, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the disk takes; what they add is moved when that is done, and the log begins anew."""
    begun, go_on, real = threading.Event(), threading.Event(), sqlite_checkpoint.move_log

    def slow(db: object) -> None:
        begun.set()
        assert go_on.wait(30)
        real(db)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite_checkpoint, "move_log", slow)
    while not begun.is_set():
        assert await store.apply(redeemed(a_grant(account, link)))
    for _ in range(60):
        assert await asyncio.wait_for(store.apply(redeemed(a_grant(account, link))), 10)
    go_on.set()
    connection = store._writer._connection
    while connection._checkpointer.is_moving:
        assert await store.apply(redeemed(a_grant(account, link)))
    begun.clear()
    grown = log_of(store)
    for _ in range(20):
        assert await store.apply(redeemed(a_grant(account, link)))
    assert log_of(store) == grown


async def test_the_log_stays_within_its_bounds_under_writes_that_never_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a log that is never moved it takes a small part."""
    sizes = []
    for limit in (10**9, 40):
        monkeypatch.setattr(sqlite_writing, "CHECKPOINT_AFTER", limit)
        store, account, link = open_store(tmp_path / f"{limit}.db", create=True, env=an_env()), an_account(), a_link()
        assert await store.apply(added(account, link))
        for _ in range(60):
            assert all(await asyncio.gather(*(store.apply(redeemed(a_grant(account, link))) for _ in range(32))))
        sizes.append(log_of(store))
        await store.close()
    assert sizes[1] < sizes[0] / 4


async def test_a_log_that_cannot_be_moved_is_moved_later(
    store: SqliteStore, account: Account, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the writer itself at first, which every round gives a turn; nothing that is written is lost."""
    monkeypatch.setattr(sqlite_checkpoint, "connect", _refused)
    sizes = []
    for _ in range(300):
        assert await store.apply(redeemed(a_grant(account, link)))
        sizes.append(log_of(store))
    assert sizes[-1] < 2 * sizes[99]
    assert len(await store.phones(PhoneQuery(limit=1000))) == 300


def _refused(path: Path) -> None:
    raise sqlite3.OperationalError(f"{path} cannot be opened")
