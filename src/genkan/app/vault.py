"""Where sessions are kept: an owner-only folder, or nothing but memory; durable when a write returns.

Owns files, their permissions and the locks between processes; never looks into what it keeps. The operating system's
keyring is in ``keychain``, the choice between them in ``shelter``.
"""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from genkan.app import leftovers, owned
from genkan.app.entries import Room, Turn, Vault
from genkan.app.owned import check_private, make_private, sync_folder
from genkan.app.troubles import VaultTrouble

__all__ = ["FileVault", "MemoryVault", "Room", "Turn", "Vault", "VaultTrouble", "make_private", "read_own", "write_new"]

DEVICE = "device"
"""The entry that is no session: the mark of this device, of which each kind of vault has its own."""
SUFFIX = ".json"
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
LIMIT = 256 * 1024
SHORT_NAME = 8
LOCK_POLLS = 400
LOCK_POLL_SECONDS = 0.025


class MemoryVault:
    """Keeps sessions for the life of the process only."""

    words = "the memory of this program"

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._texts))

    def read(self, name: str) -> str | None:
        return self._texts.get(name)

    def write(self, name: str, text: str) -> None:
        self._texts[name] = text

    def remove(self, name: str) -> None:
        self._texts.pop(name, None)

    def turn(self, name: str) -> Turn:
        return _MemoryTurn(self._locks.setdefault(name, threading.Lock()))


class _MemoryTurn:
    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._held = False

    def take(self) -> bool:
        self._held = self._lock.acquire(blocking=False)
        return self._held

    def give_back(self) -> None:
        if self._held:
            self._held = False
            self._lock.release()


class EntryTrouble(VaultTrouble):
    """One entry cannot be read; the others may be in good order."""


class Away(EntryTrouble):
    """The vault in use fails, and with it every entry in it; whoever unlocks it finds them as they were."""


class FileVault:
    """One file an entry, mode 0600, in a folder of mode 0700; made at the first write, never by looking."""

    def __init__(self, folder: Path, suffix: str = SUFFIX) -> None:
        self._folder = folder
        self._suffix = suffix
        self._gates: dict[str, threading.Lock] = {}
        _vaults.add(self)

    @property
    def words(self) -> str:
        """The place in words."""
        return f"an owner-only file in {self._folder}"

    def names(self) -> tuple[str, ...]:
        with _as_trouble(f"{self._folder} cannot be read"):
            if not self._folder.exists():
                return ()
            check_private(self._folder)
            found = (path.name.removesuffix(self._suffix) for path in self._folder.glob(f"*{self._suffix}"))
            # What else lies there, as copies that a synchronised folder makes, is no entry of ours.
            return tuple(sorted(name for name in found if _is_name(name)))

    def read(self, name: str) -> str | None:
        path = self._path(name)
        try:
            return read_own(path)
        except VaultTrouble as trouble:
            raise EntryTrouble(str(trouble)) from None

    def write(self, name: str, text: str) -> None:
        path = self._path(name)
        with _as_trouble(f"{path} cannot be written"):
            make_private(self._folder)
            leftovers.sweep(self._folder)
            try:
                _replace(path, text.encode())
            except FileNotFoundError:
                # Swept by a program of another machine, which shares the folder and cannot see that this one lives.
                _replace(path, text.encode())
            sync_folder(self._folder)

    def reserve(self, name: str, size: int) -> Room:
        path = self._path(name)
        with _as_trouble(f"{path} cannot be written"):
            make_private(self._folder)
            leftovers.sweep(self._folder)
            return FileRoom(path, size)

    def remove(self, name: str) -> None:
        path = self._path(name)
        with _as_trouble(f"{path} cannot be removed"):
            if not self._folder.exists():
                return
            # What a writer left that was killed on the way holds the same secrets.
            leftovers.sweep(self._folder)
            owned.patiently(lambda: path.unlink(missing_ok=True))
            sync_folder(self._folder)

    def turn(self, name: str) -> Turn:
        return FileTurn(self._folder / ".locks", name, self._gates.setdefault(name, threading.Lock()))

    def open_gates(self) -> None:
        """In a forked child: the threads that held them are not there."""
        self._gates = {}

    def _path(self, name: str) -> Path:
        if not _is_name(name):
            raise VaultTrouble("A name that no session has was asked for.")
        return self._folder / (name + self._suffix)


class FileRoom:
    """A file of the size that was asked for, on the disk when it is made; filled in place, then renamed over the entry.

    It belongs to the process and not to a thread: tasks fill in another thread than the one that reserved.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._room: Path | None = leftovers.of_process(path)
        try:
            # Written out, for a hole would be filled only by what comes later.
            _write_out(self._room, b" " * size)
        except OSError:
            self.give_back()
            raise

    def fill(self, text: str) -> None:
        room, self._room = self._room, None
        content = text.encode()
        with _as_trouble(f"{self._path} cannot be written"):
            try:
                _overwrite(room, content) if room else _replace(self._path, content)
                if room:
                    owned.patiently(lambda: room.replace(self._path))
            except FileNotFoundError:
                # Swept by a program of another machine, as in ``FileVault.write``.
                _replace(self._path, content)
            except OSError:
                if room:
                    room.unlink(missing_ok=True)
                raise
            sync_folder(self._path.parent)

    def give_back(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            # What cannot be removed now is swept later.
            with suppress(OSError):
                room.unlink(missing_ok=True)


def _is_name(text: str) -> bool:
    return bool(text) and LETTERS.issuperset(text)


class FileTurn:
    """A lock between processes and threads, freed by the system when its holder dies.

    Entries share 256 lock files, which are never removed: removing a lock that somebody waits for would let two in.
    A short name has a file of its own, so that its holder can take the turn of a session as well.
    The gate comes first and costs no system call, so that many tasks of one program can ask for the turn often.
    """

    def __init__(self, folder: Path, name: str, gate: threading.Lock) -> None:
        self._folder = folder
        own = name.isalnum() and len(name) <= SHORT_NAME
        self._path = folder / (name if own else hashlib.sha256(name.encode()).hexdigest()[:2])
        self._gate = gate
        self._handle: int | None = None

    def take(self) -> bool:
        if not self._gate.acquire(blocking=False):
            return False
        try:
            with _as_trouble(f"{self._path} cannot be locked"):
                self._handle = self._lock()
            if self._handle is not None:
                _held.add(self)
        finally:
            if self._handle is None:
                self._gate.release()
        return self._handle is not None

    def give_back(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            _held.discard(self)
            try:
                owned.unlock(handle)
            finally:
                self._gate.release()

    def drop(self) -> None:
        """In a forked child, let go of what the parent holds, without freeing it for others."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)

    def _lock(self) -> int | None:
        # One level at a time: what `mkdir` makes along the way is as open as the umask lets it be.
        make_private(self._folder.parent)
        make_private(self._folder)
        handle = os.open(self._path, owned.LOCK, 0o600)
        held = False
        try:
            held = owned.lock(handle)
        finally:
            if not held:
                os.close(handle)
        return handle if held else None


_vaults: WeakSet[FileVault] = WeakSet()
_held: WeakSet[FileTurn] = WeakSet()


def _forked() -> None:
    for turn in _held:
        turn.drop()
    _held.clear()
    for vault in _vaults:
        vault.open_gates()


if owned.HAS_MODES:
    # A lock belongs to the open file, which the child has as well: it would outlast a parent that dies.
    os.register_at_fork(after_in_child=_forked)


def read_own(path: Path) -> str | None:
    """The text of a file that only its owner can read; None where there is none."""
    with _as_trouble(f"{path} cannot be read"):
        try:
            handle = owned.patiently(lambda: os.open(path, owned.READ))
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            owned.check_own(path, os.fstat(handle))
            return file.read(LIMIT).decode("utf-8", "replace")


def write_new(path: Path, content: bytes) -> None:
    """Make an owner-only file, durably and at once as a whole; one that is there already stays as it is."""
    with _as_trouble(f"{path} cannot be written"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        leftovers.sweep(path.parent, path.name)
        try:
            _make(path, content)
        except FileNotFoundError:
            # Swept too early, as in ``FileVault.write``.
            _make(path, content)
        sync_folder(path.parent)


def _make(path: Path, content: bytes) -> None:
    fresh = leftovers.fresh(path)
    _write_out(fresh, content)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    except (OSError, AttributeError):
        # Android and some network file systems deny links.
        _move_new(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _move_new(fresh: Path, path: Path) -> None:
    """What a link does in one step, under a lock: the file is there as a whole or not at all; the first stays."""
    handle = os.open(path.with_name(f".{path.name}.lock"), owned.LOCK, 0o600)
    try:
        for _ in range(LOCK_POLLS):
            if owned.lock(handle):
                break
            threading.Event().wait(LOCK_POLL_SECONDS)
        else:
            raise TimeoutError(errno.ETIMEDOUT, "another program holds its lock")
        if not path.exists():
            owned.patiently(lambda: fresh.replace(path))
    finally:
        owned.unlock(handle)


def _replace(path: Path, content: bytes) -> None:
    fresh = leftovers.fresh(path)
    try:
        _write_out(fresh, content)
        owned.patiently(lambda: fresh.replace(path))
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _write_out(path: Path, content: bytes) -> None:
    handle = os.open(path, owned.MAKE, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def _overwrite(path: Path, content: bytes) -> None:
    # Blocks that are there are written over; what is left of them goes only when the rest is on the disk.
    with path.open("r+b") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        file.truncate()
        os.fsync(file.fileno())


@contextmanager
def _as_trouble(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as trouble:
        raise VaultTrouble(f"{what}: {trouble.strerror or type(trouble).__name__}.") from None
