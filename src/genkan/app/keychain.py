"""Sessions sealed with a key that the operating system's keyring keeps, where one works.

Owns the dealings with ``keyring``: which backends count, and a deadline on each call, since a desktop bus may hang.
It gets nothing but a key: some take passwords only, Windows no more than 1280 characters, and none can be listed.
"""

import hmac
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from genkan.app.entries import Room, Turn
from genkan.app.lately import Lately
from genkan.app.sealed import HEAD as SEALED_HEAD
from genkan.app.sealed import KEY_BYTES, Draw, SealedRoom, Spoilt, seal, sealed_size, see_layout, unseal
from genkan.app.vault import FileVault, VaultTrouble

if TYPE_CHECKING:
    # keyring takes a tenth of a second to import and looks for a desktop bus, which a file vault should not pay.
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "genkan app"
NO_ANSWER = "The keyring of this system does not answer: unlock it."
HEAD = "keyring-2 "
LOOK_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""As long as a person may take over the dialog that unlocks a keyring, which opens at the first call."""
RECOMMENDED = 1
"""What keyring itself calls recommended; below are backends that keep plain text, nothing, or fail."""


class KeyringVault:
    """Each entry in an owner-only file, sealed with a key of the keyring, which the entry names.

    What the first layout kept in the keyring itself is still read, and moves here when it is written.
    """

    def __init__(self, folder: Path, backend: "KeyringBackend", draw: Draw, *, seconds: float = ANSWER_SECONDS) -> None:
        self._folder = folder
        self._files = FileVault(folder, suffix=".keyed")
        self._present = FileVault(folder, suffix=".key")
        self._former = _FormerVault(folder, backend, seconds)
        self._backend = backend
        self._draw = draw
        self._seconds = seconds
        self._keys: dict[str, bytes] = {}
        self._lately = Lately()

    @property
    def words(self) -> str:
        """The place in words."""
        return f"{place_in(self._folder)} ({self._backend.name})"

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._files.names(), *self._former.names()}))

    def read(self, name: str) -> str | None:
        kept = self._files.read(name)
        if kept is None:
            return self._former.read(name)
        see_layout(HEAD, kept)
        key_id, _, sealed = kept.removeprefix(HEAD).partition(" ")
        see_layout(SEALED_HEAD, sealed)
        key = self._key(key_id) if kept.startswith(HEAD) else None
        text = unseal(key, name, sealed) if key else None
        if text is None:
            raise Spoilt(
                f"A saved session in {self._folder} cannot be opened: the keyring of this system no longer has its "
                "key, so sign in again."
            )
        return text

    def write(self, name: str, text: str) -> None:
        key_id, key = self._own_key()
        self._files.write(name, f"{HEAD}{key_id} {seal(key, name, text, self._draw)}")
        # It is kept from here on; what the keyring still holds of it is no longer read.
        with suppress(VaultTrouble):
            self._former.remove(name)

    def reserve(self, name: str, size: int) -> Room:
        key_id, key = self._own_key()
        room = self._files.reserve(name, sealed_size(size))
        # What the first layout holds beside it stays until the next write: once there is a file, it is not read.
        return SealedRoom(room, lambda text: f"{HEAD}{key_id} {seal(key, name, text, self._draw)}")

    def remove(self, name: str) -> None:
        self._files.remove(name)
        self._former.remove(name)

    def turn(self, name: str) -> Turn:
        return self._files.turn(name)

    def _key(self, key_id: str) -> bytes | None:
        if key_id not in self._keys:
            # Each entry asks for it: once is enough for a wait, or for a dialog that somebody has closed.
            self._lately.see(key_id)
            text = self._kept_for(key_id)
            try:
                key = bytes.fromhex(text)
            except ValueError:
                return None
            if len(key) != KEY_BYTES:
                return None
            self._keys[key_id] = key
        return self._keys[key_id]

    def _kept_for(self, key_id: str) -> str:
        backend, name = self._backend, _name_of(key_id)
        try:
            return answer_within(lambda: backend.get_password(SERVICE, name), self._seconds, backend) or ""
        except VaultTrouble as trouble:
            self._lately.note(key_id, trouble)
            raise

    def _own_key(self) -> tuple[str, bytes]:
        """The key to seal with. Two programs may make one each at the same moment: each entry names its own."""
        key_id = self._present.read("vault") or ""
        key = self._key(key_id) if key_id else None
        if key is None:
            key_id, key = self._draw(8).hex(), self._draw(KEY_BYTES)
            name, secret = _name_of(key_id), key.hex()
            answer_within(lambda: self._backend.set_password(SERVICE, name, secret), self._seconds, self._backend)
            self._present.write("vault", key_id)
            self._keys[key_id] = key
        return key_id, key


def place_in(folder: Path) -> str:
    """Where sessions lie whose key is in the keyring, in words."""
    return f"an encrypted file in {folder}, with its key in the keyring of this system"


def _name_of(key_id: str) -> str:
    return f"key-{key_id}"


class _FormerVault:
    """The first layout: an entry is one secret of the keyring, and an empty file beside it says that it is there."""

    def __init__(self, folder: Path, backend: "KeyringBackend", seconds: float) -> None:
        self._index = FileVault(folder, suffix=".keyring")
        self._backend = backend
        self._seconds = seconds

    def names(self) -> tuple[str, ...]:
        return self._index.names()

    def read(self, name: str) -> str | None:
        if self._index.read(name) is None:
            return None
        return answer_within(lambda: self._backend.get_password(SERVICE, name), self._seconds, self._backend)

    def remove(self, name: str) -> None:
        def forget() -> None:
            # Deleting what is not there is an error in some backends and none in others.
            if self._backend.get_password(SERVICE, name) is not None:
                self._backend.delete_password(SERVICE, name)

        if self._index.read(name) is not None:
            answer_within(forget, self._seconds, self._backend)
            self._index.remove(name)


def find_backend(seconds: float = LOOK_SECONDS) -> "KeyringBackend":
    """The keyring of this system; raises ``VaultTrouble`` when none counts."""

    def load() -> "KeyringBackend":
        import keyring  # noqa: PLC0415 - see above

        return keyring.get_keyring()

    backend = answer_within(load, seconds)
    if answer_within(lambda: float(backend.priority), seconds, backend) < RECOMMENDED:
        raise VaultTrouble("This system has no keyring that keeps secrets.")
    return backend


def prove(backend: "KeyringBackend", draw: Callable[[int], bytes], seconds: float = ANSWER_SECONDS) -> None:
    """Keep, read and delete a trial secret, so that a sign-in is not lost afterwards to a keyring that cannot."""
    name, secret = f"trial-{draw(8).hex()}", draw(KEY_BYTES).hex()

    def trial() -> bool:
        backend.set_password(SERVICE, name, secret)
        try:
            return hmac.compare_digest(backend.get_password(SERVICE, name) or "", secret)
        finally:
            backend.delete_password(SERVICE, name)

    if not answer_within(trial, seconds, backend):
        raise VaultTrouble("The keyring of this system does not keep what it is given.")


_hanging: dict[int, threading.Thread] = {}
"""By whose they are, the calls that were given up and have not come back since."""


def answer_within(call: Callable[[], T], seconds: float, whose: object = None) -> T:
    """Call a keyring with a deadline: a hanging bus leaves a daemon thread behind and an error, not a hanging app.

    As long as that thread hangs, ``whose`` keyring is not called again: every entry would wait as long as the first.
    """
    given_up = _hanging.get(id(whose))
    if given_up is not None and given_up.is_alive():
        raise VaultTrouble(NO_ANSWER)
    results: list[T] = []
    troubles: list[Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as trouble:  # noqa: BLE001 - backends raise whatever their desktop raises
            troubles.append(trouble)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    if results:
        return results[0]
    if troubles:
        # Only its kind: a backend's own message may quote what it was given.
        raise VaultTrouble(f"The keyring of this system fails ({type(troubles[0]).__name__}): unlock it.") from None
    _hanging[id(whose)] = thread
    raise VaultTrouble(NO_ANSWER)
