"""A browser with a profile of its own for one sign-in, removed afterwards: nothing of it is kept on this machine.

Owns which browsers can be started so and their flags; only where one of them is found, and nobody chose another.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genkan.app import owned, undo
from genkan.app.machine import home

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")
FIREFOXES = ("firefox", "firefox-esr")
# Where they are installed on systems that put no program of theirs on the path.
APPLICATIONS = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
    ),
    "win32": (
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
        "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
        "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
    ),
}
CHROMIUM_FLAGS = ("--no-first-run", "--no-default-browser-check", "--disable-sync", "--new-window")
END_SECONDS = 5.0
START_SECONDS = 2.0
"""A browser that finds no display, or no right to run, ends sooner."""
PREFIX = "genkan-sign-in-"
NOTE = "genkan.pid"


@dataclass(frozen=True, slots=True)
class Found:
    """A browser that can be started with a profile of its own."""

    program: str
    is_firefox: bool

    def command(self, profile: Path, url: str) -> list[str]:
        """The words to start it with."""
        if self.is_firefox:
            return [self.program, "--new-instance", "--profile", str(profile), "--new-window", url]
        return [self.program, f"--user-data-dir={profile}", *CHROMIUM_FLAGS, url]


def find(environ: Mapping[str, str], platform: str = sys.platform) -> Found | None:
    """A browser for one sign-in, None where none is found or no screen is there to show it on."""
    if platform.startswith("linux") and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return None
    for name in (*CHROMIUMS, *FIREFOXES):
        if program := shutil.which(name, path=environ.get("PATH")):
            return Found(program, name in FIREFOXES)
    there = next((path for path in APPLICATIONS.get(platform, ()) if Path(path).exists()), None)
    return Found(there, "firefox" in there.lower()) if there else None


class Throwaway:
    """One browser for one sign-in; ``close`` ends it and removes its profile."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._profile: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._undo: int | None = None

    def open(self, url: str) -> bool:
        """Start it at an address; whether it came up."""
        place = _place_of(self._found.program)
        try:
            if place is not None:
                place.mkdir(parents=True, exist_ok=True)
            sweep(place or Path(tempfile.gettempdir()))
            # Whose it is stands in its name: what a killed program left is known by it.
            self._profile = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
        except OSError:
            return False
        self._undo = undo.add(self._end)
        quiet = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a browser found on this machine, started without a shell
                self._found.command(self._profile, url), stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
            (self._profile / NOTE).write_text(str(self._process.pid))
            failed = self._process.wait(START_SECONDS) != 0
        except subprocess.TimeoutExpired:
            return True
        except OSError:
            failed = True
        if failed:
            self.close()
        return not failed

    def close(self) -> None:
        """Nothing of it stays."""
        self._end()
        if self._undo is not None:
            undo.drop(self._undo)
            self._undo = None

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._profile is not None:
            shutil.rmtree(self._profile, ignore_errors=True)
            self._profile = None


def _place_of(program: str, own: Path | None = None) -> Path | None:
    """Where the profile has to lie; None for the usual place of what is temporary.

    A snap has a temporary folder of its own, which nobody else sees, and of the home no hidden folder.
    """
    name = Path(program).name.removesuffix("-browser")
    own = own or home()
    place = own / "snap" / name / "common" if own else None
    return place if place and (place.is_dir() or "/snap/" in program) else None


def sweep(folder: Path) -> None:
    """End the browsers of programs that were killed before they could, and remove their profiles."""
    if not owned.HAS_MODES:
        # Nobody could tell there whose a folder is.
        return
    for left in folder.glob(f"{PREFIX}*-*"):
        process = left.name.removeprefix(PREFIX).partition("-")[0]
        with suppress(OSError):
            own = left.lstat().st_uid == os.getuid() and left.is_dir() and not left.is_symlink()
            if own and process.isdecimal() and not owned.runs(int(process)):
                _end_left(left)
                shutil.rmtree(left, ignore_errors=True)


def _end_left(profile: Path) -> None:
    """Its browser, if the number is still that one's: it is told by the profile among its words."""
    try:
        process = int((profile / NOTE).read_text())
        words = Path("/proc", str(process), "cmdline").read_bytes()
        if process > 1 and os.fsencode(profile) in words:
            os.kill(process, signal.SIGTERM)
    except (OSError, ValueError):
        return
