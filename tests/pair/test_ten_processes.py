"""Ten programs renew one session while answers are lost and programs are killed: nobody is signed out, ever."""

import json
import random
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from genkan import clock
from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.flows import Wanted
from genkan.app.outcomes import Access, Kept, Ready
from genkan.app.session import Sessions
from genkan.app.state import SessionState, decode
from genkan.testing.person import Person, RealBrowser
from tests.pair.holder import vault_in
from tests.pair.real import RealPhone, add_person
from tests.security.serving import Serving, serving
from tests.site.world import PASSWORD
from tests.workshop.tree import ROOT

PROCESSES = 10
ACCESS_SECONDS = 2
SEED = 20261125


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Serving]:
    """A real server whose tokens last two seconds, with the switch on, and with alice."""
    with serving(tmp_path, GENKAN_ACCESS_SECONDS=str(ACCESS_SECONDS), GENKAN_PASSWORD_THREADS="1") as running:
        running.command("mobile", "on")
        add_person(running, "alice")
        yield running


def signed_in(site: Serving, folder: Path) -> str:
    """Sign in once; the id of the session in the vault that all share."""
    browser = RealBrowser()
    with Sessions(vault_in(folder), clock.now_ms, clock.draw) as sessions:
        found = sessions.discover(Wanted(site.base))
        assert isinstance(found, Ready), found
        door = HandedAgent(Person(browser, "alice", (PASSWORD,))).open_door(found.site.redirect_uris)
        assert not isinstance(door, NoDoor)
        kept = sessions.sign_in(found.site, door)
    browser.close()
    assert isinstance(kept, Kept), kept
    return kept.state.id


class Crowd:
    """Ten of them; whoever was killed is replaced by another."""

    def __init__(self, folder: Path, session_id: str, journal: Path) -> None:
        self._words = [sys.executable, "-m", "tests.pair.holder", str(folder), session_id]
        self._journal = journal
        self._chance = random.Random(SEED)
        self._log = (journal.parent / "holders.log").open("ab")
        self.killed = 0
        self.running = [self._another() for _ in range(PROCESSES)]

    def _another(self) -> subprocess.Popen[bytes]:
        words = [*self._words, str(self._chance.randrange(2**32)), str(self._journal)]
        return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._log)

    def wait_until_all_ask(self) -> None:
        for process in self.running:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"

    def kill_one(self) -> None:
        """Whatever it is doing: asking, writing, holding the turn."""
        at = self._chance.randrange(PROCESSES)
        self._end(self.running[at])
        self.killed += 1
        self.running[at] = self._another()

    def none_gave_up(self) -> bool:
        return all(process.poll() is None for process in self.running)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()

    def end(self) -> None:
        for process in self.running:
            self._end(process)
        self._log.close()


@contextmanager
def watching(folder: Path, session_id: str) -> Iterator[Counter[str]]:
    """Reads the vault all the time, as one more program would: what it found, by kind."""
    found: Counter[str] = Counter()
    over = threading.Event()

    def watch() -> None:
        vault = vault_in(folder)
        while not over.wait(0.01):
            try:
                state = decode(session_id, vault.read(session_id) or "")
            except Exception as trouble:  # noqa: BLE001 - told below, by its kind
                found[type(trouble).__name__] += 1
            else:
                signed_in = isinstance(state, SessionState) and state.tokens is not None
                found["whole" if signed_in else type(state).__name__] += 1

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("seconds", [20, pytest.param(240, marks=pytest.mark.long)])
def test_nobody_is_signed_out(site: Serving, tmp_path: Path, seconds: int) -> None:
    """One successor for each generation in what the server told, an unbroken chain to the row, a vault always whole."""
    folder, journal = tmp_path / "app", tmp_path / "journal"
    session_id = signed_in(site, folder)
    crowd = Crowd(folder, session_id, journal)
    try:
        with watching(folder, session_id) as seen:
            crowd.wait_until_all_ask()
            until = monotonic() + seconds
            while monotonic() < until:
                sleep(0.3)
                assert crowd.none_gave_up(), (tmp_path / "holders.log").read_text()
                crowd.kill_one()
    finally:
        crowd.end()
    told = successors(journal)
    assert {shown: len(after) for shown, after in told.items() if len(after) != 1} == {}
    assert set(seen) == {"whole"}
    with Sessions(vault_in(folder), clock.now_ms, clock.draw) as sessions:
        state = decode(session_id, vault_in(folder).read(session_id) or "")
        assert isinstance(state, SessionState)
        assert state.tokens is not None
        before = chain(told, state.tokens.refresh or "")
        assert isinstance(sessions.open(session_id).access(), Access)
    phone = RealPhone(site, folder, "alice")
    assert phone.standing() == [("signed_in", "")]
    generation = phone.seen()[0].row.grant.generation
    # What was kept last may be one behind what the server told last, to somebody who was killed; then this access
    # was told the same again.
    assert generation in {before, before + 1}
    assert len(told) in {generation, generation - 1}
    assert crowd.killed >= 5
    assert len(told) >= 5


def successors(journal: Path) -> dict[str, set[str]]:
    """By each refresh token that was shown, what the server told as its successor; a refusal is a failure."""
    told: dict[str, set[str]] = defaultdict(set)
    lost = 0
    for line in journal.read_text().splitlines():
        entry = json.loads(line)
        assert entry["status"] in {200, 429, 503}, entry["status"]
        lost += entry["lost"]
        if entry["told"]:
            told[entry["shown"]].add(entry["told"])
    assert lost > 0
    return told


def chain(told: dict[str, set[str]], last: str) -> int:
    """How many steps lead from the first token to this one, each the successor of the one before."""
    before = {after: shown for shown, (after,) in told.items()}
    steps = 0
    while last in before:
        last = before[last]
        steps += 1
    return steps
