"""The library as programs use it: a call that signs in or resumes, answers, and exceptions of three kinds."""

import asyncio
import logging
import traceback
from pathlib import Path

import pytest

import genkan.app
from genkan.app import (
    ApiRefused,
    AppTrouble,
    AsyncApp,
    Connection,
    HandedAgent,
    Link,
    SetUpWrong,
    SignInNeeded,
    TryLater,
    WhichOne,
)
from genkan.app.outcomes import SwitchedOff
from genkan.app.shelter import agree
from genkan.app.state import Tokens
from genkan.testing import AppLink, Permission, Reply, SiteDouble
from genkan.testing.faults import INFO, MYSELF, REVOKE, TOKEN
from genkan.wire import managed
from tests.app.conftest import Clock
from tests.app.desk import ECHO, Desk

MINE = "http://127.0.0.1/mine"


def tokens_on_disk(desk: Desk) -> Tokens:
    (state,) = desk.app().saved()
    assert state.tokens is not None
    return state.tokens


def people_signed_in(site: SiteDouble) -> list[tuple[str, str]]:
    """Everybody who ever signed in, newest first."""
    return [(phone.person, phone.state) for phone in site.phones()]


@pytest.fixture
def own(site: SiteDouble) -> Link:
    """A link of one's own that may read and has a secret."""
    made = site.add_link(AppLink("Mine", (MINE,), Permission.READ, confidential=True))
    return Link(made.client_id, made.client_secret, made.redirects, "READ")


def test_the_first_time_signs_in_and_later_resumes(desk: Desk, site: SiteDouble) -> None:
    """One browser hop for good: the next program gets the session without one, and without any request."""
    with desk.app().connect(site.base_url) as first:
        assert first.account is not None
        assert first.account.name == "alice"
    asked = len(site.faults.asked)
    with desk.app().connect(site.base_url) as again:
        assert again.id == first.id
        assert again.fresh_token() == tokens_on_disk(desk).access
        assert again.headers() == {"Authorization": f"Bearer {tokens_on_disk(desk).access}"}
    assert len(site.faults.asked) == asked
    assert desk.visits == 1


def test_without_an_address_the_only_session_is_meant(desk: Desk, site: SiteDouble) -> None:
    """A program with one site need not name it twice."""
    desk.app().connect(site.base_url).close()
    with desk.app().connect() as again:
        assert again.site.base_url == site.base_url


def test_the_managed_site_is_meant(desk: Desk, site: SiteDouble) -> None:
    """What MDM delivered takes the place of an address, under its title."""
    delivered = managed.parse_value([{"title": "Ours", "baseURL": site.base_url}])
    with desk.app(managed=delivered).connect() as connection:
        assert connection.site.title == "Ours"


def test_several_sites_are_not_guessed(desk: Desk) -> None:
    """Two managed sites and no address: neither is chosen, both are named."""
    sites = [{"baseURL": "https://a.example"}, {"baseURL": "https://b.example"}]
    with pytest.raises(WhichOne, match=r"a\.example.*b\.example"):
        desk.app(managed=managed.parse_value(sites)).connect()
    with pytest.raises(WhichOne, match="Name the address"):
        desk.app().connect()


def test_no_browser_where_none_is_wanted(desk: Desk, site: SiteDouble) -> None:
    """A job at night is told that nobody is signed in, and no browser is opened."""
    with pytest.raises(SignInNeeded, match="Nobody is signed in"):
        desk.app().connect(site.base_url, sign_in=False)
    assert desk.visits == 0


def test_offline_start(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """Out of reach the session is there all the same; a token that has run out is a matter for later."""
    desk.app().connect(site.base_url).close()
    site.faults.fail(TOKEN, 503, times=99)
    clock.forward(4000)
    with desk.app().connect(site.base_url) as connection:
        with pytest.raises(TryLater) as told:
            connection.fresh_token()
        assert "try again later" in str(told.value)
    assert desk.visits == 1


def test_an_ended_session_signs_in_again(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """The site has ended it: a call says so, and the next connect opens the browser without being told more."""
    with desk.app().connect(site.base_url) as first:
        site.sign_out(person="alice")
        with pytest.raises(SignInNeeded, match="sign in again"):
            first.get(ECHO)
    with pytest.raises(SignInNeeded, match="signed out of"):
        desk.app().connect(site.base_url, sign_in=False)
    with desk.app().connect(site.base_url) as again:
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
        (Reply(500, b"<h1>Oops</h1>", "text/html"), r"answered 500\."),
        (Reply(200, b"<h1>Hello</h1>", "text/html"), "answered text/html where JSON belongs"),
        (Reply(200, b""), "where JSON belongs"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(
    connection: Connection, site: SiteDouble, reply: Reply, told: str
) -> None:
    """The site's own words in one line, whatever form they have; the answer itself stays there to be looked at."""
    site.serve(ECHO, lambda _: reply)
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


def test_what_cannot_be_sent_is_told_and_not_left_out(connection: Connection, site: SiteDouble) -> None:
    """A header that is the session's own, a body that JSON cannot say, two bodies: refused before anything is sent."""
    before = len(site.faults.asked)
    for name in ("authorization", "Host", "Content-Length", "cookie"):
        with pytest.raises(ValueError, match="session's own"):
            connection.request("GET", ECHO, headers={name: "x"})
    for value in (object(), {"a": 1j}, "\ud800"):
        with pytest.raises(ValueError, match="cannot be sent as JSON"):
            connection.post(ECHO, value)
    with pytest.raises(ValueError, match="not both"):
        connection.request("POST", ECHO, json={}, body=b"x")
    assert len(site.faults.asked) == before


def test_the_three_kinds(desk: Desk, site: SiteDouble) -> None:
    """Later, sign in, set up: each is a class of its own, all are one, and the value behind can be matched."""
    site.switch_off()
    with pytest.raises(SetUpWrong) as wrong:
        desk.app().connect(site.base_url)
    assert isinstance(wrong.value.problem, SwitchedOff)
    assert "switched off" in str(wrong.value)
    site.faults.answer(INFO, 503, b"{}", headers=((b"retry-after", b"7"),))
    with pytest.raises(TryLater) as later:
        desk.app().connect(site.base_url)
    assert later.value.after == 7
    site.switch_on()
    with pytest.raises(SignInNeeded):
        desk.app(agent=HandedAgent(lambda _: None)).connect(site.base_url)
    for kind in (SetUpWrong, TryLater, SignInNeeded, WhichOne, ApiRefused, genkan.app.VaultTrouble):
        assert issubclass(kind, AppTrouble)


def test_the_doctor_says_what_to_change(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """A site that is set up wrongly is looked at, and the first thing to change stands below the sentence."""
    site.switch_off()
    with pytest.raises(SetUpWrong) as wrong:
        desk.app(examine=True).connect(site.base_url)
    assert wrong.value.advice.startswith("genkan check says: ")
    assert str(wrong.value) == wrong.value.problem.sentence
    assert "\n" not in str(wrong.value)


def test_a_link_of_ones_own(desk: Desk, site: SiteDouble, own: Link) -> None:
    """A typed client id goes before what the site tells, with its redirect and scope, and its secret in the form."""
    assert own.client_secret
    with desk.app().connect(site.base_url, link=own) as connection:
        assert connection.site.scope == "READ"
        (exchange,) = site.faults.requests(TOKEN)
        assert exchange.form["redirect_uri"] == MINE
        assert exchange.form["client_secret"] == own.client_secret
        assert own.client_secret not in repr(connection.site)
        assert own.client_secret not in repr(own)
        site.sign_out(person="alice")
        with pytest.raises(SignInNeeded):
            connection.get(ECHO)
    with desk.app().connect(site.base_url) as again:
        assert again.site.client_secret == own.client_secret


def test_somebody_else_in_the_browser(desk: Desk, site: SiteDouble) -> None:
    """Bob was asked for and Alice answered: no connection, her new session is ended, her earlier one is not touched."""
    with desk.app().connect(site.base_url) as alice:
        with pytest.raises(SignInNeeded, match="alice is signed in, bob was asked for"):
            desk.app().connect(site.base_url, account="bob")
        assert people_signed_in(site) == [("alice", "signed_out"), ("alice", "signed_in")]
        assert [state.id for state in desk.app().saved()] == [alice.id]
    first, second = (asked.form["device_id"] for asked in site.faults.requests(TOKEN))
    assert first != second
    site.faults.fail(MYSELF, 500, times=99)
    with pytest.raises(SignInNeeded, match=r"does not say as whom.*bob was asked for"):
        desk.app().connect(site.base_url, account="bob")
    assert people_signed_in(site) == [("alice", "signed_out")] * 2 + [("alice", "signed_in")]
    site.faults.clear()
    desk.person = "bob"
    with desk.app().connect(site.base_url, account="bob") as bob:
        assert bob.account is not None
        assert bob.account.name == "bob"


def test_private(desk: Desk, site: SiteDouble) -> None:
    """A private session is asked for where the program, or MDM, wants one."""
    desk.app().connect(site.base_url, private=True).close()
    client_id = site.switch_on().client_id
    entry = {"baseURL": site.base_url, "oauth": {"clientID": client_id, "cacheSessionInMobileBrowser": False}}
    desk.app(managed=managed.parse_value([entry])).sign_in(private=False).close()
    desk.app().sign_in(site.base_url).close()
    assert [asked.get("prompt") for asked in desk.walked] == ["login", "login", None]
    assert [asked.get("ephemeral") for asked in desk.walked] == ["true", "true", None]


def test_leaving(desk: Desk, site: SiteDouble) -> None:
    """Sign-out ends it at the site; everywhere means every kept session, and says which could not be ended."""
    with desk.app().connect(site.base_url) as connection:
        connection.sign_out()
    assert people_signed_in(site) == [("alice", "signed_out")]
    desk.app().connect(site.base_url).close()
    site.faults.fail(REVOKE, 503, times=99)
    left = desk.app().sign_out_everywhere()
    assert list(left) == [f"alice at {site.base_url}"]
    assert "try again later" in left[f"alice at {site.base_url}"]
    assert len(desk.app().saved()) == 1
    desk.app().sign_out_everywhere(forget=True)
    assert desk.app().saved() == ()
    assert people_signed_in(site) == [("alice", "signed_in"), ("alice", "signed_out")]


def test_nobody_agreed_to_a_file(tmp_path: Path, site: SiteDouble, desk: Desk, no_keyring: None) -> None:
    """No keyring and no consent: refused before a browser opens; with consent it is an encrypted file."""
    with pytest.raises(genkan.app.VaultTrouble, match="GENKAN_APP_VAULT=encrypted"):
        desk.app(vault=None).connect(site.base_url)
    assert desk.visits == 0
    desk.app(vault=None, consent=agree).connect(site.base_url).close()
    assert list((tmp_path / "sessions").glob("*.sealed"))
    with desk.app(vault=None).connect(site.base_url) as again:
        assert again.get(ECHO).ok


async def test_for_tasks(desk: Desk, site: SiteDouble, clock: Clock) -> None:
    """The same for tasks: one refresh for all that ask at once, the same exceptions."""
    app = AsyncApp(**desk.settings, examine=False)  # type: ignore[arg-type]
    async with await app.connect(site.base_url) as connection:
        before = await connection.fresh_token()
        clock.forward(4000)
        tokens = await asyncio.gather(*(connection.fresh_token() for _ in range(8)))
        assert set(tokens) == {tokens_on_disk(desk).access} != {before}
        assert [asked.form["grant_type"] for asked in site.faults.requests(TOKEN)][1:] == ["refresh_token"]
        assert (await connection.get(ECHO)).json()["method"] == "GET"
        assert (await connection.post(ECHO, {})).ok
        assert (await connection.whoami()).name == "alice"
        assert (await connection.headers())["Authorization"].startswith("Bearer ")
        await connection.sign_out()
        with pytest.raises(SignInNeeded):
            await connection.access()
    assert await app.saved() == ()
    assert await app.sign_out_everywhere() == {}
    with pytest.raises(SignInNeeded):
        await app.connect(site.base_url, sign_in=False)
    await (await app.sign_in(site.base_url)).close()
    assert len(await app.saved()) == 1


def test_nothing_secret_is_told(
    desk: Desk, site: SiteDouble, clock: Clock, caplog: pytest.LogCaptureFixture, own: Link
) -> None:
    """No log line of ours or of the HTTP library, no repr and no traceback holds a token, a code or a secret."""

    def unheard(url: str) -> str | None:
        """The browser is no part of the program: what is logged of its requests, the code among them, is not meant."""
        logging.disable()
        try:
            return desk.walk(url)
        finally:
            logging.disable(logging.NOTSET)

    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    with desk.app(agent=HandedAgent(unheard)).connect(site.base_url, link=own) as connection:
        told += [repr(connection), repr(connection.site), repr(connection.access()), repr(connection.get(ECHO))]
        told += [repr(state) for state in desk.app().saved()]
        before = tokens_on_disk(desk)
        clock.forward(4000)
        connection.get(ECHO)
        after = tokens_on_disk(desk)
        site.sign_out(person="alice")
        try:
            connection.get(ECHO)
        except AppTrouble:
            told.append(traceback.format_exc())
    told += [record.getMessage() for record in caplog.records] + desk.said
    assert len(told) > 5
    exchange = site.faults.requests(TOKEN)[0].form
    secrets = [exchange[name] for name in ("code", "code_verifier", "client_secret")]
    for secret in (*secrets, before.access, before.refresh, after.access, after.refresh):
        assert secret
        assert [line for line in told if secret in line] == []


def test_what_is_public_is_there() -> None:
    """Every name that the package promises can be had, and nothing else is promised."""
    for name in genkan.app.__all__:
        assert getattr(genkan.app, name).__doc__ or name == "connect"
    assert dir(genkan.app) == sorted(genkan.app.__all__)
    with pytest.raises(AttributeError):
        genkan.app.nothing  # type: ignore[attr-defined]  # noqa: B018
