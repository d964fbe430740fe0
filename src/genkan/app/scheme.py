"""A handler for the app's own scheme, registered with the desktop for as long as sign-ins last (RFC 8252 7.1).

Owns the desktop entry and the sockets that its program reports to, which several sign-ins share: an answer goes to the
one whose state it carries. Only where the XDG tools are there; undone by the last one that closes.
"""

import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from genkan.app import undo
from genkan.app.awaited import DEADLINE_SECONDS, AwaitedAnswer
from genkan.app.handover import socket_of
from genkan.app.machine import home
from genkan.app.owned import LOCK, check_private
from genkan.app.steps import NoReturn, Returned, Visit
from genkan.app.vault import VaultTrouble, make_private

LONGEST_SOCKET_PATH = 100
LONGEST_NAME = 30
LONGEST_ADDRESS = 16384
TOOL = "xdg-mime"
LIST = "mimeapps.list"
TOOL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Desktop:
    """Where a desktop keeps its handlers, and where this program may put a socket."""

    entries: Path
    sockets: Path
    tool: str
    lists: tuple[Path, ...] = ()
    """Where ``xdg-mime`` writes whose a scheme is; it has no word for nobody's."""


def desktop_of(environ: Mapping[str, str]) -> Desktop | None:
    """The desktop of this session, None where handlers cannot be registered."""
    tool, own = shutil.which(TOOL, path=environ.get("PATH")), home()
    shown = environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY")
    if tool is None or own is None or not shown or not sys.platform.startswith("linux"):
        return None
    # XDG Base Directory: data for this user, below the home unless it is set
    data = Path(environ.get("XDG_DATA_HOME") or own / ".local" / "share")
    # One place for all programs of a desktop, wherever each keeps its sessions: they share the handler.
    runtime = environ.get("XDG_RUNTIME_DIR")
    sockets = Path(runtime) / "genkan" if runtime else data / "genkan" / "run"
    settings = Path(environ.get("XDG_CONFIG_HOME") or own / ".config")
    entries = data / "applications"
    return Desktop(entries, sockets, tool, (settings / LIST, entries / LIST))


def open_scheme_door(
    desktop: Desktop | None,
    redirect_uri: str,
    open_browser: Callable[[str], None],
    seconds: float = DEADLINE_SECONDS,
) -> "SchemeDoor | None":
    """Register a handler; None where the desktop does not let us."""
    if desktop is None or len(str(desktop.sockets)) > LONGEST_SOCKET_PATH - LONGEST_NAME:
        return None
    if getattr(sys, "frozen", False):
        # A program that was made into one file is no interpreter, which could run the handler.
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
        self._registration = _Registration(desktop, redirect_uri.partition(":")[0].lower())
        self._listening: socket.socket | None = None
        self._path: Path | None = None
        self._undo = undo.add(self._forget)

    def visit(self, asked: Visit) -> Returned | NoReturn:
        """Open the browser and wait for the address with this state."""
        self._answer.expect(asked.state)
        self._path = path = socket_of(self._desktop.sockets, asked.state)
        self._listening = listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen(8)
        threading.Thread(target=self._serve, args=(listening,), name="scheme handler", daemon=True).start()
        self._open_browser(asked.url)
        return self._answer.wait()

    def close(self) -> None:
        """Put the desktop back as it was, unless another sign-in still needs it."""
        self._answer.end()
        listening, self._listening = self._listening, None
        if listening is not None:
            # What is closed already cannot be shut down.
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        self._forget()
        undo.drop(self._undo)
        self._registration.end()

    def _forget(self) -> None:
        path, self._path = self._path, None
        if path is not None:
            path.unlink(missing_ok=True)

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self._answer.offer(_read(connection))


class _Fcntl(Protocol):
    """What is used of ``fcntl``, which only systems with such desktops have."""

    LOCK_SH: int
    LOCK_EX: int
    LOCK_NB: int

    def flock(self, fd: int, operation: int, /) -> None: ...


class _Registration:
    """This scheme's handler, held by each of its sign-ins with a shared lock; the last one takes it off again."""

    def __init__(self, desktop: Desktop, scheme: str) -> None:
        self._desktop = desktop
        self._type = f"x-scheme-handler/{scheme}"
        self._entry = desktop.entries / f"genkan-app-{scheme}.desktop"
        self._before = desktop.sockets / f"{scheme}.before"
        make_private(desktop.sockets)
        self._fcntl = cast("_Fcntl", import_module("fcntl"))
        self._launcher = launcher_in(desktop.sockets, scheme)
        self._lock: int | None = os.open(desktop.sockets / f"{scheme}.lock", LOCK, 0o600)
        self._undo = undo.add(self._off)
        try:
            # Whoever takes it off holds the lock alone, and for a moment only.
            self._fcntl.flock(self._lock, self._fcntl.LOCK_SH)
            self._register()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Take it off if nobody else holds it; may be called again."""
        try:
            self._off()
        finally:
            undo.drop(self._undo)

    def _off(self) -> None:
        lock, self._lock = self._lock, None
        if lock is None:
            return
        try:
            self._fcntl.flock(lock, self._fcntl.LOCK_EX | self._fcntl.LOCK_NB)
            self._take_off()
        except BlockingIOError:
            # Another sign-in goes on; it takes the handler off.
            return
        finally:
            os.close(lock)

    def _register(self) -> None:
        now = self._handler_now()
        if now != self._entry.name:
            self._before.write_text(now)
        self._desktop.entries.mkdir(parents=True, exist_ok=True)
        self._launcher.parent.mkdir(mode=0o700, exist_ok=True)
        check_private(self._launcher.parent)
        self._launcher.write_text(launcher(sys.executable, self._desktop.sockets))
        self._entry.write_text(_entry(self._type, ["/bin/sh", str(self._launcher)]))
        self._tool("default", self._entry.name, self._type)
        if self._handler_now() != self._entry.name:
            raise OSError("the desktop kept its own handler")

    def _take_off(self) -> None:
        self._entry.unlink(missing_ok=True)
        self._launcher.unlink(missing_ok=True)
        if self._launcher.parent != self._desktop.sockets:
            # Another scheme's may lie there.
            with suppress(OSError):
                self._launcher.parent.rmdir()
        before = self._before.read_text() if self._before.exists() else ""
        if before:
            self._tool("default", before, self._type)
        self._before.unlink(missing_ok=True)
        for path in self._desktop.lists:
            # What cannot be mended names an entry that is gone, which desktops pass over.
            with suppress(OSError, UnicodeError):
                _strike(path, self._type, self._entry.name)

    def _handler_now(self) -> str:
        return self._tool("query", "default", self._type).strip()

    def _tool(self, *words: str) -> str:
        line = [self._desktop.tool, *words]
        done = subprocess.run(line, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)  # noqa: S603
        return done.stdout


def _strike(path: Path, mime_type: str, entry: str) -> None:
    """Take one entry out of a list of associations, and nothing else; a whole line where it was alone there."""
    # A list may be a link into somebody's collection of settings, which stays one.
    path = path.resolve()
    if not path.is_file():
        return
    before = path.read_text("utf-8").splitlines(keepends=True)
    after = [kept for line in before if (kept := _without(line, mime_type, entry))]
    if after == before:
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}.genkan")
    try:
        fresh.write_text("".join(after), "utf-8")
        fresh.chmod(path.stat().st_mode & 0o777)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _without(line: str, mime_type: str, entry: str) -> str:
    # MIME Applications Associations 1.0.1: a type, and entries with semicolons between them
    name, equals, value = line.partition("=")
    entries = value.strip().split(";")
    if not equals or name.strip() != mime_type or entry not in entries:
        return line
    others = [each for each in entries if each not in {entry, ""}]
    return f"{name}={';'.join(others)};\n" if others else ""


def _read(connection: socket.socket) -> str:
    received = b""
    try:
        while len(received) <= LONGEST_ADDRESS and (chunk := connection.recv(4096)):
            received += chunk
    except OSError:
        return ""
    return received.decode("utf-8", "replace").strip()


def _entry(mime_type: str, command: list[str]) -> str:
    line = " ".join(word if _is_bare(word) else _quoted(word) for word in command)
    return (
        "[Desktop Entry]\nType=Application\nName=Genkan sign-in\nNoDisplay=true\nTerminal=false\n"
        f"Exec={line} %u\nMimeType={mime_type};\n"
    )


def launcher_in(sockets: Path, scheme: str) -> Path:
    """Where the program lies that the entry names: beside the sockets, or where its path needs no quotes.

    The generic mode of ``xdg-open``, which window managers without a desktop use, splits ``Exec`` at spaces and takes
    quotes for letters. All sign-ins share the launcher, as they share the sockets.
    """
    if _is_bare(str(sockets)):
        return sockets / f"{scheme}.sh"
    mark = hashlib.sha256(os.fsencode(sockets)).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"genkan-{os.getuid()}-{mark}" / f"{scheme}.sh"


def launcher(program: str, sockets: Path) -> str:
    """A script, since a shell can be told of any path: those of interpreters and homes have spaces and more."""
    return f'#!/bin/sh\nexec {shlex.quote(program)} -m genkan.app.handover {shlex.quote(str(sockets))} "$1"\n'


def _is_bare(word: str) -> bool:
    return word.isascii() and all(character.isalnum() or character in "/._-" for character in word)


def _quoted(word: str) -> str:
    """Desktop Entry Specification, Exec: double quotes, four characters escaped, and a percent sign doubled."""
    for character in ("\\", '"', "`", "$"):
        word = word.replace(character, "\\" + character)
    # The file's own string escape comes on top of the quoting.
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'
