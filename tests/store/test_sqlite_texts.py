"""Interned texts: each once in the table, right in both directions, and no more of them in memory than may be."""

from pathlib import Path

import pytest

from genkan.store import sqlite_texts
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import NOW, a_grant, a_link, added, an_account, an_env, redeemed, rotated
from tests.store.reading import the_row

USER_AGENTS = [f"phone {number}" for number in range(25)]


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """A store that remembers ten texts at most."""
    monkeypatch.setattr(sqlite_texts, "MOST_CACHED", 10)
    return open_store(tmp_path / "genkan.db", create=True, env=an_env())


async def test_more_texts_than_are_remembered_stay_right(store: SqliteStore) -> None:
    """Written and read in turns, over and over: every row has its own text, every text one number."""
    account, link = an_account(), a_link()
    grants = [a_grant(account, link, user_agent=text) for text in USER_AGENTS]
    assert await store.apply(added(account, link))
    for grant in grants:
        assert await store.apply(redeemed(grant))
    for generation in range(2):
        for grant in grants:
            row = await the_row(store, grant)
            assert (row.user_agent, row.generation) == (grant.user_agent, generation)
            assert await store.apply(rotated(row, NOW + 1))
            assert len(store._texts) <= 11
            assert len(store._writer._connection._ids) <= 11
    found = store._db.execute("SELECT text, COUNT(*) FROM texts GROUP BY text HAVING text LIKE 'phone %'").fetchall()
    assert sorted(found) == sorted((text, 1) for text in USER_AGENTS)
    await store.close()
