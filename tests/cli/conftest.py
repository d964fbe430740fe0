"""Fixtures: a shell on an empty folder, and one on a fresh site."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def signals_end() -> Iterator[None]:
    """Programs that are started now end at a SIGHUP and a SIGINT, also where nohup, or a shell that put the tests into
    the background, had them and all they start ignore it.
    """
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hangup)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell where there is no site yet."""
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """A shell on a site that has just been made."""
    bare.found_site()
    return bare
