"""Keyrings of the tests: one that works, one as narrow as Windows', and some that fail in their own ways."""

import threading
from typing import ClassVar

from keyring.backend import KeyringBackend


class WorkingKeyring(KeyringBackend):
    """A keyring that keeps what it is given."""

    priority: ClassVar[float] = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class ForgetfulKeyring(WorkingKeyring):
    """A keyring that takes secrets and gives nothing back."""

    def get_password(self, service: str, username: str) -> str | None:
        return None


class HangingKeyring(WorkingKeyring):
    """A keyring behind a desktop bus that never answers."""

    def __init__(self, until: threading.Event) -> None:
        super().__init__()
        self.until = until

    def set_password(self, service: str, username: str, password: str) -> None:
        self.until.wait(30)


class SilentKeyring(WorkingKeyring):
    """A keyring that can be made to say nothing, or to stay locked, when it is asked for a secret; it counts that."""

    name = "silent"

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.silent = False
        self.locked = False
        self._spoken = threading.Event()
        self._waiting: list[threading.Thread] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        if self.locked:
            raise RuntimeError("the dialog was closed")
        if self.silent:
            self._waiting.append(threading.current_thread())
            self._spoken.wait(30)
        return super().get_password(service, username)

    def speak(self) -> None:
        """From now on it answers; returns when whoever waited for it has gone."""
        self.silent = False
        self._spoken.set()
        for thread in self._waiting:
            thread.join(30)


class RefusingKeyring(WorkingKeyring):
    """A keyring whose errors quote what they were given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


class NarrowKeyring(WorkingKeyring):
    """Windows' Credential Manager takes 2560 bytes of UTF-16."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "The stub received bad data")
        super().set_password(service, username, password)
