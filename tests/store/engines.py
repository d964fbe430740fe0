"""The stores that the contract is run against. Another engine joins as one more entry of ENGINES."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from genkan.protocol.facts import GrantFacts, VisitFacts
from genkan.store import postgres, sqlite
from genkan.store.api import Store
from genkan.store.sqlite import SqliteStore
from genkan.store.sqlite_open import prepare
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


class Claiming(SqliteStore):
    """Takes the claim before each hot read, and reads twice: what it says is what it knows without looking."""

    async def grant_facts(self, grant_id: bytes) -> GrantFacts:
        await self._certain()
        read = await super().grant_facts(grant_id)
        if read.grant is not None and self._is_alone:
            assert self._known.sure_grant(grant_id) is read
        return await super().grant_facts(grant_id)

    async def visit_facts(self, session_id: bytes | None, link_id: int) -> VisitFacts:
        await self._certain()
        read = await super().visit_facts(session_id, link_id)
        if session_id is not None and read.session is not None and self._is_alone:
            assert self._known.sure_visit(session_id, link_id) is read
        return await super().visit_facts(session_id, link_id)

    @property
    def _is_alone(self) -> bool:
        """Whether nothing is under way here, and nobody else wrote last."""
        return self._known.is_claimed and not self._writer._busy

    async def _certain(self) -> None:
        # A turn passes, in which another instance may have taken the claim or broken it.
        await asyncio.sleep(0)
        await self.on_duty()
        await asyncio.sleep(0)
        await self.site()


@contextlib.contextmanager
def claiming_opener(_: pytest.FixtureRequest, folder: Path) -> Iterator[Open]:
    """As above, each holding the claim whenever it can."""

    async def open_one() -> Store:
        prepare(folder / "genkan.db", create=True, env=an_env())
        return Claiming(folder / "genkan.db")

    yield open_one


@contextlib.contextmanager
def postgres_opener(request: pytest.FixtureRequest, _: Path) -> Iterator[Open]:
    """Each call opens one more instance on the same database, as another node would."""
    database: Emptied = request.getfixturevalue("postgres_database")
    url = database.again()

    async def open_one() -> Store:
        return postgres.open_store(url, create=False, env=an_env())

    yield open_one


ENGINES: dict[str, Engine] = {"sqlite": sqlite_opener, "claimed": claiming_opener, "postgres": postgres_opener}
PARAMETERS = [
    pytest.param("sqlite"),
    pytest.param("claimed"),
    pytest.param("postgres", marks=pytest.mark.needs("postgres")),
]
