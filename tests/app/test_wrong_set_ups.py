"""Every wrong set-up comes to one sentence of the right kind, by the library's front door; never to a traceback."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
import trustme

from genkan.app import (
    App,
    AppTrouble,
    AsyncApp,
    HandedAgent,
    Link,
    ManagedUnreadable,
    SetUpWrong,
    SignInNeeded,
    TryLater,
    VaultTrouble,
    WhichOne,
    advice,
    managed_configuration,
)
from genkan.app.outcomes import ClientIdUnknown, GatewayInTheWay, SiteSetUpWrong, SwitchedOff, TooOld, WrongAddress
from genkan.testing import SiteDouble
from tests.app.by_hand import CLIENT
from tests.app.desk import MYSELF, Desk
from tests.app.keyrings import ForgetfulKeyring, RefusingKeyring
from tests.app.test_drive import tls_server

HTML = "text/html"
INFO = "/rest/nativemobile/1.1/info/login"
TOKEN = "/rest/oauth2/latest/token"
SERVER_INFO = "/rest/api/2/serverInfo"

Change = Callable[[SiteDouble], object]


def is_one_sentence(trouble: AppTrouble) -> None:
    """Fit to be shown: on one line, ended, and without anything that nobody should see."""
    text = str(trouble)
    assert "\n" not in text
    assert text.endswith("."), text
    assert not any(secret in text for secret in ("gnk_", "Traceback", "object at", "session="))


def answers(path: str, status: int, body: object = b"", kind: str = "application/json", location: str = "") -> Change:
    """The site answers one path so; ``body`` is bytes, or goes out as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = ((b"location", location.encode()),) if location else ()
    return lambda site: site.faults.answer(path, status, content, kind, 99, sent)


def switched_off(site: SiteDouble) -> None:
    site.switch_off()


def old_site(site: SiteDouble) -> None:
    answers(INFO, 404, b"", HTML)(site)
    answers(SERVER_INFO, 200, {"version": "9.4.0"})(site)


def no_site(site: SiteDouble) -> None:
    for path in (INFO, SERVER_INFO):
        answers(path, 404, b"", HTML)(site)


SITES: dict[str, tuple[Change, type[AppTrouble], type | None]] = {
    "the switch is off": (switched_off, SetUpWrong, SwitchedOff),
    "a gateway redirects": (answers(INFO, 302, location="https://sso.example/?session=1"), SetUpWrong, GatewayInTheWay),
    "a gateway refuses": (answers(INFO, 401), SetUpWrong, GatewayInTheWay),
    "a gateway has a page": (answers(INFO, 200, b"<h1>Log in</h1>", HTML), SetUpWrong, GatewayInTheWay),
    "the site is too old": (old_site, SetUpWrong, TooOld),
    "no site is there": (no_site, SetUpWrong, WrongAddress),
    "no client id is told": (answers(INFO, 200, {"oauth": {"enabled": True}}), SetUpWrong, ClientIdUnknown),
    "the site names another": (
        answers(INFO, 200, {"clientID": CLIENT, "authorizationEndpoint": "https://b.example/rest/oauth2/latest/authorize"}),
        SetUpWrong,
        WrongAddress,
    ),
    "the app is forbidden": (answers(INFO, 418), SetUpWrong, SiteSetUpWrong),
    "the site is down": (answers(INFO, 503), TryLater, None),
    "the secret is wrong": (answers(TOKEN, 401, {"error": "invalid_client"}), SetUpWrong, SiteSetUpWrong),
    "the grant is not given": (answers(TOKEN, 400, {"error": "unauthorized_client"}), SetUpWrong, SiteSetUpWrong),
    "a page for tokens": (answers(TOKEN, 200, b"<h1>Welcome to the hotel</h1>", HTML), TryLater, None),
    "tokens elsewhere": (answers(TOKEN, 302, location="https://hotel.example"), TryLater, None),
    "the code is not taken": (answers(TOKEN, 400, {"error": "invalid_grant"}), SignInNeeded, None),
}  # fmt: skip


@pytest.mark.parametrize("name", SITES)
def test_sites(desk: Desk, genkan_site: SiteDouble, name: str) -> None:
    """What is wrong at the site or in front of it, by what it answers."""
    change, kind, problem = SITES[name]
    change(genkan_site)
    with pytest.raises(AppTrouble) as told:
        desk.app().connect(genkan_site.base_url)
    assert type(told.value) is kind, told.value
    assert problem is None or (isinstance(told.value, SetUpWrong) and type(told.value.problem) is problem)
    is_one_sentence(told.value)
    assert desk.app().saved() == ()


REFUSALS: list[tuple[str, type[AppTrouble]]] = [
    ("invalid_scope", SetUpWrong),
    ("unauthorized_client", SetUpWrong),
    ("access_denied", SignInNeeded),
    ("login_required", SignInNeeded),
    ("server_error", TryLater),
    ("something_new", SetUpWrong),
]


@pytest.mark.parametrize(("error", "kind"), REFUSALS)
def test_refusals_in_the_browser(desk: Desk, genkan_site: SiteDouble, error: str, kind: type[AppTrouble]) -> None:
    """What the site sends back instead of a code."""

    def refused(url: str) -> str:
        return (genkan_site.person("alice")(url) or "").replace("code=", f"error={error}&was=")

    with pytest.raises(AppTrouble) as told:
        desk.app(agent=HandedAgent(refused)).connect(genkan_site.base_url)
    assert type(told.value) is kind
    is_one_sentence(told.value)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("", WhichOne),
        ("not an address", SetUpWrong),
        ("ftp://jira.example.com", SetUpWrong),
        ("https://user:secret@jira.example.com", SetUpWrong),
        ("http://jira.example.com", SetUpWrong),
        ("https://[::1", SetUpWrong),
        ("https://127.0.0.1:1", TryLater),
        ("https://nowhere.invalid", TryLater),
    ],
)
def test_addresses(desk: Desk, address: str, kind: type[AppTrouble]) -> None:
    """What people type that is no site, or no site that can be reached."""
    with pytest.raises(AppTrouble) as told:
        desk.app().connect(address)
    assert type(told.value) is kind, told.value
    is_one_sentence(told.value)
    assert "secret" not in str(told.value)


def test_a_certificate_that_nobody_knows(desk: Desk) -> None:
    """An authority of one's own that is not installed is told as that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with tls_server(context) as port, pytest.raises(SetUpWrong, match="not trusted") as told:
        desk.app().connect(f"https://127.0.0.1:{port}")
    is_one_sentence(told.value)


def test_https_where_none_is_spoken(desk: Desk) -> None:
    """A port that speaks something else."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
    with pytest.raises(TryLater, match="cannot be reached") as told:
        desk.app().connect(f"https://127.0.0.1:{port}")
    is_one_sentence(told.value)


def test_a_proxy_that_drops_the_header(desk: Desk, genkan_site: SiteDouble) -> None:
    """The site issues a token and does not know it again: the header is named."""
    with desk.app().connect(genkan_site.base_url) as connection:
        genkan_site.faults.answer("myself", 401, b"", HTML, times=9)
        with pytest.raises(SetUpWrong) as told:
            connection.get(MYSELF)
    assert "Authorization header" in str(told.value)


def test_links(desk: Desk, genkan_site: SiteDouble) -> None:
    """A redirect that no program can take an answer on, and a scope that is none of the link's."""
    with pytest.raises(SetUpWrong) as told:
        desk.app(agent=HandedAgent(genkan_site.person("alice"), "http://127.0.0.1/elsewhere")).connect(
            genkan_site.base_url
        )
    assert "not registered" in str(told.value)
    is_one_sentence(told.value)
    link = Link(CLIENT, redirect_uris=("https://web.example/callback",))
    with pytest.raises(AppTrouble) as none:
        desk.app(agent=HandedAgent(lambda _url: None)).connect(genkan_site.base_url, link=link)
    is_one_sentence(none.value)


@pytest.mark.parametrize("backend", [ForgetfulKeyring, RefusingKeyring])
def test_keyrings(desk: Desk, genkan_site: SiteDouble, backend: type[ForgetfulKeyring]) -> None:
    """A keyring that keeps nothing or refuses, and nobody who agreed to a file."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend())
    try:
        with pytest.raises(VaultTrouble) as told:
            App(machine=desk.machine, agent=HandedAgent(desk.walk)).connect(genkan_site.base_url)
    finally:
        keyring.set_keyring(before)
    is_one_sentence(told.value)
    assert desk.visits == 0


def test_folders(desk: Desk, genkan_site: SiteDouble, tmp_path: Path) -> None:
    """A folder that others can enter, and a session that is no session."""
    desk.app().connect(genkan_site.base_url).close()
    (tmp_path / "sessions").chmod(0o755)
    with pytest.raises(VaultTrouble, match="chmod 700") as told:
        desk.app().connect(genkan_site.base_url)
    is_one_sentence(told.value)
    (tmp_path / "sessions").chmod(0o700)
    for file in (tmp_path / "sessions").glob("*.json"):
        if file.name != "device.json":
            file.write_text("{")
    with pytest.raises(SignInNeeded) as needed:
        desk.app().connect(genkan_site.base_url, sign_in=False)
    is_one_sentence(needed.value)


def test_settings(desk: Desk, genkan_site: SiteDouble, tmp_path: Path) -> None:
    """A variable that says nothing sensible, a value of MDM's that cannot be read, two sites and no choice."""
    machine = type(desk.machine)({"GENKAN_APP_VAULT": "clipboard"}, desk.machine.now, desk.machine.draw)
    troubles: list[AppTrouble] = []
    for call, kind in (
        (lambda: App(machine=machine).connect(genkan_site.base_url), VaultTrouble),
        (lambda: managed_configuration("x", {"GENKAN_APP_SITES": str(tmp_path / "none")}), ManagedUnreadable),
        (lambda: desk.app().connect(), WhichOne),
    ):
        with pytest.raises(AppTrouble) as told:
            call()
        assert type(told.value) is kind
        troubles.append(told.value)
    for trouble in troubles:
        is_one_sentence(trouble)


async def test_a_task_that_is_cancelled_does_not_wait_for_the_doctor(
    site: SiteDouble, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the doctor finds at a slow site is of use to nobody any more; it ends by itself, and holds nothing."""
    site.switch_off()
    begun, answer, ended = threading.Event(), threading.Event(), threading.Event()

    def examined(*_: object) -> str:
        begun.set()
        answer.wait(20)
        ended.set()
        return "too late"

    monkeypatch.setattr(advice, "advice_for", examined)
    app = AsyncApp(**desk.settings)  # type: ignore[arg-type]
    task = asyncio.create_task(app.connect(site.base_url))
    assert await asyncio.to_thread(begun.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended.is_set()
    answer.set()
    assert await asyncio.to_thread(ended.wait, 20)


async def test_what_the_doctor_says_reaches_a_task(
    site: SiteDouble, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for it gets it, as in threads."""
    site.switch_off()
    monkeypatch.setattr(advice, "advice_for", lambda *_: "Turn it on.")
    with pytest.raises(SetUpWrong) as told:
        await AsyncApp(**desk.settings).connect(site.base_url)  # type: ignore[arg-type]
    assert told.value.advice == "Turn it on."
