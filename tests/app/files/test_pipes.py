"""Pipes as targets and bodies: whoever is at their other end holds neither a task nor a named time."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest

from genkan import clock as real
from genkan.app import AsyncApp, AsyncConnection, MemoryVault, TryLater
from tests.app.desk import ECHO
from tests.app.files.filing import Filing
from tests.app.files.talks import BINARY, FILE, MIB, Talk, offers

Asking = Callable[[AsyncConnection, Path], object]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.fixture
def idle(pipe: Path) -> Iterator[Path]:
    """Somebody has it open for reading, and reads nothing."""
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    yield pipe
    os.close(handle)


def ends_of(pipe: Path) -> int:
    """How many descriptors of this program lead to it."""
    return sum(os.path.realpath(f"/proc/self/fd/{number}") == str(pipe) for number in range(256))


def test_nobody_reads(talk: Talk, filing: Filing, pipe: Path) -> None:
    """It is told in time and before anything is sent; who comes a little later gets all of it."""
    asked, began = len(filing.asked), real.ticks()
    with pytest.raises(TimeoutError, match="nobody reads it") as told:
        talk("download", FILE, pipe, timeout=0.5)
    assert told.value.filename == str(pipe)
    assert 0.4 < real.ticks() - began < 5
    assert len(filing.asked) == asked
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    read: list[bytes] = []
    later = threading.Timer(0.3, lambda: read.append(pipe.read_bytes()))
    later.start()
    talk("download", FILE, pipe, timeout=20)
    later.join(10)
    assert [len(every) for every in read] == [2 * MIB]


def test_a_reader_that_reads_nothing(talk: Talk, filing: Filing, idle: Path) -> None:
    """A named time holds for it, and the end is that of any answer that took too long."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    began = real.ticks()
    with pytest.raises(TryLater, match="did not end in time") as told:
        talk("download", FILE, idle, timeout=1, method="POST")
    assert told.value.may_have_acted
    assert 0.5 < real.ticks() - began < 5
    assert ends_of(idle) == 1


def test_a_reader_that_goes_away(talk: Talk, filing: Filing, pipe: Path) -> None:
    """What the system says of it is told, with the name."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    gone = threading.Timer(0.5, os.close, (handle,))
    gone.start()
    with pytest.raises(BrokenPipeError) as told:
        talk("download", FILE, pipe)
    gone.join()
    assert told.value.filename == str(pipe)


def test_a_pipe_as_the_body(talk: Talk, filing: Filing, pipe: Path) -> None:
    """All that comes until its writer leaves, however long it takes; without one a named time ends it."""
    asked, began = len(filing.asked), real.ticks()
    with pytest.raises(TimeoutError, match="nobody writes to it") as told:
        talk("request", "PUT", ECHO, body=pipe, timeout=0.5)
    assert told.value.filename == str(pipe)
    assert 0.4 < real.ticks() - began < 5
    assert len(filing.asked) == asked

    def write() -> None:
        with pipe.open("wb") as file:
            for _ in range(3):
                file.write(b"x" * MIB)
                file.flush()
                threading.Event().wait(0.1)

    writer = threading.Timer(0.3, write)
    writer.start()
    talk("request", "PUT", ECHO, body=pipe, headers=BINARY)
    writer.join()
    assert filing.asked[-1].size == 3 * MIB


def to_the_pipe(connection: AsyncConnection, pipe: Path) -> object:
    return connection.download(FILE, pipe)


def from_the_pipe(connection: AsyncConnection, pipe: Path) -> object:
    return connection.request("PUT", ECHO, body=pipe)


@pytest.mark.parametrize(("place", "asking"), [("pipe", to_the_pipe), ("idle", to_the_pipe), ("pipe", from_the_pipe)])
async def test_a_task_that_is_cancelled(
    kept: MemoryVault, filing: Filing, request: pytest.FixtureRequest, place: str, asking: Asking
) -> None:
    """Whoever the pipe waits for, the task is over at once, and holds nothing any more."""
    offers(filing, lambda: repeat(b"x" * MIB, 2), 2 * MIB)
    pipe: Path = request.getfixturevalue(place)
    async with await AsyncApp(vault=kept).connect(filing.base_url) as connection:
        await connection.whoami()
        began = real.ticks()
        task = asyncio.ensure_future(asking(connection, pipe))  # type: ignore[call-overload]
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert real.ticks() - began < 3
    assert ends_of(pipe) == (1 if place == "idle" else 0)
