"""The `info/login` document: ours word for word, that of others as far as it can be understood."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import login_info
from genkan.wire.login_info import LoginInfo, LoginInfoProblem
from tests.wire.strategies import json_values

CLIENT = "38843a89f2b02a471000bc022e4b9de8"
REDIRECTS = ("jira-server://oauth-callback", "http://127.0.0.1/oauth-callback", "http://[::1]/oauth-callback")
BASE = "https://jira.example.com"
ON = LoginInfo(
    True, CLIENT, REDIRECTS, "WRITE", f"{BASE}/rest/oauth2/latest/authorize", f"{BASE}/rest/oauth2/latest/token"
)


def read(value: object) -> LoginInfo | LoginInfoProblem:
    """Read a body of this value."""
    return login_info.parse(json.dumps(value).encode())


def found(value: object) -> LoginInfo:
    """The information that must be in such a body."""
    info = read(value)
    assert isinstance(info, LoginInfo), info
    return info


def test_the_body_of_a_site_with_the_switch_on() -> None:
    """Members and their order are the agreed ones, the app's own redirect first."""
    assert json.dumps(login_info.render(ON)) == json.dumps(
        {
            "oauth": {
                "enabled": True,
                "clientID": CLIENT,
                "redirectURI": "jira-server://oauth-callback",
                "scope": "WRITE",
                "redirectURIs": list(REDIRECTS),
                "authorizationEndpoint": f"{BASE}/rest/oauth2/latest/authorize",
                "tokenEndpoint": f"{BASE}/rest/oauth2/latest/token",
            },
            "loginOptions": [{"type": "OAUTH2"}, {"type": "LOGIN_FORM"}],
        }
    )


def test_the_body_of_a_site_with_the_switch_off() -> None:
    """Off says so and names nothing, even when the record behind it holds a client id."""
    off = {"oauth": {"enabled": False}, "loginOptions": [{"type": "LOGIN_FORM"}]}
    assert login_info.render(LoginInfo(enabled=False)) == off
    assert login_info.render(LoginInfo(False, CLIENT, REDIRECTS, "WRITE")) == off


def test_the_old_version_knows_no_oauth() -> None:
    """Version 1.0 is the same without `oauth`, so its callers sign in by form."""
    assert login_info.render_1_0() == {"loginOptions": [{"type": "LOGIN_FORM"}]}


def test_each_body_is_read_as_it_was_meant() -> None:
    """The app understands all three of ours."""
    assert found(login_info.render(ON)) == ON
    assert found(login_info.render(LoginInfo(enabled=False))) == LoginInfo(enabled=False)
    assert found(login_info.render_1_0()) == LoginInfo(enabled=False)


printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


@given(printable, st.lists(printable, unique=True, max_size=4), st.none() | printable)
def test_what_is_written_is_read(client_id: str, redirects: list[str], scope: str | None) -> None:
    """Any client id, redirects and scope survive the way, in their order."""
    info = LoginInfo(True, client_id, tuple(redirects), scope)
    assert found(login_info.render(info)) == info


@pytest.mark.parametrize("name", ["clientID", "clientId", "client_id"])
@pytest.mark.parametrize("where", ["oauth", "oauth2", "credentials", None])
def test_a_client_id_is_found_under_its_three_names_at_two_depths(name: str, where: str | None) -> None:
    """No shape is published, so the name counts and not the place."""
    body: dict[str, object] = {name: CLIENT, "enabled": True}
    assert found(body if where is None else {"other": [], where: body}).client_id == CLIENT


def test_the_likeliest_place_wins() -> None:
    """Of several client ids that in `oauth` counts, then the one at the top."""
    body = {"a": {"clientID": "a"}, "clientID": "top", "oauth": {"clientID": "oauth"}}
    assert found(body).client_id == "oauth"
    del body["oauth"]
    assert found(body).client_id == "top"


@pytest.mark.parametrize(
    ("enabled", "on"), [(True, True), (False, False), ("false", False), ("true", True), (None, True), (..., True)]
)
def test_a_client_id_means_on_unless_said_otherwise(enabled: object, on: bool) -> None:
    """A body that names the id and says nothing more is a site that can sign the app in."""
    oauth = {"clientID": CLIENT} if enabled is ... else {"clientID": CLIENT, "enabled": enabled}
    info = found({"oauth": oauth})
    assert (info.enabled, info.client_id) == (on, CLIENT)


@pytest.mark.parametrize(
    "value",
    [
        *[{}, {"oauth": {}}, {"oauth": {"enabled": True}}, {"oauth": {"enabled": True}, "loginOptions": []}],
        *[{"oauth": {"clientID": bad}} for bad in (5, "", "a\nb", None)],
        *[{"a": {"b": {"clientID": CLIENT}}}, {"loginOptions": [{"type": "OAUTH2"}]}],
    ],
)
def test_a_body_without_client_id_asks_for_it(value: object) -> None:
    """Where nothing usable is named, the person is told to ask for the client id (RFC 6749 A.1: visible
    characters).
    """
    problem = read(value)
    assert isinstance(problem, LoginInfoProblem)
    assert "client id" in problem.sentence


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><title>Sign in</title>", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000]
)
def test_a_gateways_page_is_told_from_an_answer(body: bytes) -> None:
    """A body that is no JSON object comes from something in front of the site, and the sentence says so."""
    problem = login_info.parse(body)
    assert isinstance(problem, LoginInfoProblem)
    assert "in front" in problem.sentence


def test_redirects_are_read_from_one_name_or_two() -> None:
    """One preferred redirect, a list, or both make one list with the preferred first and none twice."""
    for names in (
        {"redirectURI": "b", "redirectURIs": ["a", "b", "a"]},
        {"redirect_uri": "b", "redirect_uris": ["b", "a"]},
    ):
        assert found({"oauth": {"clientID": CLIENT, **names}}).redirect_uris == ("b", "a")
    assert found({"oauth": {"clientID": CLIENT, "redirectUrl": "b"}}).redirect_uris == ("b",)
    assert found({"oauth": {"clientID": CLIENT, "redirectURIs": "b"}}).redirect_uris == ()


@pytest.mark.parametrize("address", ["/authorize", "javascript:alert(1)", "https://u@a.b/x", "https://a.b/#x", 5, ""])
def test_an_endpoint_that_cannot_be_called_is_left_out(address: object) -> None:
    """An anonymous answer cannot make the app open something that is no web address."""
    info = found({"oauth": {"clientID": CLIENT, "authorizationEndpoint": address, "tokenEndpoint": address}})
    assert (info.authorization_endpoint, info.token_endpoint) == (None, None)


bodies = st.dictionaries(
    st.sampled_from(["oauth", "loginOptions", "enabled", "clientID", "redirectURIs", "x"]), json_values
)


@given(st.binary(max_size=200) | (bodies | json_values).map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read(body: bytes) -> None:
    """Reading never raises, and a site that is on has a client id."""
    info = login_info.parse(body)
    assert isinstance(info, LoginInfo | LoginInfoProblem)
    assert isinstance(info, LoginInfoProblem) or not info.enabled or info.client_id
