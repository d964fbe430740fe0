"""A store that is used from one event loop after another knows nothing that may have changed."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link
from genkan.store.contended import Contended
from genkan.store.sqlite import SqliteStore, open_store
from genkan.store.sqlite_commands import Flush
from tests.store.builders import (
    a_grant,
    a_link,
    added,
    an_account,
    an_env,
    ended,
    redeemed,
)
from tests.store.claim.looks import held_up, is_sure
from tests.store.reading import the_row


async def come_to_know(store: SqliteStore, account: Account, link: Link, grant: Grant) -> None:
    """A sign-in that the store has and is sure of."""
    assert await store.apply(added(account, link))
    assert await store.apply(redeemed(grant))
    await store.on_duty()
    assert await the_row(store, grant) == grant
    assert await is_sure(store, grant)


async def begin_and_leave(store: SqliteStore, write: Coroutine[Any, Any, object]) -> None:
    """Begin a write, and wait no longer once it was handed over."""
    left = asyncio.ensure_future(write)
    while not store._writer._busy or store._writer._waiting:
        await asyncio.sleep(0)
    left.cancel()


def test_what_a_lost_loop_wrote_is_read(tmp_path: Path) -> None:
    """A loop that ended before it was told: another one knows nothing that may have changed."""
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)

    async def begin() -> None:
        await come_to_know(store, account, link, grant)
        await begin_and_leave(store, store.apply(ended(grant)))

    async def go_on(go: threading.Event) -> None:
        later = asyncio.ensure_future(store.flush())
        await asyncio.sleep(0)
        while not store._writer._busy or store._writer._waiting:
            await asyncio.sleep(0)
        assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP
        go.set()
        await later
        await store.close()

    asyncio.run(begin())
    with pytest.MonkeyPatch.context() as patch:
        store._writer._idle.wait()
        with held_up(store, patch) as go:
            asyncio.run(go_on(go))


def test_a_turn_that_began_before_a_lost_write_says_nothing_sure(tmp_path: Path) -> None:
    """The snapshot of another loop may be of before it, also once that loop has waited for it."""
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)

    async def begin() -> None:
        await come_to_know(store, account, link, grant)
        go.clear()
        await begin_and_leave(store, store.apply(ended(grant)))

    async def go_on() -> None:
        assert await the_row(store, grant) == grant
        threading.Timer(0.1, go.set).start()
        later = store._writer.submit(Flush())  # waits until what the lost loop began is durable
        assert await the_row(store, grant) == grant
        await asyncio.sleep(0)
        assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP
        await later
        await store.close()

    with pytest.MonkeyPatch.context() as patch, held_up(store, patch) as go:
        patch.setattr(Contended, "look", lambda _: False)
        go.set()
        asyncio.run(begin())
        asyncio.run(go_on())


def test_a_claim_that_a_lost_loop_took_is_taken_again(tmp_path: Path) -> None:
    """Nobody was told its number: the next write breaks it, whoever made it."""
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())

    async def begin() -> None:
        await store.flush()
        go.clear()
        await begin_and_leave(store, store.on_duty())

    async def go_on() -> None:
        assert not await is_claimed()
        await store.flush()
        await store.on_duty()
        assert await is_claimed()
        await store.close()

    async def is_claimed() -> bool:
        await asyncio.sleep(0)
        await store.site()
        return store._known.is_claimed

    with pytest.MonkeyPatch.context() as patch, held_up(store, patch) as go:
        go.set()
        asyncio.run(begin())
        go.set()
        asyncio.run(go_on())


def test_a_loop_that_runs_again_says_nothing_of_another_ones_writes(tmp_path: Path) -> None:
    """Left in the middle of a write, and continued while another loop writes: what is known there stays right."""
    store = open_store(tmp_path / "genkan.db", create=True, env=an_env())
    account, link = an_account(), a_link()
    grant = a_grant(account, link)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def begin() -> None:
        assert await store.apply(added(account, link))
        assert await store.apply(redeemed(grant))
        await store.on_duty()

    async def leave() -> None:
        await begin_and_leave(store, store.flush())

    async def know() -> None:
        await store.flush()
        await store.on_duty()
        assert await the_row(store, grant) == grant

    async def write() -> "asyncio.Future[bool]":
        ending = asyncio.ensure_future(store.apply(ended(grant)))
        while not store._writer._busy or store._writer._waiting:
            await asyncio.sleep(0)
        return ending

    async def hear(ending: "asyncio.Future[bool]", go: threading.Event) -> None:
        assert await the_row(store, grant) == grant
        go.set()
        assert await ending
        assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP
        await store.close()

    first.run_until_complete(begin())
    first.run_until_complete(leave())
    second.run_until_complete(know())
    with pytest.MonkeyPatch.context() as patch, held_up(store, patch) as go:
        ending = second.run_until_complete(write())
        first.run_until_complete(asyncio.sleep(0.01))
        second.run_until_complete(hear(ending, go))
    first.close()
    second.close()
