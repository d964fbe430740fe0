"""Fixtures of the app's tests: a real site, a clock that is moved by hand, a vault, chance that repeats."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend

from genkan.app import Connection
from genkan.app.keeping import Keeper
from genkan.app.vault import FileVault
from genkan.testing import Setup, SiteDouble, Somebody
from tests.app.desk import ECHO, Desk, echo


class Clock:
    """Milliseconds that move only when a test says so."""

    def __init__(self) -> None:
        self.at = 1_700_000_000_000

    def __call__(self) -> int:
        return self.at

    def ticks(self) -> float:
        """The same in seconds, as a clock that is never set."""
        return self.at / 1000

    def forward(self, seconds: float) -> None:
        self.at += int(seconds * 1000)


class Chance:
    """Bytes that never repeat within a test and are the same in every run."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_128(self.drawn.to_bytes(8, "big")).digest(size)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chance() -> Chance:
    return Chance()


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "sessions")


@pytest.fixture
def keeper(vault: FileVault, clock: Clock, chance: Chance) -> Keeper:
    return Keeper(vault, clock, chance)


@pytest.fixture
def genkan_setup() -> Setup:
    """Two people; alice has a name to be called by."""
    return Setup(people=(Somebody("alice", display_name="Alice A."), "bob"))


@pytest.fixture
def site(genkan_site: SiteDouble) -> SiteDouble:
    """A real site with an application behind it that tells what it was asked."""
    genkan_site.serve(ECHO, echo)
    return genkan_site


@pytest.fixture
def desk(tmp_path: Path, site: SiteDouble, clock: Clock, chance: Chance) -> Desk:
    return Desk(site, tmp_path / "sessions", clock, chance)


@pytest.fixture
def connection(desk: Desk) -> Iterator[Connection]:
    with desk.app().connect(desk.site.base_url) as connection:
        yield connection


@pytest.fixture
def use_keyring() -> Iterator[Callable[[KeyringBackend], None]]:
    """What makes a keyring that of the system."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring(use_keyring: Callable[[KeyringBackend], None]) -> None:
    """A system without a keyring."""
    use_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
