"""The session in other libraries' clients: a token at each request, renewed once when refused, sent nowhere else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import requests

from genkan.app import AsyncApp, Connection, SignInNeeded
from genkan.app.adapters import httpx2_auth, requests_auth
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


def refuse_once(double: Double) -> None:
    """The site takes no token any more but the next."""
    refused: list[Asked] = []

    def refuse(asked: Asked) -> Reply | None:
        if refused:
            return None
        refused.append(asked)
        return Reply(401, b'{"error":"invalid_token"}', JSON)

    double.overrides[ECHO] = refuse


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
