"""A browser for one sign-in: chosen where one is found, given a profile of its own, and gone without a trace."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from genkan.app import throwaway
from genkan.app.agent import HandedAgent, NoDoor, SystemBrowser, browser_of
from genkan.app.steps import NoReturn, Visit
from genkan.app.throwaway import Found, Throwaway
from tests.app.test_loopback import V4

BROWSER = """#!{python}
import pathlib, sys, time
profile = next(word.partition("=")[2] for word in sys.argv if word.startswith("--user-data-dir="))
pathlib.Path(profile, "Cookies").write_text("kept")
pathlib.Path({noted!r}).write_text("\\n".join(sys.argv[1:]))
time.sleep(60)
"""


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A desktop whose only browser is a program that notes how it was started and stays open."""
    programs = tmp_path / "bin"
    programs.mkdir()
    browser = programs / "chromium"
    browser.write_text(BROWSER.format(python=sys.executable, noted=str(tmp_path / "noted")))
    browser.chmod(0o755)
    monkeypatch.setattr(throwaway, "START_SECONDS", 0.05)
    return {"PATH": str(programs), "DISPLAY": ":99"}


def test_found_only_where_it_can_be_shown(desktop: dict[str, str], tmp_path: Path) -> None:
    """On a desktop with a browser, unless the person chose a command; on other systems where they install it."""
    assert throwaway.find(desktop) == Found(str(tmp_path / "bin" / "chromium"), is_firefox=False)
    assert throwaway.find({"PATH": desktop["PATH"]}) is None
    assert throwaway.find({"PATH": str(tmp_path), "DISPLAY": ":99"}) is None
    assert throwaway.find({"PATH": str(tmp_path)}, "darwin") is None
    assert browser_of(desktop).private() is not None
    assert browser_of({**desktop, "GENKAN_BROWSER": "true"}).private() is None


def test_each_kind_has_its_words() -> None:
    """Chromium's and Firefox's ways to start with another profile."""
    profile = Path("/tmp/profile")
    assert Found("chromium", False).command(profile, "https://a")[1] == "--user-data-dir=/tmp/profile"
    firefox = Found("firefox", True).command(profile, "https://a")
    assert firefox[firefox.index("--profile") + 1] == "/tmp/profile"
    for is_firefox in (True, False):
        assert Found("x", is_firefox).command(profile, "https://a")[-1] == "https://a"


def wait_for(path: Path) -> str:
    import time

    for _ in range(400):
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.025)
    raise AssertionError("the browser did not start")


def test_nothing_of_it_stays(desktop: dict[str, str], tmp_path: Path) -> None:
    """It runs with an empty profile, and is ended and removed with it."""
    found = throwaway.find(desktop)
    assert found is not None
    browser = Throwaway(found)
    assert browser.open("https://site.example/authorize?x=1")
    words = wait_for(tmp_path / "noted").splitlines()
    profile = Path(words[0].partition("=")[2])
    assert words[-1] == "https://site.example/authorize?x=1"
    assert profile.stat().st_mode & 0o777 == 0o700
    browser.close()
    assert not profile.exists()
    browser.close()


def test_a_browser_that_does_not_start(tmp_path: Path) -> None:
    """Is told, and leaves no profile either."""
    browser = Throwaway(Found(str(tmp_path / "nothing"), is_firefox=False))
    assert not browser.open("https://site.example")


def test_a_browser_that_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display that it can reach it ends in error: no window came, and no profile stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(throwaway, "START_SECONDS", 30)
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert not Throwaway(Found(str(program), is_firefox=False)).open("https://site.example")
    assert [path.name for path in tmp_path.iterdir()] == ["chromium"]


def test_what_killed_programs_left_is_ended(desktop: dict[str, str], tmp_path: Path) -> None:
    """The browser and the profile of a program that was killed go with the next sign-in; those of others stay."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, living = tmp_path / f"genkan-sign-in-{ended.pid}-a", tmp_path / f"genkan-sign-in-{os.getpid()}-b"
    other = tmp_path / "genkan-sign-in-notes-c"
    for folder in (left, living, other):
        folder.mkdir()
    browser = subprocess.Popen([f"{desktop['PATH']}/chromium", f"--user-data-dir={left}"])
    wait_for(tmp_path / "noted")
    (left / "genkan.pid").write_text(str(browser.pid))
    throwaway.sweep(tmp_path)
    assert browser.wait(30) != 0
    assert (left.exists(), living.exists(), other.exists()) == (False, True, True)


def test_a_number_that_was_given_again_is_nobodys_browser(tmp_path: Path) -> None:
    """A program that happens to have the browser's number does not name the profile, and is left alone."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"genkan-sign-in-{ended.pid}-a"
    left.mkdir()
    (left / "genkan.pid").write_text(str(os.getpid()))
    throwaway.sweep(tmp_path)
    assert not left.exists()


def test_a_snap_gets_a_profile_that_it_can_see(tmp_path: Path) -> None:
    """Below its own folder of the home: the temporary one is another for it, and nobody could remove it there."""
    own = tmp_path / "snap" / "chromium" / "common"
    assert throwaway._place_of("/snap/bin/chromium", tmp_path) == own
    assert throwaway._place_of("/usr/bin/chromium-browser", tmp_path) is None
    own.mkdir(parents=True)
    assert throwaway._place_of("/usr/bin/chromium-browser", tmp_path) == own


class Noting:
    """A private browser that opens nothing."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.opened: list[str] = []
        self.closed = 0

    def open(self, url: str) -> bool:
        self.opened.append(url)
        return self.works

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("private", [True, False])
def test_the_site_decides(monkeypatch: pytest.MonkeyPatch, private: bool, works: bool) -> None:
    """Only a private sign-in gets the browser of its own, closed with the door; where there is none, it is said."""
    monkeypatch.setattr("genkan.app.loopback.DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr("genkan.app.awaited.AwaitedAnswer.wait", lambda _self: NoReturn("nobody came"))
    usual: list[str] = []

    def open_usual(url: str) -> bool:
        usual.append(url)
        return True

    said: list[str] = []
    browser = Noting(works)
    agent = SystemBrowser(
        open_usual,
        said.append,
        HandedAgent(lambda _url: None),
        private_browser=lambda: browser,
    )
    door = agent.open_door((V4,))
    assert not isinstance(door, NoDoor)
    assert isinstance(door.visit(Visit("https://site.example/a", "state", private=private)), NoReturn)
    door.close()
    assert browser.opened == (["https://site.example/a"] if private else [])
    assert browser.closed == int(private)
    assert usual == ([] if private and works else ["https://site.example/a"])
    assert any("keeps what it always keeps" in line for line in said) is (private and not works)


def test_the_whole_way_in_a_browser_of_its_own(desktop: dict[str, str], tmp_path: Path) -> None:
    """The person's own browser is not opened for a private sign-in, and the one that was is gone afterwards."""
    said: list[str] = []
    door = SystemBrowser(browser_of(desktop), said.append, HandedAgent(lambda _url: None)).open_door((V4,))
    assert not isinstance(door, NoDoor)
    came: list[object] = []
    hop = threading.Thread(target=lambda: came.append(door.visit(Visit("https://site.example/a", "s", private=True))))
    hop.start()
    profile = Path(wait_for(tmp_path / "noted").splitlines()[0].partition("=")[2])
    assert profile.exists()
    door.close()
    hop.join(30)
    assert not profile.exists()
    assert [type(brought) for brought in came] == [NoReturn]
    assert said == ["Sign in in the browser window that opens; it keeps nothing and closes by itself."]
