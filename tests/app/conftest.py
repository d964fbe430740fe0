"""Fixtures of the app's tests: a small site, a clock that is moved by hand, a vault, chance that repeats."""

import hashlib
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backends.fail
import pytest

from genkan.app.keeping import Keeper
from genkan.app.vault import FileVault
from genkan.cli.app import app
from tests.app.double import Double, serving

BROWSE = "import sys, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(sys.argv[1]).read()"


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
def double() -> Iterator[Double]:
    with serving(Double()) as running:
        yield running


@pytest.fixture
def no_keyring() -> Iterator[None]:
    """A system without a keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


class Ran:
    """What a command left: its status and what it said."""

    def __init__(self, status: Any, capture: pytest.CaptureFixture[str]) -> None:
        self.status = status
        self.out, self.err = capture.readouterr()


Genkan = Callable[..., Ran]


@pytest.fixture
def genkan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Genkan:
    """Runs `genkan app WORDS…` in this process, with a folder of its own and a browser that agrees to everything."""
    monkeypatch.setenv("GENKAN_APP_DIR", str(tmp_path / "app"))
    monkeypatch.setenv("GENKAN_APP_VAULT", "file")
    monkeypatch.setenv("GENKAN_BROWSER", shlex.join([sys.executable, "-c", BROWSE]))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def run(*words: str) -> Ran:
        return Ran(app(words, result_action="return_value", exit_on_error=False), capsys)

    return run


@pytest.fixture
def got(tmp_path: Path) -> Path:
    """Where downloads go: an earlier file is there, and nothing else."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "got").write_bytes(b"earlier")
    return folder / "got"
