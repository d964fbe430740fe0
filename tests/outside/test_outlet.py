"""Lines to a descriptor: in order, never waited for, counted where they are lost."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan.outside import outlet
from genkan.outside.outlet import MOST_BYTES, PIPE_BYTES, Lines, Outlet


class Pipe:
    """One that nobody reads until told to."""

    def __init__(self) -> None:
        self.inlet, self.outlet = os.pipe()
        self.read = b""

    def drain(self) -> threading.Thread:
        """Read until the end of it, elsewhere."""

        def work() -> None:
            while part := os.read(self.inlet, 65_536):
                self.read += part

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        """The last writer goes. The number stays taken: a thread that has something to write must not meet another
        test's file.
        """
        let_go(self.outlet)


def let_go(descriptor: int) -> None:
    """From now on it leads nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Whatever waits for it afterwards goes nowhere."""
    made = Pipe()
    yield made
    made.end()


def read_all(pipe: Pipe, reader: threading.Thread) -> list[str]:
    """Everything that came, once the writing end is closed."""
    pipe.end()
    reader.join(10)
    return pipe.read.decode().splitlines()


def test_lines_come_in_order_and_whole(pipe: Pipe) -> None:
    """Ten thousand from two threads: each thread's in its order, none lost, none torn, characters of all kinds."""
    lines, reader = Outlet(pipe.outlet), pipe.drain()

    def put(name: str) -> None:
        for number in range(5_000):
            lines.put(f"{name} {number} 玄関 \ud800")
            if not number % 100:
                lines.flush(5)

    both = [threading.Thread(target=put, args=(name,)) for name in "ab"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert lines.flush(10)
    found = read_all(pipe, reader)
    for name in "ab":
        mine = [line for line in found if line.startswith(name)]
        assert mine == [f"{name} {number} 玄関 \\ud800" for number in range(5_000)]
    assert lines.lost == 0


def test_a_reader_that_stands_still_holds_nobody_up_and_gets_the_rest_later(pipe: Pipe) -> None:
    """What does not fit is counted, and one line in its place says how much it was."""
    lines = Outlet(pipe.outlet)
    text = "x" * 1000
    for number in range(2 * MOST_BYTES // 1000):
        lines.put(f"{number} {text}")
    assert lines.lost > 0
    reader = pipe.drain()
    assert lines.flush(10)
    lines.put("afterwards")
    assert lines.flush(10)
    found = read_all(pipe, reader)
    numbers = [int(line.split()[0]) for line in found if line[0].isdigit()]
    assert numbers == list(range(len(numbers)))
    assert found[len(numbers) :] == [f"genkan: {lines.lost} lines lost", "afterwards"]
    assert len(numbers) + lines.lost == 2 * MOST_BYTES // 1000


def test_a_reader_that_has_gone_stops_nothing(pipe: Pipe) -> None:
    """EPIPE is nobody's exception; the end waits for it within its bound."""
    os.close(pipe.inlet)
    lines = Outlet(pipe.outlet)
    for _ in range(100):
        lines.put("nobody reads this")
    assert not lines.flush(0.2)
    assert lines.stands_still
    assert lines.lost == 0


def test_a_full_disk_heals(tmp_path: Path) -> None:
    """What could not be written is written once there is room: here the descriptor is another file's by then."""
    full = os.open("/dev/full", os.O_WRONLY)
    lines = Outlet(full)
    lines.put("first")
    assert not lines.flush(0.2)
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, full)
    lines.put("second")
    assert lines.flush(5)
    assert (tmp_path / "log").read_text() == "first\nsecond\n"
    os.close(file)
    let_go(full)


def test_a_line_of_any_length_is_written(pipe: Pipe) -> None:
    """Longer than a pipe takes at once, and in parts."""
    lines, reader = Outlet(pipe.outlet), pipe.drain()
    for size in (PIPE_BYTES, 300_000, 1):
        lines.put("x" * size)
    assert lines.flush(10)
    assert [len(line) for line in read_all(pipe, reader)] == [PIPE_BYTES, 300_000, 1]


def test_a_forked_process_has_a_thread_of_its_own(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads do not survive a fork; what the parent had waiting is written once, by the parent."""
    lines, reader = Outlet(pipe.outlet), pipe.drain()
    monkeypatch.setattr(outlet, "OUTLETS", {"here": lines})
    lines.put("parent")
    child = os.fork()
    if not child:
        lines.put("child")
        os._exit(0 if lines.flush(5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lines.flush(5)
    assert sorted(read_all(pipe, reader)) == ["child", "parent"]


def test_what_others_print_goes_the_same_way(pipe: Pipe) -> None:
    """Libraries, and the interpreter itself: whole lines, and no exception."""
    lines, reader = Outlet(pipe.outlet), pipe.drain()
    stream = Lines(lines)
    print("one", "two", file=stream)
    stream.write("thr")
    stream.write("ee\nfour\nfi")
    assert stream.writable()
    assert stream.fileno() == pipe.outlet
    assert lines.flush(5)
    assert read_all(pipe, reader) == ["one two", "three", "four"]


def test_streams_stay_replaced_where_they_stand_still(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the interpreter says at its end would wait else."""
    before = sys.stdout, sys.stderr
    monkeypatch.setattr(sys, "stdout", before[0])
    monkeypatch.setattr(sys, "stderr", before[1])
    stuck = Outlet(pipe.outlet)
    monkeypatch.setattr(outlet, "ERR", stuck)
    monkeypatch.setattr(outlet, "OUTLETS", {"stderr": stuck})
    with outlet.never_waiting():
        print("goes", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == before
    with outlet.never_waiting():
        print("x" * 200_000, file=sys.stderr)
    assert isinstance(sys.stderr, Lines)


def test_putting_is_cheap_while_nobody_reads(pipe: Pipe) -> None:
    """No put waits for the lock of a write that is under way."""
    lines = Outlet(pipe.outlet)
    lines.put("x" * 200_000)
    time.sleep(0.1)
    began = time.monotonic()
    for _ in range(1000):
        lines.put("a line")
    assert time.monotonic() - began < 5
