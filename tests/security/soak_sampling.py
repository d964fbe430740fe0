"""What a server holds at one moment, by ``/proc`` and its store: memory, threads, open files, connections, bytes."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Linux, proc_pid_smaps(5): anonymous memory is what was allocated. Pages of files do not count: neither libraries that
# are read in little by little nor the log's index that SQLite maps. Pages that a worker still shares with its parent
# count, so that one which is written to for the first time is no growth.
_ALLOCATED = ("Anonymous:", "Swap:")
_RESIDENT = "Rss:"
# Linux, proc_net_tcp: the state of a socket that waits for connections.
_LISTENING = "0A"
KIB = 1024

Figures = dict[str, float]


@dataclass(frozen=True)
class Process:
    """One process: bytes that it allocated and that are resident, its threads, its open files by kind."""

    allocated: int
    resident: int
    threads: int
    files: Counter[str]


def tree(parent: int) -> list[int]:
    """The process and all below it, in the order of their numbers' birth."""
    found = [parent]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def look_at(pid: int) -> Process:
    """One process as it is now."""
    proc = Path(f"/proc/{pid}")
    sizes = Counter[str]()
    for line in (proc / "smaps_rollup").read_text().splitlines()[1:]:
        name, size, *_ = line.split()
        sizes[name] += int(size) * KIB
    threads = sum(1 for _ in (proc / "task").iterdir())
    return Process(sum(sizes[name] for name in _ALLOCATED), sizes[_RESIDENT], threads, _open_files(proc))


def _open_files(proc: Path) -> Counter[str]:
    """By kind: ``tcp``, ``listening``, ``other sockets``, ``file`` with a path, and the kernel's own, as ``pipe``."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in (proc / "net" / name).read_text().splitlines()[1:]]
    tcp = {line[9]: "listening" if line[3] == _LISTENING else "tcp" for line in lines}
    kinds = Counter[str]()
    for entry in (proc / "fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # closed meanwhile
            continue
        kind, _, number = target.partition(":[")
        if kind == "socket":
            kinds[tcp.get(number.rstrip("]"), "other sockets")] += 1
        else:
            kinds["file" if target.startswith("/") else target.partition(":")[0]] += 1
    return kinds


class Watch:
    """Samples of one server, which keeps the processes that it has. ``store`` tells figures of its store."""

    def __init__(self, root: int, store: Callable[[], Figures]) -> None:
        self.pids = tree(root)
        self.samples: list[tuple[float, Figures]] = []
        self._root, self._store = root, store

    def look(self) -> Figures:
        """Everything at this moment: sums over the processes, and the memory of each."""
        assert tree(self._root) == self.pids, "a process of the server has ended, or there is a new one"
        seen = [look_at(pid) for pid in self.pids]
        files = sum((one.files for one in seen), Counter[str]())
        return {
            "memory": sum(one.allocated for one in seen),
            "resident": sum(one.resident for one in seen),
            "threads": sum(one.threads for one in seen),
            **{f"process {number} memory": float(one.allocated) for number, one in enumerate(seen)},
            **{f"open {kind}": count for kind, count in files.items()},
            **self._store(),
        }

    async def keep_looking(self, every: float) -> None:
        """Until it is cancelled. What a look finds wrong ends it."""
        while True:
            self.samples.append((time.monotonic(), await asyncio.to_thread(self.look)))
            await asyncio.sleep(every)

    def busy_seconds(self) -> float:
        """Processor time that the server has used so far (proc_pid_stat(5): utime and stime)."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def store_of_files(folder: Path) -> Callable[[], Figures]:
    """SQLite's: the database, its log and everything else in the data folder."""

    def told() -> Figures:
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
        database = next(name for name in sizes if name.endswith(".sqlite3"))
        return {
            "store bytes": sizes[database], "log bytes": sizes.get(f"{database}-wal", 0), "store files": len(sizes),
        }  # fmt: skip

    return told
