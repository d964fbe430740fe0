"""Sessions in encrypted files, for a machine without a keyring whose person agreed to it.

Owns the form of a sealed entry and where its key comes from: a file that lies elsewhere, or a passphrase. Where the
entries lie, and how they last, is ``vault``'s.
"""

import binascii
import hashlib
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from genkan.app import owned
from genkan.app.entries import Room, Turn
from genkan.app.troubles import VaultTrouble
from genkan.app.vault import DEVICE, EntryTrouble, FileVault, make_private, read_own, write_new

Draw = Callable[[int], bytes]

SUFFIX = ".sealed"
CHECK = "vault.check"
HEAD = "sealed-1 "
KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16
SCRYPT_COST = 2**15
SCRYPT_MEMORY = 64 * 1024 * 1024


class Spoilt(EntryTrouble):
    """One entry cannot be opened, and will not be: a new sign-in takes its place."""


class Unlock(Protocol):
    """Where the key of a sealed vault comes from; ``key`` may raise ``VaultTrouble``."""

    @property
    def words(self) -> str: ...

    def key(self, folder: Path) -> bytes: ...


class KeyFile:
    """A key in a file of its own, made at the first sign-in: a copy of the sessions alone is worth nothing."""

    def __init__(self, path: Path, draw: Draw) -> None:
        self._path = path
        self._draw = draw

    @property
    def words(self) -> str:
        """Where the key is."""
        return f"with its key in {self._path}"

    def key(self, folder: Path) -> bytes:
        """The key; a new one where nothing was sealed yet."""
        text = read_own(self._path)
        if text is None:
            sealed = _holds_any(folder)
            # Looked for again: another program may have made it, and sealed something, between the two looks.
            text = read_own(self._path)
            if text is None and sealed:
                raise VaultTrouble(
                    f"The key in {self._path} is gone, and what is kept in {folder} cannot be opened without it: put "
                    "it back, or remove the files there and sign in again."
                )
            # Another program may make one at the same moment: the first one counts for both.
            if text is None:
                write_new(self._path, b64encode(self._draw(KEY_BYTES)))
                text = read_own(self._path) or ""
        try:
            key = b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            there = f", and the files in {folder}," if _holds_any(folder) else ""
            raise VaultTrouble(
                f"{self._path} holds no key: put the right file back, or remove it{there} and sign in again."
            )
        return key


def _holds_any(folder: Path) -> bool:
    """Whether a session was sealed there: the mark of the device is made anew where it cannot be opened."""
    return folder.exists() and any(path.stem != DEVICE for path in folder.glob(f"*{SUFFIX}"))


class Passphrase:
    """A key made of what a person types, asked for once a program; ``ask`` returns it."""

    words = "with a passphrase"

    def __init__(self, ask: Callable[[], str], draw: Draw) -> None:
        self._ask = ask
        self._draw = draw
        self._key: bytes | None = None
        self._gate = _Gate()

    def key(self, folder: Path) -> bytes:
        """The key for what lies in this folder, which keeps the salt; ``VaultTrouble`` when the passphrase is wrong."""
        # Whoever comes while it is being typed waits for that, and does not ask as well.
        with self._gate.lock:
            if self._key is None:
                self._key = self._typed(folder)
            return self._key

    def _typed(self, folder: Path) -> bytes:
        make_private(folder)
        salt = _made_once(folder / "vault.salt", lambda: self._draw(SALT_BYTES).hex())
        # RFC 7914 2: N, r and p; 32 MiB a try makes guessing a stolen file's passphrase dear
        key = hashlib.scrypt(
            self._ask().encode(), salt=salt.encode(), n=SCRYPT_COST, r=8, p=1, maxmem=SCRYPT_MEMORY, dklen=KEY_BYTES
        )
        self._see_right(folder, key)
        return key

    def _see_right(self, folder: Path, key: bytes) -> None:
        """Every passphrase gives a key. The right one opens what the first one sealed, here or in an entry."""
        check = folder / CHECK
        if read_own(check) is None and not _opens_any(folder, key):
            raise VaultTrouble(f"The passphrase opens nothing of what is kept in {folder}: type the right one.")
        # Two programs may be the first at the same moment, with two passphrases: one of them is right from then on.
        text = _made_once(check, lambda: seal(key, CHECK, "", self._draw))
        if unseal(key, CHECK, text) is None:
            raise VaultTrouble(f"The passphrase is not the one that {folder} was sealed with: type the right one.")


class _Gate:
    """A lock that is free in a forked child: the thread that held it is not there, so the child asks for itself."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        _gates.add(self)


_gates: WeakSet[_Gate] = WeakSet()


def _forked() -> None:
    for gate in list(_gates):
        gate.lock = threading.Lock()


if owned.HAS_MODES:
    os.register_at_fork(after_in_child=_forked)


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """What a file holds; made where there is none, and the first of several that make it counts for all."""
    text = read_own(path)
    if text is None:
        write_new(path, make().encode())
        text = read_own(path) or ""
    return text


def _opens_any(folder: Path, key: bytes) -> bool:
    files = FileVault(folder, suffix=SUFFIX)
    sealed = [(name, text) for name in files.names() if (text := files.read(name)) is not None]
    return not sealed or any(unseal(key, name, text) is not None for name, text in sealed)


def seal(key: bytes, name: str, text: str, draw: Draw) -> str:
    """A text that nobody reads or changes without the key, for this name alone."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - most programs never need it

    nonce = draw(NONCE_BYTES)
    # The name is part of it, so that no entry can be put in the place of another.
    return HEAD + b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), name.encode())).decode()


def unseal(key: bytes, name: str, sealed: str) -> str | None:
    """What was sealed with this key for this name; None for everything else."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    try:
        content = b64decode(sealed.removeprefix(HEAD), validate=True) if sealed.startswith(HEAD) else b""
        return AESGCM(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], name.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def see_layout(head: str, sealed: str) -> None:
    """Raise ``Spoilt`` for what a later version has sealed in a form of its own; ``head`` is the one known here."""
    family, _, number = sealed.partition(" ")[0].rpartition("-")
    if head.startswith(f"{family}-") and number.isdecimal() and not sealed.startswith(head):
        raise Spoilt(
            f"A saved session is of another version of the app (layout {family}-{number}): update it or sign in again."
        )


def sealed_size(size: int) -> int:
    """Bytes that a sealed text of ``size`` bytes takes at most: nonce and tag, base64, and the words before it."""
    return (size + NONCE_BYTES + 16 + 2) * 4 // 3 + 100


class SealedRoom:
    """A room in a vault of files, filled with what is sealed."""

    def __init__(self, room: Room, seal_up: Callable[[str], str]) -> None:
        self._room = room
        self._seal_up = seal_up

    def fill(self, text: str) -> None:
        self._room.fill(self._seal_up(text))

    def give_back(self) -> None:
        self._room.give_back()


class SealedVault:
    """Each entry sealed under its own name (AES-256-GCM), in an owner-only file."""

    def __init__(self, folder: Path, unlock: Unlock, draw: Draw) -> None:
        self._folder = folder
        self._files = FileVault(folder, suffix=SUFFIX)
        self._unlock = unlock
        self._draw = draw

    @property
    def words(self) -> str:
        """The place in words."""
        return f"an encrypted file in {self._folder}, {self._unlock.words}"

    def unlock(self) -> None:
        """Have the key at hand, and make it where there is none; raises ``VaultTrouble``."""
        self._unlock.key(self._folder)

    def names(self) -> tuple[str, ...]:
        return self._files.names()

    def read(self, name: str) -> str | None:
        sealed = self._files.read(name)
        return None if sealed is None else self._opened(name, sealed)

    def write(self, name: str, text: str) -> None:
        self._files.write(name, seal(self._unlock.key(self._folder), name, text, self._draw))

    def reserve(self, name: str, size: int) -> Room:
        # The key first: where it cannot be had, the text could not be kept either.
        key = self._unlock.key(self._folder)
        return SealedRoom(self._files.reserve(name, sealed_size(size)), lambda text: seal(key, name, text, self._draw))

    def remove(self, name: str) -> None:
        self._files.remove(name)

    def turn(self, name: str) -> Turn:
        return self._files.turn(name)

    def _opened(self, name: str, sealed: str) -> str:
        see_layout(HEAD, sealed)
        text = unseal(self._unlock.key(self._folder), name, sealed)
        if text is None:
            raise Spoilt(
                f"A saved session in {self._folder} cannot be opened {self._unlock.words}: put the right key back, or "
                "sign in again."
            )
        return text
