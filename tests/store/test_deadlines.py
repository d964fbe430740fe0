"""Whoever writes is told in time, and what was told to be undone is not begun afterwards."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest

from genkan.clock import system_env
from genkan.store.api import StoreUnavailable
from genkan.store.deadlines import Deadlines
from genkan.store.lane import Lane
from genkan.store.sqlite import open_store
from genkan.store.sqlite_writer import is_writing
from tests.store.claim.looks import held_up


async def test_what_is_not_done_in_time_is_told_and_what_is_done_is_left() -> None:
    """Each by the time at which it was asked; whoever has an answer keeps it."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.5)
    late, done = loop.create_future(), loop.create_future()
    deadlines.watch(loop, late)
    deadlines.watch(loop, done)
    done.set_result(1)
    with pytest.raises(StoreUnavailable, match=r"not durable within 0\.5 seconds"):
        await asyncio.wait_for(late, 5)
    assert await done == 1
    again = loop.create_future()
    deadlines.watch(loop, again)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(again, 5)


async def test_what_waited_too_long_is_never_begun() -> None:
    """The one under way may be done later; the one behind it was told that it is not, and is not."""
    stuck, ran = asyncio.Event(), []

    async def run(commands: list[Any]) -> Sequence[Any]:
        ran.append(commands)
        await stuck.wait()
        return commands

    lane = Lane(run, 1, "one", 0.5)
    asked = [lane.submit(number) for number in range(2)]
    for one in asked:
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(one, 5)
    stuck.set()
    await lane.rest()
    assert await lane.submit(2) == 2
    assert ran == [[0], [2]]


async def test_a_store_that_is_open_holds_nothing_up_and_one_that_was_closed_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that shares its process with an open store ends as usual; one whose disk hangs must not wait for it."""
    monkeypatch.setattr("genkan.store.sqlite_writer._LEFT", WeakSet())
    store = open_store(tmp_path / "site.sqlite3", create=True, env=system_env(), seconds=0.5)
    await store.prove()
    assert not is_writing()
    with held_up(store, monkeypatch):
        with pytest.raises(StoreUnavailable):
            await store.prove()
        await store.close()
        assert is_writing()
    until = time.monotonic() + 10
    while is_writing() and time.monotonic() < until:
        await asyncio.sleep(0.01)
    assert not is_writing()
