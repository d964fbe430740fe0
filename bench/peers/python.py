"""What the Python peers have in common: an environment of their own in the cache, gunicorn, glue beside the module."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.peers.base import Peer, Place, Unavailable
from bench.peers.cast import as_document
from bench.servers import Command

THREADS = 8
# One process for one core, threads that share it and keep their connections to the database, connections kept alive as
# behind a proxy.
GUNICORN = ("--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS), "--keep-alive", "75")


class PythonPeer(Peer):
    """`glue` is the folder of its program, `packages` what pip installs for it, `ready_path` any path that answers."""

    glue: Path
    packages: Mapping[str, str]
    ready_path: str

    def install(self, place: Place) -> None:
        venv_install(self._home(place), self.packages)

    def versions(self) -> Mapping[str, str]:
        return {name.partition("[")[0]: version for name, version in self.packages.items()}

    def prepare(self, place: Place) -> None:
        (place.folder / "settings.json").write_text(json.dumps({**as_document(), "key": secrets.token_urlsafe(48)}))
        self.run(place, ["set_up.py"])

    def run(self, place: Place, words: Sequence[str]) -> None:
        """Runs a program of the glue to its end, as the server will be run."""
        argv = [str(self._home(place) / "bin" / "python"), *words]
        env = {**os.environ, **self.environment(place)}
        said = subprocess.run(argv, cwd=self.glue, env=env, capture_output=True, text=True, timeout=300, check=False)
        if said.returncode:
            raise Unavailable(f"{' '.join(words)} failed: {said.stderr.strip()[-300:]}")

    def environment(self, place: Place) -> dict[str, str]:
        return {
            "PYTHONPATH": str(self.glue),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PEER_BASE": place.base,
            "PEER_SETTINGS": str(place.folder / "settings.json"),
            "PEER_DATABASE": str(place.database.folder if place.database else place.folder / "peer.sqlite"),
        }

    def command(self, place: Place) -> Command:
        program = str(self._home(place) / "bin" / "gunicorn")
        argv = [program, *GUNICORN, "--bind", f"127.0.0.1:{place.port}", "wsgi:application"]
        return Command(argv, self.ready_path, self.environment(place))

    def _home(self, place: Place) -> Path:
        return place.cache / f"venv-{self.name}"


def venv_install(home: Path, packages: Mapping[str, str]) -> None:
    """A virtual environment with exactly these versions; returns at once when it is there."""
    wanted = [f"{name}=={version}" for name, version in packages.items()]
    done = home / "installed.json"
    if done.exists() and json.loads(done.read_text()) == wanted:
        return
    for argv in (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *wanted],
    ):
        said = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
        if said.returncode:
            raise Unavailable(f"{' '.join(argv[1:3])} failed: {said.stderr.strip()[-300:]}")
    done.write_text(json.dumps(wanted))
