"""A session that was kept, and what changed since: the client, its secret, the switch, the network, the disk, 401s."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from genkan.app import App, HandedAgent, Link, MemoryVault, SetUpWrong, TryLater, VaultTrouble
from genkan.app.outcomes import SwitchedOff
from genkan.app.state import SessionState, decode, encode
from genkan.testing import Setup, SiteDouble
from tests.app.conftest import Chance, Clock
from tests.app.double import CLIENT_ID, JSON, TOKEN, Asked, Double, Reply
from tests.app.test_client import ECHO, Desk

HOUR = 3600


@pytest.fixture
def desk(tmp_path: Path, double: Double, clock: Clock, chance: Chance) -> Desk:
    return Desk(tmp_path, double, clock, chance)


def kept(desk: Desk) -> SessionState:
    (state,) = (one for one in desk.app().saved() if one.tokens)
    return state


def changed(desk: Desk, change: Callable[[SessionState], SessionState]) -> None:
    state = kept(desk)
    desk.vault.write(state.id, encode(change(state)))


def of_client(state: SessionState, **site: str) -> SessionState:
    return replace(state, site=replace(state.site, **site))  # type: ignore[arg-type]


def takes(double: Double, is_right: Callable[[Asked], bool]) -> None:
    """The site refuses every other client at its token endpoint."""
    refusal = Reply(401, b'{"error": "invalid_client"}')
    double.overrides[TOKEN] = lambda asked: None if is_right(asked) else refusal


def of_the_site(asked: Asked) -> bool:
    return asked.form["client_id"] == CLIENT_ID


OWN = Link(CLIENT_ID, "new", ("http://127.0.0.1/oauth-callback", "jira-server://oauth-callback"))


def test_a_rotated_secret(desk: Desk, double: Double, clock: Clock) -> None:
    """The program names the secret of today, and the session goes on with it although it was kept with another."""
    desk.app().connect(double.base_url, link=replace(OWN, client_secret="old")).close()
    takes(double, lambda asked: asked.form["client_secret"] == "new")
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong, match="invalid_client"):
        desk.app().connect(double.base_url, link=replace(OWN, client_secret="old"))
    with desk.app().connect(double.base_url, link=OWN) as site:
        assert site.get(ECHO).ok
    assert desk.visits == 1
    assert kept(desk).site.client_secret == "new"


def test_a_secret_is_put_in_where_the_disk_takes_it(
    desk: Desk, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a full disk the session starts as it was, for its token holds."""
    desk.app().connect(double.base_url, link=replace(OWN, client_secret="old")).close()
    before = kept(desk)

    def full(*_: object) -> None:
        raise VaultTrouble("No space left.")

    monkeypatch.setattr(desk.vault, "write", full)
    with desk.app().connect(double.base_url, link=OWN) as site:
        assert site.get(ECHO).ok
    assert kept(desk) == before


def test_a_client_that_is_gone(desk: Desk, double: Double, clock: Clock) -> None:
    """The switch was made anew with another client id: the person signs in by that, and the old session is over."""
    desk.app().connect(double.base_url).close()
    changed(desk, lambda state: of_client(state, client_id="0" * 32))
    takes(double, of_the_site)
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong, match="invalid_client"):
        desk.app().connect(double.base_url, sign_in=False)
    for _ in range(2):
        with desk.app().connect(double.base_url) as site:
            assert site.get(ECHO).ok
    assert desk.visits == 2
    assert kept(desk).site.client_id == CLIENT_ID


def test_a_client_that_is_gone_while_the_token_looks_good(desk: Desk, double: Double) -> None:
    """That shows at the first use, which signs in again as for a session that has ended."""
    desk.app().connect(double.base_url).close()
    changed(desk, lambda state: of_client(state, client_id="0" * 32))
    double.generation += 1
    takes(double, of_the_site)
    with desk.app().connect(double.base_url) as site:
        assert site.get(ECHO).ok
    assert desk.visits == 2


def test_a_client_that_is_refused_although_it_is_the_sites(desk: Desk, double: Double, clock: Clock) -> None:
    """No browser opens for what it cannot mend, and the session stays for when it is mended."""
    desk.app().connect(double.base_url).close()
    before = kept(desk)
    takes(double, lambda _: False)
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong, match="invalid_client"):
        desk.app().connect(double.base_url)
    assert (desk.visits, kept(desk)) == (1, before)


def test_a_client_that_is_refused_since_the_switch_is_off(desk: Desk, double: Double, clock: Clock) -> None:
    """What the site says of itself tells more than the refusal."""
    desk.app().connect(double.base_url).close()
    takes(double, lambda _: False)
    double.switch_on = False
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong) as told:
        desk.app().connect(double.base_url)
    assert isinstance(told.value.problem, SwitchedOff)


def entrance(site: SiteDouble, vault: MemoryVault) -> App:
    return App(vault=vault, agent=HandedAgent(site.person("alice")), examine=False)


def test_a_switch_turned_off_with_sign_out(make_genkan_site: Callable[[Setup], SiteDouble]) -> None:
    """The sentence is that of the switch, at the first try and later, not one of redirect addresses."""
    site, vault = make_genkan_site(Setup()), MemoryVault()
    entrance(site, vault).connect(site.base_url).close()
    site.switch_off(sign_out=True)
    for _ in range(2):
        with pytest.raises(SetUpWrong) as told, entrance(site, vault).connect(site.base_url) as session:
            session.whoami()
        assert isinstance(told.value.problem, SwitchedOff)


class FullVault(MemoryVault):
    full = False

    def write(self, name: str, text: str) -> None:
        if self.full:
            raise VaultTrouble("No space left.")
        super().write(name, text)


def test_an_early_renewal_on_a_full_disk(make_genkan_site: Callable[[Setup], SiteDouble]) -> None:
    """The token that is handed out instead is one that the site still takes."""
    site, vault = make_genkan_site(Setup()), FullVault()
    with entrance(site, vault).connect(site.base_url) as session:
        account = session.whoami()
        state = decode(session.id, vault.read(session.id) or "")
        assert isinstance(state, SessionState)
        assert state.tokens is not None
        # As an hour's token half a minute before its end.
        begun = state.tokens.obtained_at - (HOUR - 30) * 1000
        nearly_over = replace(state.tokens, obtained_at=begun, expires_at=begun + HOUR * 1000)
        vault.write(session.id, encode(replace(state, tokens=nearly_over)))
        vault.full = True
        assert session.whoami() == account
        before = site.phones()[0].generation
        vault.full = False
        assert session.whoami() == account
    assert site.phones()[0].generation == before + 1


def test_a_hotels_network(desk: Desk, double: Double, clock: Clock) -> None:
    """What answers https in place of the site is waited out: the program starts, and may try its calls later."""
    desk.app().connect(double.base_url).close()
    state = kept(desk)
    secure = double.base_url.replace("http:", "https:")
    desk.vault.write(state.id, (desk.vault.read(state.id) or "").replace(double.base_url, secure))
    with desk.app().connect(secure) as site, pytest.raises(TryLater, match="in place of"):
        site.get(ECHO)
    clock.forward(2 * HOUR)
    with desk.app().connect(secure) as site:
        assert site.id == state.id
        with pytest.raises(TryLater, match="in place of"):
            site.get(ECHO)
        with pytest.raises(TryLater, match="in place of"):
            site.sign_out()
    assert desk.visits == 1


def test_a_401_of_the_apis_own(desk: Desk, double: Double) -> None:
    """Something that wants more than a token answers so each time; the program gets that, and nothing is renewed."""
    double.overrides[ECHO] = lambda _: Reply(401, b'{"message": "Type the password once more."}', JSON)
    with desk.app().connect(double.base_url) as site:
        for _ in range(3):
            reply = site.get(ECHO)
            assert reply.status == 401
            assert b"password" in reply.body
    assert not double.rotations


def test_the_apis_401_after_a_renewal(desk: Desk, double: Double) -> None:
    """A token that was really over is renewed first, and then the answer is the API's."""
    with desk.app().connect(double.base_url) as site:
        double.overrides[ECHO] = lambda _: Reply(401, b"{}", JSON)
        changed(desk, lambda state: replace(state, tokens=state.tokens and replace(state.tokens, access="at-lost")))
        assert site.get(ECHO).status == 401
    assert sum(double.rotations.values()) == 1
