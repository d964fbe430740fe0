"""What every test run shares: how hypothesis searches, how a missing program skips, and that CI lets no skip pass."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.outside.slapd import Slapd

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ALLOWED_SKIPS = frozenset(
    line.strip()
    for line in (Path(__file__).parent / "allowed-skips.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
)

# A test says what must hold, not how fast: no deadline, no complaint about a slow machine.
# In CI a red run must be red again when it is repeated.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "default")


# Debian keeps the programs of each version apart, and none of the server's on anybody's path.
POSTGRES_FOLDERS = ":".join(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))


def installed_program(name: str) -> str:
    """The path of a program the test needs; skips the test, naming it, where the machine does not have it."""
    # Servers are installed where only the administrator's shell looks.
    path = shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/sbin:{POSTGRES_FOLDERS}")
    if path is None:
        pytest.skip(missing_reason(name))
    return path


def missing_reason(name: str) -> str:
    return f"{name} is not installed"


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """`program("nginx")` is the path of nginx, or the test is skipped."""
    return installed_program


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Slapd"]:
    """A real OpenLDAP server for the whole run of a process; each test makes people of its own."""
    from tests.outside.slapd import running_slapd

    with running_slapd(tmp_path_factory.mktemp("slapd") / "server") as server:
        yield server


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.needs("nginx", "chromium")`: skip before any fixture starts a server for nothing."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            installed_program(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return refuse_unlisted_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return refuse_unlisted_skip(report)


def refuse_unlisted_skip(report: Report) -> Report:
    """Turn a skip into a failure in CI, unless its reason is listed; an expected failure is not a skip."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and skip_reason(report) not in ALLOWED_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI for a reason tests/allowed-skips.txt does not list: {skip_reason(report)}"
    return report


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason alone: pytest keeps (file, line, 'Skipped: reason')."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """End by saying what this run left out, so that a green run is not read as more than it was."""
    left_out = Counter(skip_reason(report) for report in terminalreporter.stats.get("skipped", []))
    lines = [f"{count} because {reason}" for reason, count in sorted(left_out.items())]
    if config.getoption("markexpr") == "not long":
        lines.append("the tests marked `long` (make test-long)")
    if lines:
        terminalreporter.section("left out")
        for line in lines:
            terminalreporter.write_line(line)
