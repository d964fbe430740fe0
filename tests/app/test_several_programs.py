"""Several programs of one person over one vault: each keeps its own link, and none loses its session to another."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genkan.app import App, AsyncApp, FileVault, HandedAgent, Link, Machine, NoDoor, SignInNeeded
from genkan.app.discovery import Wanted
from genkan.app.outcomes import Kept, Ready
from genkan.app.session import Sessions
from genkan.testing import AppLink, Setup, SiteDouble
from genkan.wire.scopes import Permission

MYSELF = "/rest/api/2/myself"
CALLBACK = "http://127.0.0.1/callback"


@pytest.fixture
def site() -> Iterator[SiteDouble]:
    report = AppLink("Report", (CALLBACK,), Permission.READ, confidential=False)
    with SiteDouble(Setup(people=("alice", "bob"), links=(report,))) as site:
        yield site


class Programs:
    """Programs that share a folder; each has a vault object of its own, as processes have."""

    def __init__(self, folder: Path, site: SiteDouble) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.visits: list[str] = []
        self.before_answer: Callable[[], object] = lambda: None
        self._walk = site.person("alice")

    def walk(self, url: str) -> str | None:
        self.visits.append(url)
        self.before_answer()
        return self._walk(url)

    def log_in(self, site: SiteDouble, walk: Callable[[str], str | None] | None = None) -> Kept:
        """What `genkan app login` does."""
        machine = Machine()
        with Sessions(FileVault(self.folder), machine.now, machine.draw) as sessions:
            found = sessions.discover(Wanted(site.base_url))
            assert isinstance(found, Ready)
            door = HandedAgent(walk or self.walk).open_door(found.site.redirect_uris)
            assert not isinstance(door, NoDoor)
            kept = sessions.sign_in(found.site, door)
            assert isinstance(kept, Kept), kept
            return kept

    def app(self) -> App:
        machine = Machine(say=self.said.append)
        return App(vault=FileVault(self.folder), agent=HandedAgent(self.walk), machine=machine, examine=False)


@pytest.fixture
def programs(tmp_path: Path, site: SiteDouble) -> Programs:
    return Programs(tmp_path / "sessions", site)


def test_a_link_gets_its_own_session(site: SiteDouble, programs: Programs) -> None:
    """The manual's example beside a program without a link: each has its client and its permission, both stay."""
    link = Link(site.links["Report"].client_id, redirect_uris=(CALLBACK,), scope="READ")
    with programs.app().connect(site.base_url) as plain, programs.app().connect(site.base_url, link=link) as report:
        assert report.site.client_id == link.client_id != plain.site.client_id
        assert report.access().scope == "READ"
        assert plain.access().scope != "READ"
        assert plain.get(MYSELF).ok
        assert report.get(MYSELF).ok
        for again, first in ((Link(), plain), (link, report)):
            with programs.app().connect(site.base_url, link=again, sign_in=False) as found:
                assert found.id == first.id
        with programs.app().sign_in(site.base_url, link=link) as renewed:
            assert renewed.get(MYSELF).ok
        assert plain.get(MYSELF).ok
        assert len(programs.app().saved()) == 2
    with pytest.raises(SignInNeeded):
        programs.app().connect(site.base_url, link=Link(link.client_id, scope="WRITE"), sign_in=False)


def test_a_sign_in_elsewhere_is_gone_on_with(site: SiteDouble, programs: Programs) -> None:
    """A second sign-in of the same account replaces the first; the program that runs goes on with the new one."""
    with programs.app().connect(site.base_url) as running:
        first = running.id
        with programs.app().sign_in(site.base_url) as later:
            assert running.get(MYSELF).ok
            assert running.id == later.id != first
            assert running.whoami().name == "alice"
            with programs.app().sign_in(site.base_url):
                pass
            assert running.fresh_token()
            running.sign_out()
    assert programs.app().saved() == ()
    assert {phone.state for phone in site.phones()} == {"signed_out"}


def test_tasks_go_on_with_it_too(site: SiteDouble, programs: Programs) -> None:
    """The same for the face for tasks, and after a sign-out of one's own there is no going on."""

    async def run() -> None:
        agent = HandedAgent(programs.walk)
        app = AsyncApp(vault=FileVault(programs.folder), agent=agent, examine=False)
        async with await app.connect(site.base_url) as running:
            await (await app.sign_in(site.base_url)).close()
            assert (await running.get(MYSELF)).ok
            await running.sign_out()
            await (await app.sign_in(site.base_url)).close()
            with pytest.raises(SignInNeeded):
                await running.fresh_token()

    asyncio.run(run())


def test_nobody_goes_on_with_another_account(site: SiteDouble, programs: Programs) -> None:
    """Bob's session beside it is no successor of Alice's."""
    with programs.app().connect(site.base_url) as alice:
        agent = HandedAgent(site.person("bob"))
        App(vault=FileVault(programs.folder), agent=agent, examine=False).sign_in(site.base_url).close()
        site.sign_out(person="alice")
        with pytest.raises(SignInNeeded):
            alice.get(MYSELF)


def begun_while_a_browser_is_open(
    work: Callable[[], None], programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> threading.Thread:
    """Another program, which begins when the first one's browser is open; that is answered once this one waits."""
    waits = threading.Event()
    monkeypatch.setattr(programs, "said", _Telling(waits))
    program = threading.Thread(target=work)

    def while_open() -> None:
        program.start()
        assert waits.wait(30)

    programs.before_answer = while_open
    return program


def test_two_that_start_at_once_open_one_browser(
    site: SiteDouble, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for the first one's sign-in, says so, and has its session."""
    ids: list[str] = []

    def start() -> None:
        with programs.app().connect(site.base_url) as connection:
            ids.append(connection.id)

    second = begun_while_a_browser_is_open(start, programs, monkeypatch)
    start()
    second.join()
    assert len(programs.visits) == 1
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_command_that_signs_in_is_waited_for(
    site: SiteDouble, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`genkan app login` is at its browser: a program that wants a session opens no second one, and gets that one."""
    ids: list[str] = []

    def connect() -> None:
        with programs.app().connect(site.base_url) as connection:
            ids.append(connection.id)

    program = begun_while_a_browser_is_open(connect, programs, monkeypatch)
    kept = programs.log_in(site)
    program.join()
    assert ids == [kept.state.id]
    assert len(programs.visits) == 1


def test_two_commands_that_sign_in_at_once(site: SiteDouble, programs: Programs) -> None:
    """Neither waits for a person in front of the other's browser; one session is left, here and at the site."""
    inner: list[Kept] = []

    def while_open() -> None:
        programs.before_answer = lambda: None
        inner.append(programs.log_in(site, site.person("alice")))

    programs.before_answer = while_open
    outer = programs.log_in(site)
    (kept,) = programs.app().saved()
    assert kept.id == outer.state.id != inner[0].state.id
    assert sorted(phone.state for phone in site.phones()) == ["signed_in", "signed_out"]


class _Telling(list[str]):
    def __init__(self, told: threading.Event) -> None:
        self._told = told

    def append(self, words: str) -> None:
        if "waits" in words:
            self._told.set()


def test_what_cannot_be_read_is_said(site: SiteDouble, programs: Programs) -> None:
    """A damaged session is not "nobody": the exception tells of it, and so does a sign-in before the browser opens."""
    programs.app().connect(site.base_url).close()
    (kept,) = programs.app().saved()
    (programs.folder / f"{kept.id}.json").write_text("{broken")
    with pytest.raises(SignInNeeded, match="saved session is damaged"):
        programs.app().connect(site.base_url, sign_in=False)
    said: list[str] = []
    programs.before_answer = lambda: said.extend(programs.said)
    programs.app().connect(site.base_url).close()
    assert any("damaged" in words for words in said)
