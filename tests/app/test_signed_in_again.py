"""A kept session that turns out to be over at its first use: the person signs in again where there is a browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from genkan.app import AppTrouble, AsyncApp, HandedAgent, NoDoor, SetUpWrong, SignInNeeded
from genkan.app.state import encode
from genkan.testing import Setup, SiteDouble
from tests.app.conftest import Chance, Clock
from tests.app.desk import MYSELF, Desk


@pytest.fixture
def genkan_setup() -> Setup:
    return Setup(people=("alice", "bob"))


@pytest.fixture
def fresh(tmp_path: Path, genkan_site: SiteDouble, clock: Clock, chance: Chance) -> Desk:
    """Somebody signed in some time ago."""
    desk = Desk(genkan_site, tmp_path / "sessions", clock, chance)
    desk.app().connect(genkan_site.base_url).close()
    return desk


@pytest.fixture
def desk(fresh: Desk) -> Desk:
    """An administrator has ended that sign-in since; here it looks as fresh as ever."""
    fresh.site.sign_out(person="alice")
    return fresh


def test_the_first_use_signs_in_again(desk: Desk) -> None:
    """The script's first run after a revocation does what its second one did: the browser opens, the call is made."""
    with desk.app().connect(desk.site.base_url) as site:
        before = site.id
        assert site.get(MYSELF).ok
        assert desk.visits == 2
        assert site.id != before
        assert site.account is not None
        assert site.account.name == "alice"
    (state,) = desk.app().saved()
    assert state.tokens is not None


@pytest.mark.parametrize("way", ["token", "headers", "whoami"])
def test_every_way_to_use_it(desk: Desk, way: str) -> None:
    """A program with a client of its own hands back the token that was refused, and gets one that is not."""
    with desk.app().connect(desk.site.base_url) as site:
        if way == "whoami":
            assert site.whoami().name == "alice"
        else:
            token = site.fresh_token() if way == "token" else site.headers()["Authorization"].removeprefix("Bearer ")
            assert desk.visits == 1
            assert site.fresh_token(rejected=token) != token
    assert desk.visits == 2


async def test_for_tasks(desk: Desk) -> None:
    """The same with tasks."""
    app = AsyncApp(**desk.settings)  # type: ignore[arg-type]
    async with await app.connect(desk.site.base_url) as site:
        assert (await site.get(MYSELF)).ok
    assert desk.visits == 2


def test_what_the_site_has_taken_once_is_told(fresh: Desk) -> None:
    """A program at work is not interrupted by a browser: the end of a session in use is an exception."""
    with fresh.app().connect(fresh.site.base_url) as site:
        assert site.get(MYSELF).ok
        fresh.site.sign_out(person="alice")
        with pytest.raises(SignInNeeded, match="sign in again"):
            site.get(MYSELF)
    assert fresh.visits == 1


def test_what_was_renewed_counts_as_taken(fresh: Desk, clock: Clock) -> None:
    """A client of one's own asks for tokens alone: one that was renewed shows that the session stood."""
    with fresh.app().connect(fresh.site.base_url) as site:
        site.fresh_token()
        clock.forward(4000)
        site.fresh_token()
        fresh.site.sign_out(person="alice")
        clock.forward(4000)
        with pytest.raises(SignInNeeded):
            site.fresh_token()
    assert fresh.visits == 1


def test_no_browser_where_none_is_wanted(desk: Desk) -> None:
    """A job at night said so when it connected."""
    with desk.app().connect(desk.site.base_url, sign_in=False) as site, pytest.raises(SignInNeeded):
        site.get(MYSELF)
    assert desk.visits == 1


def test_no_browser_where_there_is_none(desk: Desk) -> None:
    """Where no way leads to a person, it is the end of the session that is told, not the missing browser."""

    class Nowhere:
        def open_door(self, redirect_uris: object) -> NoDoor:
            return NoDoor("There is no browser here.")

    with desk.app(agent=Nowhere()).connect(desk.site.base_url) as site:
        for _ in range(2):
            with pytest.raises(SignInNeeded, match="sign in again"):
                site.get(MYSELF)
    with pytest.raises(SetUpWrong, match="no browser here"):
        desk.app(agent=Nowhere()).connect(desk.site.base_url)


def test_somebody_else_is_not_let_in(desk: Desk) -> None:
    """The session was Alice's, so Bob in the browser does not go on with it; nobody is asked twice."""
    with desk.app().connect(desk.site.base_url) as site:
        desk.person = "bob"
        with pytest.raises(SignInNeeded, match="alice was asked for"):
            site.get(MYSELF)
        assert desk.visits == 2
        with pytest.raises(AppTrouble):
            site.get(MYSELF)
    assert desk.visits == 2


def test_broken_off(desk: Desk) -> None:
    """Who closes the browser instead is told that, and is not asked at every request."""
    with desk.app(agent=HandedAgent(lambda _url: None)).connect(desk.site.base_url) as site:
        for _ in range(2):
            with pytest.raises(SignInNeeded):
                site.get(MYSELF)


@pytest.mark.parametrize("path", ["no-slash", "//evil.example/x", "/a/../../x", "/..;/x"])
def test_what_cannot_be_sent_opens_no_browser(desk: Desk, clock: Clock, path: str) -> None:
    """A path that is refused is refused first: nothing is asked, although the session is over and has to be renewed."""
    with desk.app().connect(desk.site.base_url) as site:
        clock.forward(3550)
        asked = len(desk.site.faults.asked)
        with pytest.raises(ValueError, match="a path to join"):
            site.get(path)
        assert (desk.visits, len(desk.site.faults.asked)) == (1, asked)
        assert site.get(MYSELF).ok


def test_by_another_client(desk: Desk) -> None:
    """The site's link is another by now: the connection knows it, and follows whoever signs in by it later."""
    with desk.app().connect(desk.site.base_url) as site:
        before = site.site.client_id
        (state,) = desk.app().saved()
        gone = replace(state, site=replace(state.site, client_id="f" * 32))
        desk.vault.write(state.id, encode(gone))
    with desk.app().connect(desk.site.base_url) as site:
        assert site.whoami().name == "alice"
        assert site.site.client_id == before
        desk.app().sign_in(desk.site.base_url).close()
        assert site.whoami().name == "alice"
    assert desk.visits == 3


def test_who_signed_out_here_stays_out(desk: Desk) -> None:
    """A connection that its own program signed out opens no browser afterwards."""
    with desk.app().connect(desk.site.base_url) as site:
        site.sign_out(forget=True)
        with pytest.raises(SignInNeeded):
            site.get(MYSELF)
    assert desk.visits == 1
