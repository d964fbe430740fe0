"""A handler for the app's own scheme, registered with the desktop for the time of one sign-in (RFC 8252 7.1).

Owns the desktop entry and the socket that its program reports to; only where the XDG tools are there. Undone on close.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from genkan.app.awaited import DEADLINE_SECONDS, AwaitedAnswer
from genkan.app.steps import NoReturn, Returned, Visit
from genkan.app.vault import VaultTrouble, make_private

LONGEST_SOCKET_PATH = 100
LONGEST_ADDRESS = 16384
TOOL = "xdg-mime"
TOOL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Desktop:
    """Where a desktop keeps its handlers, and where this program may put a socket."""

    entries: Path
    sockets: Path
    tool: str


def desktop_of(environ: Mapping[str, str], sockets: Path) -> Desktop | None:
    """The desktop of this session, None where handlers cannot be registered."""
    tool = shutil.which(TOOL, path=environ.get("PATH"))
    shown = environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY")
    if tool is None or not shown or not sys.platform.startswith("linux"):
        return None
    # XDG Base Directory: data for this user, below the home unless it is set
    data = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return Desktop(data / "applications", sockets, tool)


def open_scheme_door(
    desktop: Desktop | None,
    redirect_uri: str,
    open_browser: Callable[[str], None],
    seconds: float = DEADLINE_SECONDS,
) -> "SchemeDoor | None":
    """Register a handler; None where the desktop does not let us."""
    if desktop is None or len(str(desktop.sockets)) > LONGEST_SOCKET_PATH - 20:
        return None
    try:
        return SchemeDoor(desktop, redirect_uri, open_browser, seconds)
    except (OSError, VaultTrouble, subprocess.SubprocessError):
        return None


class SchemeDoor:
    """Takes the address that the desktop hands to the scheme's handler while this sign-in lasts."""

    def __init__(
        self, desktop: Desktop, redirect_uri: str, open_browser: Callable[[str], None], seconds: float
    ) -> None:
        self.redirect_uri = redirect_uri
        self._desktop = desktop
        self._open_browser = open_browser
        self._answer = AwaitedAnswer(seconds)
        scheme = redirect_uri.partition(":")[0].lower()
        self._type = f"x-scheme-handler/{scheme}"
        self._entry = desktop.entries / f"genkan-app-{scheme}.desktop"
        self._path = desktop.sockets / f"{os.getpid()}.answer"
        self._before = self._handler_now()
        self._listening = self._listen()
        try:
            self._register()
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._serve, name="scheme handler", daemon=True).start()

    def visit(self, asked: Visit) -> Returned | NoReturn:
        """Open the browser and wait for the address with this state."""
        self._answer.expect(asked.state)
        self._open_browser(asked.url)
        return self._answer.wait()

    def close(self) -> None:
        """Put the desktop back as it was."""
        self._answer.end()
        if self._listening.fileno() < 0:
            return
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._path.unlink(missing_ok=True)
        self._entry.unlink(missing_ok=True)
        if self._before and self._before != self._entry.name:
            self._tool("default", self._before, self._type)

    def _handler_now(self) -> str:
        return self._tool("query", "default", self._type).strip()

    def _register(self) -> None:
        self._desktop.entries.mkdir(parents=True, exist_ok=True)
        self._entry.write_text(_entry(self._type, [sys.executable, "-m", "genkan.app.handover", str(self._path)]))
        self._tool("default", self._entry.name, self._type)
        if self._handler_now() != self._entry.name:
            raise OSError("the desktop kept its own handler")

    def _tool(self, *words: str) -> str:
        line = [self._desktop.tool, *words]
        done = subprocess.run(line, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)  # noqa: S603
        return done.stdout

    def _listen(self) -> socket.socket:
        make_private(self._desktop.sockets)
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self._path))
        listening.listen(8)
        return listening

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self._answer.offer(_read(connection))


def _read(connection: socket.socket) -> str:
    received = b""
    try:
        while len(received) <= LONGEST_ADDRESS and (chunk := connection.recv(4096)):
            received += chunk
    except OSError:
        return ""
    return received.decode("utf-8", "replace").strip()


def _entry(mime_type: str, command: list[str]) -> str:
    line = " ".join(_quoted(word) for word in command)
    return (
        "[Desktop Entry]\nType=Application\nName=Genkan sign-in\nNoDisplay=true\nTerminal=false\n"
        f"Exec={line} %u\nMimeType={mime_type};\n"
    )


def _quoted(word: str) -> str:
    """Desktop Entry Specification, Exec: double quotes, four characters escaped, and a percent sign doubled."""
    for character in ("\\", '"', "`", "$"):
        word = word.replace(character, "\\" + character)
    # The file's own string escape comes on top of the quoting.
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'
