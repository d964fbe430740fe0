"""What "only its owner can read it" and "one at a time" mean on this system: flags, checks, locks and syncs of files.

Owns the differences between systems; where files lie and what they hold is ``vault``'s.
"""

import os
import stat
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar, cast

from genkan.app.troubles import VaultTrouble

T = TypeVar("T")

HAS_MODES = os.name == "posix"
"""Elsewhere files inherit who may read them from the person's own profile folder, and have no modes to look at."""

# What a system does not have it does not need: there handles are never inherited and links need a privilege.
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
LOCK = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | _NO_FOLLOW

BUSY_TRIES = 40
BUSY_SECONDS = 0.025
_SYNCHRONIZE = 0x0010_0000
_WAIT_TIMEOUT = 0x102


class _Fcntl(Protocol):
    """What is used of ``fcntl``."""

    LOCK_EX: int
    LOCK_NB: int
    LOCK_UN: int

    def flock(self, fd: int, operation: int, /) -> None: ...


class _Msvcrt(Protocol):
    """What is used of ``msvcrt``."""

    LK_NBLCK: int

    def locking(self, fd: int, mode: int, nbytes: int, /) -> None: ...


def lock(handle: int, *, has_modes: bool = HAS_MODES) -> bool:
    """Take the lock of an open file without waiting; the system frees it when the file is closed or its holder dies."""
    try:
        if has_modes:
            posix = cast("_Fcntl", import_module("fcntl"))
            posix.flock(handle, posix.LOCK_EX | posix.LOCK_NB)
        else:
            windows = cast("_Msvcrt", import_module("msvcrt"))
            windows.locking(handle, windows.LK_NBLCK, 1)
    except OSError as trouble:
        # BlockingIOError of the one, PermissionError of the other: somebody else holds it.
        if isinstance(trouble, BlockingIOError | PermissionError):
            return False
        raise
    return True


def unlock(handle: int, *, has_modes: bool = HAS_MODES) -> None:
    """Free the lock for everybody, and close the file: closing alone frees nothing that a forked child holds open."""
    try:
        if has_modes:
            posix = cast("_Fcntl", import_module("fcntl"))
            posix.flock(handle, posix.LOCK_UN)
    finally:
        os.close(handle)


def patiently(call: Callable[[], T], *, has_modes: bool = HAS_MODES) -> T:
    """Open, replace or remove a file. Elsewhere one that is open can be in the way: about a second is waited for it."""
    for _ in range(0 if has_modes else BUSY_TRIES):
        try:
            return call()
        except PermissionError:
            threading.Event().wait(BUSY_SECONDS)
    return call()


def runs(process: int, *, has_modes: bool = HAS_MODES) -> bool:
    """Whether a process of this number runs on this machine."""
    if not has_modes:
        return _runs_on_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _runs_on_windows(process: int) -> bool:
    """A signal would end it there; a handle that can be waited for says whether it has ended."""
    kernel = import_module("ctypes").WinDLL("kernel32")
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)
    if not handle:
        return False
    try:
        return int(kernel.WaitForSingleObject(handle, 0)) == _WAIT_TIMEOUT
    finally:
        kernel.CloseHandle(handle)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter, or see that it is one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(folder)


def check_private(folder: Path, *, has_modes: bool = HAS_MODES) -> None:
    """Refuse a folder that others own or can enter: what lies in it may not be ours."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise VaultTrouble(f"{folder} is not a folder: move it away, or set GENKAN_APP_DIR to another place.")
    if not has_modes:
        return
    if found.st_uid != os.getuid():
        raise VaultTrouble(f"{folder} belongs to another user: set GENKAN_APP_DIR to a place of your own.")
    if found.st_mode & 0o077:
        raise VaultTrouble(f"{folder} is open to other users: run chmod 700 {folder}.")


def check_own(path: Path, found: os.stat_result, *, has_modes: bool = HAS_MODES) -> None:
    """Refuse a file that others own or can read."""
    if not stat.S_ISREG(found.st_mode) or (has_modes and found.st_uid != os.getuid()):
        raise VaultTrouble(f"{path} is not a file of yours: remove it and sign in again.")
    if has_modes and found.st_mode & 0o077:
        raise VaultTrouble(f"{path} is readable by other users: run chmod 600 {path}, or sign out if others used it.")


def sync_folder(folder: Path, *, has_modes: bool = HAS_MODES) -> None:
    """Make the names in a folder durable: a rename is lost with the power as long as only the file was synced."""
    if not has_modes:
        # Folders cannot be opened there; its file systems write names down by themselves.
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
