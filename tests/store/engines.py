"""The stores that the contract is run against. Another engine joins as one more entry of ENGINES."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from genkan.store import postgres, sqlite
from genkan.store.api import Store
from tests.postgres import Emptied
from tests.store.builders import an_env

Open = Callable[[], Awaitable[Store]]
Engine = Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Open]]


@contextlib.contextmanager
def sqlite_opener(_: pytest.FixtureRequest, folder: Path) -> Iterator[Open]:
    """Each call opens one more instance on the same file, as another process would."""

    async def open_one() -> Store:
        return sqlite.open_store(folder / "genkan.db", create=True, env=an_env())

    yield open_one


@contextlib.contextmanager
def postgres_opener(request: pytest.FixtureRequest, _: Path) -> Iterator[Open]:
    """Each call opens one more instance on the same database, as another node would."""
    database: Emptied = request.getfixturevalue("postgres_database")
    url = database.again()

    async def open_one() -> Store:
        return postgres.open_store(url, create=False, env=an_env())

    yield open_one


ENGINES: dict[str, Engine] = {"sqlite": sqlite_opener, "postgres": postgres_opener}
PARAMETERS = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
