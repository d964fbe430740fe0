"""Files of a system without modes, as Windows: locked by its own call, and not refused for modes that mean nothing.

Such a system cannot be run here: its lock is a stand-in with the call of the real one.
"""

import errno
import fcntl
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from genkan.app import owned
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
    for name in ("lock", "check_private", "check_own", "sync_folder"):
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


def test_other_failures_of_a_lock_are_told(tmp_path: Path) -> None:
    """Only being held by somebody is a wait; a closed handle is a failure."""
    handle = os.open(tmp_path / "lock", owned.LOCK, 0o600)
    os.close(handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        owned.lock(handle)
