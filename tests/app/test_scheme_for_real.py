"""The handler as real desktops start it, and as signals end it: Debian 12's ``xdg-open`` without a desktop, SIGTERM,
SIGHUP.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from genkan.app import App, AsyncApp, HandedAgent, MemoryVault, scheme, undo
from genkan.app.scheme import Desktop, SchemeDoor, desktop_of, open_scheme_door
from genkan.app.steps import Returned
from genkan.testing import SiteDouble
from tests.app.by_hand import APP
from tests.app.test_scheme import ANSWER, STAND_IN, Waiting

TYPE = "x-scheme-handler/jira-server"


def environment(folder: Path, runtime: Path) -> dict[str, str]:
    """A session of a window manager without a desktop, all in one folder."""
    for place in (folder / "data", folder / "config", runtime):
        place.mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DISPLAY": ":99",
        "XDG_CURRENT_DESKTOP": "X-Generic",
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_RUNTIME_DIR": str(runtime),
        "BROWSER": "/bin/false",
    }


@pytest.fixture(params=["p", "a 'b&$"])
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    made = environment(tmp_path_factory.mktemp("x"), tmp_path_factory.mktemp("r") / request.param)
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    return made


def at(session: Mapping[str, str]) -> Desktop:
    found = desktop_of(session)
    assert found is not None
    return found


@pytest.mark.needs("xdg-open")
@pytest.mark.parametrize("interpreter", ["as it is", "in a folder with a space"])
def test_plain_xdg_open_starts_the_handler(
    session: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: str
) -> None:
    """Seen: its generic mode took the quotes around each word of Exec for letters, and nothing was started."""
    if interpreter != "as it is":
        wrapper = tmp_path / "My 'own' venv" / "python"
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(wrapper))
    waiting = Waiting(at(session))
    opened = subprocess.run(["xdg-open", ANSWER], env=session, capture_output=True, text=True, timeout=30, check=False)
    assert opened.returncode == 0, opened.stderr
    assert waiting.end() == Returned(ANSWER)


def test_the_entry_has_no_quotes(session: dict[str, str]) -> None:
    """Whatever the paths are: bare words, which every reader of Exec takes for what they are; nothing is left after."""
    door = open_scheme_door(at(session), APP, lambda _url: None)
    assert isinstance(door, SchemeDoor)
    (entry,) = at(session).entries.glob("*.desktop")
    (line,) = (line for line in entry.read_text().splitlines() if line.startswith("Exec="))
    words = line.removeprefix("Exec=").split(" ")
    assert (words[0], words[2:]) == ("/bin/sh", ["%u"])
    launcher = Path(words[1])
    assert launcher.read_text().count("genkan.app.handover") == 1
    assert launcher.parent.stat().st_mode & 0o077 == 0
    door.close()
    assert not launcher.exists()


def test_a_launchers_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the common folder for what is temporary anybody may have been first: then there is no handler."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    made = environment(tmp_path / "x", tmp_path / "with space")
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    place = scheme.launcher_in(at(made).sockets, "jira-server").parent
    assert place.parent == tmp_path
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    assert open_scheme_door(at(made), APP, lambda _url: None) is None
    assert list(place.iterdir()) == []
    assert list(at(made).entries.glob("*.desktop")) == []


SIGN_IN = """
    import asyncio, functools, os, sys, threading
    from genkan.app import undo
    from genkan.app.agent import SystemBrowser
    from genkan.app.hop import Hop
    from genkan.app.scheme import desktop_of, open_scheme_door
    from genkan.app.steps import Visit

    def opened(url):
        print("waiting", flush=True)
        return True

    handler = functools.partial(open_scheme_door, desktop_of(os.environ))
    agent = SystemBrowser(opened, lambda line: None, None, handler)
    hop = Hop()

    def walk():
        assert hop.open(agent, ("jira-server://oauth-callback",)) is None
        hop.visit(Visit("https://site.example/authorize", "the-state"))

    async def in_a_task():
        await asyncio.to_thread(walk)

    undo.take()
    if sys.argv[1] == "thread":
        walk()
    else:
        asyncio.run(in_a_task())
"""


@pytest.fixture
def waiting_program(
    tmp_path: Path, session: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[subprocess.Popen[str]]:
    """A program in the midst of a sign-in, its handler registered."""
    tool = tmp_path / "bin" / "xdg-mime"
    tool.parent.mkdir()
    tool.write_text(STAND_IN)
    tool.chmod(0o755)
    session["PATH"] = f"{tool.parent}:{session['PATH']}"
    line = [sys.executable, "-c", textwrap.dedent(SIGN_IN), request.param]
    with subprocess.Popen(line, env=session, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "waiting\n"
        yield program
        program.kill()


@pytest.mark.parametrize("waiting_program", ["thread", "task"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_sign_in_takes_the_handler_off(
    waiting_program: subprocess.Popen[str], session: dict[str, str], number: signal.Signals
) -> None:
    """Seen: SIGTERM or SIGHUP left the scheme registered. It is taken off, and the program ends by that signal."""
    desktop = at(session)
    assert [path.name for path in desktop.entries.iterdir()] == ["genkan-app-jira-server.desktop"]
    waiting_program.send_signal(number)
    assert waiting_program.wait(20) == -number
    assert list(desktop.entries.iterdir()) == []
    assert {path.name for path in desktop.sockets.iterdir()} <= {"jira-server.lock"}
    assert TYPE not in "".join(path.read_text() for path in desktop.lists if path.exists())


def test_a_programs_own_handling_of_signals_stays(session: dict[str, str]) -> None:
    """What a program handles or ignores is its own; what would have ended it does so again after the sign-in."""

    def own(_number: int, _frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, own), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        number = undo.add(lambda: None)
        assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGHUP) is undo._end
        undo.drop(number)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGHUP, before[1])


def test_a_private_browser_ends_with_its_program(tmp_path: Path) -> None:
    """SIGTERM leaves neither the browser of one sign-in nor its profile behind."""
    browser = tmp_path / "chromium"
    browser.write_text(f'#!/bin/sh\necho $$ > "{tmp_path}/pid"\nexec sleep 60\n')
    browser.chmod(0o755)
    program = f"""
        import time
        from genkan.app import throwaway
        throwaway.START_SECONDS = 0.3
        one = throwaway.Throwaway(throwaway.Found({str(browser)!r}, False))
        assert one.open("https://site.example/")
        print(one._profile, flush=True)
        time.sleep(60)
    """
    line = [sys.executable, "-c", textwrap.dedent(program)]
    own = {**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    with subprocess.Popen(line, env=own, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        profile = Path(running.stdout.readline().strip())
        assert profile.is_dir()
        running.terminate()
        assert running.wait(20) == -signal.SIGTERM
    assert not profile.exists()
    process = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not Path(f"/proc/{process}").exists() or " Z " in Path(f"/proc/{process}/stat").read_text():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the browser still runs")


@pytest.mark.parametrize("in_tasks", [False, True])
def test_the_library_takes_the_signals_for_the_browser_hop_alone(genkan_site: SiteDouble, in_tasks: bool) -> None:
    """For threads and for tasks: while the browser is open they are ours, and afterwards as they were."""
    seen: list[object] = []
    person = genkan_site.person("alice")

    def walk(url: str) -> str | None:
        seen.append(signal.getsignal(signal.SIGHUP))
        return person(url)

    async def connected() -> None:
        app = AsyncApp(agent=HandedAgent(walk), vault=MemoryVault())
        async with await app.connect(genkan_site.base_url) as connection:
            await connection.whoami()

    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        if in_tasks:
            asyncio.run(connected())
        else:
            App(agent=HandedAgent(walk), vault=MemoryVault()).connect(genkan_site.base_url).close()
        assert seen == [undo._end]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
        assert undo._open == {}
    finally:
        signal.signal(signal.SIGHUP, before)
