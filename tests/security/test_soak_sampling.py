"""What the soak reads of a process is so: it is told of what a process takes, by kind and by how much."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.security.soak_sampling import Process, look_at, tree

MIB = 1 << 20
# Takes one thing for each line that it is sent, and says so.
TAKING = """
import os, socket, subprocess, sys, threading, time
kept = [socket.create_server(("127.0.0.1", 0))]
for line in map(str.strip, sys.stdin):
    if line == "memory":
        kept.append(os.urandom(8 << 20))
    elif line == "thread":
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    elif line == "file":
        kept.append(open(sys.executable, "rb"))
    elif line == "connection":
        kept.append(socket.create_connection(kept[0].getsockname()))
        kept.append(kept[0].accept())
    elif line == "socket":
        kept.extend(socket.socketpair())
    elif line == "child":
        kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
    print(line, flush=True)
"""


class Taker:
    """A process of its own that takes what it is told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def end(self) -> None:
        """By the end of its standard input, and its child with it."""
        self.process.communicate()

    def take(self, what: str) -> Process:
        """What it holds then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{what}\n"
        return look_at(self.process.pid)


@pytest.fixture
def taker() -> Iterator[Taker]:
    """One that has begun; ended whatever happens."""
    taker = Taker()
    try:
        taker.take("nothing")
        yield taker
    finally:
        taker.end()


def test_memory_and_threads_are_told(taker: Taker) -> None:
    """Eight mebibytes are eight, within what the allocator takes besides; a thread is one more."""
    before = taker.take("nothing")
    assert 8 * MIB <= taker.take("memory").allocated - before.allocated < 10 * MIB
    assert taker.take("thread").threads == before.threads + 1


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("nothing", {}),
        ("file", {"file": 1}),
        ("connection", {"tcp": 2}),
        ("socket", {"other sockets": 2}),
        ("child", {"pipe": 1}),
    ],
)
def test_open_files_are_told_by_kind(taker: Taker, what: str, more: dict[str, int]) -> None:
    """Both ends of a connection are here; who listens is no connection."""
    before = taker.take("nothing").files
    assert before["listening"] == 1
    assert taker.take(what).files == before + Counter(more)


def test_every_process_below_is_found(taker: Taker) -> None:
    """Workers are looked at as their parent is."""
    assert tree(taker.process.pid) == [taker.process.pid]
    taker.take("child")
    assert len(tree(taker.process.pid)) == 2
