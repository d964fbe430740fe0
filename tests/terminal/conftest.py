"""Fixtures: `genkan app` in this process and as a program, with a folder of its own, against the real site."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.flows import Wanted
from genkan.app.outcomes import Kept, Ready
from genkan.app.session import Sessions
from genkan.app.vault import FileVault
from genkan.cli.app import app
from genkan.clock import draw, now_ms
from genkan.testing import SiteDouble


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    status: object
    out: str
    err: str


class Terminal:
    """One person's terminal; ``folder`` holds what they are signed in to."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], site: SiteDouble
    ) -> None:
        self.folder = folder
        self.site = site
        self._monkeypatch = monkeypatch
        self._capture = capture
        self.settings = {
            "GENKAN_APP_DIR": str(folder),
            "GENKAN_APP_VAULT": "file",
            "GENKAN_BROWSER": f"{sys.executable} -m genkan.testing",
        }
        for name, value in self.settings.items():
            monkeypatch.setenv(name, value)
        for display in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(display, raising=False)

    def __call__(self, *words: str, given: str = "") -> Ran:
        """`genkan app WORDS…` in this process."""
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        status = app(words, result_action="return_value", exit_on_error=False)
        out, err = self._capture.readouterr()
        return Ran(status, out, err)

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """`genkan WORDS…` as a program of its own, without a terminal."""
        return self._start([sys.executable, "-m", "genkan", *words], more)

    def program(self, *words: str, given: str | bytes = "", **more: str) -> Ran:
        """The same to its end."""
        return _to_its_end(self.start(*words, **more), given)

    def redirected(self, streams: str, *words: str, given: str | bytes = "", **more: str) -> Ran:
        """`python WORDS…` with its streams as a shell writes it: `<&-` closes standard input, say."""
        return _to_its_end(self._start(["sh", "-c", f'"$@" {streams}', "sh", sys.executable, *words], more), given)

    def _start(self, line: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
        pipe = subprocess.PIPE
        return subprocess.Popen(line, env={**plain, **self.settings, **more}, stdin=pipe, stdout=pipe, stderr=pipe)

    def sign_in(self, name: str = "alice", site: SiteDouble | None = None, **wanted: str) -> str:
        """What `login` does, with a browser in this process; the access token."""
        with Sessions(FileVault(self.folder / "sessions"), now_ms, draw) as sessions:
            found = sessions.discover(Wanted((site or self.site).base_url, **wanted))  # type: ignore[arg-type]
            assert isinstance(found, Ready), found
            door = HandedAgent((site or self.site).person(name)).open_door(found.site.redirect_uris)
            assert not isinstance(door, NoDoor)
            kept = sessions.sign_in(found.site, door)
            assert isinstance(kept, Kept), kept
            assert kept.state.tokens is not None
            return kept.state.tokens.access


def _to_its_end(started: subprocess.Popen[bytes], given: str | bytes) -> Ran:
    with started as process:
        out, err = process.communicate(given.encode() if isinstance(given, str) else given, timeout=60)
    return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
def genkan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], genkan_site: SiteDouble
) -> Terminal:
    """A terminal where nobody has signed in yet."""
    return Terminal(tmp_path / "app", monkeypatch, capsys, genkan_site)


@pytest.fixture
def signed_in(genkan: Terminal) -> Terminal:
    """A terminal where alice is signed in."""
    genkan.sign_in()
    return genkan
