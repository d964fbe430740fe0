"""Owns what is known of the machine: its facts, where processes run, and who used which core. Starts nothing itself."""

import os
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE = 0
LOAD_CORE = 1


CORES = len(os.sched_getaffinity(0))


def pin(argv: Sequence[str], core: int) -> list[str]:
    """The command held on one core; on a machine with a single core there is nothing to hold it to."""
    return ["taskset", "-c", str(core), *argv] if CORES > 1 else list(argv)


def stay_off_the_servers_core() -> None:
    """Holds the harness itself on the generator's core."""
    if CORES > 1:
        os.sched_setaffinity(0, {LOAD_CORE})


@dataclass(frozen=True)
class Facts:
    """What a reader needs to judge the figures, and nothing that names the machine or its folders."""

    cpu: str
    cores: int
    memory_mb: int
    kernel: str
    python: str
    sqlite: str
    node: str
    wrk: str
    filesystem: str
    fsync_ms: float

    def asdict(self) -> dict[str, object]:
        return asdict(self)


def facts(folder: Path) -> Facts:
    """The facts of this machine, with the cost of a durable write measured in `folder`."""
    return Facts(
        cpu=_field("/proc/cpuinfo", "model name"),
        cores=CORES,
        memory_mb=int(_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        kernel=platform.release(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        node=_version(["node", "--version"]),
        wrk=_version(["wrk", "-v"]),
        filesystem=_filesystem(folder),
        fsync_ms=round(fsync_ms(folder), 3),
    )


def fsync_ms(folder: Path, tries: int = 50) -> float:
    """Median milliseconds of one small appended and synced write."""
    path = folder / "fsync-probe"
    spent: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(tries):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            spent.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return statistics.median(spent)


def _field(path: str, name: str) -> str:
    match = re.search(rf"^{name}\s*:\s*(.+)$", Path(path).read_text(), re.MULTILINE)
    return match[1].strip() if match else "unknown"


def _version(argv: list[str]) -> str:
    if shutil.which(argv[0]) is None:
        return "absent"
    said = subprocess.run(argv, capture_output=True, text=True, check=False)
    match = re.search(r"\d+\.\d+[\w.+-]*", said.stdout + said.stderr)
    return match[0] if match else "unknown"


def _filesystem(folder: Path) -> str:
    said = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def process_tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue.extend(children.get(found[-1], []))
    return found


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """User and system seconds that the process and its descendants have used, those that have ended included."""
    stats = [_stat(each) for each in process_tree(pid)]
    return sum(int(ticks) for stat in stats if stat for ticks in stat[11:15]) / TICKS


def resident_mb(pid: int) -> float:
    """Resident megabytes of the process and its descendants; pages they share count once each (PSS) where shared."""
    pids = process_tree(pid)
    name = "Rss" if len(pids) == 1 else "Pss"
    return sum(_rollup(each, name) for each in pids) / 1024


def _rollup(pid: int, name: str) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    match = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) if match else 0


def await_quiet(patience_s: float, share: float = 0.1, look_s: float = 0.25) -> bool:
    """Waits, within bounds, until hardly anything runs on either core; False when that did not come about."""
    deadline = time.perf_counter() + patience_s
    while True:
        before = [busy_seconds(core) for core in (SERVER_CORE, LOAD_CORE)]
        time.sleep(look_s)
        used = [busy_seconds(core) - start for core, start in zip((SERVER_CORE, LOAD_CORE), before, strict=True)]
        if max(used) <= share * look_s:
            return True
        if time.perf_counter() >= deadline:
            return False


def busy_seconds(core: int) -> float:
    """Seconds the core has spent in programs and in the kernel on their behalf (interrupts left out), or has been taken
    away by the hypervisor."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            return sum(int(fields[index]) for index in (0, 1, 2, 7)) / TICKS
    return 0.0
