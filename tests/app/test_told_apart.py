"""Sessions that have no name yet, and a way back that is taken: a person is told which is which, and why."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from genkan.app import App, Machine
from genkan.app.agent import HandedAgent, NoDoor, SystemBrowser, UserAgent
from genkan.app.choice import Unclear, session_of
from genkan.app.desktop import NobodyThere
from genkan.app.drive import Door
from genkan.app.state import Account, SessionState, Tokens
from genkan.testing import SiteDouble
from genkan.testing.faults import MYSELF
from tests.app.by_hand import APP, a_site
from tests.app.test_commands import Genkan, genkan

__all__ = ["genkan"]


@pytest.fixture
def two(genkan: Genkan, site: SiteDouble, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two sessions at one site whose names could not be asked for; their ids."""
    site.faults.answer(MYSELF, 503, times=50)
    for name in ("alice", "bob"):
        monkeypatch.setenv("PERSON_NAME", name)
        assert genkan("login", site.base_url).status == 0
    site.faults.clear()
    return [row["id"] for row in json.loads(genkan("status", "--json").out)["sessions"]]


def test_two_unnamed_sessions_are_told_apart(genkan: Genkan, two: list[str]) -> None:
    """Seen: `token` and `logout` listed “an account not yet named” twice, and nothing that could be named chose one."""
    unclear = genkan("token")
    assert unclear.status == 2
    assert all(f"session {session_id}, signed in 20" in unclear.err for session_id in two)
    tokens = {genkan("token", "--account", session_id).out for session_id in two}
    assert len(tokens) == 2
    assert genkan("logout").status == 2
    # Whose it is, only asking tells.
    names = {json.loads(genkan("whoami", "--account", session_id, "--json").out)["name"] for session_id in two}
    assert names == {"alice", "bob"}


def test_one_of_two_unnamed_sessions_is_signed_out(genkan: Genkan, site: SiteDouble, two: list[str]) -> None:
    """The one that was named by its id, and no other."""
    assert genkan("logout", "--account", two[0]).status == 0
    left = json.loads(genkan("status", "--json").out)["sessions"]
    assert [row["id"] for row in left] == [two[1]]
    assert sorted(phone.state for phone in site.phones()) == ["signed_in", "signed_out"]


def test_names_that_tell_apart_need_no_ids() -> None:
    """An id is shown where a label says nothing, or the same as another; where one is hidden its id is exact."""
    held = Tokens("at", "rt", 0, 1)
    named = [SessionState(f"s{n}", a_site(), APP, 0, Account(n, n), held) for n in ("ann", "ben")]
    unclear = session_of(named, None, None)
    assert isinstance(unclear, Unclear)
    assert "session s" not in unclear.sentence
    unnamed = SessionState("s3", a_site(), APP, 0, None, held)
    unclear = session_of([*named, unnamed], None, None)
    assert isinstance(unclear, Unclear)
    assert "session s3, signed in 1970-01-01 00:00 UTC" in unclear.sentence
    assert "session sann" not in unclear.sentence
    assert session_of([*named, unnamed], None, "s3", "The keyring is locked.") == unnamed


def test_a_session_named_by_its_id_is_signed_in_again(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """Where the site has ended it, the library's new sign-in is for the same person, and not for the id."""
    assert genkan("login", site.base_url).status == 0
    environ = {"GENKAN_APP_DIR": str(tmp_path / "app"), "GENKAN_APP_VAULT": "file"}
    app = App(agent=HandedAgent(site.person("alice")), machine=Machine(environ), examine=False)
    (state,) = app.saved()
    site.sign_out(person="alice")
    assert genkan("whoami").status == 1
    with app.connect(site.base_url, account=state.id) as connection:
        assert connection.whoami().name == "alice"


def browser(said: list[str], otherwise: UserAgent) -> SystemBrowser:
    return SystemBrowser(lambda _url: True, said.append, otherwise)


class Pasting(HandedAgent):
    """What is left where nothing else does."""

    def __init__(self) -> None:
        super().__init__(lambda _url: None)


def opened(said: list[str], otherwise: UserAgent, redirects: Sequence[str]) -> Door | NoDoor:
    door = browser(said, otherwise).open_door(redirects)
    if not isinstance(door, NoDoor):
        door.close()
    return door


def test_a_fixed_port_in_use_is_said() -> None:
    """Seen: the person was asked to paste an address and not told that a port was the reason."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        redirect = f"http://127.0.0.1:{other.getsockname()[1]}/callback"
        said: list[str] = []
        assert not isinstance(opened(said, Pasting(), (redirect,)), NoDoor)
        assert len(said) == 1
        assert redirect in said[0]
        assert "another program" in said[0]
        # Without a terminal it is in the sentence that the program gets.
        nowhere = opened(said, NobodyThere(), (redirect,))
        assert isinstance(nowhere, NoDoor)
        assert "another program" in nowhere.sentence
        assert len(said) == 1


def test_a_way_that_is_free_is_not_talked_about() -> None:
    """Where another registered address does, or none has a port that could be taken, there is nothing to say."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        redirect = f"http://127.0.0.1:{other.getsockname()[1]}/callback"
        said: list[str] = []
        opened(said, Pasting(), (redirect, "http://127.0.0.1/callback"))
        opened(said, Pasting(), (APP,))
        assert said == []
