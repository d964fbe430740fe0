"""A serving process and what it serves; it takes the claim once it knows the sign-in."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from genkan.protocol.records import Account, Grant, Link
from genkan.store.sqlite import SqliteStore, open_store
from tests.store.builders import (
    a_grant,
    an_env,
    redeemed,
)
from tests.store.claim.looks import is_sure
from tests.store.reading import the_row


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Callable[[], SqliteStore]]:
    """Opens one more instance on the same file."""
    stores: list[SqliteStore] = []

    def open_one() -> SqliteStore:
        stores.append(open_store(tmp_path / "genkan.db", create=True, env=an_env()))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
async def store(opened: Callable[[], SqliteStore]) -> SqliteStore:
    """The serving process; it takes the claim once the test begins."""
    return opened()


@pytest.fixture
async def grant(store: SqliteStore, account: Account, link: Link) -> Grant:
    """That person's sign-in, known to the store that has the claim."""
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    await store.on_duty()
    assert await the_row(store, grant) == grant
    assert await is_sure(store, grant)
    return grant
