"""A real ``genkan serve`` in a process of its own, to be killed and started again over the same data folder."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

COMMAND = (sys.executable, "-m", "genkan")
READY_SECONDS = 30


class Serving:
    """One site over one folder. ``start`` returns once it answers."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
        self.environment = {
            **plain,
            "GENKAN_DATA_DIR": str(folder / "data"),
            "GENKAN_PORT": str(self.port),
            "GENKAN_BASE_URL": self.base,
            **settings,
        }
        self.process: subprocess.Popen[str] | None = None
        self.lines: list[str] = []

    def start(self, stdin: int = subprocess.DEVNULL, words: tuple[str, ...] = (), *, stderr: int | None = None) -> None:
        """Start it, with these flags, and wait for its ready line; stopped by a timer if that never comes."""
        log = (self.folder / "serve.log").open("a")
        self.process = subprocess.Popen(
            [*COMMAND, "serve", *words], env=self.environment, cwd=self.folder, stdin=stdin,
            stdout=subprocess.PIPE, stderr=log if stderr is None else stderr, text=True,
        )  # fmt: skip
        log.close()
        timer = threading.Timer(READY_SECONDS, self.process.kill)
        timer.start()
        try:
            assert self.process.stdout is not None
            self.lines = []
            while line := self.process.stdout.readline():
                self.lines.append(line.strip())
                if line.startswith("ready "):
                    return
        finally:
            timer.cancel()
        raise AssertionError((self.folder / "serve.log").read_text()[-2000:])

    def kill(self) -> None:
        """SIGKILL: no chance to say or save anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as an operator's service manager does."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def command(self, *words: str, given: str = "") -> str:
        """Run another genkan command over the same folder; its standard output."""
        done = subprocess.run(
            [*COMMAND, *words],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Serving]:
    """A site that is stopped whatever happens."""
    site = Serving(folder, **settings)
    site.start()
    try:
        yield site
    finally:
        site.kill()
