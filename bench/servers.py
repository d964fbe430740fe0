"""Owns the life of a server under test: starts it on its core, waits for its first answer, ends it."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0


class ServerDied(RuntimeError):
    """The server ended, or never answered, while it was needed."""


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Command:
    """How a server is started, and the path whose first answer below 500 means that it is up."""

    argv: Sequence[str]
    ready_path: str
    env: Mapping[str, str]


@dataclass
class Server:
    """A running server process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    first_answer_s: float

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Asks the process group to end, and ends it when it does not."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(STOP_LIMIT_S)


def start(command: Command, port: int, folder: Path, core: int = machine.SERVER_CORE) -> Server:
    """Starts the command pinned to `core` and returns at its first answer."""
    log = folder / "server.log"
    began = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            machine.pin(command.argv, core),
            env={**os.environ, **command.env},
            cwd=folder,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    server = Server(port, process, log, 0.0)
    try:
        _await_answer(server, command.ready_path, began + START_LIMIT_S)
    except BaseException:
        server.stop()
        raise
    server.first_answer_s = time.perf_counter() - began
    return server


def _await_answer(server: Server, path: str, deadline: float) -> None:
    while time.perf_counter() < deadline:
        if server.process.poll() is not None:
            raise ServerDied(f"the server ended at its start:\n{_tail(server.log)}")
        if _answers(server.port, path):
            return
        time.sleep(0.005)
    raise ServerDied(f"no answer in {START_LIMIT_S:.0f} s:\n{_tail(server.log)}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
