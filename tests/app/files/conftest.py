"""Fixtures of the tests with files: a server that has them, a session there, and a place to put them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan import clock as real
from genkan.app import App, MemoryVault
from tests.app.files.filing import Filing, serving
from tests.app.files.talks import Talk


@pytest.fixture
def filing() -> Iterator[Filing]:
    with serving() as running:
        yield running


@pytest.fixture
def kept(filing: Filing) -> MemoryVault:
    """Where the session is kept."""
    vault = MemoryVault()
    filing.keep_session(vault)
    return vault


@pytest.fixture(params=["sync", "async"])
def talk(request: pytest.FixtureRequest, kept: MemoryVault) -> Iterator[Talk]:
    with App(vault=kept, examine=False).connect(sign_in=False) as connection:
        yield Talk(request.param, connection._talk, real.ticks)


@pytest.fixture
def got(tmp_path: Path) -> Path:
    """Where downloads go: an earlier file is there, and nothing else."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "got").write_bytes(b"earlier")
    return folder / "got"
