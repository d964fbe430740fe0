"""The library as programs use it: a call that signs in or resumes, answers, and exceptions of three kinds."""

import asyncio
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import genkan.app
from genkan.app import (
    ApiRefused,
    App,
    AppTrouble,
    AsyncApp,
    Connection,
    FileVault,
    HandedAgent,
    Link,
    Machine,
    SetUpWrong,
    SignInNeeded,
    TryLater,
    WhichOne,
)
from genkan.app.outcomes import SwitchedOff
from genkan.app.shelter import agree
from genkan.wire import managed
from tests.app.conftest import Chance, Clock
from tests.app.double import CLIENT_ID, INFO, JSON, TOKEN, Double, Reply

ECHO = "/rest/api/2/echo"


class Desk:
    """One program on one machine: what it says, how often a browser was opened, where it keeps things."""

    def __init__(self, folder: Path, double: Double, clock: Clock, chance: Chance) -> None:
        self.double = double
        self.said: list[str] = []
        self.visits = 0
        self.walked: list[dict[str, str]] = []
        self.machine = Machine({"GENKAN_APP_DIR": str(folder)}, clock, chance, lambda: clock() / 1000, self.said.append)
        self.vault = FileVault(folder / "sessions")

    def walk(self, url: str) -> str:
        self.visits += 1
        self.walked.append(dict(parse_qsl(urlsplit(url).query)))
        return self.double.walk(url)

    def settings(self, **more: Any) -> dict[str, Any]:
        usual = {"vault": self.vault, "agent": HandedAgent(self.walk), "machine": self.machine, "examine": False}
        return usual | more

    def app(self, **more: Any) -> App:
        return App(**self.settings(**more))


@pytest.fixture
def desk(tmp_path: Path, double: Double, clock: Clock, chance: Chance) -> Desk:
    return Desk(tmp_path, double, clock, chance)


@pytest.fixture
def connection(desk: Desk, double: Double) -> Iterator[Connection]:
    with desk.app().connect(double.base_url) as connection:
        yield connection


def test_the_first_time_signs_in_and_later_resumes(desk: Desk, double: Double) -> None:
    """One browser hop for good: the next program gets the session without one, and without any request."""
    with desk.app().connect(double.base_url) as first:
        assert first.account is not None
        assert first.account.name == "alice"
    asked = len(double.asked)
    with desk.app().connect(double.base_url) as again:
        assert again.id == first.id
        assert again.fresh_token() == "at-100"
        assert again.headers() == {"Authorization": "Bearer at-100"}
    assert len(double.asked) == asked
    assert desk.visits == 1


def test_without_an_address_the_only_session_is_meant(desk: Desk, double: Double) -> None:
    """A program with one site need not name it twice."""
    desk.app().connect(double.base_url).close()
    with desk.app().connect() as again:
        assert again.site.base_url == double.base_url


def test_the_managed_site_is_meant(desk: Desk, double: Double) -> None:
    """What MDM delivered takes the place of an address, under its title."""
    delivered = managed.parse_value([{"title": "Ours", "baseURL": double.base_url}])
    with desk.app(managed=delivered).connect() as connection:
        assert connection.site.title == "Ours"


def test_several_sites_are_not_guessed(desk: Desk) -> None:
    """Two managed sites and no address: neither is chosen, both are named."""
    sites = [{"baseURL": "https://a.example"}, {"baseURL": "https://b.example"}]
    with pytest.raises(WhichOne, match=r"a\.example.*b\.example"):
        desk.app(managed=managed.parse_value(sites)).connect()
    with pytest.raises(WhichOne, match="Name the address"):
        desk.app().connect()


def test_no_browser_where_none_is_wanted(desk: Desk, double: Double) -> None:
    """A job at night is told that nobody is signed in, and no browser is opened."""
    with pytest.raises(SignInNeeded, match="Nobody is signed in"):
        desk.app().connect(double.base_url, sign_in=False)
    assert desk.visits == 0


def test_offline_start(desk: Desk, double: Double, clock: Clock) -> None:
    """Out of reach the session is there all the same; a token that has run out is a matter for later."""
    desk.app().connect(double.base_url).close()
    double.overrides[TOKEN] = lambda _: Reply(503)
    clock.forward(4000)
    with desk.app().connect(double.base_url) as connection:
        with pytest.raises(TryLater) as told:
            connection.fresh_token()
        assert "try again later" in str(told.value)
    assert desk.visits == 1


def test_an_ended_session_signs_in_again(desk: Desk, double: Double, clock: Clock) -> None:
    """The site has ended it: a call says so, and the next connect opens the browser without being told more."""
    with desk.app().connect(double.base_url) as first:
        double.ended = "signed out"
        with pytest.raises(SignInNeeded, match="sign in again"):
            first.get(ECHO)
    with pytest.raises(SignInNeeded, match="signed out of"):
        desk.app().connect(double.base_url, sign_in=False)
    with desk.app().connect(double.base_url) as again:
        assert again.get(ECHO).ok
    assert desk.visits == 2


def test_calls(connection: Connection) -> None:
    """Method, body and answer travel as they are; JSON is what programs mean by a body."""
    assert connection.get(ECHO).json() == {"method": "GET", "form": {}}
    assert connection.put(ECHO, {"a": 1}).json()["method"] == "PUT"
    assert connection.post(ECHO, [1]).json()["method"] == "POST"
    assert connection.delete(ECHO).json()["method"] == "DELETE"
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = connection.request("POST", ECHO, body=b"a=1", headers=sent)
    assert reply.json() == {"method": "POST", "form": {"a": "1"}}
    assert reply.headers["content-type"] == "application/json"
    assert connection.whoami().display_name == "Alice A."


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            Reply(404, b'{"errorMessages": ["Issue Does Not Exist"], "errors": {}}'),
            "answered 404: Issue Does Not Exist",
        ),
        (Reply(400, b'{"errorMessages": [], "errors": {"summary": "You must"}}'), "answered 400: You must"),
        (Reply(403, b'{"message": "No\\u001b[31m way"}'), r"answered 403: No \[31m way"),
        (Reply(500, b"<h1>Oops</h1>", {"Content-Type": "text/html"}), r"answered 500\."),
        (Reply(200, b"<h1>Hello</h1>", {"Content-Type": "text/html"}), "answered text/html where JSON belongs"),
        (Reply(200, b"", JSON), "where JSON belongs"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(
    connection: Connection, double: Double, reply: Reply, told: str
) -> None:
    """The site's own words in one line, whatever form they have; the answer itself stays there to be looked at."""
    double.overrides[ECHO] = lambda _: reply
    found = connection.get(ECHO)
    assert found.status == reply.status
    assert found.body == reply.body
    with pytest.raises(ApiRefused, match=told) as refused:
        found.json()
    assert refused.value.status == reply.status
    assert "\x1b" not in str(refused.value)


def test_a_path_cannot_leave_the_site(connection: Connection) -> None:
    """A token goes to no other server, however the path is written."""
    for path in ("//evil.example/x", "https://evil.example/x", "/../../x", "@evil.example"):
        with pytest.raises(ValueError, match="path"):
            connection.get(path)


def test_what_cannot_be_sent_is_told_and_not_left_out(connection: Connection, double: Double) -> None:
    """A header that is the session's own, a body that JSON cannot say, two bodies: refused before anything is sent."""
    before = len(double.asked)
    for name in ("authorization", "Host", "Content-Length", "cookie"):
        with pytest.raises(ValueError, match="session's own"):
            connection.request("GET", ECHO, headers={name: "x"})
    for value in (object(), {"a": 1j}, "\ud800"):
        with pytest.raises(ValueError, match="cannot be sent as JSON"):
            connection.post(ECHO, value)
    with pytest.raises(ValueError, match="not both"):
        connection.request("POST", ECHO, json={}, body=b"x")
    assert len(double.asked) == before


def test_the_three_kinds(desk: Desk, double: Double) -> None:
    """Later, sign in, set up: each is a class of its own, all are one, and the value behind can be matched."""
    double.switch_on = False
    with pytest.raises(SetUpWrong) as wrong:
        desk.app().connect(double.base_url)
    assert isinstance(wrong.value.problem, SwitchedOff)
    assert "switched off" in str(wrong.value)
    double.overrides[INFO] = lambda _: Reply(503, headers={**JSON, "Retry-After": "7"})
    with pytest.raises(TryLater) as later:
        desk.app().connect(double.base_url)
    assert later.value.after == 7
    del double.overrides[INFO]
    double.switch_on = True
    with pytest.raises(SignInNeeded):
        desk.app(agent=HandedAgent(lambda _: None)).connect(double.base_url)
    for kind in (SetUpWrong, TryLater, SignInNeeded, WhichOne, ApiRefused, genkan.app.VaultTrouble):
        assert issubclass(kind, AppTrouble)


def test_the_doctor_says_what_to_change(desk: Desk, double: Double, clock: Clock) -> None:
    """A site that is set up wrongly is looked at, and the first thing to change stands below the sentence."""
    double.switch_on = False
    with pytest.raises(SetUpWrong) as wrong:
        desk.app(examine=True).connect(double.base_url)
    assert wrong.value.advice.startswith("genkan check says: ")
    assert str(wrong.value) == wrong.value.problem.sentence
    assert "\n" not in str(wrong.value)


def test_a_link_of_ones_own(desk: Desk, double: Double) -> None:
    """A typed client id goes before what the site tells, with its redirect and scope, and its secret in the form."""
    double.redirects = ("http://127.0.0.1/mine",)
    link = Link(CLIENT_ID, "s3cret", ("http://127.0.0.1/mine",), "READ")
    with desk.app().connect(double.base_url, link=link) as connection:
        assert connection.site.scope == "READ"
        exchange = next(asked for asked in double.asked if asked.path == TOKEN)
        assert exchange.form["redirect_uri"] == "http://127.0.0.1/mine"
        assert exchange.form["client_secret"] == "s3cret"
        assert "s3cret" not in repr(connection.site)
        assert "s3cret" not in repr(link)
        double.ended = "signed out"
        with pytest.raises(SignInNeeded):
            connection.get(ECHO)
    with desk.app().connect(double.base_url) as again:
        assert again.site.client_secret == "s3cret"


def test_somebody_else_in_the_browser(desk: Desk, double: Double) -> None:
    """Bob was asked for and Alice answered: no connection, her new session is ended, her earlier one is not touched."""
    with desk.app().connect(double.base_url) as alice:
        with pytest.raises(SignInNeeded, match="alice is signed in, bob was asked for"):
            desk.app().connect(double.base_url, account="bob")
        assert double.revoked == ["rt-200"]
        assert [state.id for state in desk.app().saved()] == [alice.id]
    assert double.device_ids[0] != double.device_ids[1]
    double.overrides["/rest/api/2/myself"] = lambda _: Reply(500)
    with pytest.raises(SignInNeeded, match=r"does not say as whom.*bob was asked for"):
        desk.app().connect(double.base_url, account="bob")
    assert double.revoked == ["rt-200", "rt-300"]
    del double.overrides["/rest/api/2/myself"]
    double.person = {"name": "bob", "key": "u2"}
    with desk.app().connect(double.base_url, account="bob") as bob:
        assert bob.account is not None
        assert bob.account.name == "bob"


def test_private(desk: Desk, double: Double) -> None:
    """A private session is asked for where the program, or MDM, wants one."""
    desk.app().connect(double.base_url, private=True).close()
    entry = {"baseURL": double.base_url, "oauth": {"clientID": CLIENT_ID, "cacheSessionInMobileBrowser": False}}
    desk.app(managed=managed.parse_value([entry])).sign_in(private=False).close()
    desk.app().sign_in(double.base_url).close()
    assert [asked.get("prompt") for asked in desk.walked] == ["login", "login", None]
    assert [asked.get("ephemeral") for asked in desk.walked] == ["true", "true", None]


def test_leaving(desk: Desk, double: Double) -> None:
    """Sign-out ends it at the site; everywhere means every kept session, and says which could not be ended."""
    with desk.app().connect(double.base_url) as connection:
        connection.sign_out()
    assert double.revoked == ["rt-100"]
    desk.app().connect(double.base_url).close()
    double.overrides["/rest/oauth2/latest/revoke"] = lambda _: Reply(503)
    left = desk.app().sign_out_everywhere()
    assert list(left) == [f"alice at {double.base_url}"]
    assert "try again later" in left[f"alice at {double.base_url}"]
    assert len(desk.app().saved()) == 1
    desk.app().sign_out_everywhere(forget=True)
    assert desk.app().saved() == ()


def test_nobody_agreed_to_a_file(tmp_path: Path, double: Double, desk: Desk, no_keyring: None) -> None:
    """No keyring and no consent: refused before a browser opens; with consent it is an encrypted file."""
    with pytest.raises(genkan.app.VaultTrouble, match="GENKAN_APP_VAULT=encrypted"):
        desk.app(vault=None).connect(double.base_url)
    assert desk.visits == 0
    desk.app(vault=None, consent=agree).connect(double.base_url).close()
    assert list((tmp_path / "sessions").glob("*.sealed"))
    with desk.app(vault=None).connect(double.base_url) as again:
        assert again.get(ECHO).ok


async def test_for_tasks(desk: Desk, double: Double, clock: Clock) -> None:
    """The same for tasks: one refresh for all that ask at once, the same exceptions."""
    async with await AsyncApp(**desk.settings()).connect(double.base_url) as connection:
        clock.forward(4000)
        tokens = await asyncio.gather(*(connection.fresh_token() for _ in range(8)))
        assert set(tokens) == {"at-101"}
        assert double.rotations == {100: 1}
        assert (await connection.get(ECHO)).json()["method"] == "GET"
        assert (await connection.post(ECHO, {})).ok
        assert (await connection.whoami()).name == "alice"
        assert (await connection.headers())["Authorization"].startswith("Bearer ")
        await connection.sign_out()
        with pytest.raises(SignInNeeded):
            await connection.access()
    app = AsyncApp(**desk.settings())
    assert await app.saved() == ()
    assert await app.sign_out_everywhere() == {}
    with pytest.raises(SignInNeeded):
        await app.connect(double.base_url, sign_in=False)
    await (await app.sign_in(double.base_url)).close()
    assert len(await app.saved()) == 1


def test_nothing_secret_is_told(desk: Desk, double: Double, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """No log line of ours or of the HTTP library, no repr and no traceback holds a token, a code or a secret."""
    caplog.set_level(logging.DEBUG)
    link = Link(CLIENT_ID, "s3cret", ("http://127.0.0.1/mine",))
    double.redirects = ("http://127.0.0.1/mine",)
    told: list[str] = []
    with desk.app().connect(double.base_url, link=link) as connection:
        told += [repr(connection), repr(connection.site), repr(connection.access()), repr(connection.get(ECHO))]
        told += [repr(state) for state in desk.app().saved()]
        clock.forward(4000)
        connection.get(ECHO)
        double.ended = "signed out"
        try:
            connection.get(ECHO)
        except AppTrouble:
            told.append(traceback.format_exc())
    told += [record.getMessage() for record in caplog.records] + desk.said
    assert len(told) > 5
    for secret in ("at-10", "rt-10", "s3cret", "code-1"):
        assert [line for line in told if secret in line] == []


def test_what_is_public_is_there() -> None:
    """Every name that the package promises can be had, and nothing else is promised."""
    for name in genkan.app.__all__:
        assert getattr(genkan.app, name).__doc__ or name == "connect"
    assert dir(genkan.app) == sorted(genkan.app.__all__)
    with pytest.raises(AttributeError):
        genkan.app.nothing  # type: ignore[attr-defined]  # noqa: B018
