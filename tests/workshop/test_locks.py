"""What gets installed is named by version and hash, and the tests run against what a site runs."""

import re
import tomllib
from collections.abc import Mapping

import pytest

from tests.workshop.tree import ROOT

LOCKS = ["requirements.lock", "requirements-otel.lock", "requirements-dev.lock"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\$", re.MULTILINE)


def pins(lock: str) -> Mapping[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_a_hash(lock: str) -> None:
    """A lock has pins, hashes and comments, nothing else: no option, no address."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    form = re.compile(r"|\s*#.*|[A-Za-z0-9._-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not form.fullmatch(line)] == []
    assert all(lines[at + 1].startswith("    --hash=") for at, line in enumerate(lines) if line.endswith("\\"))


def test_development_runs_on_the_versions_of_a_site() -> None:
    """The development lock holds every pin of the runtime lock and of what is extra, at the same version."""
    runtime, traces, development = map(pins, LOCKS)
    assert runtime.items() <= traces.items() <= development.items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """Every dependency named in pyproject.toml is in its lock, and so is the tool that builds us."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = {*names(project["project"]["dependencies"]), *names(project["build-system"]["requires"])}
    assert runtime <= pins("requirements.lock").keys()
    assert names(project["project"]["optional-dependencies"]["otel"]) <= pins("requirements-otel.lock").keys()
    assert names(project["dependency-groups"]["dev"]) <= pins("requirements-dev.lock").keys()


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in requirements}
