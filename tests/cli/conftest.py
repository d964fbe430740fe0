"""Fixtures: a shell on an empty folder, and one on a fresh site."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def hangup_ends() -> Iterator[None]:
    """Programs that are started now end at a SIGHUP, also where nohup had the tests and all they start ignore it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell where there is no site yet."""
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """A shell on a site that has just been made."""
    bare.found_site()
    return bare
