"""Sessions against a site that enforces rotation: threads, tasks and processes at once, lost answers, restarts."""

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from genkan.app import vault as vaults
from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.drive import AsyncDriver, Driver
from genkan.app.flows import Wanted
from genkan.app.outcomes import Access, Kept, Ready, Retry, SignedOut, SignInAgain
from genkan.app.session import AsyncSessions, Session, Sessions
from genkan.app.state import SessionState
from genkan.app.steps import Answer, Call
from genkan.app.vault import FileVault
from genkan.testing import Asked, SiteDouble
from genkan.testing.faults import MYSELF, TOKEN
from tests.app.conftest import Chance, Clock
from tests.app.desk import ECHO, generations

Start = Callable[[], Sessions]


@pytest.fixture
def start(vault: FileVault, clock: Clock, chance: Chance) -> Iterator[Start]:
    """A program that has just started: nothing but what is on disk."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Sessions(FileVault(vault._folder), clock, chance))


def signed_in(sessions: Sessions, site: SiteDouble, name: str = "alice") -> Session:
    found = sessions.discover(Wanted(site.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(site.person(name)).open_door(found.site.redirect_uris)
    assert not isinstance(door, NoDoor)
    kept = sessions.sign_in(found.site, door)
    assert isinstance(kept, Kept), kept
    return sessions.open(kept.state.id)


@pytest.fixture
def sessions(start: Start) -> Sessions:
    return start()


@pytest.fixture
def session(sessions: Sessions, site: SiteDouble) -> Session:
    return signed_in(sessions, site)


def linger(site: SiteDouble) -> None:
    """A token endpoint that takes long enough for everybody else to have looked at the old state."""
    site.faults.slow(TOKEN, seconds=0.15, times=1000)


def refreshes(site: SiteDouble) -> list[int]:
    """How often each refresh token was shown, in order."""
    forms = [asked.form for asked in site.faults.requests(TOKEN)]
    return list(Counter(form["refresh_token"] for form in forms if "refresh_token" in form).values())


def rotations(site: SiteDouble) -> int:
    """How often the one phone's tokens were replaced; it is signed in still."""
    (phone,) = site.phones()
    assert phone.state == "signed_in"
    return phone.generation


def token_of(session: Session) -> str:
    access = session.access()
    assert isinstance(access, Access), access
    return access.token


def test_sign_in_keeps_a_named_session(sessions: Sessions, site: SiteDouble) -> None:
    """After the sign-in the session is kept, with the account that `myself` names, and works."""
    session = signed_in(sessions, site)
    (state,) = sessions.saved()
    assert isinstance(state, SessionState)
    assert state.account is not None
    answer = session.whoami()
    assert isinstance(answer, Answer)
    told = json.loads(answer.body)
    assert (state.account.name, state.account.key) == (told["name"], told["key"])
    assert (told["name"], told["displayName"]) == ("alice", "Alice A.")


def test_tokens_are_on_disk_before_their_first_use(sessions: Sessions, site: SiteDouble, vault: FileVault) -> None:
    """When the first request with the new token arrives, the token is already durably kept; after a refresh as well."""
    found_on_disk: list[bool] = []

    def look(asked: Asked) -> None:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        texts = [vault.read(name) or "" for name in vault.names()]
        found_on_disk.append(any(f'"{token}"' in text for text in texts))

    site.faults.decide(MYSELF, look)
    session = signed_in(sessions, site)
    access = session.access()
    assert isinstance(access, Access)
    session.access(rejected=access.token)
    session.whoami()
    assert found_on_disk == [True, True]


def test_a_second_sign_in_replaces_the_first(sessions: Sessions, site: SiteDouble) -> None:
    """The same account at the same site is one session, under one device mark; another account stays beside it."""
    signed_in(sessions, site)
    signed_in(sessions, site)
    assert len(sessions.saved()) == 1
    first, second = (asked.form["device_id"] for asked in site.faults.requests(TOKEN))
    assert first == second
    signed_in(sessions, site, "bob")
    assert len(sessions.saved()) == 2


def test_a_session_without_a_name_learns_it(sessions: Sessions, site: SiteDouble) -> None:
    """A sign-in stands when `myself` cannot be asked, and is named by the first answer."""
    site.faults.fail(MYSELF, 503, times=99)
    session = signed_in(sessions, site)
    (state,) = sessions.saved()
    assert isinstance(state, SessionState)
    assert state.account is None
    site.faults.clear()
    session.whoami()
    (state,) = sessions.saved()
    assert isinstance(state, SessionState)
    assert state.account is not None


def test_restored_after_a_restart(session: Session, start: Start, clock: Clock, site: SiteDouble) -> None:
    """A new process finds the session, uses its token without asking, and renews it when it has expired."""
    before = len(site.faults.asked)
    again = start().open(session.id)
    assert isinstance(again.access(), Access)
    assert len(site.faults.asked) == before
    clock.forward(4000)
    renewed = start().open(session.id).access()
    assert isinstance(renewed, Access)
    assert rotations(site) == 1


def test_many_threads_refresh_once(session: Session, clock: Clock, site: SiteDouble) -> None:
    """Threads that find the token expired together rotate it once and all get the same successor, each generation."""
    linger(site)
    tokens = [token_of(session)]
    for _ in range(4):
        clock.forward(4000)
        with ThreadPoolExecutor(8) as pool:
            tokens += pool.map(lambda _: token_of(session), range(8))
    assert generations(tokens) == [0] + [1] * 8 + [2] * 8 + [3] * 8 + [4] * 8
    assert (rotations(site), refreshes(site)) == (4, [1] * 4)


def test_two_programs_in_one_process_refresh_once(
    session: Session, start: Start, clock: Clock, site: SiteDouble
) -> None:
    """Two vault objects over one folder exclude each other as two processes do."""
    linger(site)
    clock.forward(4000)
    both = [session, start().open(session.id)]
    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(token_of, both))) == 1
    assert (rotations(site), refreshes(site)) == (1, [1])


async def test_many_tasks_refresh_once(
    session: Session, vault: FileVault, clock: Clock, chance: Chance, site: SiteDouble
) -> None:
    """Tasks of one loop rotate once too, more of them than there are threads for blocking work."""
    first = token_of(session)
    linger(site)
    clock.forward(4000)
    driver = AsyncDriver(clock.ticks)
    sessions = AsyncSessions(vault, clock, chance, driver)
    one = sessions.open(session.id)
    found = await asyncio.gather(*(one.access() for _ in range(100)))
    tokens = [access.token for access in found if isinstance(access, Access)]
    assert generations([first, *tokens]) == [0] + [1] * 100
    assert (rotations(site), refreshes(site)) == (1, [1])
    answer = await one.call(Call("GET", ECHO))
    assert isinstance(answer, Answer)
    assert isinstance(await one.sign_out(), SignedOut)
    assert await sessions.saved() == ()
    await sessions.close()


async def test_async_sign_in(vault: FileVault, clock: Clock, chance: Chance, site: SiteDouble) -> None:
    """The asynchronous face signs in over the same flows."""
    sessions = AsyncSessions(vault, clock, chance)
    found = await sessions.discover(Wanted(site.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(site.person()).open_door(found.site.redirect_uris)
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


def test_two_processes_refresh_once(session: Session, vault: FileVault, site: SiteDouble) -> None:
    """Two processes that are both told their token is no good rotate once a generation, and both go on."""
    linger(site)
    token = token_of(session)
    command = [sys.executable, "-c", PROCESS, str(vault._folder), session.id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as two:  # type: ignore[call-overload]
        for generation in range(1, 11):
            for process in (one, two):
                process.stdin.write(f"{token}\n")
                process.stdin.flush()
            found = [process.stdout.readline().strip() for process in (one, two)]
            assert found[0] == found[1] != token
            assert rotations(site) == generation
            token = found[0]
        for process in (one, two):
            process.stdin.close()
            assert process.wait(30) == 0
    assert refreshes(site) == [1] * 10


def test_a_lost_answer_gets_the_same_successor(session: Session, clock: Clock, site: SiteDouble) -> None:
    """The answer to a refresh is lost twice: the same refresh token is shown again and gives the same successor."""
    first = token_of(session)
    clock.forward(4000)
    site.faults.lose_answer(TOKEN, times=2)
    assert token_of(session) != first
    assert site.faults.pending == 0
    assert (rotations(site), refreshes(site)) == (1, [3])


def test_a_lost_answer_is_asked_again_a_day_later(
    session: Session, start: Start, clock: Clock, site: SiteDouble
) -> None:
    """All answers lost, the program ended: a day later a new process shows the old token and is signed in."""
    first = token_of(session)
    clock.forward(4000)
    site.faults.lose_answer(TOKEN, times=3)
    assert isinstance(session.access(), Retry)
    clock.forward(86_400)
    site.clock.advance(90_400)
    again = start().open(session.id)
    assert token_of(again) != first
    assert (rotations(site), refreshes(site)) == (1, [4])
    assert isinstance(again.whoami(), Answer)


def test_killed_between_the_answer_and_the_disk(
    session: Session, start: Start, clock: Clock, site: SiteDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that dies before the successor is durable starts again with the old token and is signed in."""
    clock.forward(4000)
    with monkeypatch.context() as patch:

        def die(_path: Path, _content: bytes) -> None:
            raise KeyboardInterrupt

        patch.setattr(vaults, "_overwrite", die)
        with pytest.raises(KeyboardInterrupt):
            session.access()
    assert rotations(site) == 1
    assert [state.renewing for state in start().saved() if isinstance(state, SessionState)] == [True]
    again = start().open(session.id)
    assert isinstance(again.access(), Access)
    assert isinstance(again.whoami(), Answer)
    assert [state.renewing for state in start().saved() if isinstance(state, SessionState)] == [False]
    assert (rotations(site), refreshes(site)) == (1, [2])


def test_a_lost_exchange_is_a_new_sign_in(sessions: Sessions, site: SiteDouble) -> None:
    """A code is shown once: its answer lost, the person starts again, and that works."""
    site.faults.lose_answer(TOKEN)
    found = sessions.discover(Wanted(site.base_url))
    assert isinstance(found, Ready)
    door = HandedAgent(site.person()).open_door(found.site.redirect_uris)
    assert not isinstance(door, NoDoor)
    assert isinstance(sessions.sign_in(found.site, door), SignInAgain)
    assert len(site.faults.requests(TOKEN)) == 1
    assert sessions.saved() == ()
    session = signed_in(sessions, site)
    assert isinstance(session.whoami(), Answer)


def test_ended_at_the_site(session: Session, clock: Clock, site: SiteDouble) -> None:
    """Signed out by an administrator: the next refresh says so and the site is not asked again."""
    site.sign_out(person="alice")
    clock.forward(4000)
    first = session.access()
    asked = len(site.faults.asked)
    assert isinstance(first, SignInAgain)
    assert session.access() == first
    assert len(site.faults.asked) == asked


def test_ended_while_the_token_looks_good(session: Session, site: SiteDouble) -> None:
    """A token that was ended early is refused, the refresh too, and the call says to sign in again."""
    site.sign_out(person="alice")
    assert isinstance(session.whoami(), SignInAgain)


def test_sign_out_ends_it_at_the_site(sessions: Sessions, session: Session, site: SiteDouble) -> None:
    """The refresh token is revoked and the session forgotten."""
    assert isinstance(session.sign_out(), SignedOut)
    assert [phone.state for phone in site.phones()] == ["signed_out"]
    assert sessions.saved() == ()
    assert isinstance(session.access(), SignInAgain)


def test_refreshing_while_signing_out(session: Session, clock: Clock, site: SiteDouble) -> None:
    """Whichever comes first, the session ends up forgotten and nothing is left to refresh."""
    linger(site)
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


def test_a_shared_driver_serves_threads(site: SiteDouble, clock: Clock) -> None:
    """One driver may be used by many threads at once, also for its very first request."""
    driver = Driver(clock.ticks)
    start = threading.Barrier(6)
    sessions = Sessions(FileVault(Path("/nonexistent")), clock, Chance(), driver)

    def one(_: int) -> object:
        start.wait(10)
        return sessions.discover(Wanted(site.base_url))

    with ThreadPoolExecutor(6) as pool:
        assert all(isinstance(found, Ready) for found in pool.map(one, range(6)))
    sessions.close()
