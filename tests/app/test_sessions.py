"""Sessions against a site that enforces rotation: threads, tasks and processes at once, lost answers, restarts."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.drive import AsyncDriver, Driver
from genkan.app.flows import Wanted
from genkan.app.outcomes import Access, Kept, Ready, Retry, SignedOut, SignInAgain
from genkan.app.session import AsyncSessions, Session, Sessions
from genkan.app.state import SessionState
from genkan.app.steps import Answer, Call
from genkan.app.vault import FileVault
from tests.app.conftest import Chance, Clock
from tests.app.double import TOKEN, Asked, Double, Reply

Start = Callable[[], Sessions]


@pytest.fixture
def start(vault: FileVault, clock: Clock, chance: Chance) -> Iterator[Start]:
    """A program that has just started: nothing but what is on disk."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Sessions(FileVault(vault._folder), clock, chance))


def signed_in(sessions: Sessions, double: Double) -> Session:
    found = sessions.discover(Wanted(double.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(double.walk).open_door(found.site.redirect_uris)
    assert not isinstance(door, NoDoor)
    kept = sessions.sign_in(found.site, door)
    assert isinstance(kept, Kept), kept
    return sessions.open(kept.state.id)


@pytest.fixture
def sessions(start: Start) -> Sessions:
    return start()


@pytest.fixture
def session(sessions: Sessions, double: Double) -> Session:
    return signed_in(sessions, double)


def linger(_asked: Asked) -> None:
    """A token endpoint that takes long enough for everybody else to have looked at the old state."""
    threading.Event().wait(0.15)


def test_sign_in_keeps_a_named_session(sessions: Sessions, double: Double) -> None:
    """After the sign-in the session is kept, with the account that `myself` names, and works."""
    session = signed_in(sessions, double)
    (state,) = sessions.saved()
    assert isinstance(state, SessionState)
    assert state.account is not None
    assert (state.account.name, state.account.key) == ("alice", "u1")
    answer = session.whoami()
    assert isinstance(answer, Answer)
    assert json.loads(answer.body) == double.person


def test_tokens_are_on_disk_before_their_first_use(sessions: Sessions, double: Double, vault: FileVault) -> None:
    """When the first request with the new token arrives, the token is already durably kept; after a refresh as well."""
    found_on_disk: list[bool] = []

    def look(asked: Asked) -> Reply | None:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        texts = [vault.read(name) or "" for name in vault.names()]
        found_on_disk.append(any(f'"{token}"' in text for text in texts))
        return None

    double.overrides["/rest/api/2/myself"] = look
    session = signed_in(sessions, double)
    access = session.access()
    assert isinstance(access, Access)
    session.access(rejected=access.token)
    session.whoami()
    assert found_on_disk == [True, True]


def test_a_second_sign_in_replaces_the_first(sessions: Sessions, double: Double) -> None:
    """The same account at the same site is one session, under one device mark; another account stays beside it."""
    signed_in(sessions, double)
    signed_in(sessions, double)
    assert len(sessions.saved()) == 1
    assert len(set(double.device_ids)) == 1
    assert len(double.device_ids) == 2
    double.person = {"name": "bob", "key": "u2"}
    signed_in(sessions, double)
    assert len(sessions.saved()) == 2


def test_a_session_without_a_name_learns_it(sessions: Sessions, double: Double) -> None:
    """A sign-in stands when `myself` cannot be asked, and is named by the first answer."""
    double.overrides["/rest/api/2/myself"] = lambda _asked: Reply(503)
    session = signed_in(sessions, double)
    (state,) = sessions.saved()
    assert isinstance(state, SessionState)
    assert state.account is None
    double.overrides.clear()
    session.whoami()
    (state,) = sessions.saved()
    assert isinstance(state, SessionState)
    assert state.account is not None


def test_restored_after_a_restart(session: Session, start: Start, clock: Clock, double: Double) -> None:
    """A new process finds the session, uses its token without asking, and renews it when it has expired."""
    before = len(double.asked)
    again = start().open(session.id)
    assert isinstance(again.access(), Access)
    assert len(double.asked) == before
    clock.forward(4000)
    renewed = start().open(session.id).access()
    assert isinstance(renewed, Access)
    assert double.rotations[100] == 1


def test_many_threads_refresh_once(session: Session, clock: Clock, double: Double) -> None:
    """Threads that find the token expired together rotate it once and all get the same successor, each generation."""
    double.overrides[TOKEN] = linger
    for generation in range(100, 104):
        clock.forward(4000)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: session.access(), range(8)))
        tokens = {access.token for access in found if isinstance(access, Access)}
        assert tokens == {f"at-{generation + 1}"}
        assert len(found) == 8
    assert (double.rotations, double.retries, double.ended) == ({100: 1, 101: 1, 102: 1, 103: 1}, {}, None)


def test_two_programs_in_one_process_refresh_once(session: Session, start: Start, clock: Clock, double: Double) -> None:
    """Two vault objects over one folder exclude each other as two processes do."""
    double.overrides[TOKEN] = linger
    clock.forward(4000)
    both = [session, start().open(session.id)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: one.access(), both))
    assert all(isinstance(access, Access) for access in found)
    assert double.rotations == {100: 1}
    assert double.retries == {}


async def test_many_tasks_refresh_once(
    session: Session, vault: FileVault, clock: Clock, chance: Chance, double: Double
) -> None:
    """Tasks of one loop rotate once too, more of them than there are threads for blocking work."""
    double.overrides[TOKEN] = linger
    clock.forward(4000)
    driver = AsyncDriver(clock.ticks)
    sessions = AsyncSessions(vault, clock, chance, driver)
    one = sessions.open(session.id)
    found = await asyncio.gather(*(one.access() for _ in range(100)))
    assert {access.token for access in found if isinstance(access, Access)} == {"at-101"}
    assert len(found) == 100
    assert double.rotations == {100: 1}
    assert double.retries == {}
    answer = await one.call(Call("GET", "/rest/api/2/echo"))
    assert isinstance(answer, Answer)
    assert isinstance(await one.sign_out(), SignedOut)
    assert await sessions.saved() == ()
    await sessions.close()


async def test_async_sign_in(vault: FileVault, clock: Clock, chance: Chance, double: Double) -> None:
    """The asynchronous face signs in over the same flows."""
    sessions = AsyncSessions(vault, clock, chance)
    found = await sessions.discover(Wanted(double.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(double.walk).open_door(found.site.redirect_uris)
    assert not isinstance(door, NoDoor)
    kept = await sessions.sign_in(found.site, door)
    assert isinstance(kept, Kept)
    answer = await sessions.open(kept.state.id).whoami()
    assert isinstance(answer, Answer)
    await sessions.close()


PROCESS = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from genkan import clock
    from genkan.app.outcomes import Access
    from genkan.app.session import Sessions
    from genkan.app.vault import FileVault
    session = Sessions(FileVault(Path(sys.argv[1])), clock.now_ms, clock.draw).open(sys.argv[2])
    for line in sys.stdin:
        found = session.access(rejected=line.strip())
        print(found.token if isinstance(found, Access) else repr(found), flush=True)
    """
)


def test_two_processes_refresh_once(session: Session, vault: FileVault, double: Double) -> None:
    """Two processes that are both told their token is no good rotate once a generation, and both go on."""
    double.overrides[TOKEN] = linger
    command = [sys.executable, "-c", PROCESS, str(vault._folder), session.id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as two:  # type: ignore[call-overload]
        for generation in range(100, 110):
            for process in (one, two):
                process.stdin.write(f"at-{generation}\n")
                process.stdin.flush()
            found = [process.stdout.readline().strip() for process in (one, two)]
            assert found == [f"at-{generation + 1}"] * 2
        for process in (one, two):
            process.stdin.close()
            assert process.wait(30) == 0
    assert double.rotations == dict.fromkeys(range(100, 110), 1)
    assert double.retries == {}
    assert double.ended is None


def test_a_lost_answer_gets_the_same_successor(session: Session, clock: Clock, double: Double) -> None:
    """The answer to a refresh is lost twice: the same refresh token is shown again and gives the same successor."""
    clock.forward(4000)
    double.drop_answers[TOKEN] = 2
    found = session.access()
    assert isinstance(found, Access)
    assert found.token == "at-101"
    assert (double.rotations[100], double.retries[100], double.ended) == (1, 2, None)


def test_a_lost_answer_is_asked_again_a_day_later(session: Session, start: Start, clock: Clock, double: Double) -> None:
    """All answers lost, the program ended: a day later a new process shows the old token and is signed in."""
    clock.forward(4000)
    double.drop_answers[TOKEN] = 3
    assert isinstance(session.access(), Retry)
    clock.forward(86_400)
    found = start().open(session.id).access()
    assert isinstance(found, Access)
    assert found.token == "at-101"
    assert double.rotations[100] == 1
    assert double.ended is None


def test_killed_between_the_answer_and_the_disk(
    session: Session, start: Start, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that dies before the successor is durable starts again with the old token and is signed in."""
    clock.forward(4000)
    with monkeypatch.context() as patch:

        def die(_handle: int) -> None:
            raise KeyboardInterrupt

        patch.setattr(os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            session.access()
    assert double.rotations[100] == 1
    again = start().open(session.id)
    assert isinstance(again.access(), Access)
    assert isinstance(again.whoami(), Answer)
    assert (double.retries[100], double.ended) == (1, None)


def test_a_lost_exchange_is_a_new_sign_in(sessions: Sessions, double: Double) -> None:
    """A code is shown once: its answer lost, the person starts again, and that works."""
    double.drop_answers[TOKEN] = 1
    found = sessions.discover(Wanted(double.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(double.walk).open_door(found.site.redirect_uris)
    assert not isinstance(door, NoDoor)
    assert isinstance(sessions.sign_in(found.site, door), SignInAgain)
    assert double.paths().count(TOKEN) == 1
    assert sessions.saved() == ()
    signed_in(sessions, double)
    assert double.ended is None


def test_ended_at_the_site(session: Session, clock: Clock, double: Double) -> None:
    """Signed out by an administrator: the next refresh says so and the site is not asked again."""
    double.ended = "signed_out"
    clock.forward(4000)
    first = session.access()
    asked = len(double.asked)
    assert isinstance(first, SignInAgain)
    assert session.access() == first
    assert len(double.asked) == asked


def test_ended_while_the_token_looks_good(session: Session, double: Double) -> None:
    """A token that was ended early is refused, the refresh too, and the call says to sign in again."""
    double.ended = "signed_out"
    assert isinstance(session.whoami(), SignInAgain)


def test_sign_out_ends_it_at_the_site(sessions: Sessions, session: Session, double: Double) -> None:
    """The refresh token is revoked and the session forgotten."""
    assert isinstance(session.sign_out(), SignedOut)
    assert double.revoked == ["rt-100"]
    assert sessions.saved() == ()
    assert isinstance(session.access(), SignInAgain)


def test_refreshing_while_signing_out(session: Session, clock: Clock, double: Double) -> None:
    """Whichever comes first, the session ends up forgotten and nothing is left to refresh."""
    double.overrides[TOKEN] = linger
    clock.forward(4000)
    with ThreadPoolExecutor(4) as pool:
        refreshes = [pool.submit(session.access) for _ in range(3)]
        out = pool.submit(session.sign_out)
        assert isinstance(out.result(), SignedOut)
        assert all(isinstance(done.result(), Access | SignInAgain) for done in refreshes)
    assert isinstance(session.access(), SignInAgain)


def test_no_server_code_is_imported() -> None:
    """The app is the wire vocabulary and itself: no part of the server comes along, and no web framework."""
    program = textwrap.dedent(
        """
        import pkgutil, importlib, sys, genkan.app
        for found in pkgutil.walk_packages(genkan.app.__path__, "genkan.app."):
            # Each of these is the meeting with one foreign library, and loaded with it.
            if not found.name.startswith(("genkan.app.adapters.", "genkan.app.deadline")):
                importlib.import_module(found.name)
        for name in genkan.app.__all__:
            getattr(genkan.app, name)
        ours = {name.split(".")[1] for name in sys.modules if name.startswith("genkan.")}
        foreign = {"starlette", "uvicorn", "sqlite3", "cryptography", "jinja2", "argon2"} & set(sys.modules)
        slow = {"httpx2", "keyring"} & set(sys.modules)
        print(sorted(ours), sorted(foreign), sorted(slow))
        """
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "['app', 'clock', 'wire'] [] []"


def test_starts_without_a_request_stay_light(session: Session, vault: FileVault, tmp_path: Path) -> None:
    """Using a token that still holds imports neither the HTTP client nor the keyring."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from genkan.app.outcomes import Access
        from genkan.app.session import Sessions
        from genkan.app.vault import FileVault
        sessions = Sessions(FileVault(Path(sys.argv[1])), lambda: 1_700_000_000_000, lambda size: bytes(size))
        assert isinstance(sessions.open(sys.argv[2]).access(), Access)
        print(sorted({"httpx2", "keyring"} & set(sys.modules)))
        """
    )
    command = [sys.executable, "-c", program, str(vault._folder), session.id]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_shared_driver_serves_threads(double: Double, clock: Clock) -> None:
    """One driver may be used by many threads at once, also for its very first request."""
    driver = Driver(clock.ticks)
    start = threading.Barrier(6)
    sessions = Sessions(FileVault(Path("/nonexistent")), clock, Chance(), driver)

    def one(_: int) -> object:
        start.wait(10)
        return sessions.discover(Wanted(double.base_url))

    with ThreadPoolExecutor(6) as pool:
        assert all(isinstance(found, Ready) for found in pool.map(one, range(6)))
    sessions.close()
