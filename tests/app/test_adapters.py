"""The session in other libraries' clients: a token at each request, renewed once when refused, sent nowhere else."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import pytest
import requests

from genkan.app import AsyncApp, AsyncConnection, Connection, SignInNeeded
from genkan.app.adapters import httpx2_auth, requests_auth
from genkan.app.drive import AsyncDriver
from genkan.app.keeping import MYSELF
from genkan.app.sending import see_below
from genkan.testing import Reply, Setup, SiteDouble
from tests.app.by_hand import a_site
from tests.app.desk import ECHO, Desk, generations


def tokens_shown(site: SiteDouble) -> list[int]:
    return generations([asked.headers["authorization"] for asked in site.faults.requests(ECHO)])


def refuse_once(site: SiteDouble, path: str = ECHO) -> None:
    """The site takes no token any more but the next."""
    challenge = ((b"www-authenticate", b'Bearer error="invalid_token"'),)
    site.faults.answer(path, 401, b'{"error":"invalid_token"}', headers=challenge)


def test_httpx2(connection: Connection, site: SiteDouble) -> None:
    """Body and all are sent again with a new token when the site refuses the old one, and only once."""
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client:
        assert client.get(site.base_url + ECHO).json()["method"] == "GET"
        refuse_once(site)
        assert client.post(site.base_url + ECHO, data={"a": "1"}).json()["form"] == {"a": "1"}
    assert tokens_shown(site) == [0, 0, 1]


def test_httpx2_with_a_body_that_is_used_up(connection: Connection, site: SiteDouble) -> None:
    """A stream cannot be sent twice: the site's refusal is what the program gets, not half a request."""
    refuse_once(site)
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client:
        answer = client.post(site.base_url + ECHO, content=iter([b"a=1"]), headers={"Content-Length": "3"})
    assert answer.status_code == 401
    assert tokens_shown(site) == [0]


async def test_httpx2_for_tasks(desk: Desk, site: SiteDouble) -> None:
    """The same in a client for tasks, with a session for tasks or for threads; the other way round is a mistake."""
    async with await AsyncApp(**desk.settings, examine=False).connect(site.base_url) as session:  # type: ignore[arg-type]
        async with httpx2.AsyncClient(auth=httpx2_auth.SessionAuth(session)) as client:
            refuse_once(site)
            assert (await client.get(site.base_url + ECHO)).status_code == 200
        with (
            httpx2.Client(auth=httpx2_auth.SessionAuth(session)) as threads,
            pytest.raises(TypeError, match="session for tasks"),
        ):
            threads.get(site.base_url + ECHO)
    connection = await asyncio.to_thread(lambda: desk.app().connect(site.base_url))
    async with httpx2.AsyncClient(auth=httpx2_auth.SessionAuth(connection)) as client:
        assert (await client.get(site.base_url + ECHO)).status_code == 200
    connection.close()
    assert tokens_shown(site) == [0, 1, 1]


def test_requests(connection: Connection, site: SiteDouble) -> None:
    """The same in requests; what was refused first is in the answer's history."""
    with requests.Session() as client:
        client.auth = requests_auth.SessionAuth(connection)
        client.trust_env = False
        assert client.get(site.base_url + ECHO).json()["method"] == "GET"
        refuse_once(site)
        answer = client.post(site.base_url + ECHO, data={"a": "1"})
        assert answer.json()["form"] == {"a": "1"}
        assert [earlier.status_code for earlier in answer.history] == [401]
        refuse_once(site)
        assert client.post(site.base_url + ECHO, data=iter([b"a=1"])).status_code == 401
    assert tokens_shown(site) == [0, 0, 1, 1]


def test_an_ended_session_is_told(connection: Connection, site: SiteDouble) -> None:
    """What the library raises passes through the client as it is."""
    site.sign_out(person="alice")
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client, pytest.raises(SignInNeeded):
        client.get(site.base_url + ECHO)
    with pytest.raises(SignInNeeded):
        requests.get(site.base_url + ECHO, auth=requests_auth.SessionAuth(connection), timeout=10)


def test_a_token_goes_nowhere_else(connection: Connection, site: SiteDouble) -> None:
    """Neither library sends it to another address, and nothing at all is sent there."""
    asked = len(site.faults.asked)
    elsewhere = site.base_url.replace("127.0.0.1", "localhost") + ECHO
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection)) as client, pytest.raises(ValueError, match="not sent"):
        client.get(elsewhere)
    with pytest.raises(ValueError, match="not sent"):
        requests.get(elsewhere, auth=requests_auth.SessionAuth(connection), timeout=10)
    assert len(site.faults.asked) == asked


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


def refusal(challenge: bytes, body: bytes = b"") -> Reply:
    return Reply(401, body, headers=((b"www-authenticate", challenge),))


def not_renewed(site: SiteDouble) -> bool:
    return [phone.generation for phone in site.phones()] == [0]


@pytest.mark.parametrize("get", EVERY_WAY)
def test_a_refusal_of_the_apis_own_is_an_answer(connection: Connection, site: SiteDouble, get: Get) -> None:
    """A 401 although the site takes the token elsewhere: nothing is renewed, and nothing sent again."""
    site.serve(ECHO, lambda _: refusal(b"Session", b"Your password, once more."))
    assert get(connection, site.base_url + ECHO) == 401
    assert tokens_shown(site) == [0]
    assert [asked.path for asked in site.faults.asked[-2:]] == [ECHO, MYSELF]
    assert not_renewed(site)


@pytest.mark.parametrize("get", EVERY_WAY)
def test_a_refusal_that_does_not_say_why(connection: Connection, site: SiteDouble, get: Get) -> None:
    """The site does not know the token anywhere any more: it is renewed, although the answer names no error."""
    connection.whoami()
    first = connection.headers()["Authorization"]
    for path in (ECHO, MYSELF):
        site.faults.decide(path, lambda asked: refusal(b"Bearer") if asked.headers["authorization"] == first else None)
    assert get(connection, site.base_url + ECHO) == 200
    assert tokens_shown(site) == [0, 1]
    asked = len(site.faults.asked)
    site.faults.decide(MYSELF, lambda _: refusal(b"Session"))
    assert get(connection, site.base_url + MYSELF) == 401
    later = [one.path for one in site.faults.asked[asked:]]
    assert later.count(MYSELF) == 2, "asked who I am, a 401 needs no second question"


@pytest.mark.parametrize("get", EVERY_WAY)
def test_a_refusal_elsewhere_renews_nothing(connection: Connection, site: SiteDouble, get: Get) -> None:
    """Whoever a redirect leads to can say what they like of a token that they never saw."""
    led(site, site.base_url.replace("127.0.0.1", "localhost") + "/elsewhere")
    site.faults.decide("/elsewhere", lambda _: refusal(b'Bearer error="invalid_token"'))
    assert get(connection, site.base_url + "/old") == 401
    assert seen_at(site, "/elsewhere") == [False]
    assert not_renewed(site)


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
        "https://jira.example.com/jira/..;/other",
        "https://jira.example.com/jira/%2E%2e;x=1/other",
        "/jira/x",
        "",
    ],
)
def test_addresses_elsewhere(url: str) -> None:
    """Another scheme, port, host, person or path, written openly or not."""
    with pytest.raises(ValueError, match="not sent"):
        see_below(a_site(base_url="https://jira.example.com/jira"), url)


@pytest.fixture
def genkan_setup() -> Setup:
    """A site at /jira, beside which something else lives."""
    return Setup(path="/jira")


def led(site: SiteDouble, target: str) -> None:
    """The site sends everybody on who comes to /old."""
    site.faults.decide("/old", lambda _: Reply(302, headers=((b"location", target.encode()),)))


def seen_at(site: SiteDouble, path: str) -> list[bool]:
    """Whether each request of this path carried a token."""
    return ["authorization" in asked.headers for asked in site.faults.asked if asked.path == path]


OUTSIDE = ["/other", "/jira/../other", "/jira/..;/other", "/jirafe", "//127.0.0.1:{port}/other"]


@pytest.mark.parametrize("target", OUTSIDE)
@pytest.mark.parametrize("refused", [False, True])
def test_requests_and_a_redirect_out_of_the_site(
    connection: Connection, site: SiteDouble, target: str, refused: bool
) -> None:
    """The same host is not the same site: what lives beside it gets the request, and no token."""
    led(site, target.format(port=urlsplit(site.base_url).port))
    if refused:
        refuse_once(site, "/old")
    found = requests.get(site.base_url + "/old", auth=requests_auth.SessionAuth(connection), timeout=10)
    path = urlsplit(found.url).path
    assert path in ("/other", "/jirafe", "/jira/..;/other")
    path = path.replace("/jira/", "/")
    assert seen_at(site, path) == [False]
    assert seen_at(site, "/old") == [True] * (2 if refused else 1)


def test_requests_and_a_redirect_within_the_site(connection: Connection, site: SiteDouble) -> None:
    """There the token goes along."""
    led(site, "rest/api/2/echo")
    requests.get(site.base_url + "/old", auth=requests_auth.SessionAuth(connection), timeout=10).raise_for_status()
    assert seen_at(site, ECHO) == [True]


@pytest.mark.parametrize("target", OUTSIDE)
def test_httpx2_and_a_redirect_out_of_the_site(connection: Connection, site: SiteDouble, target: str) -> None:
    """The redirect is refused before anything is sent, in either kind of client."""
    led(site, target.format(port=urlsplit(site.base_url).port))
    auth = httpx2_auth.SessionAuth(connection)
    url = site.base_url + "/old"

    async def in_a_loop() -> None:
        async with httpx2.AsyncClient(auth=auth, follow_redirects=True) as client:
            await client.get(url)

    with pytest.raises(ValueError, match="not sent there"), httpx2.Client(auth=auth, follow_redirects=True) as client:
        client.get(url)
    with pytest.raises(ValueError, match="not sent there"):
        asyncio.run(in_a_loop())
    assert [asked.path for asked in site.faults.asked[-2:]] == ["/old", "/old"]


def test_httpx2_and_a_redirect_within_the_site(connection: Connection, site: SiteDouble) -> None:
    """There the token goes along, and a program's own tracing goes on."""
    led(site, "rest/api/2/echo")
    events: list[str] = []
    with httpx2.Client(auth=httpx2_auth.SessionAuth(connection), follow_redirects=True) as client:
        client.get(
            site.base_url + "/old", extensions={"trace": lambda event, _info: events.append(event)}
        ).raise_for_status()
    assert seen_at(site, ECHO) == [True]
    assert "http11.send_request_headers.started" in events
