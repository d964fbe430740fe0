"""Whether a store would look at a row, and a way to hold its writes up."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from genkan.protocol.records import Grant
from genkan.store.sqlite import SqliteStore


async def is_sure(store: SqliteStore, grant: Grant) -> bool:
    """Whether the next turn says it without a look."""
    await asyncio.sleep(0)
    await store.site()
    return store._known.sure_grant(grant.id) is not None


@contextmanager
def held_up(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The store's writes are not durable before the event is set."""
    go = threading.Event()
    commit = store._writer._connection.commit

    def waiting() -> None:
        assert go.wait(30)
        commit()

    with monkeypatch.context() as patched:
        patched.setattr(store._writer._connection, "commit", waiting)
        try:
            yield go
        finally:
            go.set()
