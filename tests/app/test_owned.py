"""Files of a system without modes, as Windows: locked by its own call, and not refused for modes that mean nothing.

Such a system cannot be run here: its lock is a stand-in with the call of the real one.
"""

import ctypes
import errno
import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from genkan.app import leftovers, owned
from genkan.app.troubles import VaultTrouble
from genkan.app.vault import FileVault


class FakeMsvcrt(ModuleType):
    """``msvcrt``: a lock of the first bytes of a file, refused with its own error."""

    LK_NBLCK = 2

    def locking(self, fd: int, mode: int, nbytes: int) -> None:
        assert (mode, nbytes) == (self.LK_NBLCK, 1)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None


@pytest.fixture
def without_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every default says that there are no modes here."""
    monkeypatch.setitem(sys.modules, "msvcrt", FakeMsvcrt("msvcrt"))
    for name in ("lock", "unlock", "check_private", "check_own", "sync_folder", "patiently", "runs"):
        monkeypatch.setitem(getattr(owned, name).__kwdefaults__, "has_modes", False)


def test_one_at_a_time(without_modes: None, tmp_path: Path) -> None:
    """Two programs' vaults over one folder: the second waits until the first gives its turn back."""
    first, second = FileVault(tmp_path / "s").turn("a"), FileVault(tmp_path / "s").turn("a")
    assert first.take()
    assert not second.take()
    first.give_back()
    assert second.take()
    second.give_back()


def test_kept_and_read(without_modes: None, tmp_path: Path) -> None:
    """Modes that such a system reports for every file refuse nothing, and what is kept is read again."""
    folder = tmp_path / "s"
    vault = FileVault(folder)
    vault.write("a", "text")
    folder.chmod(0o777)
    (folder / "a.json").chmod(0o666)
    assert FileVault(folder).read("a") == "text"
    assert FileVault(folder).names() == ("a",)


def test_what_is_no_file_or_folder_is_refused_everywhere(without_modes: None, tmp_path: Path) -> None:
    """A folder under a session's name, a file under the folder's."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(VaultTrouble, match="not a folder"):
        owned.check_private(tmp_path / "file")
    with pytest.raises(VaultTrouble, match="not a file of yours"):
        owned.check_own(tmp_path, tmp_path.stat())


def busy(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Somebody has the file open so often, which there keeps others from replacing, opening and removing it."""
    left = {"replace": times, "unlink": times, "open": times}

    def held(name: str, real: Callable[..., object], aim: Callable[..., bool]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            if aim(*given) and left[name]:
                left[name] -= 1
                raise PermissionError(errno.EACCES, "The process cannot access the file")
            return real(*given, **named)

        return call

    monkeypatch.setattr(Path, "replace", held("replace", Path.replace, lambda *_: True))
    monkeypatch.setattr(Path, "unlink", held("unlink", Path.unlink, lambda path: path.name == "a.json"))
    monkeypatch.setattr(os, "open", held("open", os.open, lambda path, *_: str(path).endswith("a.json")))


def test_a_file_that_is_open_is_waited_for(
    without_modes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers and writers there meet at one file for a moment, and both come to their end."""
    busy(monkeypatch, times=2)
    vault = FileVault(tmp_path / "s")
    vault.write("a", "text")
    assert vault.read("a") == "text"
    vault.remove("a")
    assert vault.names() == ()


def test_a_file_that_stays_open_is_told(without_modes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That has an end."""
    monkeypatch.setattr(owned, "BUSY_SECONDS", 0.0)
    busy(monkeypatch, times=1000)
    with pytest.raises(VaultTrouble, match="cannot access the file"):
        FileVault(tmp_path / "s").write("a", "text")


def test_a_denial_is_told_at_once_where_there_are_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here no file is in the way because it is open: a denial is one."""
    busy(monkeypatch, times=1)
    with pytest.raises(VaultTrouble, match="cannot access the file"):
        FileVault(tmp_path / "s").write("a", "text")


class FakeKernel:
    """The calls by which Windows tells whether a process runs: one that does, and one that ended with a handle left."""

    RUNNING, ENDED = 4711, 4712

    def __init__(self) -> None:
        self.open: list[int] = []

    def OpenProcess(self, access: int, inherit: bool, process: int) -> int:  # noqa: N802 - the system's name
        assert (access, inherit) == (0x00100000, False)
        if process not in {self.RUNNING, self.ENDED}:
            return 0
        self.open.append(process)
        return process

    def WaitForSingleObject(self, handle: int, milliseconds: int) -> int:  # noqa: N802 - the system's name
        assert milliseconds == 0
        return {self.RUNNING: 0x102, self.ENDED: 0}[handle]

    def CloseHandle(self, handle: int) -> int:  # noqa: N802 - the system's name
        self.open.remove(handle)
        return 1


def test_what_a_living_program_writes_is_not_swept(
    without_modes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There too only the files of programs that ended go."""
    kernel = FakeKernel()
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: {"kernel32": kernel}[name], raising=False)
    lefts = [tmp_path / f".a.json.{process}.1.new" for process in (kernel.RUNNING, kernel.ENDED, 4713)]
    for left in lefts:
        left.touch()
    leftovers.sweep(tmp_path)
    assert [left.exists() for left in lefts] == [True, False, False]
    assert kernel.open == []


def test_other_failures_of_a_lock_are_told(tmp_path: Path) -> None:
    """Only being held by somebody is a wait; a closed handle is a failure."""
    handle = os.open(tmp_path / "lock", owned.LOCK, 0o600)
    os.close(handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        owned.lock(handle)
