"""The library against providers that are not ours: the same sign-in, session and sign-out, by what they publish.

node-oidc-provider describes itself (RFC 8414), promises its issuer and rotates; Authlib stands for a Jira Data Center:
it describes nothing, tells no scope, has a link with a secret and wants the redirect again at each refresh.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from genkan.app import (
    ApiRefused,
    App,
    Connection,
    FileVault,
    HandedAgent,
    Link,
    SetUpWrong,
    SignInNeeded,
    Site,
)
from genkan.app.state import SessionState, decode, encode
from genkan.testing.person import RealBrowser
from tests.browser.openid_peer import PASSWORD
from tests.pair.peers import ANSWER, Visitor, authlib_provider, client_id_of, node_provider

SECRET = "the secret of the link"


@dataclass
class Server:
    """A provider, the link that it knows, who can sign in, and what its API is asked."""

    base: str
    link: Link
    person: str
    asked: str


@pytest.fixture(params=["node-oidc-provider", pytest.param("authlib", id="authlib")], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("peer")
    if request.param == "authlib":
        with authlib_provider(folder, SECRET) as base:
            yield Server(base, Link(client_id_of(folder), SECRET, (ANSWER,)), "alice", "/rest/api/2/myself")
        return
    for tool in ("node", "npm"):
        request.getfixturevalue("tool_here")(tool)
    with node_provider(folder) as base:
        link = Link("native-app", None, (ANSWER,), "openid offline_access")
        yield Server(base, link, "carol-id", "/me")


@pytest.fixture(scope="module")
def tool_here() -> Callable[[str], None]:
    """Skips where a program is not installed."""
    import shutil

    def look(tool: str) -> None:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")

    return look


class Desk:
    """One program against one provider, with its own vault and a person in front of a browser."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.vault = FileVault(folder / "sessions")
        self.notes: list[str] = []
        self._browsers: list[RealBrowser] = []
        self.visitor = self.somebody()

    def somebody(self) -> Visitor:
        """The person in front of a browser that has never been there."""
        self._browsers.append(RealBrowser())
        return Visitor(self._browsers[-1], self.server.person, (PASSWORD,))

    def close(self) -> None:
        for browser in self._browsers:
            browser.close()

    def app(self, walk: Callable[[str], str | None] | None = None) -> App:
        return App(vault=self.vault, agent=HandedAgent(walk or self.visitor, ANSWER), examine=False)

    def connect(self, link: Link | None = None) -> Connection:
        return self.app().connect(self.server.base, link=link or self.server.link)

    def let_expire(self) -> None:
        """By what is kept, the access token ran out long ago."""
        (name,) = (name for name in self.vault.names() if name != "device")
        state = decode(name, self.vault.read(name) or "")
        assert isinstance(state, SessionState)
        assert state.tokens is not None
        self.vault.write(name, encode(replace(state, tokens=replace(state.tokens, obtained_at=0, expires_at=1))))


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(server, tmp_path)
    yield desk
    desk.close()


def test_the_whole_life(desk: Desk, server: Server) -> None:
    """Signed in, used, started again, renewed twice, used again, signed out at the provider, and told so afterwards."""
    with desk.connect() as first:
        assert first.get(server.asked).ok
        first_token = first.fresh_token()
    seen = {first_token}
    for _ in range(2):
        desk.let_expire()
        with desk.app().connect(server.base, sign_in=False) as again:
            seen.add(again.fresh_token())
            assert again.get(server.asked).ok
    assert len(seen) == 3
    desk.let_expire()
    with desk.app().connect(server.base, sign_in=False) as last:
        copy = decode(last.id, desk.vault.read(last.id) or "")
        assert isinstance(copy, SessionState)
        last.sign_out()
    assert desk.app().saved() == ()
    desk.vault.write(copy.id, encode(copy))
    desk.let_expire()
    with pytest.raises(SignInNeeded, match="signed out of"):
        desk.app().connect(server.base, sign_in=False)


def test_a_token_that_is_refused_is_renewed(desk: Desk, server: Server) -> None:
    """The program says that it was refused, and gets the successor."""
    with desk.connect() as connection:
        refused = connection.fresh_token()
        renewed = connection.fresh_token(rejected=refused)
        assert renewed != refused
        assert connection.get(server.asked).ok


def test_nobody_signs_in(desk: Desk, server: Server) -> None:
    """The person closes the page, or the answer is of another sign-in: nothing is kept."""
    with pytest.raises(SignInNeeded):
        desk.app(lambda _url: None).connect(server.base, link=server.link)
    with pytest.raises(SignInNeeded, match="not the answer to this sign-in"):
        desk.app(lambda _url: f"{ANSWER}?code=x&state=y").connect(server.base, link=server.link)
    assert desk.app().saved() == ()


def test_an_answer_of_another_provider(desk: Desk, server: Server) -> None:
    """Where the issuer is promised, an answer that names another, or none, is not taken (RFC 9207)."""
    if server.person == "alice":
        found = None

        def no_issuer(url: str) -> str | None:
            nonlocal found
            found = desk.visitor(url)
            return f"{found}&iss=https%3A%2F%2Fevil.example"

        with pytest.raises(SignInNeeded, match="not the answer"):
            desk.app(no_issuer).connect(server.base, link=server.link)
        return
    for change in (lambda url: url.replace("iss=", "was="), lambda url: url.replace("iss=http", "iss=https")):
        visitor = desk.somebody()
        with pytest.raises(SignInNeeded, match="not the answer"):
            desk.app(lambda url, v=visitor, c=change: c(v(url) or "")).connect(server.base, link=server.link)  # type: ignore[misc]


def test_wrong_set_ups(desk: Desk, server: Server) -> None:
    """No link named, a wrong secret or client, a scope that is not given, a redirect that is not registered."""
    with pytest.raises(SetUpWrong) as told:
        desk.app().connect(server.base)
    assert "No site was found" in str(told.value)
    if server.link.client_secret is not None:
        with pytest.raises(SetUpWrong, match="invalid_client"):
            desk.connect(replace(server.link, client_secret="another"))
        with pytest.raises(SetUpWrong, match="does not give SYSTEM_ADMIN"):
            desk.app(desk.somebody()).connect(server.base, link=replace(server.link, scope="SYSTEM_ADMIN"))
    # What is wrong with the client itself the provider says on its own page, which is asked before a browser opens.
    with pytest.raises(SetUpWrong, match="does not know the client id somebody-else"):
        desk.connect(replace(server.link, client_id="somebody-else"))


def test_how_it_was_found_out(desk: Desk, server: Server) -> None:
    """By the provider's own description where there is one, else by the paths that such sites always have."""
    with desk.connect() as connection:
        site: Site = connection.site
    described = httpx2.get(f"{server.base}/.well-known/oauth-authorization-server", timeout=20)
    if described.status_code == 200:
        told = json.loads(described.content)
        assert site.token_endpoint == told["token_endpoint"]
        assert site.authorization_endpoint == told["authorization_endpoint"]
        assert site.revocation_endpoint == told["revocation_endpoint"]
        assert site.issuer_promised
        with desk.app().connect(server.base, sign_in=False) as connection, pytest.raises(ApiRefused):
            connection.whoami()
    else:
        assert site.token_endpoint == f"{server.base}/rest/oauth2/latest/token"
        assert not site.issuer_promised
        assert connection.account is not None
        assert connection.account.key == "JIRAUSER10100"
