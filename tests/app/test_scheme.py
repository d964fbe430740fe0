"""The handler for the app's own scheme, in a desktop of the test's own: a stand-in for xdg-mime, and the real tool."""

import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from genkan.app import scheme
from genkan.app.handover import hand_over, socket_of
from genkan.app.scheme import Desktop, SchemeDoor, desktop_of, open_scheme_door
from genkan.app.steps import NoReturn, Returned, Visit
from tests.app.by_hand import APP

# Keeps the one association that is asked of it where the real tool keeps all of them, and answers as that does.
STAND_IN = """#!/bin/sh
list="$XDG_CONFIG_HOME/mimeapps.list"
case "$1 $2" in
    "query default")
        [ -f "$list" ] || exit 0
        while IFS='=' read -r type entry; do [ "$type" != "$3" ] || echo "$entry"; done < "$list" ;;
    default*) printf '[Default Applications]\\n%s=%s\\n' "$3" "$2" > "$list" ;;
    *) exit 1 ;;
esac
"""
STATE = "the-state-of-this-sign-in"
ANSWER = f"{APP}?code=the-code&state={STATE}"
TYPE = "x-scheme-handler/jira-server"


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.needs("xdg-mime"))])
def desktop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desktop]:
    """A desktop whose settings all lie in one fresh folder; the socket's path has every character that is special."""
    if request.param == "stand-in":
        tool = tmp_path_factory.mktemp("bin") / "xdg-mime"
        tool.write_text(STAND_IN)
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "X-Generic")
    (home / "xdg_config_home").mkdir()
    runtime = tmp_path_factory.mktemp("s") / '1% "`$'
    runtime.mkdir(mode=0o700)
    found = desktop_of(
        {
            "PATH": _path(),
            "DISPLAY": ":99",
            "XDG_DATA_HOME": str(home / "xdg_data_home"),
            "XDG_CONFIG_HOME": str(home / "xdg_config_home"),
            "XDG_RUNTIME_DIR": str(runtime),
        }
    )
    assert found is not None
    assert found.sockets == runtime / "genkan"
    yield found
    # A lock that somebody waits for is never removed.
    assert not found.sockets.exists() or {path.name for path in found.sockets.iterdir()} <= {"jira-server.lock"}


def _path() -> str:
    return subprocess.run(["/bin/sh", "-c", 'printf %s "$PATH"'], capture_output=True, text=True, check=True).stdout


def handler() -> str:
    asked = ["xdg-mime", "query", "default", TYPE]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def exec_line(desktop: Desktop) -> list[str]:
    """The command of the entry, read as a desktop reads it."""
    text = (desktop.entries / "genkan-app-jira-server.desktop").read_text()
    line = next(line for line in text.splitlines() if line.startswith("Exec=")).removeprefix("Exec=")
    words = shlex.split(line.replace("\\\\", "\\"))
    return [word.replace("\\`", "`").replace("\\$", "$").replace("%%", "%") for word in words]


class Waiting:
    """A door with somebody waiting at it."""

    def __init__(self, desktop: Desktop, seconds: float = 20, state: str = STATE) -> None:
        self.state = state
        self.opened = threading.Event()
        door = open_scheme_door(desktop, APP, lambda _url: self.opened.set(), seconds)
        assert isinstance(door, SchemeDoor)
        self.door = door
        self.came: list[Returned | NoReturn] = []
        self.thread = threading.Thread(target=self._visit)
        self.thread.start()
        self.opened.wait(10)

    def _visit(self) -> None:
        self.came.append(self.door.visit(Visit("https://site.example/authorize", self.state)))

    def end(self) -> Returned | NoReturn:
        self.thread.join(30)
        self.door.close()
        self.door.close()
        (came,) = self.came
        return came


def test_the_desktop_hands_the_answer_over(desktop: Desktop) -> None:
    """While the sign-in lasts the scheme is ours; the entry's command brings the answer; afterwards nothing is left."""
    waiting = Waiting(desktop)
    assert handler() == "genkan-app-jira-server.desktop"
    command = exec_line(desktop)
    assert command[-1] == "%u"
    stranger = subprocess.run([*command[:-1], f"{APP}?code=evil&state=other"], capture_output=True, check=False)
    assert stranger.returncode == 1
    assert waiting.came == []
    subprocess.run([*command[:-1], ANSWER], check=True)
    assert waiting.end() == Returned(ANSWER)
    assert list(desktop.entries.iterdir()) == []
    # Nobody had the scheme before, and nobody is said to have it now.
    assert handler() == ""
    assert all("genkan" not in path.read_text() for path in desktop.lists if path.exists())


def test_other_associations_stay_as_they_were(tmp_path: Path) -> None:
    """Of a list only our entry goes: lines of others, other handlers of the scheme and a link to the list stay."""
    kept, link = tmp_path / "kept", tmp_path / "mimeapps.list"
    kept.write_text(f"[Default Applications]\ntext/html=a.desktop;\n{TYPE}=ours.desktop;b.desktop;\n# {TYPE}\n")
    kept.chmod(0o640)
    link.symlink_to(kept)
    scheme._strike(link, TYPE, "ours.desktop")
    assert kept.read_text() == f"[Default Applications]\ntext/html=a.desktop;\n{TYPE}=b.desktop;\n# {TYPE}\n"
    assert link.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "mimeapps.list"]


def test_a_program_in_one_file_registers_nothing(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its executable is no interpreter: the desktop would start the program anew for every answer."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert open_scheme_door(desktop, APP, lambda _url: None) is None
    assert handler() == ""


def test_the_handler_of_before_comes_back(desktop: Desktop) -> None:
    """A handler that the person had for the scheme is theirs again afterwards."""
    desktop.entries.mkdir(parents=True)
    (desktop.entries / "theirs.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName=Theirs\nExec=true %u\nMimeType={TYPE};\n"
    )
    subprocess.run(["xdg-mime", "default", "theirs.desktop", TYPE], check=True)
    assert handler() == "theirs.desktop"
    waiting = Waiting(desktop, seconds=0.1)
    assert isinstance(waiting.end(), NoReturn)
    assert handler() == "theirs.desktop"


def test_two_sign_ins_at_once(desktop: Desktop) -> None:
    """Each gets its own answer, in whichever order they come, and the handler stays until the last one has closed."""
    desktop.entries.mkdir(parents=True)
    (desktop.entries / "theirs.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName=Theirs\nExec=true %u\nMimeType={TYPE};\n"
    )
    subprocess.run(["xdg-mime", "default", "theirs.desktop", TYPE], check=True)
    first, second = Waiting(desktop, state="state-1"), Waiting(desktop, state="state-2")
    command = exec_line(desktop)[:-1]
    answers = {number: f"{APP}?code=code-{number}&state=state-{number}" for number in (1, 2)}
    subprocess.run([*command, answers[2]], check=True)
    assert second.end() == Returned(answers[2])
    assert first.came == []
    assert handler() == "genkan-app-jira-server.desktop"
    subprocess.run([*command, answers[1]], check=True)
    assert first.end() == Returned(answers[1])
    assert handler() == "theirs.desktop"


def test_a_program_that_was_killed_leaves_the_handler_of_before(desktop: Desktop) -> None:
    """The next sign-in still knows whose the scheme was, although the one before never put it back."""
    desktop.entries.mkdir(parents=True)
    (desktop.entries / "theirs.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName=Theirs\nExec=true %u\nMimeType={TYPE};\n"
    )
    subprocess.run(["xdg-mime", "default", "theirs.desktop", TYPE], check=True)
    killed = Waiting(desktop, seconds=0.1)
    killed.thread.join(30)
    lock = killed.door._registration._lock
    assert lock is not None
    killed.door._registration._lock = None
    killed.door.close()
    os.close(lock)
    assert handler() == "genkan-app-jira-server.desktop"
    Waiting(desktop, seconds=0.1).end()
    assert handler() == "theirs.desktop"


def test_whatever_comes_in_does_not_end_the_wait(desktop: Desktop) -> None:
    """Rubbish on the socket is passed over, and the right answer still gets in."""
    waiting = Waiting(desktop)
    path = socket_of(desktop.sockets, STATE)
    for rubbish in ("", "\x00", "x" * 15000, f"state={STATE}", f"{APP}?state={STATE}&state={STATE}", "\ud800".strip()):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(rubbish.encode("utf-8", "replace"))
    hand_over(str(desktop.sockets), ANSWER)
    assert waiting.end() == Returned(ANSWER)


def test_too_late(desktop: Desktop) -> None:
    """An answer for a sign-in that is over gets a sentence instead of a traceback."""
    command = [sys.executable, "-m", "genkan.app.handover"]
    gone = subprocess.run([*command, "/nonexistent/socket", ANSWER], capture_output=True, text=True, check=False)
    assert gone.returncode == 1
    assert gone.stderr.count("\n") == 1
    assert "over" in gone.stderr


def test_no_desktop_no_handler(desktop: Desktop) -> None:
    """Without a display, without the tool, or where the desktop does not take it, there is no handler and no trace."""
    assert desktop_of({"PATH": _path()}) is None
    assert desktop_of({"PATH": "/nonexistent", "DISPLAY": ":0"}) is None
    assert open_scheme_door(None, APP, lambda _url: None) is None
    refusing = Desktop(desktop.entries, desktop.sockets, "/bin/true")
    assert open_scheme_door(refusing, APP, lambda _url: None) is None
    missing = Desktop(desktop.entries, desktop.sockets, "/nonexistent/xdg-mime")
    assert open_scheme_door(missing, APP, lambda _url: None) is None
    assert not desktop.entries.exists() or list(desktop.entries.iterdir()) == []
