"""The session in other libraries' clients: a token at each request, renewed once when refused, sent nowhere else."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import requests

from genkan.app import AsyncApp, AsyncConnection, Connection, SignInNeeded
from genkan.app.adapters import httpx2_auth, requests_auth
from genkan.app.drive import AsyncDriver
from genkan.app.keeping import MYSELF
from genkan.app.sending import see_below
from tests.app.by_hand import a_site
from tests.app.conftest import Chance, Clock
from tests.app.double import JSON, Asked, Double, Reply
from tests.app.test_client import ECHO, Desk


@pytest.fixture
def desk(tmp_path: Path, double: Double, clock: Clock, chance: Chance) -> Desk:
    return Desk(tmp_path, double, clock, chance)


@pytest.fixture
def connection(desk: Desk, double: Double) -> Iterator[Connection]:
    with desk.app().connect(double.base_url) as connection:
        yield connection


def tokens_shown(double: Double) -> list[str]:
    return [asked.headers["authorization"].removeprefix("Bearer ") for asked in double.asked if ECHO in asked.path]


def test_httpx2(connection: Connection, double: Double) -> None:
    """Body and all are sent again with a new token when the site refuses the old one, and only once."""
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client:
        assert client.get(double.base_url + ECHO).json()["method"] == "GET"
        refuse_once(double)
        assert client.post(double.base_url + ECHO, data={"a": "1"}).json()["form"] == {"a": "1"}
    assert tokens_shown(double) == ["at-100", "at-100", "at-101"]


def refuse_once(double: Double, path: str = ECHO, then: Callable[[Asked], Reply | None] = lambda _: None) -> None:
    """The site takes no token any more but the next."""
    refused: list[Asked] = []

    def refuse(asked: Asked) -> Reply | None:
        if refused:
            return then(asked)
        refused.append(asked)
        return Reply(401, b'{"error":"invalid_token"}', {**JSON, "WWW-Authenticate": 'Bearer error="invalid_token"'})

    double.overrides[path] = refuse


def test_httpx2_with_a_body_that_is_used_up(connection: Connection, double: Double) -> None:
    """A stream cannot be sent twice: the site's refusal is what the program gets, not half a request."""
    refuse_once(double)
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client:
        answer = client.post(double.base_url + ECHO, content=iter([b"a=1"]), headers={"Content-Length": "3"})
    assert answer.status_code == 401
    assert tokens_shown(double) == ["at-100"]


async def test_httpx2_for_tasks(desk: Desk, double: Double) -> None:
    """The same in a client for tasks, with a session for tasks or for threads; the other way round is a mistake."""
    async with await AsyncApp(**desk.settings()).connect(double.base_url) as session:
        async with httpx2.AsyncClient(auth=httpx2_auth.SessionAuth(session)) as client:
            refuse_once(double)
            assert (await client.get(double.base_url + ECHO)).status_code == 200
        with (
            httpx2.Client(auth=httpx2_auth.SessionAuth(session)) as threads,
            pytest.raises(TypeError, match="session for tasks"),
        ):
            threads.get(double.base_url + ECHO)
    connection = await asyncio.to_thread(lambda: desk.app().connect(double.base_url))
    async with httpx2.AsyncClient(auth=httpx2_auth.SessionAuth(connection)) as client:
        assert (await client.get(double.base_url + ECHO)).status_code == 200
    connection.close()
    assert tokens_shown(double) == ["at-100", "at-101", "at-101"]


def test_requests(connection: Connection, double: Double) -> None:
    """The same in requests; what was refused first is in the answer's history."""
    with requests.Session() as client:
        client.auth = requests_auth.SessionAuth(connection)
        client.trust_env = False
        assert client.get(double.base_url + ECHO).json()["method"] == "GET"
        refuse_once(double)
        answer = client.post(double.base_url + ECHO, data={"a": "1"})
        assert answer.json()["form"] == {"a": "1"}
        assert [earlier.status_code for earlier in answer.history] == [401]
        refuse_once(double)
        assert client.post(double.base_url + ECHO, data=iter([b"a=1"])).status_code == 401
    assert tokens_shown(double) == ["at-100", "at-100", "at-101", "at-101"]


Get = Callable[[Connection, str], int]


def by_httpx2(connection: Connection, url: str) -> int:
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection), follow_redirects=True) as client:
        return client.get(url).status_code


def by_httpx2_for_tasks(connection: Connection, url: str) -> int:
    async def in_a_loop() -> int:
        # A session for tasks that lies in the same vault.
        talk = AsyncConnection(connection._talk, AsyncDriver(lambda: 0.0))
        async with talk, httpx2.AsyncClient(auth=httpx2_auth.SessionAuth(talk), follow_redirects=True) as client:
            return (await client.get(url)).status_code

    return asyncio.run(in_a_loop())


def by_httpx2_for_tasks_with_threads(connection: Connection, url: str) -> int:
    async def in_a_loop() -> int:
        async with httpx2.AsyncClient(auth=httpx2_auth.SessionAuth(connection), follow_redirects=True) as client:
            return (await client.get(url)).status_code

    return asyncio.run(in_a_loop())


def by_requests(connection: Connection, url: str) -> int:
    return requests.get(url, auth=requests_auth.SessionAuth(connection), timeout=10).status_code


EVERY_WAY = [by_httpx2, by_httpx2_for_tasks, by_httpx2_for_tasks_with_threads, by_requests]


@pytest.mark.parametrize("get", EVERY_WAY)
def test_a_refusal_of_the_apis_own_is_an_answer(connection: Connection, double: Double, get: Get) -> None:
    """A 401 although the site takes the token elsewhere: nothing is renewed, and nothing sent again."""
    double.overrides[ECHO] = lambda _: Reply(401, b"Your password, once more.", {"WWW-Authenticate": "Session"})
    assert get(connection, double.base_url + ECHO) == 401
    assert tokens_shown(double) == ["at-100"]
    assert double.paths()[-2:] == [ECHO, MYSELF]
    assert not double.rotations


@pytest.mark.parametrize("get", EVERY_WAY)
def test_a_refusal_that_does_not_say_why(connection: Connection, double: Double, get: Get) -> None:
    """The site does not know the token anywhere any more: it is renewed, although the answer names no error."""
    connection.whoami()
    double.generation, double.seen = 101, False
    assert get(connection, double.base_url + ECHO) == 200
    assert tokens_shown(double) == ["at-100", "at-101"]
    asked = len(double.asked)
    double.overrides[MYSELF] = lambda _: Reply(401, b"", {"WWW-Authenticate": "Session"})
    assert get(connection, double.base_url + MYSELF) == 401
    assert double.paths()[asked:].count(MYSELF) == 2, "asked who I am, a 401 needs no second question"


@pytest.mark.parametrize("get", EVERY_WAY)
def test_a_refusal_elsewhere_renews_nothing(connection: Connection, double: Double, get: Get) -> None:
    """Whoever a redirect leads to can say what they like of a token that they never saw."""
    led(double, double.base_url.replace("127.0.0.1", "localhost") + "/elsewhere")
    double.overrides["/elsewhere"] = lambda _: Reply(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    assert get(connection, double.base_url + "/rest/old") == 401
    assert seen_at(double, "/elsewhere") == [False]
    assert not double.rotations


def test_an_ended_session_is_told(connection: Connection, double: Double) -> None:
    """What the library raises passes through the client as it is."""
    double.ended = "signed out"
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client, pytest.raises(SignInNeeded):
        client.get(double.base_url + ECHO)
    with pytest.raises(SignInNeeded):
        requests.get(double.base_url + ECHO, auth=requests_auth.SessionAuth(connection), timeout=10)


def test_a_token_goes_nowhere_else(connection: Connection, double: Double) -> None:
    """Neither library sends it to another address, and nothing at all is sent there."""
    asked = len(double.asked)
    elsewhere = double.base_url.replace("127.0.0.1", "localhost") + ECHO
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client, pytest.raises(ValueError, match="not sent"):
        client.get(elsewhere)
    with pytest.raises(ValueError, match="not sent"):
        requests.get(elsewhere, auth=requests_auth.SessionAuth(connection), timeout=10)
    assert len(double.asked) == asked


@pytest.mark.parametrize(
    "url",
    [
        "https://jira.example.com/jira/rest",
        "https://jira.example.com:443/jira",
        "HTTPS://JIRA.example.com/jira/x?redirect=https://evil.example",
    ],
)
def test_addresses_of_the_site(url: str) -> None:
    """However its own address is spelt."""
    see_below(a_site(base_url="https://jira.example.com/jira"), url)


@pytest.mark.parametrize(
    "url",
    [
        "http://jira.example.com/jira/x",
        "https://jira.example.com:8443/jira/x",
        "https://jira.example.com.evil.example/jira/x",
        "https://jira.example.com@evil.example/jira/x",
        "https://user@jira.example.com/jira/x",
        "https://jira.example.com/jirafe/x",
        "https://jira.example.com/other",
        "https://jira.example.com/jira/../other",
        "https://jira.example.com/jira/%2e%2e/other",
        "https://jira.example.com/jira/..\\other",
        "/jira/x",
        "",
    ],
)
def test_addresses_elsewhere(url: str) -> None:
    """Another scheme, port, host, person or path, written openly or not."""
    with pytest.raises(ValueError, match="not sent"):
        see_below(a_site(base_url="https://jira.example.com/jira"), url)


@pytest.fixture
def below_a_path(double: Double, connection: Connection) -> Connection:
    """The session of a site at /rest, beside which something else lives."""
    state = connection._talk._state
    connection._talk._state = replace(state, site=replace(state.site, base_url=double.base_url + "/rest"))
    return connection


def led(double: Double, target: str, status: int = 302) -> None:
    double.overrides["/rest/old"] = lambda _: Reply(status, b"", {"Location": target})


def seen_at(double: Double, path: str) -> list[bool]:
    """Whether each request of this path carried a token."""
    return ["authorization" in asked.headers for asked in double.asked if asked.path == path]


OUTSIDE = ["/other", "/rest/../other", "/restless", "//127.0.0.1:{port}/other"]


@pytest.mark.parametrize("target", OUTSIDE)
@pytest.mark.parametrize("refused", [False, True])
def test_requests_and_a_redirect_out_of_the_site(
    below_a_path: Connection, double: Double, target: str, refused: bool
) -> None:
    """The same host is not the same site: what lives beside it gets the request, and no token."""
    led(double, target.format(port=urlsplit(double.base_url).port))
    if refused:
        refuse_once(double, "/rest/old", double.overrides["/rest/old"])
    found = requests.get(double.base_url + "/rest/old", auth=requests_auth.SessionAuth(below_a_path), timeout=10)
    path = urlsplit(found.url).path
    assert path != "/rest/old"
    assert seen_at(double, path) == [False]


def test_requests_and_a_redirect_within_the_site(below_a_path: Connection, double: Double) -> None:
    """There the token goes along."""
    led(double, "api/2/echo")
    requests.get(double.base_url + "/rest/old", auth=requests_auth.SessionAuth(below_a_path), timeout=10)
    assert seen_at(double, ECHO) == [True]


@pytest.mark.parametrize("target", OUTSIDE)
def test_httpx2_and_a_redirect_out_of_the_site(below_a_path: Connection, double: Double, target: str) -> None:
    """The redirect is refused before anything is sent, in either kind of client."""
    led(double, target.format(port=urlsplit(double.base_url).port))
    auth = httpx2_auth.SessionAuth(below_a_path)
    url = double.base_url + "/rest/old"

    async def in_a_loop() -> None:
        async with httpx2.AsyncClient(auth=auth, follow_redirects=True) as client:
            await client.get(url)

    with pytest.raises(ValueError, match="not sent there"), httpx2.Client(auth=auth, follow_redirects=True) as client:
        client.get(url)
    with pytest.raises(ValueError, match="not sent there"):
        asyncio.run(in_a_loop())
    assert [asked.path for asked in double.asked[-2:]] == ["/rest/old", "/rest/old"]


def test_httpx2_and_a_redirect_within_the_site(below_a_path: Connection, double: Double) -> None:
    """There the token goes along, and a program's own tracing goes on."""
    led(double, "api/2/echo")
    events: list[str] = []
    with httpx2.Client(auth=httpx2_auth.SessionAuth(below_a_path), follow_redirects=True) as client:
        client.get(
            double.base_url + "/rest/old", extensions={"trace": lambda event, _info: events.append(event)}
        ).raise_for_status()
    assert seen_at(double, ECHO) == [True]
    assert "http11.send_request_headers.started" in events
