"""Owns the load generator: one run of wrk with one of our Lua scripts, and what it and the cores say of it."""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.postgres import Cluster, Waits

SCRIPTS = Path(__file__).parent / "lua"
CONNECTIONS = 32
SPARE_S = 30


@dataclass(frozen=True)
class Load:
    """What to send: a script, its data, and how many threads share the connections."""

    script: str
    data: Mapping[str, object]
    threads: int = 1


@dataclass(frozen=True)
class Run:
    """What one run showed. Times in milliseconds, busy figures in shares of a core, waits in backends at one moment."""

    right: int
    wrong: int
    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float
    socket_errors: int
    timeouts: int
    first_wrong: str
    generator_busy: float
    server_busy: float
    others_on_server_core: float
    others_on_load_core: float
    database_busy: float = 0.0
    lock_waits: float = 0.0
    inner_waits: float = 0.0
    deadlocks: int = 0
    leftover: tuple[str, ...] = field(repr=False, default=())

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.right / self.seconds

    @property
    def server_us(self) -> float:
        """The server's processor time for one right answer: steadier than the rate on a shared machine."""
        return self.server_busy * self.seconds * 1e6 / max(1, self.right)

    @property
    def database_us(self) -> float:
        """The same of the database, where that is a server of its own."""
        return self.database_busy * self.seconds * 1e6 / max(1, self.right)

    def disturbed(self, share: float) -> bool:
        """Whether other programs used more than this share of either core."""
        return max(self.others_on_server_core, self.others_on_load_core) > share

    @property
    def spoilt(self) -> bool:
        """Whether one answer was wrong or lost."""
        return bool(self.wrong or self.socket_errors or self.timeouts)

    @property
    def valid(self) -> bool:
        """A run with one wrong or lost answer does not count, nor does one without any."""
        return self.right > 0 and not self.spoilt


@dataclass(frozen=True)
class Target:
    """What is loaded: the ports (several for several nodes of one site), whose processor time counts as the server's,
    the database beside it, and by how many connections."""

    ports: tuple[int, ...]
    pids: tuple[int, ...]
    database: Cluster | None = None
    connections: int = CONNECTIONS


def run(load: Load, target: Target, seconds: float, folder: Path) -> Run:
    """Loads the server for whole seconds and reads the report."""
    data, result = folder / "load.lua", folder / "load.json"
    first = f"127.0.0.1:{target.ports[0]}"
    data.write_text(f"return {_literal({**load.data, 'host': first, 'ports': target.ports})}\n")
    result.unlink(missing_ok=True)
    threads = max(load.threads, len(target.ports))
    argv = ["wrk", f"-t{threads}", f"-c{target.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    argv += ["-s", str(SCRIPTS / load.script), f"http://{first}"]
    env = {**os.environ, "BENCH_DATA": str(data), "BENCH_RESULT": str(result), "BENCH_LUA": str(SCRIPTS)}
    with target.database.watched() if target.database else nullcontext(Waits()) as waits:
        watch = _Watch(target)
        said = subprocess.run(
            machine.pin(argv, machine.LOAD_CORE),
            env=env,
            capture_output=True,
            text=True,
            timeout=seconds + SPARE_S,
            check=False,
        )
        busy = watch.stop()
    if said.returncode != 0 or not result.exists():
        raise RuntimeError(f"wrk failed: {said.stdout}{said.stderr}")
    return _reading(json.loads(result.read_text()), busy, waits)


def _reading(report: dict[str, object], busy: dict[str, float], waits: Waits) -> Run:
    got = {name: int(value) for name, value in report.items() if isinstance(value, int)}
    own = sorted(report["latencies_us"])  # type: ignore[call-overload]
    p50, p99 = (_percentile(own, 50), _percentile(own, 99)) if own else (got["p50_us"], got["p99_us"])
    return Run(
        right=got["right"],
        wrong=got["wrong"],
        answers=got["answers"],
        seconds=got["duration_us"] / 1e6,
        p50_ms=p50 / 1000,
        p99_ms=p99 / 1000,
        socket_errors=got["socket_errors"],
        timeouts=got["timeouts"],
        first_wrong=str(report["first_wrong"]),
        lock_waits=round(waits.mean("Lock"), 3),
        inner_waits=round(waits.mean("LWLock"), 3),
        deadlocks=waits.deadlocks,
        leftover=tuple(report["leftover"]),  # type: ignore[arg-type]
        **busy,
    )


def _percentile(ordered: list[int], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))]


class _Watch:
    """Reads the processor clocks around a run."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._before = self._read()

    def _read(self) -> tuple[float, ...]:
        children = os.times()
        database = self._target.database
        return (
            time.perf_counter(),
            sum(machine.cpu_seconds(pid) for pid in self._target.pids),
            machine.cpu_seconds(database.pid) if database else 0.0,
            children.children_user + children.children_system,
            machine.busy_seconds(machine.SERVER_CORE),
            machine.busy_seconds(machine.LOAD_CORE),
        )

    def stop(self) -> dict[str, float]:
        wall, server, database, load, core0, core1 = (b - a for a, b in zip(self._before, self._read(), strict=True))
        return {
            "server_busy": round(server / wall, 3),
            "database_busy": round(database / wall, 3),
            "generator_busy": round(load / wall, 3),
            "others_on_server_core": round(max(0.0, core0 - server) / wall, 3),
            "others_on_load_core": round(max(0.0, core1 - load - database) / wall, 3),
        }


def _literal(value: object) -> str:
    """A value as Lua writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return '"' + "".join(_character(c) for c in value.encode()) + '"'
        case Mapping():
            return "{" + ",".join(f"[{_literal(k)}]={_literal(v)}" for k, v in value.items() if v is not None) + "}"
        case Iterable():
            return "{" + ",".join(_literal(each) for each in value) + "}"
    raise TypeError(f"no Lua literal for {type(value).__name__}")


def _character(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}"
