"""Sessions in the operating system's keyring, where one works.

Owns the dealings with ``keyring``: which backends count, and a deadline on each call, since a desktop bus may hang.
Names are kept as empty files beside it, because keyrings cannot be listed.
"""

import hmac
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from genkan.app.vault import FileVault, Turn, VaultTrouble

if TYPE_CHECKING:
    # keyring takes a tenth of a second to import and looks for a desktop bus, which a file vault should not pay.
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "genkan app"
ANSWER_SECONDS = 10.0
LONGEST = 3000
"""Characters that a session may have; the real ones stay below two thousand."""
RECOMMENDED = 1
"""What keyring itself calls recommended; below are backends that keep plain text, nothing, or fail."""


class KeyringVault:
    """Keeps each entry as one secret of the keyring."""

    def __init__(self, folder: Path, backend: "KeyringBackend", *, seconds: float = ANSWER_SECONDS) -> None:
        self._index = FileVault(folder, suffix=".keyring")
        self._backend = backend
        self._seconds = seconds

    @property
    def words(self) -> str:
        """The place in words."""
        return f"the keyring of this system ({self._backend.name})"

    def names(self) -> tuple[str, ...]:
        return self._index.names()

    def read(self, name: str) -> str | None:
        if self._index.read(name) is None:
            return None
        return self._within(lambda: self._backend.get_password(SERVICE, name))

    def write(self, name: str, text: str) -> None:
        self._within(lambda: self._backend.set_password(SERVICE, name, text))
        if self._index.read(name) is None:
            self._index.write(name, "")

    def remove(self, name: str) -> None:
        def forget() -> None:
            # Deleting what is not there is an error in some backends and none in others.
            if self._backend.get_password(SERVICE, name) is not None:
                self._backend.delete_password(SERVICE, name)

        self._within(forget)
        self._index.remove(name)

    def turn(self, name: str) -> Turn:
        return self._index.turn(name)

    def _within(self, call: Callable[[], T]) -> T:
        return answer_within(call, self._seconds)


def find_backend(seconds: float = ANSWER_SECONDS) -> "KeyringBackend":
    """The keyring of this system; raises ``VaultTrouble`` when none counts."""

    def load() -> "KeyringBackend":
        import keyring  # noqa: PLC0415 - see above

        return keyring.get_keyring()

    backend = answer_within(load, seconds)
    if answer_within(lambda: float(backend.priority), seconds) < RECOMMENDED:
        raise VaultTrouble("This system has no keyring that keeps secrets.")
    return backend


def prove(backend: "KeyringBackend", draw: Callable[[int], bytes], seconds: float = ANSWER_SECONDS) -> None:
    """Keep, read and delete a trial secret, so that a sign-in is not lost afterwards to a keyring that cannot."""
    # As long as what will be kept: some keyrings take passwords only, and refuse a session after the sign-in.
    name, secret = f"trial-{draw(8).hex()}", draw(LONGEST // 2).hex()

    def trial() -> bool:
        backend.set_password(SERVICE, name, secret)
        try:
            return hmac.compare_digest(backend.get_password(SERVICE, name) or "", secret)
        finally:
            backend.delete_password(SERVICE, name)

    if not answer_within(trial, seconds):
        raise VaultTrouble("The keyring of this system does not keep what it is given.")


def answer_within(call: Callable[[], T], seconds: float) -> T:
    """Call a keyring with a deadline: a hanging bus leaves a daemon thread behind and an error, not a hanging app."""
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
    raise VaultTrouble("The keyring of this system does not answer: unlock it.")
