"""A session that was kept, and what changed since: the client, its secret, the switch, the network, the disk, 401s."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from genkan.app import App, HandedAgent, Link, MemoryVault, SetUpWrong, TryLater, VaultTrouble
from genkan.app.outcomes import SwitchedOff
from genkan.app.state import SessionState, decode, encode
from genkan.testing import AppLink, Reply, Setup, SiteDouble
from genkan.testing.faults import TOKEN
from tests.app.by_hand import APP
from tests.app.conftest import Clock
from tests.app.desk import ECHO, Desk

HOUR = 3600


def kept(desk: Desk) -> SessionState:
    (state,) = (one for one in desk.app().saved() if one.tokens)
    return state


def changed(desk: Desk, change: Callable[[SessionState], SessionState]) -> None:
    state = kept(desk)
    desk.vault.write(state.id, encode(change(state)))


def of_client(state: SessionState, **site: str) -> SessionState:
    return replace(state, site=replace(state.site, **site))  # type: ignore[arg-type]


def refuses_the_client(site: SiteDouble) -> None:
    site.faults.answer(TOKEN, 401, b'{"error": "invalid_client"}', times=99)


@pytest.fixture
def own(site: SiteDouble) -> Link:
    """A link of one's own that has a secret."""
    made = site.add_link(AppLink("Own", ("http://127.0.0.1/oauth-callback", APP), confidential=True))
    return Link(made.client_id, made.client_secret, made.redirects)


def with_new_secret(site: SiteDouble, own: Link) -> Link:
    return replace(own, client_secret=site.rotate_secret("Own").client_secret)


def test_a_rotated_secret(desk: Desk, site: SiteDouble, clock: Clock, own: Link) -> None:
    """The program names the secret of today, and the session goes on with it although it was kept with another."""
    desk.app().connect(site.base_url, link=own).close()
    new = with_new_secret(site, own)
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong, match="invalid_client"):
        desk.app().connect(site.base_url, link=own)
    with desk.app().connect(site.base_url, link=new) as connection:
        assert connection.get(ECHO).ok
    assert desk.visits == 1
    assert kept(desk).site.client_secret == new.client_secret


def test_a_secret_is_kept_once_it_has_proved_right(desk: Desk, site: SiteDouble, clock: Clock, own: Link) -> None:
    """Naming one writes nothing while the token holds; the first renewal shows that it is right, and keeps it."""
    desk.app().connect(site.base_url, link=own).close()
    before, new = kept(desk), with_new_secret(site, own)
    with desk.app().connect(site.base_url, link=new) as connection:
        assert connection.get(ECHO).ok
        assert kept(desk) == before
        clock.forward(2 * HOUR)
        assert connection.get(ECHO).ok
    with desk.app().connect(site.base_url, sign_in=False) as connection:
        clock.forward(2 * HOUR)
        assert connection.get(ECHO).ok
        connection.sign_out()


def test_a_mistyped_secret(desk: Desk, site: SiteDouble, clock: Clock, own: Link) -> None:
    """It is told to the run that names it, opens no browser, and takes nothing from the runs that name none."""
    desk.app().connect(site.base_url, link=own).close()
    before, mistyped = kept(desk), replace(own, client_secret="mistyped")
    with desk.app().connect(site.base_url, link=mistyped) as connection:
        assert connection.get(ECHO).ok
        with pytest.raises(SetUpWrong, match="does not take sign-outs"):
            connection.sign_out()
    clock.forward(2 * HOUR)
    for sign_in in (False, True):
        with pytest.raises(SetUpWrong, match="invalid_client"):
            desk.app().connect(site.base_url, link=mistyped, sign_in=sign_in)
    assert (desk.visits, kept(desk)) == (1, before)
    with desk.app().connect(site.base_url, sign_in=False) as connection:
        assert connection.get(ECHO).ok
    assert desk.app().sign_out_everywhere() == {}
    assert [phone.state for phone in site.phones()] == ["signed_out"]


def test_a_client_that_is_gone(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """The switch was made anew with another client id: the person signs in by that, and the old session is over."""
    desk.app().connect(site.base_url).close()
    of_the_site = kept(desk).site.client_id
    changed(desk, lambda state: of_client(state, client_id="0" * 32))
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong, match="invalid_client"):
        desk.app().connect(site.base_url, sign_in=False)
    for _ in range(2):
        with desk.app().connect(site.base_url) as connection:
            assert connection.get(ECHO).ok
    assert desk.visits == 2
    assert kept(desk).site.client_id == of_the_site


def test_a_client_that_is_gone_while_the_token_looks_good(desk: Desk, site: SiteDouble) -> None:
    """That shows at the first use, which signs in again as for a session that has ended."""
    desk.app().connect(site.base_url).close()
    changed(desk, lambda state: of_client(state, client_id="0" * 32))
    site.sign_out(person="alice")
    with desk.app().connect(site.base_url) as connection:
        assert connection.get(ECHO).ok
    assert desk.visits == 2


def test_a_client_that_is_refused_although_it_is_the_sites(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """No browser opens for what it cannot mend, and the session stays for when it is mended."""
    desk.app().connect(site.base_url).close()
    before = kept(desk)
    refuses_the_client(site)
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong, match="invalid_client"):
        desk.app().connect(site.base_url)
    assert (desk.visits, kept(desk)) == (1, before)


def test_a_client_that_is_refused_since_the_switch_is_off(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """What the site says of itself tells more than the refusal."""
    desk.app().connect(site.base_url).close()
    refuses_the_client(site)
    site.switch_off()
    clock.forward(2 * HOUR)
    with pytest.raises(SetUpWrong) as told:
        desk.app().connect(site.base_url)
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


def test_a_hotels_network(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """What answers https in place of the site is waited out: the program starts, and may try its calls later."""
    desk.app().connect(site.base_url).close()
    state = kept(desk)
    secure = site.base_url.replace("http:", "https:")
    desk.vault.write(state.id, (desk.vault.read(state.id) or "").replace(site.base_url, secure))
    with desk.app().connect(secure) as connection, pytest.raises(TryLater, match="in place of"):
        connection.get(ECHO)
    clock.forward(2 * HOUR)
    with desk.app().connect(secure) as connection:
        assert connection.id == state.id
        with pytest.raises(TryLater, match="in place of"):
            connection.get(ECHO)
        with pytest.raises(TryLater, match="in place of"):
            connection.sign_out()
    assert desk.visits == 1


def test_a_401_of_the_apis_own(desk: Desk, site: SiteDouble) -> None:
    """Something that wants more than a token answers so each time; the program gets that, and nothing is renewed."""
    site.serve(ECHO, lambda _: Reply(401, b'{"message": "Type the password once more."}'))
    with desk.app().connect(site.base_url) as connection:
        for _ in range(3):
            reply = connection.get(ECHO)
            assert reply.status == 401
            assert b"password" in reply.body
    assert [phone.generation for phone in site.phones()] == [0]


def test_the_apis_401_after_a_renewal(desk: Desk, site: SiteDouble) -> None:
    """A token that was really over is renewed first, and then the answer is the API's."""
    site.serve(ECHO, lambda _: Reply(401, b"{}"))
    with desk.app().connect(site.base_url) as connection:
        changed(desk, lambda state: replace(state, tokens=state.tokens and replace(state.tokens, access="gnk_at_lost")))
        assert connection.get(ECHO).status == 401
    assert [phone.generation for phone in site.phones()] == [1]
