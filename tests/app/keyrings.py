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
