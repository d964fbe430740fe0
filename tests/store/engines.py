"""The stores that the contract is run against. Another engine joins as one more entry of ENGINES."""

from collections.abc import Awaitable, Callable
from pathlib import Path

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
