"""What the contract's tests start from: a fresh store of each engine, and in it a person, a link and a sign-in."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from genkan.protocol.records import Account, Grant, Link
from genkan.store.api import Store
from tests.postgres import Emptied, running_postgres
from tests.store.builders import a_grant, a_link, added, an_account, redeemed
from tests.store.engines import ENGINES, PARAMETERS, Open


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[Emptied]:
    """One server and one database for the whole run of a process; each test finds it empty."""
    with running_postgres() as server, contextlib.closing(Emptied(server)) as database:
        yield database


@pytest.fixture(params=PARAMETERS)
async def open_another(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a store on the same data each time it is called; all are closed in the end."""
    opened: list[Store] = []
    with ENGINES[request.param](request, tmp_path) as opener:

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


@pytest.fixture
async def account(store: Store) -> Account:
    """A person in the store."""
    account = an_account()
    assert await store.apply(added(account))
    return account


@pytest.fixture
async def link(store: Store) -> Link:
    """A link in the store."""
    link = a_link()
    assert await store.apply(added(link))
    return link


@pytest.fixture
async def grant(store: Store, account: Account, link: Link) -> Grant:
    """That person's sign-in through that link."""
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    return grant
