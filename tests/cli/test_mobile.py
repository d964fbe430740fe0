"""genkan mobile: the switch, its contract in JSON, and what it does to phones."""

from genkan.protocol.links import APP_REDIRECTS
from genkan.protocol.records import GrantState, Link
from tests.cli.shell import Shell
from tests.store.builders import added, an_account


def app_link(shell: Shell, client_id: str) -> Link:
    """The app's link as the store has it."""
    link = shell.in_store(lambda store: store.link_by_client_id(client_id))
    assert link is not None
    return link


def test_on_prints_the_contract(shell: Shell) -> None:
    """Turning it on makes the app's link and tells exactly the agreed members."""
    told = shell.good("mobile", "on", "--json").json
    assert len(told.pop("clientID")) == 32
    assert told == {
        "enabled": True,
        "redirectURI": "jira-server://oauth-callback",
        "redirectURIs": list(APP_REDIRECTS),
        "scope": "WRITE",
    }


def test_on_and_off_keep_the_client_id(shell: Shell) -> None:
    """Off stops announcing and keeps phones; on again is the same client; saying it twice is no event."""
    first = shell.good("mobile", "on", "--json").json
    assert shell.good("mobile", "on", "--json").json == first
    off = shell.good("mobile", "off", "--json").json
    assert off == {**first, "enabled": False}
    assert shell.good("mobile", "off", "--json").json == off
    assert shell.good("mobile", "on", "--json").json == first
    assert shell.kinds() == ["mobile.on", "mobile.off", "mobile.on"]


def test_off_with_and_without_sign_out(shell: Shell) -> None:
    """Without --sign-out a phone stays signed in and the link works; with it both end, and on enables the link."""
    client_id = shell.good("mobile", "on", "--json").json["clientID"]
    alice = an_account("alice")
    shell.apply(added(alice))
    grant = shell.sign_in(alice, app_link(shell, client_id))
    assert "signed out" not in shell.good("mobile", "off").out
    assert shell.phone(grant).grant.state is GrantState.LIVE
    assert app_link(shell, client_id).usable
    told = shell.good("mobile", "off", "--sign-out").out.splitlines()
    assert told[-1] == "The app's link is disabled, and 1 phone was signed out."
    assert "0 phones were signed out" in shell.good("mobile", "off", "--sign-out").out
    assert shell.phone(grant).grant.reason == "mobile_switched_off"
    assert not app_link(shell, client_id).usable
    assert shell.good("mobile", "on", "--json").json["clientID"] == client_id
    assert app_link(shell, client_id).usable


def test_status_before_it_was_ever_on(shell: Shell) -> None:
    """A site that never had it on says off, and turning it off again does nothing."""
    off: dict[str, object] = {
        "enabled": False,
        "clientID": None,
        "redirectURI": None,
        "redirectURIs": [],
        "scope": None,
    }
    assert shell.good("mobile", "status", "--json").json == off
    assert shell.good("mobile", "off", "--sign-out", "--json").json == off
    assert shell.good("mobile", "status").out == "OAuth 2.0 for the mobile app is off.\n"
    assert shell.kinds() == []


def test_status_in_words(shell: Shell) -> None:
    """People see the state, the client id to push by MDM, the redirects and the permission."""
    client_id = shell.good("mobile", "on", "--json").json["clientID"]
    told = shell.good("mobile", "status").out
    assert told.startswith("OAuth 2.0 for the mobile app is on.\n")
    assert client_id in told
    assert "WRITE" in told


def test_a_deleted_app_link_is_made_anew(shell: Shell) -> None:
    """Deleting the app's link turns it off in effect; on makes another with a new client id."""
    first = shell.good("mobile", "on", "--json").json["clientID"]
    shell.good("link", "delete", first)
    assert shell.good("mobile", "status", "--json").json["enabled"] is False
    assert shell.good("mobile", "on", "--json").json["clientID"] != first
