"""The command `python -m bench.profiling`: where the server's processor time goes in one scenario.

`perf` (Debian: linux-perf) tells programs, libraries and system calls apart; py-spy, where it is installed, tells how
the interpreter's part is spread over the packages of Genkan. Both sample; shares of a few percent vary by as much.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from bench import machine, station, wrk
from bench.peers import all_peers
from bench.scenarios import Scenario, all_scenarios
from bench.station import Station

SAMPLES_A_SECOND = 1999
_SHARE = re.compile(r"^\s*([\d.]+)%\s+(?:[\d.]+%\s+)?(.*?)\s*$")
_KINDS = (
    ("python", "the interpreter"),
    ("libsqlite", "SQLite"),
    ("[kernel", "the kernel"),
    ("loop.", "uvloop"),
    ("parser", "httptools"),
    ("_rust.", "AES-GCM"),
    ("libcrypto", "SHA-256"),
    ("_hashlib", "SHA-256"),
    ("protocol.", "asyncpg"),
    ("libc.", "the C library"),
)


def shares_of_libraries(report: str) -> dict[str, float]:
    """Percents by part, from `perf report --sort dso`."""
    found: defaultdict[str, float] = defaultdict(float)
    for share, name in _lines(report):
        found[next((part for start, part in _KINDS if name.startswith(start)), "other libraries")] += share
    return found


def shares_of_calls(report: str) -> dict[str, float]:
    """Percents by system call, what it calls included, from `perf report --children --sort symbol`."""
    found: defaultdict[str, float] = defaultdict(float)
    for share, name in _lines(report):
        # A call stands there under its entry, its inner function, or both, one of which holds the other.
        if call := re.search(r"\[k\] (?:__x64_sys_|__sys_|ksys_)(\w+)", name):
            found[call[1]] = max(found[call[1]], share)
    return found


def shares_of_packages(stacks: str) -> dict[str, float]:
    """Percents of the event loop's thread by the innermost package of Genkan, from `py-spy record -f raw`."""
    found: defaultdict[str, float] = defaultdict(float)
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        if "Runner.run" not in stack:
            continue
        inner = [package for package in re.findall(r"\(genkan/(\w+)/", stack) if package != "cli"]
        found[f"genkan.{inner[-1]}" if inner else "the loop itself"] += int(count)
    whole = sum(found.values()) or 1
    return {name: 100 * count / whole for name, count in found.items()}


def _lines(report: str) -> list[tuple[float, str]]:
    matches = [_SHARE.match(line) for line in report.splitlines() if not line.startswith("#")]
    return [(float(match[1]), match[2]) for match in matches if match]


def _under_load(scenario: Scenario, at: Station, seconds: float, recorder: list[str]) -> None:
    """Records the server while it is loaded; the recorder ends by itself a little before the load does."""
    load = scenario.prepare(at)
    recording = subprocess.Popen(recorder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.2)
    run = wrk.run(load, at.target, seconds, at.place.folder)
    recording.wait(60)
    scenario.settle(at, run)


def _told(title: str, shares: dict[str, float]) -> None:
    most = sorted(shares.items(), key=lambda pair: -pair[1])
    print(f"{title}: " + ", ".join(f"{name} {share:.0f} %" for name, share in most if share >= 1))


def profile(scenario: Scenario, at: Station, seconds: float) -> None:
    """Prints what was found."""
    warm = wrk.run(scenario.prepare(at), at.target, 2, at.place.folder)
    scenario.settle(at, warm)
    pid, data = str(at.server.pid), at.place.folder / "perf.data"
    recorder = ["perf", "record", "-F", str(SAMPLES_A_SECOND), "-g", "-p", pid, "-o", str(data)]
    _under_load(scenario, at, seconds, [*recorder, "--", "sleep", str(seconds - 0.5)])
    report = ["perf", "report", "-i", str(data), "-g", "none", "--stdio"]
    for title, sort, read in (
        ("by part", ["--no-children", "--sort", "dso"], shares_of_libraries),
        ("in the kernel for", ["--children", "--sort", "symbol"], shares_of_calls),
    ):
        said = subprocess.run([*report, *sort], capture_output=True, text=True, check=True)
        _told(f"{scenario.id} {at.peer.name}, {title}", read(said.stdout))
    if shutil.which("py-spy"):
        raw = at.place.folder / "stacks"
        spy = ["py-spy", "record", "-p", pid, "-r", "400", "-f", "raw", "-o", str(raw)]
        _under_load(scenario, at, seconds, [*spy, "-d", str(int(seconds - 0.5))])
        _told(f"{scenario.id} {at.peer.name}, the loop's thread", shares_of_packages(raw.read_text()))


def main() -> int:
    """Profiles each scenario that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=str(__doc__).splitlines()[0])
    parser.add_argument("--peer", choices=list(all_peers()), default="genkan")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "genkan-bench")
    parser.add_argument("scenario", nargs="+", choices=[each.id for each in all_scenarios()])
    asked = parser.parse_args()
    if shutil.which("perf") is None:
        print("perf is not installed (Debian: linux-perf)", file=sys.stderr)
        return 1
    machine.stay_off_the_servers_core()
    asked.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="profile-", dir=asked.cache) as folder:
        started = station.start(all_peers()[asked.peer], asked.cache, Path(folder) / "server")
        try:
            for scenario in (each for each in all_scenarios() if each.id in asked.scenario):
                profile(scenario, started, asked.seconds)
        finally:
            started.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
