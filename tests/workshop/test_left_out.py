"""A skipped test is said aloud on a developer's machine and is a failure in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
SUITE = """
import pytest

@pytest.mark.needs("no-such-program")
def test_by_mark() -> None: pass

def test_by_fixture(program) -> None: program("no-such-program")

def test_that_runs() -> None: pass

@pytest.mark.xfail(reason="known")
def test_expected_to_fail() -> None: assert False
"""
SETTINGS = """
[tool.pytest.ini_options]
markers = ["needs(tool)"]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with our conftest, an empty list of allowed skips and four tests, two of which must skip."""
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "allowed-skips.txt").write_text("# none\n")
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "test_sample.py").write_text(SUITE)
    return tmp_path


def run(suite: Path, ci: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": ci}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", str(suite)]
    return subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)


def test_a_developer_is_told_what_was_left_out(suite: Path) -> None:
    """Without CI a missing program skips its tests, and the run's end names it."""
    ended = run(suite, ci="")
    assert ended.returncode == 0
    assert "2 because no-such-program is not installed" in ended.stdout


def test_ci_fails_on_a_skip(suite: Path) -> None:
    """In CI a skip whose reason is not listed fails the run; an expected failure stays one."""
    ended = run(suite, ci="true")
    assert ended.returncode == 1
    counted = ended.stdout.splitlines()[-1]
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in counted, "by fixture it fails, by mark it fails at set-up"


def test_ci_accepts_a_listed_skip(suite: Path) -> None:
    """In CI a skip whose very reason stands in allowed-skips.txt passes."""
    (suite / "allowed-skips.txt").write_text("no-such-program is not installed\n")
    ended = run(suite, ci="true")
    assert ended.returncode == 0
    assert "2 skipped" in ended.stdout
