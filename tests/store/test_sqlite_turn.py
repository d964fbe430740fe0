"""One snapshot a turn: never older than the request, and never without the facts that belong to it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from genkan.store.api import StoreUnavailable
from genkan.store.sqlite import SqliteStore, open_store
from tests.protocol.builders import an_env


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A fresh store in a file."""
    opened = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    yield opened
    await opened.close()


def moved_by_another(store: SqliteStore) -> None:
    """Another process changes the site's facts."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        db.execute("UPDATE site SET version = version + 1")


async def test_what_another_process_wrote_is_seen_in_the_very_next_turn(store: SqliteStore) -> None:
    """Within a turn everything is of one moment; the next one begins with what is there by then."""
    before = (await store.site()).version
    moved_by_another(store)
    assert (await store.site()).version == before
    await asyncio.sleep(0)
    assert (await store.site()).version == before + 1


async def test_nothing_is_read_under_a_snapshot_whose_facts_failed(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault while the site's facts are read ends the snapshot: the next read asks for them again."""
    before = (await store.site()).version
    await asyncio.sleep(0)
    moved_by_another(store)

    def fails() -> None:
        monkeypatch.setattr(store._turn, "_begun", store._cache.renew)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(store._turn, "_begun", fails)
    with pytest.raises(StoreUnavailable):
        await store.site()
    assert (await store.site()).version == before + 1
