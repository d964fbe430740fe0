"""The stores that the contract is run against. Another engine joins as one more entry of ENGINES."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from genkan.store.api import Store
from genkan.store.sqlite import open_store
from tests.store.builders import an_env

Open = Callable[[], Awaitable[Store]]


def sqlite_opener(folder: Path) -> Open:
    """Each call opens one more instance on the same file, as another process would."""

    async def open_one() -> Store:
        return open_store(folder / "genkan.db", create=True, env=an_env())

    return open_one


ENGINES = {"sqlite": sqlite_opener}


@pytest.fixture(params=sorted(ENGINES))
async def open_another(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a store on the same data each time it is called; all are closed in the end."""
    opener = ENGINES[request.param](tmp_path)
    opened: list[Store] = []

    async def open_one() -> Store:
        opened.append(await opener())
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_another: Open) -> Store:
    """A fresh store."""
    return await open_another()
