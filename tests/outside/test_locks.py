"""Locks held by files: exclusive between processes, given back with the process, readable for other users."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from genkan.outside.locks import CannotLock, Held, hold, serving

HOLD = """
import sys
from pathlib import Path
from genkan.outside.locks import hold
with hold(Path(sys.argv[1]), wait=False):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    """While one block holds the lock another cannot; afterwards it can."""
    path = tmp_path / "x.lock"
    with hold(path, wait=False), pytest.raises(Held), hold(path, wait=False):
        pass
    with hold(path, wait=False):
        pass


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    """The lock of a process that is killed is free at once."""
    path = tmp_path / "x.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Held), hold(path, wait=False):
            pass
    finally:
        process.kill()
        process.wait(30)
        process.stdin.close()
        process.stdout.close()
    with hold(path, wait=True):
        pass


def test_one_lock_a_store(tmp_path: Path) -> None:
    """Two stores in one folder's neighbourhood have locks of their own; two names of one store share it."""
    first, second = tmp_path / "a" / "genkan.sqlite3", tmp_path / "b" / "genkan.sqlite3"
    with serving(first), serving(second), pytest.raises(Held), serving(tmp_path / "a" / "genkan.sqlite3"):
        pass


def test_the_folder_is_the_owners_alone(tmp_path: Path) -> None:
    """A folder that has to be made for the lock can be read by nobody else."""
    with hold(tmp_path / "data" / "serve.lock", wait=False):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_place_without_a_lock_is_one_sentence(tmp_path: Path) -> None:
    """Where the file cannot be made, the path and the reason are said."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CannotLock, match=r"file/x\.lock cannot be made: "),
        hold(tmp_path / "file" / "x.lock", wait=False),
    ):
        pass
